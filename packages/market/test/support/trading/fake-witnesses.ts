import {
  type AbortOptions,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKey,
  type Settlement,
  type Signature,
  type Signer,
  singleFrame,
  sleep,
} from '@edmp/interface';
import { currencyLink, quorumOfKeys } from '../../../src/asset/currency.ts';
import { releaseOf, unlockKey } from '../../../src/blocks/release.ts';
import type { Spending } from '../../../src/blocks/spending.ts';
import { tradeProposalOf } from '../../../src/blocks/trade.ts';
import { MarketError } from '../../../src/errors.ts';
import { type Certificate, certificateOfShares, type Share } from '../../../src/notary/certificate.ts';
import { type StatementKind, signStatement } from '../../../src/notary/statement.ts';
import type { Complaint, KeptRelease, TradeWitnesses } from '../../../src/trade/needs.ts';
import { crypto } from '../documents.ts';

const PROTOCOL = '/test/witness/1';

type Question =
  | { readonly op: 'ack'; readonly hold: Spending; readonly release: HalfBlock; readonly opener: Uint8Array }
  | { readonly op: 'kept'; readonly hold: Spending }
  | { readonly op: 'complain'; readonly hold: Spending; readonly complaint: Complaint }
  | { readonly op: 'outcome'; readonly hold: Spending; readonly acks: Certificate | undefined };

interface Answer {
  readonly kind: StatementKind | 'later' | 'unfounded' | 'kept';
  readonly signature?: Signature;
  readonly release?: HalfBlock;
  readonly opener?: Uint8Array;
}

interface Row {
  release: HalfBlock | undefined;
  opener: Uint8Array | undefined;
  first: 'ack' | 'none' | undefined;
  second: 'paid' | 'refund' | undefined;
}

/** Objects that travel between fakes: what crosses the simulated network is only their number. */
export class Parcels {
  readonly #things: unknown[] = [];

  pack(thing: unknown): Uint8Array {
    this.#things.push(thing);
    return new TextEncoder().encode(String(this.#things.length - 1));
  }

  open<T>(bytes: Uint8Array): T {
    return this.#things[Number(new TextDecoder().decode(bytes))] as T;
  }
}

/** A witness by the rules of DESIGN §4.4.4, without the rounds among several: a stand-in for tests of trades alone. */
export class FakeWitness {
  readonly key: PublicKey;
  readonly requests: string[] = [];
  readonly #signer: Signer;
  readonly #environment: Environment;
  readonly #judge: Settlement['judge'];
  readonly #rows = new Map<string, Row>();

  constructor(signer: Signer, environment: Environment, judge: Settlement['judge']) {
    this.key = signer.publicKey;
    this.#signer = signer;
    this.#environment = environment;
    this.#judge = judge;
  }

  serve(network: Network, parcels: Parcels): void {
    network.handle(PROTOCOL, async ({ body }) =>
      parcels.pack(await this.answer(parcels.open<Question>(body))),
    );
  }

  async answer(question: Question): Promise<Answer> {
    this.requests.push(question.op);
    const { hold } = question;
    const row = this.#rows.get(hold.key) ?? {
      release: undefined,
      opener: undefined,
      first: undefined,
      second: undefined,
    };
    this.#rows.set(hold.key, row);
    switch (question.op) {
      case 'ack':
        return this.#ack(hold, row, question.release, question.opener);
      case 'kept':
        return row.first !== 'ack' || row.release === undefined || row.opener === undefined
          ? { kind: 'later' }
          : { ...(await this.#sign('ack', hold, row.release)), release: row.release, opener: row.opener };
      case 'complain':
        return this.#complain(hold, row, question.complaint);
      case 'outcome':
        return this.#outcome(hold, row);
    }
  }

  #windows(hold: Spending): { readonly release: number; readonly complain: number } {
    return { release: hold.hold?.release ?? 0, complain: hold.hold?.complain ?? 0 };
  }

  async #ack(hold: Spending, row: Row, release: HalfBlock, opener: Uint8Array): Promise<Answer> {
    const now = this.#environment.now();
    if (row.release !== undefined && !row.release.id.equals(release.id)) {
      row.second ??= 'refund';
      return this.#sign(row.second, hold, null);
    }
    if (row.first === undefined) {
      if (now > this.#windows(hold).release) return { kind: 'later' };
      if (unlockKey(releaseOf(release), opener, crypto) === undefined) return { kind: 'unfounded' };
      row.first = 'ack';
      row.release = release;
      row.opener = opener;
    }
    return row.first === 'ack' ? this.#sign('ack', hold, release) : this.#sign('none', hold, null);
  }

  async #complain(hold: Spending, row: Row, complaint: Complaint): Promise<Answer> {
    if (row.second !== undefined) return this.#sign(row.second, hold, null);
    if (this.#environment.now() > this.#windows(hold).complain) return { kind: 'later' };
    const { encoded, root } = tradeProposalOf(complaint.proposal, crypto);
    const wrappedKey = unlockKey(releaseOf(complaint.release), complaint.opener, crypto);
    const { asset, seller, buyer, recipient } = encoded.terms;
    if (wrappedKey === undefined || !equalBytes(crypto.sha256(complaint.recipientKey), recipient)) {
      return { kind: 'unfounded' };
    }
    const judged = {
      tradeId: encoded.digest,
      asset,
      seller,
      buyer,
      recipientKey: complaint.recipientKey,
      document: complaint.document,
      settlementRoot: root,
      wrappedKey,
    };
    if (!this.#judge(judged, complaint.proof).guilty) return { kind: 'unfounded' };
    row.second = 'refund';
    return this.#sign('refund', hold, null);
  }

  async #outcome(hold: Spending, row: Row): Promise<Answer> {
    const now = this.#environment.now();
    const { release, complain } = this.#windows(hold);
    if (row.second !== undefined) return this.#sign(row.second, hold, null);
    if (row.first === 'ack') {
      if (now <= complain) return { kind: 'later' };
      row.second = 'paid';
      return this.#sign('paid', hold, null);
    }
    if (row.first === undefined && now > release) row.first = 'none';
    return row.first === 'none' ? this.#sign('none', hold, null) : { kind: 'later' };
  }

  async #sign(kind: StatementKind, hold: Spending, extra: HalfBlock | null): Promise<Answer> {
    const statement = {
      kind,
      currency: currencyLink(hold.money.currency),
      subject: hold.id,
      extra: extra?.id ?? null,
    };
    return { kind, signature: await signStatement(statement, this.#signer, crypto) };
  }
}

/** Where a statement key is served. */
export interface WitnessDirectory {
  nodeOf(statementKey: PublicKey): PublicKey | undefined;
  keysOf(hold: Spending): readonly PublicKey[];
}

/** What a trader asks of fake witnesses over the simulated network. */
export function fakeWitnessClient(
  network: Network,
  environment: Environment,
  directory: WitnessDirectory,
  parcels: Parcels,
): TradeWitnesses {
  const askOne = async (
    key: PublicKey,
    question: Question,
    signal?: AbortSignal,
  ): Promise<Answer | undefined> => {
    const node = directory.nodeOf(key);
    if (node === undefined) return undefined;
    try {
      const frames = network.request(node, PROTOCOL, parcels.pack(question), { signal, timeoutMs: 5_000 });
      return parcels.open<Answer>(await singleFrame(frames));
    } catch (error) {
      if (!isEdmpError(error) || error.code === 'ERR_ABORTED') throw error;
      return undefined;
    }
  };
  const askAll = (question: Question, signal?: AbortSignal): Promise<readonly (Answer | undefined)[]> =>
    Promise.all(directory.keysOf(question.hold).map((key) => askOne(key, question, signal)));
  const certificateOf = (
    hold: Spending,
    kind: StatementKind,
    answers: readonly (Answer | undefined)[],
    extra: HalfBlock | null,
  ): Certificate | undefined => {
    const keys = directory.keysOf(hold);
    const shares: Share[] = [];
    for (const [index, answer] of answers.entries()) {
      if (answer?.kind === kind && answer.signature !== undefined) {
        shares.push({ index, signature: answer.signature });
      }
    }
    if (shares.length < (quorumOfKeys(keys) ?? Number.POSITIVE_INFINITY)) return undefined;
    const statement = {
      kind,
      currency: currencyLink(hold.money.currency),
      subject: hold.id,
      extra: extra?.id ?? null,
    };
    return certificateOfShares(statement, shares, keys);
  };
  const later = (text: string): MarketError => new MarketError('ERR_NOTARY_LATER', text, { retryable: true });
  return {
    async acknowledge(hold, release, opener, options: AbortOptions = {}) {
      for (;;) {
        const answers = await askAll({ op: 'ack', hold, release, opener }, options.signal);
        const acks = certificateOf(hold, 'ack', answers, release);
        if (acks !== undefined) return acks;
        if (environment.now() > (hold.hold?.release ?? 0)) throw later('no quorum acknowledged in time');
        await sleep(environment, 1_000, options);
      }
    },
    async released(hold, options = {}): Promise<KeptRelease | undefined> {
      const answers = await askAll({ op: 'kept', hold }, options.signal);
      const kept = answers.find((answer) => answer?.release !== undefined);
      if (kept?.release === undefined || kept.opener === undefined) return undefined;
      const acks = certificateOf(hold, 'ack', answers, kept.release);
      return acks === undefined ? undefined : { release: kept.release, opener: kept.opener, acks };
    },
    async complain(hold, complaint, options = {}) {
      const answers = await askAll({ op: 'complain', hold, complaint }, options.signal);
      const refund = certificateOf(hold, 'refund', answers, null);
      if (refund !== undefined) return refund;
      if (answers.length > 0 && answers.every((answer) => answer?.kind === 'unfounded')) return 'unfounded';
      throw later('no quorum judged the complaint');
    },
    async outcomes(holds, evidence = {}, options = {}) {
      const found = new Map<string, Certificate>();
      for (const hold of holds) {
        const question: Question = { op: 'outcome', hold, acks: evidence.acks?.[0] };
        const answers = await askAll(question, options.signal);
        for (const kind of ['paid', 'refund', 'none'] as const) {
          const certificate = certificateOf(hold, kind, answers, null);
          if (certificate !== undefined) found.set(hold.key, certificate);
        }
      }
      return found;
    },
  };
}
