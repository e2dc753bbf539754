import type { AssetId, PublicKey } from '@edmp/interface';
import { MarketError } from '../errors.ts';

/** A kind of money that the token ledger keeps (DESIGN §4.1). */
export interface Currency {
  /** Upper-case letters and digits, 2 … 12 characters, a letter first; never starting with `EW`. */
  readonly id: AssetId;
  readonly name: string;
  /** Decimals that a person sees; amounts are minor units throughout. */
  readonly precision: number;
  /** Smallest amount that can be traded, minor units. */
  readonly minUnit: bigint;
  /** What every account starts with, minor units; test currencies only. */
  readonly genesis: bigint;
  /** The one key that may mint; null = nobody. */
  readonly issuer: PublicKey | null;
}

/** Test currency: every account starts with 1 000. */
export const DUM1: Currency = {
  id: 'DUM1',
  name: 'Dummy 1',
  precision: 0,
  minUnit: 1n,
  genesis: 1_000n,
  issuer: null,
};

/** Test currency: every account starts with 10 000. */
export const DUM2: Currency = {
  id: 'DUM2',
  name: 'Dummy 2',
  precision: 0,
  minUnit: 1n,
  genesis: 10_000n,
  issuer: null,
};

/** Largest amount of money or licences in one order or block: 2⁶³−1. */
export const MAX_AMOUNT: bigint = 2n ** 63n - 1n;

/** Whether `text` names an issued currency: the base32 CIDv1 (dag-cbor, sha2-256) of its issuer's block. */
export function isIssuedCurrency(text: unknown): text is AssetId {
  return typeof text === 'string' && /^bafyrei[a-h][a-z2-7]{50}[aeimquy4]$/.test(text);
}

/** Whether `text` can name a currency. */
export function isCurrencyId(text: unknown): text is AssetId {
  if (isIssuedCurrency(text)) return true;
  return typeof text === 'string' && /^[A-Z][A-Z0-9]{1,11}$/.test(text) && !text.startsWith('EW');
}

/** The two test currencies and `extra` ones by id. Throws `ERR_MARKET_FORMAT` on a bad or repeated one. */
export function currencyTable(extra: readonly Currency[] = []): ReadonlyMap<AssetId, Currency> {
  const table = new Map<AssetId, Currency>();
  for (const currency of [DUM1, DUM2, ...extra]) {
    if (!isCurrencyId(currency.id)) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        `A currency id is 2 to 12 upper-case letters and digits and does not start with EW, got ${JSON.stringify(currency.id)}`,
      );
    }
    if (table.has(currency.id)) {
      throw new MarketError('ERR_MARKET_FORMAT', `The currency ${currency.id} is given twice`);
    }
    if (currency.minUnit < 1n || currency.genesis < 0n || currency.genesis > MAX_AMOUNT) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        `The currency ${currency.id} needs minUnit ≥ 1 and genesis between 0 and 2⁶³−1`,
      );
    }
    table.set(currency.id, currency);
  }
  return table;
}
