import {
  type AbortOptions,
  type BlockStore,
  type Crypto,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
  type ReceiveResult,
  type RequestHandler,
} from '@edmp/interface';
import { decodeHalfBlock } from '../block/codec.ts';
import { blockKey } from '../block/identity.ts';
import { ChainError } from '../chain/errors.ts';
import { chainGaps, type PositionRange } from '../inspect/gaps.ts';
import { chainPages } from '../store/pages.ts';
import {
  decodeBlocks,
  decodeSyncRequest,
  encodeBlocks,
  encodeSyncRequest,
  frames,
  MAX_FRAME_BLOCKS,
  MAX_FRAME_BYTES,
  SYNC_PROTOCOL,
  type SyncRequest,
} from './messages.ts';
import type { Quota } from './quota.ts';

/** Blocks of the chain that one request is answered with at most; fewer say that there are no more. */
const MAX_SERVED = 16_384;
/** Blocks read at once when the own store is searched for holes. */
const SCAN_PAGE = 1_000;
/** Frames of an answer that are verified and stored at once, while the next one is read. */
const FRAMES_AHEAD = 3;
/** Requests that one sync makes at most. */
const MAX_REQUESTS = 256;

/** Blocks that belong together with `block` but stand in other chains. */
async function linked(store: BlockStore, block: HalfBlock): Promise<readonly HalfBlock[]> {
  const { link } = block.core;
  if (link === null) return (await store.answers(block.id)).slice(0, MAX_FRAME_BLOCKS);
  const proposal = await store.get(link);
  return proposal === undefined ? [] : [proposal];
}

/** Serves {@link SYNC_PROTOCOL}: pages of the range, each as soon as it is read. */
export function syncHandler(store: BlockStore, quota: Quota): RequestHandler {
  return async function* ({ from: peer, body, signal }) {
    const { author, from, to, part } = decodeSyncRequest(body);
    let served = 0;
    for await (const page of chainPages(store, { author, from, to, size: MAX_FRAME_BLOCKS }, { signal })) {
      const room = page.slice(0, MAX_SERVED - served);
      const blocks =
        part === 'chain' ? room : (await Promise.all(room.map((block) => linked(store, block)))).flat();
      const price = part === 'chain' ? room.length : room.length + blocks.length;
      if (!quota.take(peer, price)) {
        throw new ChainError(
          'ERR_CHAIN_BUSY',
          'This peer fetches more blocks than its quota allows; try later',
          {
            retryable: true,
          },
        );
      }
      for (const group of frames(blocks)) yield encodeBlocks(group);
      served += room.length;
      if (served >= MAX_SERVED) return;
    }
  };
}

/** What the asking side works with. */
export interface SyncContext {
  readonly network: Network;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** First position of an author that is wanted: above what was pruned here. */
  readonly floor: (author: PublicKey) => number;
}

/** Ranges of an author's chain that are not stored from `floor` on, the last one open-ended. */
export async function missingRanges(
  store: BlockStore,
  author: PublicKey,
  floor: number,
  signal?: AbortSignal,
): Promise<readonly PositionRange[]> {
  const gaps = await chainGaps(store, author, { signal, floor });
  const top = (await store.head(author))?.core.seq ?? 0;
  return [...gaps, [Math.max(floor, top + 1), Number.MAX_SAFE_INTEGER]];
}

interface Fetched {
  readonly blocks: number;
  readonly added: number;
  readonly highest: number;
}

/** One request; every block must be of the author and range, or answer or be answered by one that is. */
async function fetchRange(
  context: SyncContext,
  peer: PublicKey,
  request: SyncRequest,
  options: AbortOptions,
): Promise<Fetched> {
  const { network, store, crypto, receive } = context;
  const inRange = ({ core }: HalfBlock): boolean =>
    equalBytes(core.key, request.author) && core.seq >= request.from && core.seq <= request.to;
  const isLinked = async (block: HalfBlock): Promise<boolean> => {
    const { core } = block;
    if (core.link !== null) {
      const proposal = await store.get(core.link);
      if (proposal !== undefined && equalBytes(proposal.core.key, request.author)) return true;
    }
    return (await store.answers(block.id)).some((answer) => equalBytes(answer.core.key, request.author));
  };
  let blocks = 0;
  let added = 0;
  let highest = request.from - 1;
  const body = encodeSyncRequest(request);
  const seen = new Set<string>();
  /** Frames whose blocks are being verified and stored while the next ones are read. */
  const taking: Promise<readonly ReceiveResult[]>[] = [];
  const settle = async (frame: Promise<readonly ReceiveResult[]> | undefined): Promise<void> => {
    for (const result of (await frame) ?? []) if (result.added) added += 1;
  };
  for await (const frame of network.request(peer, SYNC_PROTOCOL, body, {
    ...options,
    maxFrameBytes: MAX_FRAME_BYTES,
  })) {
    const decoded = decodeBlocks(frame).map((bytes) => decodeHalfBlock(bytes, crypto));
    for (const block of decoded) {
      const key = blockKey(block.id);
      const belongs = request.part === 'chain' ? !seen.has(key) && inRange(block) : await isLinked(block);
      if (!belongs) {
        throw new ChainError(
          'ERR_CHAIN_PROTOCOL',
          `The peer sent block ${block.id}, which was not asked for`,
        );
      }
      if (request.part !== 'chain') continue;
      seen.add(key);
      highest = Math.max(highest, block.core.seq);
    }
    blocks += decoded.length;
    if (blocks > MAX_SERVED * 4) {
      throw new ChainError(
        'ERR_CHAIN_PROTOCOL',
        `The peer sends more than ${MAX_SERVED * 4} blocks for one request`,
      );
    }
    const received = Promise.all(decoded.map(receive));
    // Looked at when its turn comes; until then nobody listens.
    received.catch(() => {});
    taking.push(received);
    if (taking.length >= FRAMES_AHEAD) await settle(taking.shift());
  }
  for (const frame of taking) await settle(frame);
  return { blocks, added, highest };
}

/** Fetches one range in as many requests as it takes. Returns the number of new blocks. */
export async function syncRange(
  context: SyncContext,
  peer: PublicKey,
  request: SyncRequest,
  options: AbortOptions = {},
): Promise<number> {
  let added = 0;
  let from = request.from;
  for (let n = 0; n < MAX_REQUESTS && from <= request.to; n++) {
    const fetched = await fetchRange(context, peer, { ...request, from }, options);
    added += fetched.added;
    // Less than a server's limit means that it has no more.
    if (fetched.highest < from || fetched.blocks < MAX_SERVED) break;
    from = fetched.highest + 1;
  }
  return added;
}

/** Fetches what is missing of an author's chain, and with `links` the halves in other chains. Throws `ERR_CHAIN_PROTOCOL`, `ERR_BLOCK_*`, `ERR_NETWORK_*`. */
export async function syncChain(
  context: SyncContext,
  peer: PublicKey,
  author: PublicKey,
  options: AbortOptions & { readonly links?: boolean } = {},
): Promise<number> {
  const { signal } = options;
  let added = 0;
  for (const [from, to] of await missingRanges(context.store, author, context.floor(author), signal)) {
    added += await syncRange(context, peer, { author, from, to, part: 'chain' }, { signal });
  }
  if (options.links === true) {
    const from = await firstUnlinked(context.store, author, context.floor(author), signal);
    if (from !== undefined) {
      const to = (await context.store.head(author))?.core.seq ?? from;
      for (let start = from; start <= to; start += MAX_SERVED) {
        const end = Math.min(to, start + MAX_SERVED - 1);
        added += await syncRange(context, peer, { author, from: start, to: end, part: 'links' }, { signal });
      }
    }
  }
  return added;
}

/** Lowest position whose other half is not stored: a proposal to somebody without an answer, or an answer without its proposal. */
async function firstUnlinked(
  store: BlockStore,
  author: PublicKey,
  floor: number,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const range = { author, from: floor, to: Number.MAX_SAFE_INTEGER, size: SCAN_PAGE };
  for await (const page of chainPages(store, range, { signal })) {
    for (const block of page) {
      const { link, peer } = block.core;
      // A source block may never be answered: looking for its answers would start every sync at the first one.
      if (link === null && peer === null) continue;
      const known = link === null ? (await store.answers(block.id)).length > 0 : await store.has(link);
      if (!known) return block.core.seq;
    }
  }
  return undefined;
}
