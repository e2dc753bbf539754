import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  equalBytes,
  type HalfBlock,
  InvalidArgumentError,
  type PublicKey,
  type TxValue,
  throwIfAborted,
} from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import type { FraudRegister } from '../chain/fraud-register.ts';
import type { TypeRules } from '../chain/view.ts';
import { chainPages } from '../store/pages.ts';
import { type ChainCut, chainCut, oldestFirst, type Pause, positionsOf } from './chain-cut.ts';
import {
  type CheckpointEntry,
  checkpointDigest,
  encodeCheckpoint,
  MAX_CHECKPOINT_CHAINS,
  readCheckpoints,
} from './checkpoint.ts';
import { DEFAULT_GRACE_MS, DEFAULT_PENDING_MS, type Retention, retention } from './retention.ts';

const PAGE = 1_000;
/** Blocks removed in one transaction: some milliseconds of the thread. */
const REMOVED_AT_ONCE = 128;

/**
 * Options of pruning. What was removed can no longer be compared: another block at a removed position (a fork), or a
 * second answer to a removed proposal, proves nothing here until somebody shows the removed block again.
 */
export interface PruneOptions extends AbortOptions {
  /** Blocks to keep in all; the oldest arrivals beyond them go, as far as they may. */
  readonly maxBlocks: number;
  /** Says which other blocks must stay, e.g. those of live agreements; what follows them in their chains stays too. */
  readonly keep?: (block: HalfBlock) => boolean | Promise<boolean>;
  /**
   * How long a pending proposal between others is kept after its deadline, ms: an agreement made in time may arrive
   * later. Default one day.
   */
  readonly graceMs?: number;
  /**
   * How long a pending proposal between others is kept after its own time, ms, whatever its deadline: anybody can make
   * proposals that nobody will answer. Default 30 days.
   */
  readonly pendingMs?: number;
  /**
   * Chains of others go with all of their blocks, young ones too, or not at all, and no checkpoint names them: each is as
   * unknown as before it was first seen. For what `keep` calls needed in no other way. Default `false`.
   */
  readonly whole?: boolean;
  /** Only counts what would go: nothing is signed or removed. Default `false`. */
  readonly dryRun?: boolean;
  /** Awaited between parts of the work, some hundred blocks each, so that other work gets its turn. Default: no pauses. */
  readonly pause?: () => Promise<void>;
}

/** What pruning did. */
export interface PruneReport {
  /** Blocks that were removed, or would be by a dry run. */
  readonly removed: number;
  /** Chains that were shortened, or went whole. */
  readonly chains: number;
  /** Blocks left; after a dry run, those that would be. */
  readonly left: number;
}

/** What a {@link Pruner} works with. */
export interface PrunerContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly frauds: Pick<FraudRegister, 'has'>;
  readonly rules: TypeRules;
  readonly now: () => number;
  /** Signs a checkpoint as a block to oneself. */
  readonly sign: (tx: TxValue) => Promise<HalfBlock>;
  /** Told of every chain that was shortened. */
  readonly onPruned: (author: PublicKey) => void;
}

/**
 * Removes old blocks of others and remembers, signed, what was removed (DESIGN §3.5).
 *
 * Chains are cut from below, the oldest arrivals first, up to the first block that stays: this node's own, one of its
 * pairs, a pending proposal, a branch whose fraud is not proven yet, or one that the caller keeps. A chain all of whose
 * blocks are old enough goes whole, its head included, and is as unknown as before it was first seen: no checkpoint
 * names it, for an entry for every key that ever sent a block would grow this node's chain without bound.
 *
 * The price: another block at a removed position, or a second answer to a removed proposal, proves nothing here until
 * somebody shows the removed block again. Both are then judged as ever and the proof is kept.
 */
export interface Pruner {
  /** Prunes once; calls wait for each other. Throws `ERR_INVALID_ARGUMENT`. */
  prune(options: PruneOptions): Promise<PruneReport>;
  /** First position of an author that is wanted here: 1 unless its chain was cut. It never goes down. */
  floor(author: PublicKey): number;
  /** The newest checkpoint of an author whose chain was cut; undefined when it was not. */
  checkpoint(author: PublicKey): CheckpointEntry | undefined;
}

const noPause: Pause = async () => {};

function expectWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new InvalidArgumentError(`${name} is a whole number, got ${value}`);
}

/** The {@link Pruner} of a store; reads this node's checkpoints once. */
export async function pruner(context: PrunerContext): Promise<Pruner> {
  const { self, store, crypto, frauds, rules } = context;
  const checkpoints = await readCheckpoints(store, self);
  const floor = (author: PublicKey): number => checkpoints.get(bytesKey(author))?.to ?? 1;

  /** What came back below the floors, or was left there by a crash: at most `limit` blocks and a position. */
  const belowFloors = async (
    limit: number,
    stays: Retention,
    pause: Pause,
    signal?: AbortSignal,
  ): Promise<BlockId[]> => {
    const ids: BlockId[] = [];
    let looked = 0;
    for (const { author, to } of checkpoints.values()) {
      throwIfAborted(signal);
      looked += 1;
      if (looked % PAGE === 0) await pause();
      for await (const page of chainPages(store, { author, from: 1, to: to - 1, size: PAGE }, { signal })) {
        await pause();
        for (const branches of positionsOf(page)) {
          if (ids.length >= limit) return ids;
          if (await stays.mayGo(branches)) ids.push(...branches.map(({ id }) => id));
        }
      }
    }
    return ids;
  };

  /** Cuts that remove `wanted` blocks together, or as many as may go. */
  const cuts = async (
    wanted: number,
    stays: Retention,
    { whole = false, pause = noPause, signal }: PruneOptions,
  ): Promise<ChainCut[]> => {
    const byAuthor = new Map<string, ChainCut>();
    const arrivals = oldestFirst(store, pause, signal);
    let found = 0;
    while (found < wanted) {
      const touched = new Set<ChainCut>();
      for (let noted = 0; noted < wanted - found; ) {
        const next = await arrivals.next();
        if (next.done === true) break;
        const { key, seq } = next.value.core;
        if (equalBytes(key, self) || (!whole && seq < floor(key))) continue;
        const author = bytesKey(key);
        const cut =
          byAuthor.get(author) ??
          chainCut({ author: key, from: floor(key), whole, store, retention: stays, pause, signal });
        byAuthor.set(author, cut);
        // What lies above a block that stays cannot go: others' blocks make up for it.
        if (!cut.note(next.value)) continue;
        touched.add(cut);
        noted += 1;
      }
      if (touched.size === 0) break;
      for (const cut of touched) {
        if (found < wanted) found += await cut.advance(wanted - found);
      }
    }
    return [...byAuthor.values()].filter((cut) => cut.removed.length > 0);
  };

  /** Blocks of a part that may still go: others were answered, or became needed, while the rest was looked for. */
  const stillMayGo = async (ids: readonly BlockId[], stays: Retention): Promise<readonly BlockId[]> => {
    const free: BlockId[] = [];
    for (const block of await store.getMany(ids)) {
      if (block === undefined) continue;
      const { key, seq } = block.core;
      if (await stays.mayGo(await store.at(key, seq))) free.push(block.id);
    }
    return free;
  };

  const remove = async (ids: readonly BlockId[], stays: Retention, pause: Pause): Promise<number> => {
    let removed = 0;
    for (let n = 0; n < ids.length; n += REMOVED_AT_ONCE) {
      await pause();
      const free = await stillMayGo(ids.slice(n, n + REMOVED_AT_ONCE), stays);
      removed += (await store.remove?.(free)) ?? 0;
    }
    return removed;
  };

  const entryOf = ({ author, removed, anchor }: ChainCut): CheckpointEntry | undefined => {
    if (anchor === undefined) return undefined;
    const previous = checkpoints.get(bytesKey(author))?.digest;
    const digest = checkpointDigest(
      previous,
      removed.map((id) => ({ id })),
      crypto,
    );
    return { author, to: anchor.core.seq, id: anchor.id, digest };
  };

  const run = async (options: PruneOptions): Promise<PruneReport> => {
    const { maxBlocks, pause = noPause, signal } = options;
    const stays = retention({
      self,
      store,
      frauds,
      rules,
      now: context.now(),
      graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
      pendingMs: options.pendingMs ?? DEFAULT_PENDING_MS,
      keep: options.keep,
    });
    const count = await store.count();
    const excess = count - maxBlocks;
    const strays = excess > 0 ? await belowFloors(excess, stays, pause, signal) : [];
    if (options.dryRun === true) {
      const found = excess > strays.length ? await cuts(excess - strays.length, stays, options) : [];
      const removed = found.reduce((sum, cut) => sum + cut.removed.length, strays.length);
      return { removed, chains: found.length, left: count - removed };
    }
    let removed = await remove(strays, stays, pause);
    const found = excess > removed ? await cuts(excess - removed, stays, options) : [];
    for (let start = 0; start < found.length; start += MAX_CHECKPOINT_CHAINS) {
      throwIfAborted(signal);
      const group = found.slice(start, start + MAX_CHECKPOINT_CHAINS);
      const entries = group.flatMap((cut) => entryOf(cut) ?? []);
      // The statement is on disk before anything is gone.
      if (entries.length > 0) await context.sign(encodeCheckpoint(entries));
      for (const entry of entries) checkpoints.set(bytesKey(entry.author), entry);
      for (const cut of group) {
        removed += await remove(cut.removed, stays, pause);
        // Not before: what was judged meanwhile was judged by blocks that are gone now.
        context.onPruned(cut.author);
      }
    }
    return { removed, chains: found.length, left: await store.count() };
  };

  let last: Promise<unknown> = Promise.resolve();
  return {
    async prune(options) {
      if (store.remove === undefined) throw new InvalidArgumentError('This block store cannot remove blocks');
      expectWhole('maxBlocks', options.maxBlocks);
      expectWhole('graceMs', options.graceMs ?? DEFAULT_GRACE_MS);
      expectWhole('pendingMs', options.pendingMs ?? DEFAULT_PENDING_MS);
      // Two at once would both continue the same digest.
      const report = last.then(() => run(options));
      last = report.catch(() => {});
      return report;
    },
    floor,
    checkpoint: (author) => checkpoints.get(bytesKey(author)),
  };
}
