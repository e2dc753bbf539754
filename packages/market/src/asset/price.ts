import type { AssetId } from '@edmp/interface';
import { MarketError } from '../errors.ts';
import { isCurrencyId, MAX_AMOUNT } from './currency.ts';

/**
 * An exact price: `amount` minor units of `currency` for `per` licences, in lowest terms.
 *
 * Trades happen in whole lots of `per` licences, so every fill costs a whole number of minor units and no rounding
 * rule exists that could create or lose one (DESIGN §1.5).
 */
export interface Price {
  readonly currency: AssetId;
  /** 1 … 2⁶³−1. */
  readonly amount: bigint;
  /** 1 … 2⁵³−1. */
  readonly per: bigint;
}

/** Most licences in one order. */
export const MAX_QUANTITY: number = Number.MAX_SAFE_INTEGER;
/** Supply of an ask that sells as many licences as are wanted. */
export const UNLIMITED_SUPPLY: number = MAX_QUANTITY;

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let x = a;
  let y = b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/**
 * A price in lowest terms. Throws `ERR_ORDER_AMOUNT` unless both numbers are in range, `ERR_MARKET_FORMAT` on a bad
 * currency id.
 *
 * @param currency - A test currency such as `DUM1`, or the id of an issued one.
 * @param amount - Minor units for `per` licences, 1 to 2⁶³−1; a number must be a safe integer.
 * @param per - Licences that `amount` buys, 1 to 2⁵³−1.
 *
 * @example
 * ```ts
 * import { price } from '@edmp/market';
 *
 * const unit = price('DUM1', 10, 4); // 10 minor units for 4 licences
 * console.log(unit.amount, unit.per); // 5 2
 * ```
 */
export function price(currency: AssetId, amount: bigint | number, per: bigint | number = 1n): Price {
  if (!isCurrencyId(currency)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `A price needs a currency such as DUM1, got ${JSON.stringify(currency)}`,
    );
  }
  if (typeof amount === 'number' && !Number.isSafeInteger(amount)) throw outOfRange(amount, per);
  if (typeof per === 'number' && !Number.isSafeInteger(per)) throw outOfRange(amount, per);
  const numerator = BigInt(amount);
  const denominator = BigInt(per);
  if (
    numerator < 1n ||
    numerator > MAX_AMOUNT ||
    denominator < 1n ||
    denominator > BigInt(Number.MAX_SAFE_INTEGER)
  ) {
    throw outOfRange(amount, per);
  }
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { currency, amount: numerator / divisor, per: denominator / divisor };
}

function outOfRange(amount: bigint | number, per: bigint | number): MarketError {
  return new MarketError(
    'ERR_ORDER_AMOUNT',
    `A price is 1 … 2⁶³−1 minor units for 1 … 2⁵³−1 licences, got ${amount} for ${per}`,
  );
}

/**
 * Negative, 0 or positive as `a` is cheaper than, equal to or dearer than `b`; by cross-multiplication, exact. Throws `ERR_MARKET_FORMAT` on different currencies.
 *
 * @example
 * ```ts
 * import { price } from '@edmp/market';
 * import { comparePrices } from '@edmp/market/book';
 *
 * console.log(comparePrices(price('DUM1', 1, 3), price('DUM1', 1, 2)) < 0); // true
 * ```
 */
export function comparePrices(a: Price, b: Price): number {
  if (a.currency !== b.currency) {
    throw new MarketError('ERR_MARKET_FORMAT', `Cannot compare prices in ${a.currency} and ${b.currency}`);
  }
  const left = a.amount * b.per;
  const right = b.amount * a.per;
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * What `quantity` licences cost, minor units. Throws `ERR_ORDER_AMOUNT` unless `quantity` is a positive multiple of the lot `per`.
 *
 * @example
 * ```ts
 * import { price } from '@edmp/market';
 * import { costOf } from '@edmp/market/book';
 *
 * console.log(costOf(price('DUM1', 10), 3)); // 30
 * ```
 */
export function costOf(unit: Price, quantity: number): bigint {
  if (!Number.isSafeInteger(quantity) || quantity < 1 || BigInt(quantity) % unit.per !== 0n) {
    throw new MarketError(
      'ERR_ORDER_AMOUNT',
      `A trade at this price takes whole lots of ${unit.per} licences, got ${quantity}`,
    );
  }
  const cost = (BigInt(quantity) / unit.per) * unit.amount;
  if (cost > MAX_AMOUNT) {
    throw new MarketError('ERR_ORDER_AMOUNT', `${quantity} licences would cost more than 2⁶³−1 minor units`);
  }
  return cost;
}

/** The largest quantity ≤ `quantity` in whole lots of `unit`. */
export function wholeLots(unit: Price, quantity: number): number {
  const lot = Number(unit.per);
  return quantity - (quantity % lot);
}

/**
 * Text for people, e.g. `10 DUM1` or `2 DUM1 per 3`.
 *
 * @example
 * ```ts
 * import { formatPrice, price } from '@edmp/market';
 *
 * console.log(formatPrice(price('DUM1', 10))); // 10 DUM1
 * ```
 */
export function formatPrice(unit: Price): string {
  return `${unit.amount} ${unit.currency}${unit.per === 1n ? '' : ` per ${unit.per}`}`;
}
