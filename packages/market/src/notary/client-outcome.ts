import {
  type AbortOptions,
  type Crypto,
  type Environment,
  equalBytes,
  isEdmpError,
  type PublicKey,
  publicKeyToHex,
  sleep,
  throwIfAborted,
} from '@edmp/interface';
import { quorumOfKeys } from '../asset/currency.ts';
import { currencyLink } from '../asset/currency-link.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { Spending } from '../blocks/spending.ts';
import { MarketError } from '../errors.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { HoldAnswer, HoldStatement } from './answers.ts';
import { type Certificate, certificateOfShares, encodeCertificate, type Share } from './certificate.ts';
import type { CoverClient } from './client-cover.ts';
import type { OutcomeEvidence } from './client-types.ts';
import { MAX_HOLDS } from './limits.ts';
import type { NotaryLine } from './line.ts';
import type { HoldEvidence, HoldQuestion } from './messages.ts';
import type { NotaryProofs } from './proof-register.ts';
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from './quorum-call.ts';
import { type Statement, verifyStatement } from './statement.ts';

/** Bytes of questions in one request: what is left is for its frame. */
const MAX_QUESTION_BYTES: number = 200 * 1024;

/** What is known of one hold while its witnesses are asked. */
export class HoldInquiry {
  readonly hold: Spending;
  readonly witnesses: readonly PublicKey[];
  readonly #shares = new Map<string, { readonly statement: Statement; readonly shares: Share[] }>();
  /** Witnesses that lack the hold itself. */
  readonly needs: Set<number> = new Set();
  /** The search for the hold's certificate while it is under way: one for all witnesses that lack it. */
  search: Promise<unknown> | undefined;

  constructor(hold: Spending, witnesses: readonly PublicKey[]) {
    this.hold = hold;
    this.witnesses = witnesses;
  }

  /** Adds a verified share. */
  add(statement: Statement, share: Share): void {
    const name = `${statement.kind}/${statement.extra ?? ''}`;
    const known = this.#shares.get(name) ?? { statement, shares: [] };
    this.#shares.set(name, known);
    if (!known.shares.some(({ index }) => index === share.index)) known.shares.push(share);
  }

  /** The issued currency's block; null in test money. */
  get currency(): Statement['currency'] {
    return currencyLink(this.hold.money.currency);
  }

  /** Whether a witness has said something of the kind. */
  has(kind: Statement['kind'], index: number): boolean {
    return [...this.#shares.values()].some(
      ({ statement, shares }) => statement.kind === kind && shares.some((share) => share.index === index),
    );
  }

  /** The certificate of a quorum for one of the kinds, if there is one. */
  certificate(kinds: readonly Statement['kind'][]): Certificate | undefined {
    const quorum = quorumOfKeys(this.witnesses) ?? Number.POSITIVE_INFINITY;
    for (const { statement, shares } of this.#shares.values()) {
      if (kinds.includes(statement.kind) && shares.length >= quorum) {
        return certificateOfShares(statement, shares, this.witnesses);
      }
    }
    return undefined;
  }
}

/** Kinds of statements that settle a hold. */
export const OUTCOMES = ['paid', 'none', 'refund'] as const;

/** Whether several witnesses acknowledged a release, so that each has to be shown that. */
function isAcknowledged(inquiry: HoldInquiry): boolean {
  return inquiry.witnesses.length > 1 && inquiry.certificate(['ack']) !== undefined;
}

/** Asks witnesses for outcomes. */
export class OutcomeClient {
  readonly #line: NotaryLine;
  readonly #crypto: Crypto;
  readonly #environment: Environment;
  readonly #certificates: CertificateStore;
  readonly #currencies: CurrencyRegister;
  readonly #proofs: NotaryProofs;
  readonly #covers: CoverClient;

  constructor(options: {
    readonly line: NotaryLine;
    readonly crypto: Crypto;
    readonly environment: Environment;
    readonly certificates: CertificateStore;
    readonly currencies: CurrencyRegister;
    readonly proofs: NotaryProofs;
    readonly covers: CoverClient;
  }) {
    this.#line = options.line;
    this.#crypto = options.crypto;
    this.#environment = options.environment;
    this.#certificates = options.certificates;
    this.#currencies = options.currencies;
    this.#proofs = options.proofs;
    this.#covers = options.covers;
  }

  /** The witnesses of a hold: its currency's notaries, or those that it names. Throws `ERR_CURRENCY_UNKNOWN`. */
  witnesses({ money, hold }: Spending): readonly PublicKey[] {
    const currency = this.#currencies.get(money.currency);
    if (currency === undefined) {
      throw new MarketError('ERR_CURRENCY_UNKNOWN', `The currency ${money.currency} is not known here`);
    }
    return currency.kind === 'issued' ? currency.notaries : (hold?.witnesses ?? []);
  }

  /** What a witness may lack of a hold. */
  async evidence(hold: Spending): Promise<HoldEvidence> {
    const currency = this.#currencies.get(hold.money.currency);
    const certificate = await this.#certificates.find('spend', hold.key);
    return {
      currency: currency?.kind === 'issued' ? currency.block.bytes : null,
      hold: hold.block.bytes,
      certificate: certificate === undefined ? null : encodeCertificate(certificate),
    };
  }

  /**
   * The same for a witness that needs more than it was shown. In issued money a hold may be known to count by the
   * certificate of a later block, while a witness wants its own: then the notaries are asked for the shares that make it.
   */
  async soughtEvidence(inquiry: HoldInquiry, options: AbortOptions): Promise<HoldEvidence> {
    if (inquiry.currency !== null) {
      inquiry.search ??= this.#covers.certificate(inquiry.hold, options).finally(() => {
        inquiry.search = undefined;
      });
      await inquiry.search;
    }
    return this.evidence(inquiry.hold);
  }

  inquiry(hold: Spending): HoldInquiry {
    return new HoldInquiry(hold, this.witnesses(hold));
  }

  /** Verifies what a witness said about a hold, and adds it. */
  async take(inquiry: HoldInquiry, index: number, statements: readonly HoldStatement[]): Promise<void> {
    const key = inquiry.witnesses[index];
    if (key === undefined) return;
    const { hold } = inquiry;
    const currency = currencyLink(hold.money.currency);
    for (const { kind, extra, signature } of statements) {
      const statement: Statement = { kind, currency, subject: hold.id, extra };
      if ((extra !== null) !== (kind === 'ack')) continue;
      if (!verifyStatement(statement, signature, key, this.#crypto)) continue;
      inquiry.add(statement, { index, signature });
      const choice = kind === 'ack' || kind === 'none' ? 'first' : 'outcome';
      await this.#proofs.observe(key, `${choice}/${hold.key}`, { statement, signature, core: null });
    }
  }

  async outcomes(
    holds: readonly Spending[],
    evidence: OutcomeEvidence,
    options: AbortOptions,
  ): Promise<ReadonlyMap<string, Certificate>> {
    const found = new Map<string, Certificate>();
    const open: HoldInquiry[] = [];
    for (const hold of holds) {
      const known = await this.#certificates.find('outcome', hold.key);
      if (known !== undefined) found.set(hold.key, known);
      else open.push(this.inquiry(hold));
    }
    const isSettled = (inquiry: HoldInquiry): boolean => inquiry.certificate(OUTCOMES) !== undefined;
    await this.ask(open, evidence, options, (inquiry) => isSettled(inquiry) || isAcknowledged(inquiry));
    // Now that the acknowledgements are known together, each witness is shown all of them.
    const acks = new Map<string, Certificate>(evidence.acks);
    const again = open.filter((inquiry) => {
      if (isSettled(inquiry)) return false;
      const certificate = inquiry.certificate(['ack']);
      if (certificate !== undefined) acks.set(inquiry.hold.key, certificate);
      return inquiry.needs.size > 0 || (certificate !== undefined && inquiry.witnesses.length > 1);
    });
    await this.ask(again, { ...evidence, acks }, options, isSettled);
    for (const inquiry of open) {
      const certificate = inquiry.certificate(OUTCOMES);
      if (certificate === undefined) continue;
      await this.#certificates.put(certificate, { keep: evidence.keep ?? true });
      found.set(inquiry.hold.key, certificate);
    }
    return found;
  }

  async outcome(hold: Spending, evidence: OutcomeEvidence, options: AbortOptions): Promise<Certificate> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
      throwIfAborted(options.signal);
      const found = (await this.outcomes([hold], evidence, options)).get(hold.key);
      if (found !== undefined) return found;
      await sleep(this.#environment, pause, options);
    }
  }

  /**
   * Asks every witness of the holds once, in batches, and takes what they say. Ends when all have answered or failed,
   * and before that as soon as `isEnough` holds for every inquiry: witnesses that are silent or slow, of which f may
   * be, must not keep what a quorum has said from the one who asks. Their answers are taken when they come.
   */
  async ask(
    inquiries: readonly HoldInquiry[],
    evidence: OutcomeEvidence,
    options: AbortOptions,
    isEnough: (inquiry: HoldInquiry) => boolean = () => false,
  ): Promise<void> {
    const byWitness = new Map<string, { readonly key: PublicKey; readonly asked: Asked[] }>();
    for (const inquiry of inquiries) {
      for (const [index, key] of inquiry.witnesses.entries()) {
        const name = publicKeyToHex(key);
        const group = byWitness.get(name) ?? { key, asked: [] };
        byWitness.set(name, group);
        group.asked.push({ inquiry, index });
      }
    }
    await new Promise<void>((resolve, reject) => {
      const answers = [...byWitness.values()].map(({ key, asked }) =>
        this.#askOne(key, asked, evidence, options).then(() => {
          if (inquiries.every(isEnough)) resolve();
        }),
      );
      Promise.all(answers).then(() => resolve(), reject);
    });
  }

  async #askOne(
    key: PublicKey,
    asked: readonly Asked[],
    evidence: OutcomeEvidence,
    options: AbortOptions,
    isSecond = false,
  ): Promise<void> {
    const questions: HoldQuestion[] = [];
    for (const { inquiry, index } of asked) questions.push(await this.#question(inquiry, index, evidence));
    for (let at = 0; at < asked.length; ) {
      const batch = questions.slice(at, at + batchSize(questions, at));
      const answers = await this.#send(key, batch, options);
      for (const [i, answer] of answers.entries()) {
        const one = asked[at + i];
        if (one === undefined) continue;
        if (answer.need) one.inquiry.needs.add(one.index);
        else one.inquiry.needs.delete(one.index);
        await this.take(one.inquiry, one.index, answer.statements);
      }
      at += batch.length;
    }
    // What it lacks is shown to it at once, whatever the others are about.
    const needy = asked.filter(({ inquiry, index: place }) => inquiry.needs.has(place));
    if (needy.length === 0 || isSecond) return;
    await Promise.all(needy.map(({ inquiry }) => this.soughtEvidence(inquiry, options)));
    await this.#askOne(key, needy, evidence, options, true);
  }

  async #send(
    key: PublicKey,
    holds: readonly HoldQuestion[],
    options: AbortOptions,
  ): Promise<readonly HoldAnswer[]> {
    try {
      const answer = await this.#line.ask(key, { kind: 'outcome', key, holds }, options);
      return answer.kind === 'holds' && answer.holds.length === holds.length ? answer.holds : [];
    } catch (error) {
      if (isEdmpError(error) && error.code !== 'ERR_ABORTED') return [];
      throw error;
    }
  }

  async #question(inquiry: HoldInquiry, index: number, evidence: OutcomeEvidence): Promise<HoldQuestion> {
    const { hold } = inquiry;
    const known = await this.#certificates.find('ack', hold.key);
    const acks = evidence.acks?.get(hold.key) ?? known;
    const fits = acks !== undefined && equalBytes(acks.subject.bytes, hold.id.bytes);
    return {
      id: hold.id,
      evidence: inquiry.needs.has(index) ? await this.evidence(hold) : null,
      receipt: evidence.receipts?.get(hold.key)?.bytes ?? null,
      acks: fits ? encodeCertificate(acks) : null,
    };
  }
}

interface Asked {
  readonly inquiry: HoldInquiry;
  readonly index: number;
}

/** How many questions from `at` on fit one request. */
function batchSize(questions: readonly HoldQuestion[], at: number): number {
  let bytes = 0;
  let count = 0;
  for (let i = at; i < questions.length && count < MAX_HOLDS; i++) {
    const question = questions[i];
    if (question === undefined) break;
    const { evidence, receipt, acks } = question;
    bytes +=
      128 +
      (evidence?.hold.length ?? 0) +
      (evidence?.currency?.length ?? 0) +
      (evidence?.certificate?.length ?? 0) +
      (receipt?.length ?? 0) +
      (acks?.length ?? 0);
    if (count > 0 && bytes > MAX_QUESTION_BYTES) break;
    count++;
  }
  return count;
}
