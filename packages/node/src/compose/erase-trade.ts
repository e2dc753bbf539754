import type { DataSettlement } from '@edmp/data-settlement';
import { type AbortOptions, hexToBytes } from '@edmp/interface';
import type { Market, Trade } from '@edmp/market';
import type { ErasureView } from '../service.ts';
import { NodeError } from './errors.ts';
import type { Publications } from './published.ts';

/** What {@link eraseTrade} works with. */
export interface EraseParts {
  readonly market: Pick<Market, 'trade' | 'trades' | 'orders' | 'forgetProofs'>;
  readonly settlement: Pick<DataSettlement, 'erase' | 'removeDataset'>;
  /** What everybody may read; it is not taken back. Default: nothing is. */
  readonly publications?: Pick<Publications, 'list'>;
}

/**
 * Destroys what this node keeps of a finished trade: its keys, the bought data, proofs that show a part of it, and the
 * sealed blocks. A seller's dataset, whose salts and values every sale of it shares, goes too when it is not for sale
 * any more and no trade under way needs it. What was signed stays on the ledger, where there are no readings.
 * Throws `ERR_NODE_CONFLICT` while the trade runs, `ERR_MARKET_UNKNOWN`.
 */
export async function eraseTrade(
  { market, settlement, publications }: EraseParts,
  id: string,
  options: AbortOptions = {},
): Promise<ErasureView> {
  const trade = market.trade(id);
  if (!trade.finished) {
    throw new NodeError(
      'ERR_NODE_CONFLICT',
      `The trade is still ${trade.state}; it can be erased when it has ended, and its keys are needed until then`,
    );
  }
  const report = await settlement.erase(hexToBytes(trade.id), options);
  await market.forgetProofs(trade.id, options);
  const ledger = 'The ledger: signed blocks of both sides, which hold no readings';
  if (trade.role === 'buyer') {
    return { ...report, unreachable: [...report.unreachable, ledger] };
  }
  const needed = neededBy(market, trade);
  if (needed !== undefined) {
    return {
      ...report,
      unreachable: [...report.unreachable, `The dataset itself, its values and salts: ${needed}`, ledger],
    };
  }
  const dataset = await settlement.removeDataset(trade.asset);
  const published = (await publications?.list()) ?? [];
  return {
    keysDestroyed: report.keysDestroyed + dataset.secretsDestroyed,
    blocksDeleted: report.blocksDeleted,
    unreachable: [
      ...new Set([...report.unreachable, ...dataset.unreachable]),
      'The meter’s own records, from which the dataset was made',
      ...(published.some(({ name }) => name === trade.asset)
        ? [
            'The public description of the dataset, which you published; `data publish --withdraw` takes it back',
          ]
        : []),
      ledger,
    ],
  };
}

/** Why a seller's dataset has to stay; undefined when it need not. */
function neededBy(market: EraseParts['market'], { asset }: Trade): string | undefined {
  const isOffered = market
    .orders()
    .some((order) => order.side === 'ask' && order.status === 'open' && order.asset === asset);
  if (isOffered) return 'it is still for sale; cancel the offer and erase again';
  const isDealt = market
    .trades()
    .some((other) => other.role === 'seller' && other.asset === asset && !other.finished);
  return isDealt ? 'another deal over it is under way; erase again when that has ended' : undefined;
}
