import type { DataSettlement } from '@edmp/data-settlement';
import { type Environment, hexToBytes } from '@edmp/interface';
import type { Market, Trade } from '@edmp/market';

/** Pause before destroying keys is tried again after it failed, ms: a full disk may have room again. */
const RETRY_MS = 60_000;

/** What {@link concludeTrades} works with. */
export interface ConcludeNeeds {
  readonly market: Pick<Market, 'on' | 'trades'>;
  readonly settlement: Pick<DataSettlement, 'conclude'>;
  readonly environment: Pick<Environment, 'schedule'>;
}

/**
 * Destroys the keys of trades as they finish, and of those that had finished before (DESIGN §5.2): nobody has to ask for
 * it. Ends when the returned function is called, which waits for what was begun.
 */
export function concludeTrades({ market, settlement, environment }: ConcludeNeeds): () => Promise<void> {
  const running = new Set<Promise<void>>();
  let stopped = false;
  const conclude = ({ id, state }: Pick<Trade, 'id' | 'state'>): void => {
    if (stopped) return;
    // A buyer that lost may have paid unseen, so that the key is all it has.
    const paid = state === 'completed' || state === 'lost';
    const work: Promise<void> = settlement
      .conclude(hexToBytes(id), { paid })
      .then(() => undefined)
      .catch(() => {
        environment.schedule(RETRY_MS, () => conclude({ id, state }));
      })
      .finally(() => running.delete(work));
    running.add(work);
  };
  const end = market.on((event) => {
    if (event.type === 'trade' && event.trade.finished) conclude(event.trade);
  });
  for (const trade of market.trades()) if (trade.finished) conclude(trade);
  return async () => {
    stopped = true;
    end();
    await Promise.all(running);
  };
}
