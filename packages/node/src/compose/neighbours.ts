import { equalBytes, publicKeyToHex } from '@edmp/interface';
import type { Market } from '@edmp/market';

/** Newest listings that are looked at: more make a place no finer. */
const MAX_LISTINGS = 1_000;

/**
 * How many others sell within a geohash cell, as far as this node knows the market: what the k-rule of places asks. Each
 * seller counts once, in every cell that holds the place of one of its listings.
 */
export async function neighboursOf(
  market: Pick<Market, 'listings' | 'self'>,
): Promise<(cell: string) => number> {
  const sellers = new Map<string, Set<string>>();
  for (const { seller, document } of await market.listings({ sort: 'newest', limit: MAX_LISTINGS })) {
    const { cell } = document.descriptor;
    if (cell === null || equalBytes(seller, market.self)) continue;
    for (let length = 1; length <= cell.length; length++) {
      const within = cell.slice(0, length);
      const known = sellers.get(within);
      if (known === undefined) sellers.set(within, new Set([publicKeyToHex(seller)]));
      else known.add(publicKeyToHex(seller));
    }
  }
  return (cell) => sellers.get(cell)?.size ?? 0;
}
