import type { BlockId, TxValue } from '@edmp/interface';
import { type CurrencyId, isTestCurrency } from '../asset/currency.ts';
import { currencyLink } from '../asset/currency-link.ts';
import { type Price, price } from '../asset/price.ts';
import { amountOf, amountToTx, blockIdOf, mapOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';

/** A currency as a transaction value: test money by name, issued money by a link to its block. Throws `ERR_MARKET_FORMAT`. */
export function currencyIdToTx(id: CurrencyId): string | BlockId {
  return isTestCurrency(id) ? id : (currencyLink(id) ?? id);
}

/** A currency's id out of a decoded value. Throws `ERR_MARKET_FORMAT`. */
export function currencyIdOf(value: unknown, where: string): CurrencyId {
  if (typeof value !== 'string') return blockIdOf(value, where).toString();
  if (isTestCurrency(value)) return value;
  throw new MarketError(
    'ERR_MARKET_FORMAT',
    `${where}: expected DUM1, DUM2 or a link to a currency's block, got ${JSON.stringify(value.slice(0, 60))}`,
  );
}

/** A price as a transaction value. Throws `ERR_MARKET_FORMAT` on a bad currency id. */
export function priceToTx(unit: Price): TxValue {
  return {
    currency: currencyIdToTx(unit.currency),
    amount: amountToTx(unit.amount),
    per: amountToTx(unit.per),
  };
}

/** A price out of a decoded value; only lowest terms. Throws `ERR_MARKET_FORMAT` or `ERR_ORDER_AMOUNT`. */
export function priceOf(value: unknown, where: string): Price {
  const fields = mapOf(value, ['currency', 'amount', 'per'], where);
  const amount = amountOf(fields.amount, 1n, `${where}.amount`);
  const per = amountOf(fields.per, 1n, `${where}.per`);
  const unit = price(currencyIdOf(fields.currency, `${where}.currency`), amount, per);
  if (unit.amount !== amount || unit.per !== per) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `${where}: expected lowest terms ${unit.amount}/${unit.per}, got ${amount}/${per}`,
    );
  }
  return unit;
}
