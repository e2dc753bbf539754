import {
  type AbortOptions,
  type BlockStore,
  type CancelTimer,
  type Environment,
  type HalfBlock,
  InvalidArgumentError,
  throwIfAborted,
} from '@edmp/interface';
import type { PruneOptions } from './prune.ts';
import type { PrunableTrustchain } from './pruning.ts';

/** From the start to the first look at the disk, ms: a node that starts has other things to do. */
const FIRST_MS = 60_000;
/** Between two looks, ms. */
const EVERY_MS = 600_000;
/** The same after one that could not reach the budget, ms: reading all of a full store again takes a while. */
const STUCK_MS = 3_600_000;
/** What a pruning leaves of the budget, in hundredths: room for what comes until the next one. */
const TARGET = 80n;
/** Pending proposals of strangers are kept no longer than this once the disk is full, ms. */
const HARD_PENDING_MS = 3_600_000;
/** Parts that one pass gives back at most: 64 GiB. */
const MAX_SHRINKS = 65_536;
/** Smallest budget, bytes: 16 MiB. The log that a SQLite file is written by takes some 4 MiB of it. */
export const MIN_DISK_BUDGET: number = 16 << 20;
/** Budget unless told otherwise, bytes: 1 GiB, some two million blocks. */
export const DEFAULT_DISK_BUDGET: number = 1 << 30;

/** How hard is cleaned: `spare` keeps all that anybody's money or open order needs, `strict` only what this node needs. */
export type PruneSeverity = 'spare' | 'strict';

/** What keeping to a budget works with. */
export interface DiskBudgetOptions {
  readonly chain: Pick<PrunableTrustchain, 'prune'>;
  readonly store: Pick<BlockStore, 'count' | 'size' | 'shrink'>;
  readonly environment: Pick<Environment, 'now' | 'schedule'>;
  /** Bytes on disk, from {@link MIN_DISK_BUDGET} on. Default {@link DEFAULT_DISK_BUDGET}. */
  readonly budget?: number;
  /** Says which blocks the application needs; see `PruneOptions.keep`. Default none. */
  readonly keep?: (block: HalfBlock, severity: PruneSeverity) => boolean | Promise<boolean>;
  /** Hears what every pass did that removed anything, or that could not reach the budget. It must not throw. */
  readonly onReport?: (report: DiskReport) => void;
  /** Hears of failures, e.g. a full disk; the next pass tries again. It must not throw. */
  readonly onError?: (error: unknown) => void;
}

/** What one pass did. */
export interface DiskReport {
  /** When it ended, ms since the epoch. */
  readonly time: number;
  readonly budget: number;
  /** Bytes on disk before and after; a dry run gives back only room that was free already. */
  readonly before: number;
  readonly after: number;
  /** Blocks removed, or that would be by a dry run. */
  readonly removed: number;
  /** Chains that were shortened, or went whole. */
  readonly chains: number;
  /** Blocks left; after a dry run, those that would be. */
  readonly left: number;
  /** How far it had to go; null when nothing had to go. */
  readonly severity: PruneSeverity | null;
  /** Whether the store is within its budget now; a dry run judges by the average size of a block. */
  readonly within: boolean;
}

/** How a store stands to its budget. */
export interface DiskUsage {
  readonly budget: number;
  readonly bytes: number;
  readonly free: number;
  readonly blocks: number;
  /** The newest pass that removed something or failed to; null before. */
  readonly last: DiskReport | null;
}

/** Keeps a store within its budget until it is stopped. */
export interface DiskBudget extends AsyncDisposable {
  /** Throws the store's errors, `ERR_ABORTED`. */
  usage(options?: AbortOptions): Promise<DiskUsage>;
  /** Looks now, and prunes if need be; `dryRun` only says what would go. Waits for a pass that runs. Throws the store's errors, `ERR_ABORTED`. */
  check(options?: AbortOptions & { readonly dryRun?: boolean }): Promise<DiskReport>;
  /** Ends the schedule and waits for a pass that runs, which it cuts short. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Keeps a store's files below a budget (DESIGN §3.5): looks every ten minutes, and prunes to four fifths of the budget
 * when they are above. First goes what nobody needs (see `Trustchain.prune` and `keep`); if that is not enough, whole
 * chains of strangers, the oldest first, which are then as unknown as before they were first seen. All in parts, with
 * turns for others in between. Throws `ERR_INVALID_ARGUMENT` for a store that cannot remove blocks or has no size.
 */
export function startDiskBudget(options: DiskBudgetOptions): DiskBudget {
  const { chain, store, environment, budget = DEFAULT_DISK_BUDGET, keep } = options;
  if (!Number.isSafeInteger(budget) || budget < MIN_DISK_BUDGET)
    throw new InvalidArgumentError(
      `A disk budget is a number of bytes from ${MIN_DISK_BUDGET} on, got ${budget}`,
    );
  const sizeOf = async () => {
    const size = await store.size?.();
    if (size === undefined)
      throw new InvalidArgumentError('This block store cannot say what it takes on disk');
    return size;
  };
  const stopping = new AbortController();
  let last: DiskReport | null = null;
  let cancel: CancelTimer | undefined;
  let running: Promise<unknown> = Promise.resolve();

  const pauseFor = (signal: AbortSignal) => async (): Promise<void> => {
    await new Promise<void>((resolve) => environment.schedule(0, resolve));
    throwIfAborted(signal);
  };

  const shrink = async (signal: AbortSignal): Promise<void> => {
    for (let n = 0; n < MAX_SHRINKS && ((await store.shrink?.()) ?? 0) > 0; n++) await pauseFor(signal)();
  };

  /** Blocks that fit into the target, by what a block takes on average, its part of the indexes included. */
  const target = (used: number, blocks: number): number =>
    used === 0 ? blocks : Number((BigInt(budget) * TARGET * BigInt(blocks)) / (100n * BigInt(used)));

  const pass = async (dryRun: boolean, signal: AbortSignal): Promise<DiskReport> => {
    throwIfAborted(signal);
    const { bytes: before } = await sizeOf();
    const blocks = await store.count();
    let [removed, chains, left, after] = [0, 0, blocks, before];
    let severity: PruneSeverity | null = null;
    const giveBack = async (): Promise<void> => {
      await shrink(signal);
      after = (await sizeOf()).bytes;
    };
    // A log that was written back, and room that was left before, may be all that is too much; nothing is lost by it.
    if (before > budget) await giveBack();
    const { bytes, free } = await sizeOf();
    const maxBlocks = target(bytes - free, blocks);
    for (const step of ['spare', 'strict'] as const) {
      if (after <= budget || (dryRun && left <= maxBlocks)) break;
      const pause = pauseFor(signal);
      const report = await chain.prune({ ...pruneOptions(step), maxBlocks, dryRun, signal, pause });
      severity = step;
      // A dry run leaves what the first step would take to the second one, which takes it too.
      removed = dryRun ? Math.max(removed, report.removed) : removed + report.removed;
      chains = dryRun ? Math.max(chains, report.chains) : chains + report.chains;
      left = dryRun ? blocks - removed : report.left;
      if (!dryRun) await giveBack();
    }
    const within = after <= budget || (dryRun && left <= maxBlocks);
    return { time: environment.now(), budget, before, after, removed, chains, left, severity, within };
  };

  const pruneOptions = (severity: PruneSeverity): Partial<PruneOptions> => ({
    ...(keep === undefined ? {} : { keep: (block: HalfBlock) => keep(block, severity) }),
    ...(severity === 'strict' ? { whole: true, pendingMs: HARD_PENDING_MS, graceMs: 0 } : {}),
  });

  const check: DiskBudget['check'] = ({ dryRun = false, signal } = {}) => {
    const either = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
    const report = running.then(() => pass(dryRun, either));
    running = report.catch(() => {});
    return report.then((done) => {
      if (!dryRun && (done.removed > 0 || !done.within)) {
        last = done;
        options.onReport?.(done);
      }
      return done;
    });
  };

  const look = async (): Promise<number> => {
    try {
      return (await check()).within ? EVERY_MS : STUCK_MS;
    } catch (error) {
      if (!stopping.signal.aborted) options.onError?.(error);
      return EVERY_MS;
    }
  };
  const lookIn = (ms: number): void => {
    cancel = environment.schedule(ms, () => {
      look().then((next) => {
        if (!stopping.signal.aborted) lookIn(next);
      }, options.onError);
    });
  };
  lookIn(FIRST_MS);

  const stop = async (): Promise<void> => {
    stopping.abort();
    cancel?.();
    await running;
  };
  return {
    async usage(asked) {
      throwIfAborted(asked?.signal);
      const { bytes, free } = await sizeOf();
      return { budget, bytes, free, blocks: await store.count(), last };
    },
    check,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
