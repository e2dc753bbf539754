import type { HalfBlock } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import {
  type Currency,
  type CurrencyId,
  currencyOfBlock,
  DUM1,
  DUM2,
  type IssuedCurrency,
  isTestCurrency,
} from './currency.ts';

/** Default of {@link CurrencyRegisterOptions.max}: with seven notaries a currency is about a kilobyte. */
export const MAX_CURRENCIES = 4_096;

/** Options of {@link currencyRegister}. */
export interface CurrencyRegisterOptions {
  /** Most issued currencies kept; the oldest one that is neither pinned nor preferred makes room. Default {@link MAX_CURRENCIES}. */
  readonly max?: number;
}

/** The currencies that a node knows. */
export interface CurrencyRegister {
  /** Issued currencies kept. */
  readonly size: number;
  get(id: CurrencyId): Currency | undefined;
  /**
   * Takes in the currency that a block opens, or returns the one that is known. `undefined` when the block opens none,
   * or when every place is taken by a pinned currency.
   */
  add(block: HalfBlock): IssuedCurrency | undefined;
  /** Keeps a currency whatever else comes: one that its owner named, issued or pays in. `false` when it is not known. */
  pin(id: CurrencyId): boolean;
  /** Whether a currency is pinned; test currencies are. */
  isPinned(id: CurrencyId): boolean;
  /** Whether a currency is pinned or preferred: whether own money may be in it. */
  isKept(id: CurrencyId): boolean;
  /** Lets a currency give way only when all others are pinned or preferred too: one that its owner was paid in. */
  prefer(id: CurrencyId): void;
  /** Test currencies first, then issued ones, oldest known first. */
  values(): readonly Currency[];
}

/** A register with the two test currencies. */
export function currencyRegister(options: CurrencyRegisterOptions = {}): CurrencyRegister {
  const max = options.max ?? MAX_CURRENCIES;
  const issued = new Map<CurrencyId, IssuedCurrency>();
  const pinned = new Set<CurrencyId>();
  const preferred = new Set<CurrencyId>();

  const makeRoom = (): boolean => {
    if (issued.size < max) return true;
    let oldest: CurrencyId | undefined;
    for (const id of issued.keys()) {
      if (pinned.has(id)) continue;
      oldest ??= id;
      if (preferred.has(id)) continue;
      oldest = id;
      break;
    }
    if (oldest === undefined) return false;
    preferred.delete(oldest);
    return issued.delete(oldest);
  };

  return {
    get size() {
      return issued.size;
    },
    get: (id) => (id === DUM1.id ? DUM1 : id === DUM2.id ? DUM2 : issued.get(id)),
    add(block) {
      let currency: IssuedCurrency;
      try {
        currency = currencyOfBlock(block);
      } catch (error) {
        if (isEdmpError(error)) return undefined;
        throw error;
      }
      const known = issued.get(currency.id);
      if (known !== undefined) return known;
      if (!makeRoom()) return undefined;
      issued.set(currency.id, currency);
      return currency;
    },
    pin(id) {
      if (!issued.has(id)) return false;
      pinned.add(id);
      return true;
    },
    isPinned: (id) => isTestCurrency(id) || pinned.has(id),
    isKept: (id) => isTestCurrency(id) || pinned.has(id) || preferred.has(id),
    prefer(id) {
      if (issued.has(id)) preferred.add(id);
    },
    values: () => [DUM1, DUM2, ...issued.values()],
  };
}
