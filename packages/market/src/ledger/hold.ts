import type { BlockId, HalfBlock, PublicKey, PublicKeyHex } from '@edmp/interface';
import { publicKeyToHex } from '@edmp/interface';
import type { CurrencyId } from '../asset/currency.ts';
import type { Spending } from '../blocks/spending.ts';
import type { Terms, TradeId } from '../blocks/terms.ts';
import type { TradeProposal } from '../blocks/trade.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { ChainPlace } from './author-chain.ts';

/**
 * What became of a hold, weakest first:
 * - `none`, `refund`: its witnesses give it back, by certificate.
 * - `unwitnessed`: without witnesses, the buyer's own claim after the last deadline took it back.
 * - `receipt`: in test money, the buyer's receipt, which no claim precedes in its chain, pays it.
 * - `paid`: its witnesses pay it, by certificate.
 */
export const OUTCOME_KINDS = ['none', 'refund', 'unwitnessed', 'receipt', 'paid'] as const;
/** One of {@link OUTCOME_KINDS}. */
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/** Outcome of a hold. */
export interface HoldOutcome {
  readonly kind: OutcomeKind;
  /** Null for `receipt` and `unwitnessed`. */
  readonly certificate: Certificate | null;
}

/** A hold as the ledger sees it now: a live view, its fields change with what becomes known. */
export interface Hold {
  /** Text of `id`. */
  readonly key: string;
  readonly id: BlockId;
  /** The buyer's agreement. */
  readonly block: HalfBlock;
  readonly buyer: PublicKey;
  readonly seller: PublicKey;
  readonly currency: CurrencyId;
  /** Minor units. */
  readonly amount: bigint;
  /** Number among the buyer's spending blocks in this currency. */
  readonly n: number;
  /** Last moment for the release to reach the witnesses, ms. */
  readonly release: number;
  /** Last moment for a complaint to reach the witnesses, ms. */
  readonly complain: number;
  /** Statement keys of the witnesses: in issued money its notaries. */
  readonly witnesses: readonly PublicKey[];
  /** The seller's trade proposal. */
  readonly proposal: BlockId;
  /** Hex SHA-256 of the terms; undefined while they are. */
  readonly trade: TradeId | undefined;
  /** What both sides agreed on; undefined until a proposal is known that the hold fits. */
  readonly terms: Terms | undefined;
  /** Issued money: certified. Test money: the buyer's chain is known up to it, and sound. */
  readonly counts: boolean;
  readonly outcome: HoldOutcome | null;
  /** The buyer's receipt: the licence passed. In test money only one that no claim precedes in the buyer's chain. */
  readonly receipt: HalfBlock | null;
}

/** What a hold does to the money of its parties. */
export type HoldEffect = 'none' | 'held' | 'back' | 'paid';

/** The ledger's own record of a hold. */
export class HoldRecord implements Hold {
  readonly key: string;
  readonly id: BlockId;
  readonly block: HalfBlock;
  readonly buyer: PublicKey;
  readonly seller: PublicKey;
  readonly buyerHex: PublicKeyHex;
  readonly sellerHex: PublicKeyHex;
  readonly currency: CurrencyId;
  readonly amount: bigint;
  readonly n: number;
  readonly release: number;
  readonly complain: number;
  readonly witnesses: readonly PublicKey[];
  readonly proposal: BlockId;
  readonly spending: Spending;
  counts = false;
  outcome: HoldOutcome | null = null;
  receipt: HalfBlock | null = null;
  /** What its sums say at present. */
  effect: HoldEffect = 'none';
  /** Test money: where it stands in the buyer's chain, once that is known. */
  place: ChainPlace | null = null;
  /** Test money: where the buyer's own blocks end it, one for each branch of a forker. */
  readonly ends: ChainPlace[] = [];
  #proposed: TradeProposal | undefined;

  constructor(
    spending: Spending,
    to: PublicKey,
    part: NonNullable<Spending['hold']>,
    witnesses: readonly PublicKey[],
  ) {
    this.spending = spending;
    this.key = spending.key;
    this.id = spending.id;
    this.block = spending.block;
    this.buyer = spending.author;
    this.buyerHex = spending.authorHex;
    this.seller = to;
    this.sellerHex = publicKeyToHex(to);
    this.currency = spending.money.currency;
    this.amount = spending.money.pay;
    this.n = spending.money.n;
    this.release = part.release;
    this.complain = part.complain;
    this.proposal = part.proposal;
    this.witnesses = witnesses;
  }

  get terms(): Terms | undefined {
    return this.#proposed?.encoded.terms;
  }

  get trade(): TradeId | undefined {
    return this.#proposed?.encoded.id;
  }

  /** The proposal that it agrees to and fits, once it is known. */
  get proposed(): TradeProposal | undefined {
    return this.#proposed;
  }

  set proposed(proposal: TradeProposal) {
    this.#proposed = proposal;
  }

  /** Takes a stronger outcome. `false` when it has one as strong. */
  decide(outcome: HoldOutcome): boolean {
    if (this.outcome !== null && strength(this.outcome) >= strength(outcome)) return false;
    this.outcome = outcome;
    return true;
  }

  /** What it should do to the money of its parties at `now`, ms. */
  effectAt(now: number): HoldEffect {
    if (!this.counts) return 'none';
    if (this.outcome !== null) return pays(this.outcome) ? 'paid' : 'back';
    return this.witnesses.length === 0 && now >= this.complain ? 'back' : 'held';
  }
}

function strength({ kind }: HoldOutcome): number {
  return OUTCOME_KINDS.indexOf(kind);
}

/** Whether an outcome gives the money to the seller. */
export function pays({ kind }: HoldOutcome): boolean {
  return kind === 'paid' || kind === 'receipt';
}
