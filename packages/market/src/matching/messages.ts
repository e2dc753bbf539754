import type { BlockId } from '@edmp/interface';
import {
  blockIdOf,
  boundedBytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { MAX_BLOCK_BYTES } from '../order/limits.ts';

/** Topic of signed ask, bid and cancel blocks, one a message. */
export const ORDERS_TOPIC = '/edmp/market/orders/2';
/** Matchmaker → owner of a bid: asks that it may not know. */
export const MATCH_PROTOCOL = '/edmp/market/match/2';
/** Reconciliation of open orders. */
export const ORDERS_PROTOCOL = '/edmp/market/orders/2';

/** Most asks in one match message: what a buyer tries in a minute. */
export const MAX_MATCH_ASKS = 16;
/** Largest match message, bytes. */
export const MAX_MATCH_BYTES: number = MAX_MATCH_ASKS * (MAX_BLOCK_BYTES + 8) + 256;

/** A message of {@link MATCH_PROTOCOL}: open asks that cross a bid, cheapest first. */
export interface MatchNotice {
  readonly bid: BlockId;
  /** Signed blocks. */
  readonly asks: readonly Uint8Array[];
}

/** Bytes of a match notice. */
export function encodeMatchNotice(notice: MatchNotice): Uint8Array {
  return encodeCanonical({ v: 1, bid: notice.bid, asks: [...notice.asks] });
}

/** Reads a match notice. Throws `ERR_MARKET_FORMAT`. */
export function decodeMatchNotice(bytes: Uint8Array): MatchNotice {
  const fields = mapOf(decodeCanonical(bytes, MAX_MATCH_BYTES, 'match'), ['v', 'bid', 'asks'], 'match');
  integerOf(fields.v, 1, 1, 'match.v');
  return {
    bid: blockIdOf(fields.bid, 'match.bid'),
    asks: listOf(fields.asks, MAX_MATCH_ASKS, 'match.asks').map((block) =>
      boundedBytesOf(block, MAX_BLOCK_BYTES, 'match.asks'),
    ),
  };
}

/** Answer to a match notice. */
export interface MatchReply {
  /** Whether the bid is open at its owner. */
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
  return { open: truthOf(fields.open, 'reply.open') };
}

/** A boolean. Throws `ERR_MARKET_FORMAT`. */
export function truthOf(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected true or false`);
}
