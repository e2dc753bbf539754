import { type BlockId, type Crypto, equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';
import { verifyItem } from '@edmp/trustchain/block';
import { currencyLink } from '../asset/currency-link.ts';
import type { Spending } from '../blocks/spending.ts';
import { later, type NotaryAnswer, refused } from './answers.ts';
import type { FairRates } from './fair-rates.ts';
import type { HoldBook } from './hold-book.ts';
import type { HoldRow } from './hold-row.ts';
import { paidAfter } from './hold-rules.ts';
import type { HoldShares } from './hold-shares.ts';
import type { HoldEvidence } from './messages.ts';
import type { OwnStatements } from './own-statements.ts';
import type { ServedCurrencies } from './served-currencies.ts';
import { spendingOfBytes } from './spend-run.ts';
import type { VerifyQueue } from './verify-queue.ts';

/** How long a hold or release waits for room, ms. */
export const FULL_LATER_MS = 60_000;

/** A hold that a witness may speak about. */
export interface Admitted {
  readonly row: HoldRow;
  /** Whether no row of it is stored. */
  readonly isNew: boolean;
  /** The peer that asks, as a name: in its share is what is kept of a new hold of test money. */
  readonly from: string;
}

/** Whether a witness that was asked something has its answer already. */
export function isAnswer(value: Admitted | NotaryAnswer): value is NotaryAnswer {
  return 'kind' in value;
}

/** Place of a key among the witnesses of a hold; -1 = it is none of them. */
export function indexOfWitness(row: HoldRow, key: PublicKey): number {
  return row.witnesses.findIndex((witness) => equalBytes(witness, key));
}

/** Decides about which holds a witness speaks: those that name it, and in issued money only certified ones. */
export class HoldAdmission {
  readonly #book: HoldBook;
  readonly #shares: HoldShares;
  readonly #currencies: ServedCurrencies;
  readonly #own: OwnStatements;
  readonly #verify: VerifyQueue;
  readonly #crypto: Crypto;
  readonly #deltaMs: number;
  readonly #strangers: FairRates;
  readonly #isVerified: (block: HalfBlock) => Promise<boolean>;

  constructor(options: {
    readonly book: HoldBook;
    readonly shares: HoldShares;
    readonly currencies: ServedCurrencies;
    readonly own: OwnStatements;
    readonly verify: VerifyQueue;
    readonly crypto: Crypto;
    readonly deltaMs: number;
    /** Work for holds of test money, in fair shares of the peers that bring them. */
    readonly strangers: FairRates;
    /** Whether this node has verified the signature of a block already. */
    readonly isVerified: (block: HalfBlock) => Promise<boolean>;
  }) {
    this.#book = options.book;
    this.#shares = options.shares;
    this.#currencies = options.currencies;
    this.#own = options.own;
    this.#verify = options.verify;
    this.#crypto = options.crypto;
    this.#deltaMs = options.deltaMs;
    this.#strangers = options.strangers;
    this.#isVerified = options.isVerified;
  }

  /** The row of a hold that may be spoken about; else the answer. `from` asks. Runs under the hold's lock. */
  async admit(
    hold: Spending,
    evidence: HoldEvidence,
    key: PublicKey,
    from: string,
  ): Promise<Admitted | NotaryAnswer> {
    const known = await this.#book.row(hold.id);
    if (known !== undefined)
      return indexOfWitness(known, key) < 0 ? notNamed() : { row: known, isNew: false, from };
    const link = currencyLink(hold.money.currency);
    const witnesses =
      link === null
        ? (hold.hold?.witnesses ?? [])
        : await this.#notaries(hold.money.currency, evidence, from);
    if (witnesses === undefined) return { kind: 'need', ids: link === null ? [] : [link] };
    const row = newRow(hold, link, witnesses);
    if (row === undefined) {
      return refused('ERR_MARKET_FORMAT', 'Expected the agreement by which a buyer holds money');
    }
    if (indexOfWitness(row, key) < 0) return notNamed();
    return link === null ? this.#admitTest(hold, row, from) : this.#admitIssued(hold, row, evidence, from);
  }

  /** The same for a question that names a hold and may carry it. */
  async admitAsked(
    id: BlockId,
    evidence: HoldEvidence | null,
    key: PublicKey,
    from: string,
  ): Promise<Admitted | NotaryAnswer> {
    if (evidence === null) {
      const row = await this.#book.row(id);
      if (row === undefined) return { kind: 'need', ids: [id] };
      return indexOfWitness(row, key) < 0 ? notNamed() : { row, isNew: false, from };
    }
    const hold = spendingOfBytes(evidence.hold, this.#crypto);
    return equalBytes(hold.id.bytes, id.bytes)
      ? this.admit(hold, evidence, key, from)
      : { kind: 'need', ids: [id] };
  }

  /** Test money costs nothing, so strangers share what it may take. What may have been forgotten is spoken of no more. */
  async #admitTest(hold: Spending, row: HoldRow, from: string): Promise<Admitted | NotaryAnswer> {
    if (this.#book.testHolds.mayBeForgotten(paidAfter(row, this.#deltaMs))) {
      return refused(
        'ERR_NOTARY_FORGOTTEN',
        'The hold ended so long ago that what was said of it may be forgotten',
      );
    }
    const wait = this.#strangers.take(from, 2);
    if (wait > 0) return later(wait);
    const isSigned =
      (await this.#isVerified(hold.block)) || (await this.#verify.all([verifyItem(hold.block)]));
    return isSigned
      ? { row, isNew: true, from }
      : refused('ERR_BLOCK_SIGNATURE', 'The hold is not signed by its buyer');
  }

  async #admitIssued(
    hold: Spending,
    row: HoldRow,
    evidence: HoldEvidence,
    from: string,
  ): Promise<Admitted | NotaryAnswer> {
    const certificate =
      evidence.certificate === null
        ? undefined
        : await this.#shares.rightCertificate(row, evidence.certificate, 'spend');
    if (certificate === undefined) return { kind: 'need', ids: [hold.id] };
    await this.#own.expectSpend(certificate, row.witnesses, hold);
    return { row, isNew: true, from };
  }

  async #notaries(
    currency: string,
    evidence: HoldEvidence,
    from: string,
  ): Promise<readonly PublicKey[] | undefined> {
    const known = this.#currencies.get(currency);
    if (known !== undefined) return known.notaries;
    if (evidence.currency === null) return undefined;
    return (await this.#currencies.learn(currency, evidence.currency, from))?.notaries;
  }
}

function newRow(
  { id, author, money, hold }: Spending,
  currency: BlockId | null,
  witnesses: readonly PublicKey[],
): HoldRow | undefined {
  if (hold === null || money.to === null) return undefined;
  return {
    hold: id,
    currency,
    buyer: author,
    seller: money.to,
    proposal: hold.proposal,
    release: hold.release,
    complain: hold.complain,
    until: hold.complain,
    witnesses,
    first: null,
    outcome: null,
    acks: null,
    refunds: [],
  };
}

function notNamed(): NotaryAnswer {
  return refused('ERR_NOTARY_UNKNOWN', 'The hold does not name this key among its witnesses');
}
