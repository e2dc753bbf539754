import { equalBytes } from '@edmp/interface';
import { keyOfDigest } from '../codec/order-id.ts';
import type { ClosedOrders } from '../order/closed-orders.ts';
import type { OrderTable } from '../order/order-table.ts';
import { ASK_SIDE, BID_SIDE } from '../order/order-table.ts';
import { type Bound, compareBound, ID_BYTES, type IdSet } from './id-set.ts';
import {
  type AnswerPart,
  CUTS,
  FRAME_BYTES,
  MAX_FRAME_BLOCKS,
  MAX_PART_IDS,
  type RequestPart,
  type SyncFrame,
  type SyncRange,
  type SyncRequest,
  type SyncSide,
} from './sync-messages.ts';

/** Ids up to which they are listed instead of being cut further. */
const LEAF = 16;
/** Bytes of the random place at which the first comparison cuts: nobody foresees 64 bits. */
export const RANDOM_CUT_BYTES = 8;

const START: Bound = new Uint8Array(0);

/** The sets that two nodes compare: open orders of each side. */
export interface OrderSets {
  readonly asks: IdSet;
  readonly bids: IdSet;
}

/** What an answer is made of. */
export interface AnswerSources {
  readonly matchmaker: boolean;
  readonly sets: OrderSets;
  readonly table: OrderTable;
  readonly closed: ClosedOrders;
  /** Bytes of blocks that this answer may have. */
  readonly maxBytes: number;
}

const setOf = (sets: OrderSets, side: SyncSide): IdSet => (side === ASK_SIDE ? sets.asks : sets.bids);

/**
 * The frames that answer a request. Stateless: whoever asks knows how far it got. Bids are for matchmakers only. Ends
 * before `maxBytes` of blocks, naming the rest to ask for again.
 */
export function* answerRequest(request: SyncRequest, sources: AnswerSources): Generator<SyncFrame> {
  const { sets, table, closed, matchmaker } = sources;
  let parts: AnswerPart[] = [];
  let blocks: Uint8Array[] = [];
  let frameBytes = 0;
  let left = sources.maxBytes;
  const isFrameFull = (): boolean => blocks.length >= MAX_FRAME_BLOCKS || frameBytes >= FRAME_BYTES;
  const flush = (): SyncFrame => {
    const frame = { matchmaker, parts, blocks };
    parts = [];
    blocks = [];
    frameBytes = 0;
    return frame;
  };
  const put = (bytes: Uint8Array): void => {
    // The arena's view is good until the next change, and frames wait for their reader.
    blocks.push(bytes.slice());
    frameBytes += bytes.length;
    left -= bytes.length;
  };
  for (const part of request.parts) {
    const side = part.kind === 'want' ? part.side : part.range.side;
    if (side === BID_SIDE && !request.matchmaker) continue;
    const set = setOf(sets, side);
    if (part.kind === 'print') {
      parts.push(...compared(set, part.range, part.print));
      continue;
    }
    if (part.kind === 'want') {
      for (const id of part.ids) {
        const slot = table.find(id);
        if (slot === -1 || table.sides[slot] !== side) continue;
        if (left <= 0) break;
        if (isFrameFull()) yield flush();
        // The frame may have waited for its reader.
        if (table.find(id) === slot) put(table.bytes(slot));
      }
      continue;
    }
    for (const id of part.ids) {
      const cancel = table.find(id) === -1 ? closed.cancelOf(keyOfDigest(id)) : undefined;
      if (cancel === undefined || left <= 0) continue;
      if (isFrameFull()) yield flush();
      put(cancel);
    }
    const { ids, rest } = missingOf(set, table, part.range, part.ids, left);
    for (const id of ids) {
      if (isFrameFull()) yield flush();
      const slot = table.find(id);
      if (slot !== -1) put(table.bytes(slot));
    }
    if (rest !== undefined) parts.push({ kind: 'again', range: { ...part.range, from: rest } });
  }
  yield flush();
}

/** What to say about a range whose fingerprint came: nothing when it is the same. */
function compared(set: IdSet, range: SyncRange, print: Uint8Array): readonly AnswerPart[] {
  const { side, from, to } = range;
  if (equalBytes(set.print(from, to), print)) return [];
  if (set.count(from, to) <= LEAF) return [{ kind: 'ids', range, ids: idsIn(set, from, to) }];
  return cutRanges(set, range).map((cut) => ({
    kind: 'print',
    range: { ...cut, side },
    print: set.print(cut.from, cut.to),
  }));
}

function cutRanges(set: IdSet, range: SyncRange): readonly SyncRange[] {
  const bounds = [range.from, ...set.cuts(range.from, range.to, CUTS), range.to];
  return bounds.slice(1).map((to, at) => ({ side: range.side, from: bounds[at] ?? START, to }));
}

function idsIn(set: IdSet, from: Bound, to: Bound): readonly Uint8Array[] {
  const ids: Uint8Array[] = [];
  set.each(from, to, (_, id) => ids.push(id) > 0);
  return ids;
}

/** Ids of the range that are not among `known`, which is ascending, up to `maxBytes` of blocks; `rest` = the first one beyond. */
function missingOf(
  set: IdSet,
  table: OrderTable,
  range: SyncRange,
  known: readonly Uint8Array[],
  maxBytes: number,
): { readonly ids: readonly Uint8Array[]; readonly rest: Uint8Array | undefined } {
  const ids: Uint8Array[] = [];
  let rest: Uint8Array | undefined;
  let bytes = 0;
  let at = 0;
  set.each(range.from, range.to, (slot, id) => {
    while (at < known.length && compareBound(known[at] as Uint8Array, id) < 0) at++;
    const next = known[at];
    if (next !== undefined && equalBytes(next, id)) return true;
    if (bytes >= maxBytes) {
      rest = id;
      return false;
    }
    bytes += table.arena.lengthOf(slot);
    ids.push(id);
    return true;
  });
  return { ids, rest };
}

/** The first parts of a round: everything of a side that is empty here, else fingerprints on both sides of a random cut. */
export function firstParts(
  sets: OrderSets,
  sides: readonly SyncSide[],
  randomBytes: (length: number) => Uint8Array,
): readonly RequestPart[] {
  return sides.flatMap((side): readonly RequestPart[] => {
    const set = setOf(sets, side);
    const whole: SyncRange = { side, from: START, to: START };
    if (set.size === 0) return [{ kind: 'have', range: whole, ids: [] }];
    const cut = randomBytes(RANDOM_CUT_BYTES);
    if (compareBound(cut, START) === 0) cut[0] = 128;
    return [
      { ...whole, to: cut },
      { ...whole, from: cut },
    ].map((range) => ({ kind: 'print', range, print: set.print(range.from, range.to) }));
  });
}

/** What to ask next about one part of an answer; nothing when both sides agree there. */
export function nextParts(sets: OrderSets, part: AnswerPart): readonly RequestPart[] {
  const { range } = part;
  const set = setOf(sets, range.side);
  const count = set.count(range.from, range.to);
  if (part.kind === 'print' && equalBytes(set.print(range.from, range.to), part.print)) return [];
  if (part.kind === 'again' && count > MAX_PART_IDS) {
    return cutRanges(set, range).map((cut) => ({
      kind: 'print',
      range: cut,
      print: set.print(cut.from, cut.to),
    }));
  }
  if (count <= (part.kind === 'print' ? 4 * LEAF : MAX_PART_IDS)) {
    return [{ kind: 'have', range, ids: idsIn(set, range.from, range.to) }];
  }
  if (part.kind === 'ids') {
    // The other side has a few of many: only those that are new here are of interest.
    const ids = part.ids.filter((id) => !set.has(id));
    return ids.length === 0 ? [] : [{ kind: 'want', side: range.side, ids }];
  }
  return cutRanges(set, range).map((cut) => ({
    kind: 'print',
    range: cut,
    print: set.print(cut.from, cut.to),
  }));
}

/** Bytes of ids that a part carries. */
export function idBytesOf(part: RequestPart): number {
  return part.kind === 'print' ? 0 : part.ids.length * ID_BYTES;
}
