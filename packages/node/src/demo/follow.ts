import { EdmpError } from '@edmp/interface';
import type { NodeClient } from '../client.ts';
import type { TradeView } from '../service.ts';

/** Options of {@link follow}. */
export interface FollowTradeOptions {
  readonly buyer: NodeClient;
  readonly asset: string;
  readonly timeoutMs: number;
  readonly now: () => number;
}

/**
 * Waits until the buyer's trade for an asset is final. Throws `ERR_DEMO_FAILED` with the trade's own reason, or with
 * why there was no match.
 */
export async function follow(options: FollowTradeOptions): Promise<TradeView> {
  const { buyer, asset, now } = options;
  const until = now() + options.timeoutMs;
  let last: TradeView | undefined;
  for (;;) {
    last = (await buyer.trades()).filter((trade) => trade.asset === asset).at(-1) ?? last;
    if (last?.state === 'completed') return last;
    if (last?.final === true)
      throw new EdmpError('ERR_DEMO_FAILED', `The trade failed: ${last.failed ?? 'no reason given'}`);
    if (now() > until) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  if (last !== undefined) {
    throw new EdmpError(
      'ERR_DEMO_FAILED',
      `The trade stopped at "${last.state}" for ${options.timeoutMs} ms; the other side does not answer`,
    );
  }
  const [bid] = (await buyer.orders()).filter((order) => order.side === 'bid' && order.asset === asset);
  const [ask] = await buyer.listings({ asset });
  throw new EdmpError(
    'ERR_DEMO_FAILED',
    ask === undefined
      ? 'No match: the listing is gone'
      : `No match within ${options.timeoutMs} ms: the bid is ${bid?.price ?? '?'} ${ask.currencyLabel}, the seller asks ${ask.price} ${ask.currencyLabel}`,
  );
}
