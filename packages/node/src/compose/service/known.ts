import { isEdmpError } from '@edmp/interface';
import type { Market } from '@edmp/market';
import { currencyName } from '@edmp/market/ledger';
import { CID } from 'multiformats/cid';
import { NodeError } from '../errors.ts';
import type { CurrencyNames } from '../views.ts';

/** The id that a text is. Throws `ERR_NODE_NOT_FOUND`, for nothing can be known under any other. */
export function parseId(text: string, what: string): CID {
  try {
    return CID.parse(text);
  } catch (cause) {
    throw new NodeError('ERR_NODE_NOT_FOUND', `There is no ${what} ${JSON.stringify(text.slice(0, 80))}`, {
      cause,
    });
  }
}

/** Turns "the market does not know it" into the node's own not-found, so that HTTP answers 404. */
export async function known<T>(what: string, id: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isEdmpError(error, 'ERR_MARKET_UNKNOWN')) {
      throw new NodeError('ERR_NODE_NOT_FOUND', `There is no ${what} ${JSON.stringify(id.slice(0, 80))}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** How the currencies that a market knows are called; the end of the id of any other. */
export function currencyNames(market: Market): CurrencyNames {
  return (id) => {
    const currency = market.currencies().find((candidate) => candidate.id === id);
    return currency === undefined ? `…${id.slice(-16)}` : currencyName(currency);
  };
}
