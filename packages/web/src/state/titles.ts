import type { TradeView } from '@edmp/node/client';
import { useResource } from './node.ts';

const MOST = 50;
/** What was bought never changes, so each title is asked for once. */
const known = new Map<string, string>();

/** Titles of bought data by trade, for the newest purchases; those that cannot be read are missing. */
export function usePurchaseTitles(trades: readonly TradeView[]): ReadonlyMap<string, string> {
  const wanted = trades
    .filter((trade) => trade.role === 'buyer' && trade.final && trade.failed === null)
    .sort((a, b) => b.updated - a.updated)
    .slice(0, MOST)
    .map((trade) => trade.id)
    .filter((id) => !known.has(id));
  useResource(wanted.length === 0 ? undefined : `titles ${wanted.join(' ')}`, async (client) => {
    await Promise.allSettled(
      wanted.map(async (id) => known.set(id, (await client.delivery(id)).descriptor.title)),
    );
    return known.size;
  });
  return known;
}
