import type { AssetId, PublicKeyHex, WalletBalance } from '@edmp/interface';

/** Part of a balance. */
export type BalancePart = 'available' | 'held' | 'pending';

/** One change of one balance. */
export interface Posting {
  readonly account: PublicKeyHex;
  readonly currency: AssetId;
  readonly part: BalancePart;
  readonly amount: bigint;
}

/** Balances as the sum of postings, each replaceable by its source. */
export interface PostingBook {
  /** Replaces what `source` posted before. */
  set(source: string, postings: readonly Posting[]): void;
  /** Sums, without genesis grants. */
  sums(account: PublicKeyHex, currency: AssetId): WalletBalance;
  /** Accounts that anything was ever posted to. */
  accounts(): readonly PublicKeyHex[];
}

const NOTHING: readonly Posting[] = [];

/** No postings yet. */
export function postingBook(): PostingBook {
  const bySource = new Map<string, readonly Posting[]>();
  const accounts = new Map<PublicKeyHex, Map<AssetId, Record<BalancePart, bigint>>>();
  const add = (posting: Posting, sign: bigint): void => {
    let currencies = accounts.get(posting.account);
    if (currencies === undefined) {
      currencies = new Map();
      accounts.set(posting.account, currencies);
    }
    let sums = currencies.get(posting.currency);
    if (sums === undefined) {
      sums = { available: 0n, held: 0n, pending: 0n };
      currencies.set(posting.currency, sums);
    }
    sums[posting.part] += sign * posting.amount;
  };
  return {
    set(source, postings) {
      for (const posting of bySource.get(source) ?? NOTHING) add(posting, -1n);
      if (postings.length === 0) bySource.delete(source);
      else bySource.set(source, postings);
      for (const posting of postings) add(posting, 1n);
    },
    sums: (account, currency) =>
      accounts.get(account)?.get(currency) ?? { available: 0n, held: 0n, pending: 0n },
    accounts: () => [...accounts.keys()],
  };
}
