import type { PublicKeyHex } from '@edmp/interface';
import type { IssuedCurrency } from '../asset/currency.ts';
import { checkBalance, checkSuccession, type Spending } from '../blocks/spending.ts';
import { issuesOf } from '../codec/issues.ts';
import type { Account, AccountState, Balance } from './account.ts';
import { type CurrencyTotals, type Income, Purse } from './purse.ts';
import { Slots } from './slots.ts';

/** A spending block in issued money. */
export interface IssuedEntry {
  readonly spending: Spending;
  readonly account: IssuedAccount;
  /** Certified, or before a certified one. */
  counts: boolean;
  /** Whether it can count at all, by itself. */
  readonly isPossible: boolean;
}

/** Whether `next` may follow `previous`, by these two blocks. */
export function follows(previous: Spending | null, next: Spending, currency: IssuedCurrency): boolean {
  return issuesOf(() => checkSuccession(previous, next, currency)).length === 0;
}

/** Whether a block can count by itself: as the first of its account, or with a balance that its author may have. */
export function isPossible(spending: Spending, currency: IssuedCurrency): boolean {
  if (spending.money.n === 1) return follows(null, spending, currency);
  return issuesOf(() => checkBalance(spending, currency)).length === 0;
}

/** One key's account in an issued currency. */
export class IssuedAccount {
  readonly owner: PublicKeyHex;
  readonly currency: IssuedCurrency;
  readonly purse: Purse;
  readonly slots: Slots = new Slots();
  /** Transfers that count, paid or received. */
  readonly transfers: Spending[] = [];
  /** Blocks that do not count yet. */
  uncertified = 0;
  /** Blocks before certified ones that are not known. */
  missing = 0;
  /** Its author signed a block that cannot follow. */
  isBroken = false;
  readonly #totals: CurrencyTotals;
  #certified: Spending | null = null;

  constructor(owner: PublicKeyHex, currency: IssuedCurrency, totals: CurrencyTotals) {
    this.owner = owner;
    this.currency = currency;
    this.purse = new Purse(totals);
    this.#totals = totals;
  }

  /** The newest block that counts: the highest number; of several (more notaries lied than may) the lowest id. */
  get certified(): Spending | null {
    return this.#certified;
  }

  /** A block counts from now on. */
  advanceTo(spending: Spending): void {
    const newest = this.#certified;
    const { n, balance } = spending.money;
    if (newest !== null && (n < newest.money.n || (n === newest.money.n && spending.key > newest.key)))
      return;
    this.#totals.accounts += balance - (newest?.money.balance ?? 0n);
    this.#certified = spending;
  }

  /** Known blocks that follow from what counts and do not count yet, in order; of a forker's none, it has several. */
  #ahead(): readonly Spending[] {
    if (this.slots.isForked) return [];
    const ahead: Spending[] = [];
    let last = this.#certified;
    for (let n = (last?.money.n ?? 0) + 1; ; n++) {
      const next = this.slots.get(n);
      if (next === undefined || !follows(last, next, this.currency)) return ahead;
      ahead.push(next);
      last = next;
    }
  }

  #claimable(ahead: readonly Spending[]): readonly Income[] {
    const { unclaimed } = this.purse;
    if (ahead.length === 0) return [...unclaimed.values()];
    const claimed = new Set(ahead.flatMap(({ money }) => money.claims.map(({ id }) => id.toString())));
    return [...unclaimed].filter(([key]) => !claimed.has(key)).map(([, income]) => income);
  }

  view(state: AccountState): Account {
    const ahead = this.#ahead();
    const head = ahead.at(-1) ?? this.#certified;
    return {
      n: head?.money.n ?? 0,
      head,
      certified: this.#certified?.money.n ?? 0,
      balance: head?.money.balance ?? 0n,
      claimable: this.#claimable(ahead).map(({ id, amount }) => ({ id, amount, certificate: null })),
      state,
    };
  }

  /** In a gap nothing is available but the balance: what is there to claim may be claimed in the blocks that are missing. */
  sums(state: AccountState): Balance {
    const ahead = this.#ahead();
    const balance = (ahead.at(-1) ?? this.#certified)?.money.balance ?? 0n;
    let claimable = ahead.length === 0 ? this.purse.unclaimedSum : 0n;
    if (ahead.length > 0) for (const { amount } of this.#claimable(ahead)) claimable += amount;
    let { held } = this.purse;
    for (const { kind, money } of ahead) if (kind === 'hold') held += money.pay;
    const available = state === 'ok' ? balance + claimable : state === 'gap' ? balance : 0n;
    return { available, held, pending: this.purse.pending, earned: 0n };
  }
}
