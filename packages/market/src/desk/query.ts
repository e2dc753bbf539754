import { ATTESTATION_LEVELS, COMMODITIES, FLOWS, INTERVAL_STEPS } from '@edmp/interface/dataset';
import type { ListingQuery } from '../listing/listing.ts';
import { MAX_RESULTS } from '../listing/listing-query.ts';
import {
  choicesArgument,
  currencyArgument,
  objectOf,
  priceArgument,
  publicKeyArgument,
  textArgument,
  wholeArgument,
} from './arguments.ts';

/** Longest text, id or day in a query, characters. */
const MAX_TEXT = 500;
const SORTS = ['price', 'newest', 'trust'] as const;

/** What each field of a query must be. */
const CHECKS: Readonly<Record<keyof ListingQuery, (value: unknown, what: string) => unknown>> = {
  text: (value, what) => textArgument(value, MAX_TEXT, what),
  from: (value, what) => textArgument(value, 10, what),
  to: (value, what) => textArgument(value, 10, what),
  cell: (value, what) => textArgument(value, 12, what),
  commodity: (value, what) => one(value, COMMODITIES, what),
  flow: (value, what) => one(value, FLOWS, what),
  step: (value, what) => one(value, INTERVAL_STEPS, what),
  currency: currencyArgument,
  maxPrice: priceArgument,
  attestation: (value, what) => one(value, ATTESTATION_LEVELS, what),
  seller: publicKeyArgument,
  asset: (value, what) => textArgument(value, 256, what),
  sort: (value, what) => one(value, SORTS, what),
  offset: (value, what) => wholeArgument(value, 0, Number.MAX_SAFE_INTEGER, what),
  limit: (value, what) => wholeArgument(value, 1, MAX_RESULTS, what),
};

function one<T extends string>(value: unknown, known: readonly T[], what: string): T {
  const [found] = choicesArgument([value], known, what);
  return found as T;
}

/** A query whose fields are what they must be; fields that are undefined count as absent. Throws `ERR_MARKET_FORMAT`. */
export function checkQuery(query: ListingQuery): ListingQuery {
  const fields = objectOf(query, 'query');
  const checked: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(CHECKS)) {
    if (fields[name] !== undefined) checked[name] = check(fields[name], `query.${name}`);
  }
  return checked;
}
