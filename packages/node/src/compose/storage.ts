import { type BlockStore, type Environment, publicKeyToHex } from '@edmp/interface';
import type { Market } from '@edmp/market';
import { type DiskBudget, type PrunableTrustchain, startDiskBudget } from '@edmp/trustchain/pruning';
import type { DamagedRow } from '@edmp/trustchain/sqlite';
import { bytesText } from '../bytes-text.ts';
import type { StorageKeeping } from '../storage-service.ts';

/** What {@link keepStorage} works with. */
export interface StorageNeeds {
  readonly chain: PrunableTrustchain;
  readonly store: BlockStore;
  readonly market: Pick<Market, 'keeps'>;
  readonly environment: Environment;
  /** Bytes; undefined = the usual one. */
  readonly budget: number | undefined;
  /** Hears what an operator should know. */
  readonly log: (text: string) => void;
}

/** Keeps a node's block store within its budget, and says so in the log. */
export function keepStorage({ chain, store, market, environment, budget, log }: StorageNeeds): DiskBudget {
  return startDiskBudget({
    chain,
    store,
    environment,
    ...(budget === undefined ? {} : { budget }),
    keep: (block, severity) => market.keeps(block, severity),
    onReport: (report) => {
      const { removed, chains, before, after } = report;
      if (removed > 0)
        log(
          `pruned ${removed} blocks of ${chains} chains: ${bytesText(before)} before, ${bytesText(after)} now`,
        );
      if (!report.within)
        log(
          `warning: the block store takes ${bytesText(after)}, its budget is ${bytesText(report.budget)}, and what is left must stay; give it more with --disk-budget`,
        );
    },
    onError: (error) =>
      log(
        `warning: pruning the block store failed and is tried again: ${error instanceof Error ? error.message : String(error)}`,
      ),
  });
}

/** What an operator is told of a damaged row. */
export function damageText({ author, seq }: DamagedRow): string {
  const whose = author === undefined ? 'an unknown author' : publicKeyToHex(author);
  return `warning: a damaged row of chain.sqlite is left out: block ${seq} of ${whose}; it comes back when a peer sends it, or with a backup`;
}

/** The disk as the node's service has it. */
export function storageService(disk: Pick<DiskBudget, 'usage' | 'check'>): StorageKeeping {
  return {
    storage: (options) => disk.usage(options),
    pruneStorage: ({ dryRun }, options = {}) => disk.check({ dryRun, ...options }),
  };
}
