import type { DataSettlement } from '@edmp/data-settlement';
import { type BlockStore, equalBytes, type PublicKey } from '@edmp/interface';
import type { Bid, CallOptions, Market, Order } from '@edmp/market';

/** What {@link buyInspected} works with; a `Trader` has it all. */
export interface BuyInspectedNeeds {
  readonly market: Pick<Market, 'self' | 'listings' | 'buy'>;
  readonly settlement: Pick<DataSettlement, 'prepareSpotCheck' | 'bindSpotCheck'>;
  readonly trustchain: { readonly store: Pick<BlockStore, 'head'> };
}

/** Sellers of one dataset that are looked for. */
const MAX_LISTINGS = 32;

/**
 * Bids for data after its sellers have committed to a spot check of `samples` chunks (DESIGN §5.3). Before any money is
 * held the drawn chunks are looked into; a deal whose chunks are not shown, or not as described, fails with
 * `ERR_SETTLEMENT_SPOT_CHECK` and costs nothing. Throws that at once when no seller shows anything, and as `Market.buy` does.
 */
export async function buyInspected(
  { market, settlement, trustchain }: BuyInspectedNeeds,
  bid: Bid,
  samples: number,
  options: CallOptions = {},
): Promise<Order> {
  const sellers: PublicKey[] = [];
  for (const { seller } of await market.listings({ asset: bid.asset, limit: MAX_LISTINGS }, options)) {
    const isNew = !equalBytes(seller, market.self) && !sellers.some((known) => equalBytes(known, seller));
    if (isNew) sellers.push(seller);
  }
  const head = await trustchain.store.head(market.self);
  const after = head?.core.seq ?? 0;
  await settlement.prepareSpotCheck({ asset: bid.asset, sellers, samples, after }, options);
  let order: Order | undefined;
  try {
    order = await market.buy(bid, options);
    return order;
  } finally {
    await settlement.bindSpotCheck(bid.asset, order?.id ?? null);
  }
}
