import {
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { MAX_BLOCK_BYTES } from '../order/limits.ts';
import type { ASK_SIDE, BID_SIDE } from '../order/order-table.ts';
import { type Bound, compareBound, ID_BYTES, PRINT_BYTES } from './id-set.ts';
import { truthOf } from './messages.ts';

/** Most parts of one request, and what their answers make of them. */
export const MAX_REQUEST_PARTS = 64;
/** Ranges into which one that differs is cut. */
export const CUTS = 16;
/** Most ids in one part. */
export const MAX_PART_IDS = 256;
/** Most ids in all parts of a request: 64 KiB. */
export const MAX_REQUEST_IDS = 2_048;
/** Most blocks in one frame of an answer. */
export const MAX_FRAME_BLOCKS = 64;
/** Bytes of blocks after which a frame ends. */
export const FRAME_BYTES: number = 256 * 1024;
/** Largest request, bytes. */
export const MAX_SYNC_REQUEST_BYTES: number = 128 * 1024;
/** Largest frame of an answer, bytes. */
export const MAX_SYNC_FRAME_BYTES: number =
  FRAME_BYTES + MAX_BLOCK_BYTES + 128 * MAX_REQUEST_PARTS * CUTS + MAX_REQUEST_PARTS * CUTS * ID_BYTES;

/** Which set: asks for everybody, bids for matchmakers. */
export type SyncSide = typeof ASK_SIDE | typeof BID_SIDE;

/** Ids in [from, to) of one side; an empty `to` is the end. */
export interface SyncRange {
  readonly side: SyncSide;
  readonly from: Bound;
  readonly to: Bound;
}

/** One part of a request. */
export type RequestPart =
  /** "This is my fingerprint of the range." */
  | { readonly kind: 'print'; readonly range: SyncRange; readonly print: Uint8Array }
  /** "These are all that I have there: send me the others, and the cancels of those that are cancelled." */
  | { readonly kind: 'have'; readonly range: SyncRange; readonly ids: readonly Uint8Array[] }
  /** "Send me these." */
  | { readonly kind: 'want'; readonly side: SyncSide; readonly ids: readonly Uint8Array[] };

/** One part of an answer. */
export type AnswerPart =
  | { readonly kind: 'print'; readonly range: SyncRange; readonly print: Uint8Array }
  /** All ids that the answering side has in the range. */
  | { readonly kind: 'ids'; readonly range: SyncRange; readonly ids: readonly Uint8Array[] }
  /** Not served to the end: ask again for this range. */
  | { readonly kind: 'again'; readonly range: SyncRange };

/** A request of the orders protocol. */
export interface SyncRequest {
  /** Whether the one that asks is a matchmaker. */
  readonly matchmaker: boolean;
  readonly parts: readonly RequestPart[];
}

/** One frame of its answer. */
export interface SyncFrame {
  /** Whether the one that answers is a matchmaker. */
  readonly matchmaker: boolean;
  readonly parts: readonly AnswerPart[];
  /** Signed blocks of orders and cancels. */
  readonly blocks: readonly Uint8Array[];
}

/** Bytes of a request. */
export function encodeSyncRequest(request: SyncRequest): Uint8Array {
  const parts = request.parts.map((part) => {
    if (part.kind === 'want') return [part.side, [...part.ids]];
    const { side, from, to } = part.range;
    return [side, from, to, part.kind === 'print' ? part.print : [...part.ids]];
  });
  return encodeCanonical({ v: 1, matchmaker: request.matchmaker, parts });
}

/** Reads a request. Throws `ERR_MARKET_FORMAT`. */
export function decodeSyncRequest(bytes: Uint8Array): SyncRequest {
  const fields = mapOf(
    decodeCanonical(bytes, MAX_SYNC_REQUEST_BYTES, 'orders'),
    ['v', 'matchmaker', 'parts'],
    'orders',
  );
  integerOf(fields.v, 1, 1, 'orders.v');
  const parts = listOf(fields.parts, MAX_REQUEST_PARTS, 'orders.parts').map((value): RequestPart => {
    const part = listOf(value, 4, 'orders.parts');
    const side = sideOf(part[0]);
    if (part.length === 2) return { kind: 'want', side, ids: idsOf(part[1]) };
    const range = rangeOf(part, side);
    return part[3] instanceof Uint8Array
      ? { kind: 'print', range, print: bytesOf(part[3], PRINT_BYTES, 'orders.print') }
      : { kind: 'have', range, ids: idsOf(part[3]) };
  });
  let ids = 0;
  for (const part of parts) if (part.kind !== 'print') ids += part.ids.length;
  if (ids > MAX_REQUEST_IDS) throw wrong(`at most ${MAX_REQUEST_IDS} ids in all`);
  return { matchmaker: truthOf(fields.matchmaker, 'orders.matchmaker'), parts };
}

/** Bytes of a frame. */
export function encodeSyncFrame(frame: SyncFrame): Uint8Array {
  const parts = frame.parts.map((part) => {
    const { side, from, to } = part.range;
    return [side, from, to, part.kind === 'print' ? part.print : part.kind === 'ids' ? [...part.ids] : null];
  });
  return encodeCanonical({ v: 1, matchmaker: frame.matchmaker, parts, blocks: [...frame.blocks] });
}

/** Reads a frame. Throws `ERR_MARKET_FORMAT`. */
export function decodeSyncFrame(bytes: Uint8Array): SyncFrame {
  const fields = mapOf(
    decodeCanonical(bytes, MAX_SYNC_FRAME_BYTES, 'orders'),
    ['v', 'matchmaker', 'parts', 'blocks'],
    'orders',
  );
  integerOf(fields.v, 1, 1, 'orders.v');
  return {
    matchmaker: truthOf(fields.matchmaker, 'orders.matchmaker'),
    parts: listOf(fields.parts, MAX_REQUEST_PARTS * CUTS, 'orders.parts').map((value): AnswerPart => {
      const part = listOf(value, 4, 'orders.parts');
      const range = rangeOf(part, sideOf(part[0]));
      if (part[3] === null) return { kind: 'again', range };
      return part[3] instanceof Uint8Array
        ? { kind: 'print', range, print: bytesOf(part[3], PRINT_BYTES, 'orders.print') }
        : { kind: 'ids', range, ids: idsOf(part[3]) };
    }),
    blocks: listOf(fields.blocks, MAX_FRAME_BLOCKS, 'orders.blocks').map((block) =>
      boundedBytesOf(block, MAX_BLOCK_BYTES, 'orders.blocks'),
    ),
  };
}

/** Whether one range lies within another. */
export function isWithin(inner: SyncRange, outer: SyncRange): boolean {
  return (
    inner.side === outer.side &&
    compareBound(inner.from, outer.from) >= 0 &&
    (outer.to.length === 0 || (inner.to.length > 0 && compareBound(inner.to, outer.to) <= 0))
  );
}

function sideOf(value: unknown): SyncSide {
  return integerOf(value, 0, 1, 'orders.side') as SyncSide;
}

function rangeOf(part: readonly unknown[], side: SyncSide): SyncRange {
  if (part.length !== 4) throw wrong('side, from, to and a fingerprint or ids');
  const from = boundedBytesOf(part[1], ID_BYTES, 'orders.from');
  const to = boundedBytesOf(part[2], ID_BYTES, 'orders.to');
  if (to.length > 0 && compareBound(from, to) >= 0) throw wrong('a range that ends after its beginning');
  return { side, from, to };
}

function idsOf(value: unknown): readonly Uint8Array[] {
  const ids = listOf(value, MAX_PART_IDS, 'orders.ids').map((id) => bytesOf(id, ID_BYTES, 'orders.ids'));
  for (let i = 1; i < ids.length; i++) {
    if (compareBound(ids[i - 1] as Uint8Array, ids[i] as Uint8Array) >= 0)
      throw wrong('ids in ascending order');
  }
  return ids;
}

function wrong(expected: string): MarketError {
  return new MarketError('ERR_MARKET_FORMAT', `orders: expected ${expected}`);
}
