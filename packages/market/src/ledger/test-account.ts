import type { PublicKeyHex } from '@edmp/interface';
import type { TestCurrency } from '../asset/currency.ts';
import type { Claim } from '../blocks/money.ts';
import type { Spending } from '../blocks/spending.ts';
import { encodeCertificate } from '../notary/certificate.ts';
import type { Account, AccountState, Balance } from './account.ts';
import type { ChainPlace } from './author-chain.ts';
import { type CurrencyTotals, type Income, Purse } from './purse.ts';
import { Slots } from './slots.ts';

/** A spending block in test money at its place in the author's chain. */
export interface TestEntry {
  readonly spending: Spending;
  readonly place: ChainPlace;
  /** The spending block before it in this currency, on the same path. */
  readonly previous: TestEntry | null;
  /** Whether it and all before it follow the rules. */
  readonly isSound: boolean;
}

/** An author's newest spending blocks on one path, sound or not. */
export type NewestEntries = Readonly<Record<TestCurrency['id'], TestEntry | null>>;

/** One key's account in one test currency. */
export class TestAccount {
  readonly owner: PublicKeyHex;
  readonly currency: TestCurrency;
  readonly purse: Purse;
  readonly slots: Slots = new Slots();
  /** Transfers that count, paid or received. */
  readonly transfers: Spending[] = [];
  /** An unsound spending block stands in the chain. */
  isBroken = false;
  readonly #totals: CurrencyTotals;
  #newest: Spending | null = null;

  constructor(owner: PublicKeyHex, currency: TestCurrency, totals: CurrencyTotals) {
    this.owner = owner;
    this.currency = currency;
    this.purse = new Purse(totals);
    this.#totals = totals;
    totals.accounts += currency.grant;
  }

  /** Newest sound spending block: the highest number; of a forker's several the lowest id. */
  get newest(): Spending | null {
    return this.#newest;
  }

  get balance(): bigint {
    return this.#newest?.money.balance ?? this.currency.grant;
  }

  /** A sound spending block more. */
  advanceTo(spending: Spending): void {
    const newest = this.#newest;
    const { n } = spending.money;
    if (newest !== null && (n < newest.money.n || (n === newest.money.n && spending.key > newest.key)))
      return;
    this.#totals.accounts += spending.money.balance - this.balance;
    this.#newest = spending;
  }

  view(state: AccountState): Account {
    const n = this.#newest?.money.n ?? 0;
    return {
      n,
      head: this.#newest,
      certified: n,
      balance: this.balance,
      claimable: [...this.purse.unclaimed.values()].map(refund),
      state,
    };
  }

  sums(state: AccountState): Balance {
    const spends = state === 'ok' || state === 'gap';
    const { held, pending, earned, unclaimedSum } = this.purse;
    return { available: spends ? this.balance + unclaimedSum : 0n, held, pending, earned };
  }
}

function refund({ id, amount, hold }: Income): Claim {
  const certificate = hold?.outcome?.certificate ?? null;
  return { id, amount, certificate: certificate === null ? null : encodeCertificate(certificate) };
}
