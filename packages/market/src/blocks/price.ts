import { type BlockId, equalBytes, type TxValue } from '@edmp/interface';
import { type CurrencyId, isTestCurrency } from '../asset/currency.ts';
import { currencyLink } from '../asset/currency-link.ts';
import { type Price, price } from '../asset/price.ts';
import { amountOf, amountToTx, blockIdOf, mapOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';

/** A currency as a transaction value: test money by name, issued money by a link to its block. Throws `ERR_MARKET_FORMAT`. */
export function currencyIdToTx(id: CurrencyId): string | BlockId {
  return isTestCurrency(id) ? id : (currencyLink(id) ?? id);
}

/** Currencies seen last: nearly every block is in one of a few, and their text is dear to make. */
const recent: { readonly bytes: Uint8Array; readonly text: string }[] = [];
const MAX_RECENT = 8;

function textOf(id: BlockId): string {
  for (const known of recent) if (equalBytes(known.bytes, id.bytes)) return known.text;
  const text = id.toString();
  // Copied: a link that was decoded is a view on the bytes of a whole block.
  recent.unshift({ bytes: new Uint8Array(id.bytes), text });
  if (recent.length > MAX_RECENT) recent.pop();
  return text;
}

/** A currency's id out of a decoded value. Throws `ERR_MARKET_FORMAT`. */
export function currencyIdOf(value: unknown, where: string): CurrencyId {
  if (typeof value !== 'string') return textOf(blockIdOf(value, where));
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

/**
 * A price out of a decoded value; only lowest terms. Throws `ERR_MARKET_FORMAT` or `ERR_ORDER_AMOUNT`.
 *
 * @param value - What a decoder made of a stranger's bytes; anything may be given.
 * @param where - Path of the value, for the error's text: `terms.price`.
 */
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
