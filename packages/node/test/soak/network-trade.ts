import type { NodeClient } from '@edmp/node/client';
import { eventually } from '../e2e/support/two-nodes.ts';

/** Longest wait for one thing, ms: for an hour the machine may be busy with anything. */
export const WAIT_MS = 300_000;

/** Puts the newest day of one of a node's meters up for sale once; the asset's id. */
export async function offerDay(
  seller: NodeClient,
  day: string,
  turn: number,
  lifetimeMs: number,
): Promise<string> {
  const meters = await seller.meters();
  const { asset } = await seller.offer({
    commodity: 'electricity',
    flow: 'import',
    step: 'PT15M',
    meter: meters[turn % meters.length]?.id ?? '',
    from: day,
    to: day,
    title: `A day of a household, ${turn}`,
    price: 1n,
    currency: 'DUM1',
    supply: 1,
    accuracy: 'town',
    purposes: ['research'],
    lifetimeMs,
  });
  return asset;
}

/** Buys an asset and opens it; from the bid to the end of the deal, ms. Throws when the deal fails or there is no data. */
export async function buyDay(buyer: NodeClient, asset: string): Promise<number> {
  await eventually(`listing of ${asset}`, async () => (await buyer.listings({ asset }))[0], WAIT_MS);
  const ids = new Set<string>();
  const unfollow = buyer.follow({
    onEvent: ({ type, id }) => {
      if (type === 'trade') ids.add(id);
    },
  });
  try {
    const began = performance.now();
    const { order } = await buyer.buy({ asset });
    let looks = 0;
    const ended = await eventually(
      `end of the deal of ${asset}`,
      async () => {
        // A stream of events that broke, or began late, may have missed it.
        const all = ++looks % 40 === 0 ? await buyer.trades() : [];
        for (const { id, order: own } of all) if (own === order) ids.add(id);
        for (const id of ids) {
          const found = await buyer.trade(id);
          if (found.order === order && found.final) return found;
          if (found.order !== order) ids.delete(id);
        }
        return undefined;
      },
      WAIT_MS,
    );
    const took = performance.now() - began;
    if (ended.failed !== null || ended.state !== 'completed')
      throw new Error(`the deal ended as ${ended.state}: ${ended.failed}`);
    const { curve } = await buyer.delivery(ended.id);
    if (curve.values.length < 92) throw new Error(`the day has ${curve.values.length} values`);
    return took;
  } finally {
    unfollow();
  }
}
