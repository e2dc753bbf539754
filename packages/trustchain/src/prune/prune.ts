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
import { blockKey, bytesKey } from '../block/identity.ts';
import type { FraudRegister } from '../chain/fraud-register.ts';
import type { TypeRules } from '../chain/view.ts';
import { pairState } from '../pair/state.ts';
import { chainPages } from '../store/pages.ts';
import {
  type CheckpointEntry,
  checkpointDigest,
  encodeCheckpoint,
  MAX_CHECKPOINT_CHAINS,
  readCheckpoints,
} from './checkpoint.ts';

const PAGE = 1_000;

/** Options of pruning. */
export interface PruneOptions extends AbortOptions {
  /** Blocks to keep in all; the oldest arrivals beyond them go, as far as they may. */
  readonly maxBlocks: number;
  /** Says which other blocks must stay, e.g. those of live agreements. */
  readonly keep?: (block: HalfBlock) => boolean | Promise<boolean>;
}

/** What pruning did. */
export interface PruneReport {
  readonly removed: number;
  /** Chains that were shortened. */
  readonly chains: number;
  /** Blocks left. */
  readonly left: number;
}

/** What {@link pruner} works with. */
export interface PrunerContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly frauds: FraudRegister;
  readonly rules: TypeRules;
  readonly now: () => number;
  /** Signs a checkpoint as a block to oneself. */
  readonly sign: (tx: TxValue) => Promise<HalfBlock>;
  /** Told of every chain that was shortened. */
  readonly onPruned: (author: PublicKey) => void;
}

/** Removes old blocks of others and remembers, signed, what was removed (DESIGN §3.5). */
export interface Pruner {
  prune(options: PruneOptions): Promise<PruneReport>;
  /** First position of an author that is wanted here: 1 unless its chain was pruned. */
  floor(author: PublicKey): number;
}

interface Cut {
  readonly entry: CheckpointEntry;
  readonly ids: readonly BlockId[];
}

/** The {@link Pruner} of a store; reads the own checkpoints once. */
export async function pruner(context: PrunerContext): Promise<Pruner> {
  const { self, store, crypto, frauds, rules } = context;
  const checkpoints = await readCheckpoints(store, self);

  /** Own blocks, those of own pairs, of proven cheats and of pending pairs stay. */
  const mayGo = async (block: HalfBlock, options: PruneOptions): Promise<boolean> => {
    const { key, peer, link } = block.core;
    if (equalBytes(key, self) || (peer !== null && equalBytes(peer, self))) return false;
    if (await frauds.has(key)) return false;
    const proposal = link === null ? block : await store.get(link);
    if (proposal !== undefined && proposal.core.peer !== null) {
      if (equalBytes(proposal.core.key, self)) return false;
      const answers = await store.answers(proposal.id);
      const { state } = pairState(proposal, answers, {
        now: context.now(),
        rule: rules.get(proposal.core.type),
      });
      if (state === 'pending') return false;
    }
    return options.keep === undefined || !(await options.keep(block));
  };

  /** The oldest arrivals that may go, by author. */
  const candidates = async (wanted: number, options: PruneOptions): Promise<Map<string, Set<string>>> => {
    const byAuthor = new Map<string, Set<string>>();
    let found = 0;
    let after = 0;
    while (found < wanted) {
      throwIfAborted(options.signal);
      const page = await store.since(after, PAGE);
      for (const { block, arrival } of page) {
        after = arrival;
        if (found >= wanted || !(await mayGo(block, options))) continue;
        const author = bytesKey(block.core.key);
        const ids = byAuthor.get(author) ?? new Set<string>();
        byAuthor.set(author, ids.add(blockKey(block.id)));
        found += 1;
      }
      if (page.length < PAGE) break;
    }
    return byAuthor;
  };

  /** Cuts a chain from below, up to the first block that stays; that block is kept as the anchor of what follows. */
  const cut = async (author: PublicKey, ids: ReadonlySet<string>): Promise<Cut | undefined> => {
    const removed: HalfBlock[] = [];
    let anchor: HalfBlock | undefined;
    const head = (await store.head(author))?.core.seq ?? 0;
    const range = { author, from: 1, to: Number.MAX_SAFE_INTEGER, size: PAGE };
    for await (const page of chainPages(store, range)) {
      anchor = page.find((block) => block.core.seq === head || !ids.has(blockKey(block.id)));
      const stop = anchor?.core.seq ?? Number.POSITIVE_INFINITY;
      removed.push(...page.filter((block) => block.core.seq < stop));
      if (anchor !== undefined) break;
    }
    if (anchor === undefined || removed.length === 0) return undefined;
    const digest = checkpointDigest(checkpoints.get(bytesKey(author))?.digest, removed, crypto);
    const entry = { author, to: anchor.core.seq, id: anchor.id, digest };
    return { entry, ids: removed.map((block) => block.id) };
  };

  return {
    async prune(options) {
      if (store.remove === undefined) throw new InvalidArgumentError('This block store cannot remove blocks');
      if (!Number.isSafeInteger(options.maxBlocks) || options.maxBlocks < 0) {
        throw new InvalidArgumentError(`maxBlocks is a whole number, got ${options.maxBlocks}`);
      }
      const excess = (await store.count()) - options.maxBlocks;
      const cuts: Cut[] = [];
      if (excess > 0) {
        const byAuthor = await candidates(excess, options);
        for (const author of await store.authors()) {
          const ids = byAuthor.get(bytesKey(author));
          const found = ids && (await cut(author, ids));
          if (found !== undefined) cuts.push(found);
        }
      }
      let removed = 0;
      for (let start = 0; start < cuts.length; start += MAX_CHECKPOINT_CHAINS) {
        throwIfAborted(options.signal);
        const group = cuts.slice(start, start + MAX_CHECKPOINT_CHAINS);
        // The statement is on disk before anything is gone.
        await context.sign(encodeCheckpoint(group.map(({ entry }) => entry)));
        for (const { entry, ids } of group) {
          checkpoints.set(bytesKey(entry.author), entry);
          context.onPruned(entry.author);
          for (let n = 0; n < ids.length; n += PAGE) removed += await store.remove(ids.slice(n, n + PAGE));
        }
      }
      return { removed, chains: cuts.length, left: await store.count() };
    },
    floor: (author) => checkpoints.get(bytesKey(author))?.to ?? 1,
  };
}
