import type { DataSettlement } from '@edmp/data-settlement';
import { type AbortOptions, hexToBytes, isEdmpError, type KeyValueStore } from '@edmp/interface';
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
  /** Where it stands that an erasure began: {@link finishErasures} of the next start goes on with it. */
  readonly journal: Pick<KeyValueStore, 'set' | 'delete' | 'entries'>;
}

const BEGUN = 'node/erasing/';

/**
 * Goes on with erasures that a crash cut short; to be called when a node starts, before it serves. One that fails stays
 * for the next start. Returns the trades whose erasure was finished.
 */
export async function finishErasures(
  parts: EraseParts,
  options: AbortOptions = {},
): Promise<readonly string[]> {
  const finished: string[] = [];
  for (const [key] of await parts.journal.entries(BEGUN)) {
    const id = key.slice(BEGUN.length);
    try {
      await eraseTrade(parts, id, options);
      finished.push(id);
    } catch (error) {
      // E.g. a content store that cannot be reached now.
      if (!isEdmpError(error)) throw error;
    }
  }
  return finished;
}

/**
 * Destroys what this node keeps of a finished trade: its keys, the bought data, proofs that show a part of it, and the
 * sealed blocks. A seller's dataset, whose salts and values every sale of it shares, goes too when it is not for sale
 * any more and no trade under way needs it. What was signed stays on the ledger, where there are no readings.
 * Throws `ERR_NODE_CONFLICT` while the trade runs, `ERR_MARKET_UNKNOWN`.
 */
export async function eraseTrade(
  parts: EraseParts,
  id: string,
  options: AbortOptions = {},
): Promise<ErasureView> {
  const trade = parts.market.trade(id);
  if (!trade.finished) {
    throw new NodeError(
      'ERR_NODE_CONFLICT',
      `The trade is still ${trade.state}; it can be erased when it has ended, and its keys are needed until then`,
    );
  }
  await parts.journal.set(`${BEGUN}${trade.id}`, Uint8Array.of(1));
  const report = await destroy(parts, trade, options);
  await parts.journal.delete(`${BEGUN}${trade.id}`);
  return report;
}

/** Every step may be repeated. */
async function destroy(
  { market, settlement, publications }: EraseParts,
  trade: Trade,
  options: AbortOptions,
): Promise<ErasureView> {
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
