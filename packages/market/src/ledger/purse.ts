import type { BlockId } from '@edmp/interface';
import type { Hold } from './hold.ts';

/** Sums over a whole currency, minor units. */
export interface CurrencyTotals {
  /** Balances of the newest counted blocks; in test money also the grants and what was earned. */
  accounts: bigint;
  /** Holds without an outcome. */
  held: bigint;
  /** Incomes and refunds that nobody claimed yet. */
  unclaimed: bigint;
}

/** Something that an account may claim. */
export interface Income {
  readonly id: BlockId;
  readonly amount: bigint;
  /** The hold that it comes from; null = a transfer. */
  readonly hold: Hold | null;
}

/**
 * What belongs to an account besides its newest block's balance. Sums only, so that the order in which things become
 * known leaves no trace; keeps the currency's totals in step.
 */
export class Purse {
  /** Own holds without an outcome. */
  held = 0n;
  /** Others' holds for this account, without an outcome. */
  pending = 0n;
  /** Test money earned: shown, never spent. */
  earned = 0n;
  /** Sum of {@link unclaimed}. */
  unclaimedSum = 0n;
  readonly #totals: CurrencyTotals;
  readonly #unclaimed = new Map<string, Income>();
  /** Claims in counted blocks whose income is not known yet. */
  readonly #claimedBefore = new Set<string>();

  constructor(totals: CurrencyTotals) {
    this.#totals = totals;
  }

  /** Incomes and refunds to claim, oldest known first. */
  get unclaimed(): ReadonlyMap<string, Income> {
    return this.#unclaimed;
  }

  addHeld(amount: bigint): void {
    this.held += amount;
    this.#totals.held += amount;
  }

  addPending(amount: bigint): void {
    this.pending += amount;
  }

  addEarned(amount: bigint): void {
    this.earned += amount;
    this.#totals.accounts += amount;
  }

  /** An income or refund is due. Nothing when a counted block claimed it already. */
  addIncome(key: string, income: Income): void {
    if (this.#claimedBefore.delete(key) || this.#unclaimed.has(key)) return;
    this.#unclaimed.set(key, income);
    this.unclaimedSum += income.amount;
    this.#totals.unclaimed += income.amount;
  }

  /** It is not due after all; nothing when it was claimed. */
  removeIncome(key: string): void {
    const income = this.#unclaimed.get(key);
    if (income === undefined) return;
    this.#unclaimed.delete(key);
    this.unclaimedSum -= income.amount;
    this.#totals.unclaimed -= income.amount;
  }

  /** A counted block claims it. */
  claim(key: string): void {
    if (this.#unclaimed.has(key)) this.removeIncome(key);
    else this.#claimedBefore.add(key);
  }
}
