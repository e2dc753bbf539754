import type { Claim } from '../blocks/money.ts';
import type { Spending } from '../blocks/spending.ts';

/**
 * - `gap`: blocks are missing, so what is shown may have been spent.
 * - `forked`: its author signed two blocks where there can be one, or is a proven cheat: it spends nothing more.
 * - `broken`: its author signed a spending block that cannot follow from those before it: it spends nothing more.
 */
export type AccountState = 'ok' | 'gap' | 'forked' | 'broken';

/** Where an account in one currency stands. */
export interface Account {
  /** Number of {@link head}; 0 = nothing was spent or claimed yet. */
  readonly n: number;
  /** The newest spending block that follows from what counts, certified or not; the next one names it. */
  readonly head: Spending | null;
  /** Number of the newest block that counts: issued money the newest certified one, test money `n`. */
  readonly certified: number;
  /** Balance after {@link head}; the grant or 0 without one. */
  readonly balance: bigint;
  /** What the next spending block may claim, in no particular order; in test money with the certificates to put in. */
  readonly claimable: readonly Claim[];
  readonly state: AccountState;
}

/** Money of one account in one currency, minor units. */
export interface Balance {
  /** What the next spending block can pay: the balance, and what is there to claim. 0 for whoever spends nothing more. */
  readonly available: bigint;
  /** Own holds without an outcome. */
  readonly held: bigint;
  /** Others' holds for this account without an outcome. */
  readonly pending: bigint;
  /** Test money only: what it was paid. Part of the total, never spent. */
  readonly earned: bigint;
}
