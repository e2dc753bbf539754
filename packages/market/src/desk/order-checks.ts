import type { Currency, CurrencyId } from '../asset/currency.ts';
import { MAX_QUANTITY, type Price, wholeLots } from '../asset/price.ts';
import { MarketError } from '../errors.ts';

/** A number of licences that makes at least one lot of a price. Throws `ERR_ORDER_AMOUNT`. */
export function checkQuantity(quantity: unknown, unit: Price): number {
  if (
    typeof quantity !== 'number' ||
    !Number.isSafeInteger(quantity) ||
    quantity < 1 ||
    quantity > MAX_QUANTITY ||
    wholeLots(unit, quantity) < 1
  ) {
    throw new MarketError(
      'ERR_ORDER_AMOUNT',
      `Expected 1 … 2⁵³−1 licences and at least one lot of ${unit.per}, got ${typeof quantity === 'number' ? quantity : typeof quantity}`,
    );
  }
  return quantity;
}

/** A life of an order, ms. Throws `ERR_ORDER_LIFETIME`. */
export function checkLifetime(lifetimeMs: unknown, longest: number): number {
  if (
    typeof lifetimeMs !== 'number' ||
    !Number.isSafeInteger(lifetimeMs) ||
    lifetimeMs < 1 ||
    lifetimeMs > longest
  ) {
    throw new MarketError(
      'ERR_ORDER_LIFETIME',
      `Expected a life of 1 to ${longest} ms, got ${typeof lifetimeMs === 'number' ? lifetimeMs : typeof lifetimeMs}`,
    );
  }
  return lifetimeMs;
}

/** A currency that is known. Throws `ERR_CURRENCY_UNKNOWN`. */
export function knownCurrency(found: Currency | undefined, id: CurrencyId): Currency {
  if (found !== undefined) return found;
  throw new MarketError(
    'ERR_CURRENCY_UNKNOWN',
    `The currency ${id.slice(0, 80)} is not known here, nor to the peers that were asked; add it by its block`,
  );
}
