import type { BlockId } from '@edmp/interface';
import { MAX_QUANTITY } from '../asset/price.ts';
import {
  blockIdOf,
  boundedBytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';

/** Topic of signed order, cancel, agreement, complaint and withdrawal blocks. */
export const ORDERS_TOPIC = '/edmp/market/orders/1';
/** Matchmaker → owner: a match; owner → matchmaker: what is left of an own order. */
export const MATCH_PROTOCOL = '/edmp/market/match/1';
/** The open orders that a node knows. */
export const BOOK_PROTOCOL = '/edmp/market/book/1';

/** Largest block in any market message, bytes. */
export const MAX_BLOCK_BYTES: number = 66 * 1024;
/** Most blocks in one frame of a book sync. */
export const SYNC_FRAME_BLOCKS = 64;
/** Most blocked orders in one update. */
export const MAX_UPDATE_BLOCKED = 64;

/** A message of {@link MATCH_PROTOCOL}. */
export type MatchMessage =
  | { readonly kind: 'match'; readonly order: BlockId; readonly counter: Uint8Array }
  | {
      readonly kind: 'update';
      readonly order: BlockId;
      readonly available: number;
      readonly blocked: readonly BlockId[];
    };

/** Bytes of a match message. */
export function encodeMatchMessage(message: MatchMessage): Uint8Array {
  return encodeCanonical({ v: 1, ...message });
}

/** Reads a match message. Throws `ERR_MARKET_FORMAT`. */
export function decodeMatchMessage(bytes: Uint8Array): MatchMessage {
  const value = decodeCanonical(bytes, MAX_BLOCK_BYTES + 1_024, 'match');
  const kind = oneOf<'match' | 'update'>(
    typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined,
    ['match', 'update'],
    'match.kind',
  );
  if (kind === 'match') {
    const fields = mapOf(value, ['v', 'kind', 'order', 'counter'], 'match');
    integerOf(fields.v, 1, 1, 'match.v');
    return {
      kind,
      order: blockIdOf(fields.order, 'match.order'),
      counter: boundedBytesOf(fields.counter, MAX_BLOCK_BYTES, 'match.counter'),
    };
  }
  const fields = mapOf(value, ['v', 'kind', 'order', 'available', 'blocked'], 'match');
  integerOf(fields.v, 1, 1, 'match.v');
  return {
    kind,
    order: blockIdOf(fields.order, 'match.order'),
    available: integerOf(fields.available, 0, MAX_QUANTITY, 'match.available'),
    blocked: listOf(fields.blocked, MAX_UPDATE_BLOCKED, 'match.blocked').map((id) =>
      blockIdOf(id, 'match.blocked'),
    ),
  };
}

/** Answer to a match message. */
export interface MatchReply {
  /** Whether the order is open at the one that answers. */
  readonly open: boolean;
}

/** Bytes of a match reply. */
export function encodeMatchReply(reply: MatchReply): Uint8Array {
  return encodeCanonical({ v: 1, open: reply.open });
}

/** Reads a match reply. Throws `ERR_MARKET_FORMAT`. */
export function decodeMatchReply(bytes: Uint8Array): MatchReply {
  const fields = mapOf(decodeCanonical(bytes, 64, 'reply'), ['v', 'open'], 'reply');
  integerOf(fields.v, 1, 1, 'reply.v');
  return { open: fields.open === true };
}

/** Request for a node's open orders. */
export interface BookRequest {
  /** Whether the one that asks is a matchmaker. */
  readonly matchmaker: boolean;
}

/** Bytes of a book request. */
export function encodeBookRequest(request: BookRequest): Uint8Array {
  return encodeCanonical({ v: 1, matchmaker: request.matchmaker });
}

/** Reads a book request. Throws `ERR_MARKET_FORMAT`. */
export function decodeBookRequest(bytes: Uint8Array): BookRequest {
  const fields = mapOf(decodeCanonical(bytes, 64, 'book'), ['v', 'matchmaker'], 'book');
  integerOf(fields.v, 1, 1, 'book.v');
  return { matchmaker: fields.matchmaker === true };
}

/** One frame of the answer to a book request. */
export interface BookFrame {
  /** Whether the one that answers is a matchmaker. */
  readonly matchmaker: boolean;
  /** Signed blocks of open orders. */
  readonly blocks: readonly Uint8Array[];
}

/** Bytes of a book frame. */
export function encodeBookFrame(frame: BookFrame): Uint8Array {
  return encodeCanonical({ v: 1, matchmaker: frame.matchmaker, blocks: [...frame.blocks] });
}

/** Reads a book frame. Throws `ERR_MARKET_FORMAT`. */
export function decodeBookFrame(bytes: Uint8Array): BookFrame {
  const fields = mapOf(
    decodeCanonical(bytes, SYNC_FRAME_BLOCKS * (MAX_BLOCK_BYTES + 8), 'book'),
    ['v', 'matchmaker', 'blocks'],
    'book',
  );
  integerOf(fields.v, 1, 1, 'book.v');
  return {
    matchmaker: fields.matchmaker === true,
    blocks: listOf(fields.blocks, SYNC_FRAME_BLOCKS, 'book.blocks').map((block) =>
      boundedBytesOf(block, MAX_BLOCK_BYTES, 'book.blocks'),
    ),
  };
}
