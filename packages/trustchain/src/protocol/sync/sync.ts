import {
  type AbortOptions,
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
  type ReceiveResult,
  throwIfAborted,
} from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { blockKey } from '../../block/identity.ts';
import { clipRanges, type PositionRange } from '../../inspect/gaps.ts';
import { breach, MAX_FRAME_BLOCKS, MAX_FRAME_BYTES, SYNC_PROTOCOL } from '../messages.ts';
import { MAX_SERVED } from './serve-sync.ts';
import {
  decodeSyncFrame,
  encodeSyncRequest,
  MAX_RANGES,
  type SyncEnd,
  type SyncRequest,
} from './sync-messages.ts';
import { type SyncProgress, syncProgress } from './sync-progress.ts';

/** Frames of an answer that are verified and stored at once, while the next one is read. */
const FRAMES_AHEAD = 3;
/** Requests that one sync makes at most. */
const MAX_REQUESTS = 256;

/** What the asking side works with. */
export interface SyncContext {
  readonly network: Network;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** First position of an author that is wanted: above what was pruned here. */
  readonly floor: (author: PublicKey) => number;
}

/** What one sync asks for. */
export interface Wanted {
  readonly author: PublicKey;
  /** Ascending. */
  readonly ranges: readonly PositionRange[];
  readonly part: SyncRequest['part'];
  /** {@link SyncRequest.since}; default 0. */
  readonly since?: number;
  /** Blocks in the ranges are stored here already: they are not taken in again. Default false. */
  readonly someStored?: boolean;
}

/** What came of it. */
export interface Fetched {
  /** Number of new blocks. */
  readonly added: number;
  /** Highest position that came; 0 when nothing did. */
  readonly highest: number;
  /** {@link SyncEnd.seen} of the first answer; 0 without one. */
  readonly seen: number;
  /** Whether the peer has nothing more. */
  readonly complete: boolean;
}

/** The parts of ranges from a position on. */
const rangesFrom = (ranges: readonly PositionRange[], position: number): readonly PositionRange[] =>
  clipRanges(ranges, position, Number.MAX_SAFE_INTEGER);

interface Answer {
  readonly added: number;
  readonly highest: number;
  readonly end: SyncEnd | undefined;
}

/** Blocks of a frame that are to be taken in. Throws `ERR_CHAIN_PROTOCOL` when one was not asked for. */
type Select = (blocks: readonly HalfBlock[]) => Promise<readonly HalfBlock[]>;

const notAskedFor = (block: HalfBlock) => breach(`The peer sent block ${block.id}, which was not asked for`);

async function notStored(store: BlockStore, blocks: readonly HalfBlock[]): Promise<readonly HalfBlock[]> {
  const stored = await store.getMany(blocks.map(({ id }) => id));
  return blocks.filter((_, index) => stored[index] === undefined);
}

function selectChain({ store }: SyncContext, { author, ranges, someStored }: Wanted): Select {
  return async (blocks) => {
    for (const block of blocks) {
      const { key, seq } = block.core;
      const inRange = ranges.some(([from, to]) => seq >= from && seq <= to);
      if (!inRange || !equalBytes(key, author)) throw notAskedFor(block);
    }
    return someStored === true ? notStored(store, blocks) : blocks;
  };
}

/** Other halves of the author's blocks. An answer to a branch that is not stored here is passed over. */
function selectLinks({ store }: SyncContext, { author }: Wanted): Select {
  return async (blocks) => {
    const links = blocks.flatMap(({ core }) => core.link ?? []);
    const targets = links.length === 0 ? [] : await store.getMany(links);
    const answers = await store.answersBy(
      blocks.map(({ id }) => ({ link: id, author })),
      1,
    );
    let next = 0;
    const linked = blocks.filter((block, index) => {
      const target = block.core.link === null ? undefined : targets[next++];
      if ((answers[index]?.length ?? 0) > 0) return true;
      if (target !== undefined && equalBytes(target.core.key, author)) return true;
      if (block.core.link === null || target !== undefined) throw notAskedFor(block);
      return false;
    });
    return notStored(store, linked);
  };
}

/** Makes one request. */
async function fetchAnswer(
  context: SyncContext,
  peer: PublicKey,
  request: SyncRequest,
  select: Select,
  progress: SyncProgress,
  options: AbortOptions,
): Promise<Answer> {
  const { network, crypto, receive } = context;
  let added = 0;
  let highest = 0;
  let end: SyncEnd | undefined;
  const seen = new Set<string>();
  /** Frames whose blocks are being verified and stored while the next ones are read. */
  const taking: Promise<readonly ReceiveResult[]>[] = [];
  const settle = async (frame: Promise<readonly ReceiveResult[]> | undefined): Promise<void> => {
    for (const result of (await frame) ?? []) if (result.added) added += 1;
  };
  for await (const bytes of network.request(peer, SYNC_PROTOCOL, encodeSyncRequest(request), {
    ...options,
    maxFrameBytes: MAX_FRAME_BYTES,
  })) {
    if (end !== undefined) throw breach('The peer goes on after the end of its answer');
    progress.came(bytes.length);
    const frame = decodeSyncFrame(bytes);
    if (frame.end !== undefined) {
      end = frame.end;
      continue;
    }
    const blocks = frame.blocks.map((block) => decodeHalfBlock(block, crypto));
    for (const block of blocks) {
      const key = blockKey(block.id);
      if (seen.has(key)) throw notAskedFor(block);
      seen.add(key);
      highest = Math.max(highest, block.core.seq);
    }
    if (seen.size > MAX_SERVED + MAX_FRAME_BLOCKS) {
      throw breach(`The peer sends more than ${MAX_SERVED + MAX_FRAME_BLOCKS} blocks for one request`);
    }
    const selected = await select(blocks);
    // Nothing is taken in any more once the caller gave up or the node stops.
    throwIfAborted(options.signal);
    const received = Promise.all(selected.map(receive));
    // Looked at when its turn comes; until then nobody listens.
    received.catch(() => {});
    taking.push(received);
    if (taking.length >= FRAMES_AHEAD) await settle(taking.shift());
  }
  for (const frame of taking) await settle(frame);
  return { added, highest, end };
}

/** Whether an answer that stops early got on, and goes on behind what it brought. */
function getsOn(request: SyncRequest, { highest, end }: Answer): boolean {
  if (end === undefined || end.next === null) return true;
  const [first] = request.ranges;
  const last = request.ranges.at(-1);
  if (first === undefined || last === undefined || end.next > last[1]) return false;
  if (request.part === 'chain') return highest > 0 && end.next > highest;
  return end.next > first[0] || (end.next === first[0] && end.after > request.after);
}

/**
 * Fetches ranges in as many requests as it takes. Throws `ERR_CHAIN_PROTOCOL`, `ERR_BLOCK_*`, `ERR_NETWORK_*`,
 * `ERR_TIMEOUT` when the peer sends so slowly that it holds the sync up, `ERR_ABORTED`.
 */
export async function fetchRanges(
  context: SyncContext,
  peer: PublicKey,
  wanted: Wanted,
  options: AbortOptions & { readonly progress?: SyncProgress } = {},
): Promise<Fetched> {
  const { signal, progress = syncProgress(context.environment, options) } = options;
  const { author, part, since = 0 } = wanted;
  const select = part === 'chain' ? selectChain(context, wanted) : selectLinks(context, wanted);
  let added = 0;
  let highest = 0;
  let seen: number | undefined;
  let rest = wanted.ranges;
  let after = 0;
  for (let n = 0; n < MAX_REQUESTS && rest.length > 0; n++) {
    const request = { author, part, since, after, ranges: rest.slice(0, MAX_RANGES) };
    const answer = await progress.patiently(() =>
      fetchAnswer(context, peer, request, select, progress, { signal }),
    );
    if (!getsOn(request, answer)) throw breach('The peer ends its answer where it began, or goes back');
    added += answer.added;
    highest = Math.max(highest, answer.highest);
    seen ??= answer.end?.seen;
    const next = answer.end?.next ?? null;
    rest = next === null ? rest.slice(MAX_RANGES) : rangesFrom(rest, next);
    after = next === null ? 0 : (answer.end?.after ?? 0);
  }
  return { added, highest, seen: seen ?? 0, complete: rest.length === 0 };
}
