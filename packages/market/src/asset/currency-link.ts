import type { BlockId } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { MarketError } from '../errors.ts';
import { type CurrencyId, isIssuedCurrency, isTestCurrency } from './currency.ts';

/** CID of an issued currency's block, null for test money: how statements name a currency. Throws `ERR_MARKET_FORMAT`. */
export function currencyLink(id: CurrencyId): BlockId | null {
  if (isTestCurrency(id)) return null;
  if (!isIssuedCurrency(id)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `A currency is DUM1, DUM2 or the CID of a market/currency block, got ${JSON.stringify(id).slice(0, 80)}`,
    );
  }
  return CID.parse(id);
}
