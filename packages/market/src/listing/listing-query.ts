import { publicKeyToHex } from '@edmp/interface';
import { MarketError } from '../errors.ts';
import type { ListingQuery } from './listing.ts';

/** Most results of one query. */
export const MAX_RESULTS = 1_000;
const DEFAULT_RESULTS = 50;
/** Most words of a query. */
const MAX_WORDS = 16;
/** Longest text of a query that is looked at, characters. */
const MAX_TEXT = 500;

/** A query with its text taken apart and its bounds checked. */
export interface PreparedQuery {
  readonly query: ListingQuery;
  readonly words: readonly string[];
  readonly offset: number;
  readonly limit: number;
  /** First and last day as numbers, ±∞ when not given. */
  readonly from: number;
  readonly to: number;
  readonly seller: string | undefined;
}

/** Lower-case words of a text. */
export function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 0);
}

/** A day `YYYY-MM-DD` as the number YYYYMMDD. */
export function dayNumber(day: string): number {
  return Number(day.slice(0, 4)) * 10_000 + Number(day.slice(5, 7)) * 100 + Number(day.slice(8, 10));
}

/** Checks a query. Throws `ERR_MARKET_FORMAT` on one out of range. */
export function prepareQuery(query: ListingQuery): PreparedQuery {
  const limit = query.limit ?? DEFAULT_RESULTS;
  const offset = query.offset ?? 0;
  if (
    !Number.isSafeInteger(limit) ||
    limit < 1 ||
    limit > MAX_RESULTS ||
    !Number.isSafeInteger(offset) ||
    offset < 0
  ) {
    throw new MarketError('ERR_MARKET_FORMAT', `Expected a limit of 1 to ${MAX_RESULTS} and an offset ≥ 0`);
  }
  for (const day of [query.from, query.to]) {
    if (day !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(day)) {
      throw new MarketError('ERR_MARKET_FORMAT', 'Expected a day such as 2026-01-31');
    }
  }
  return {
    query,
    words: wordsOf((query.text ?? '').slice(0, MAX_TEXT)).slice(0, MAX_WORDS),
    offset,
    limit,
    from: query.from === undefined ? Number.NEGATIVE_INFINITY : dayNumber(query.from),
    to: query.to === undefined ? Number.POSITIVE_INFINITY : dayNumber(query.to),
    seller: query.seller === undefined ? undefined : publicKeyToHex(query.seller),
  };
}
