import type { BlockId, TxValue } from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import { blockIdFromBytes } from '../block/identity.ts';
import { MAX_BLOCK_BYTES } from '../block/limits.ts';
import { ChainError } from '../chain/errors.ts';

/** Sends signed blocks and waits until they are stored. */
export const PUSH_PROTOCOL = '/edmp/tc/push/1';
/** Asks which of some blocks a peer stores already. */
export const OFFER_PROTOCOL = '/edmp/tc/offer/1';
/** Fetches a range of one author's chain. */
export const SYNC_PROTOCOL = '/edmp/tc/sync/2';
/** Announces chain heads: each message is one signed block, or a list of an answer and the block that it answers. */
export const HEADS_TOPIC = '/edmp/tc/heads/1';
/** Spreads fraud proofs: each message is one proof. */
export const FRAUD_TOPIC = '/edmp/tc/fraud/1';

/** Most blocks in one frame. */
export const MAX_FRAME_BLOCKS = 256;
/** A frame is closed when it has reached this size, bytes; one more block may still follow. */
export const FRAME_TARGET_BYTES = 1_048_576;
/** Largest frame of blocks, bytes. */
export const MAX_FRAME_BYTES: number = FRAME_TARGET_BYTES + MAX_BLOCK_BYTES + 16;

/** Largest offer, bytes. */
export const MAX_OFFER_BYTES: number = MAX_FRAME_BLOCKS * 38 + 8;

/** A message that breaks the protocol. */
export const breach = (message: string, cause?: unknown): ChainError =>
  new ChainError('ERR_CHAIN_PROTOCOL', message, { cause });

/** Canonical dag-cbor of a peer. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeMessage(bytes: Uint8Array, what: string): TxValue {
  try {
    return decodeCanonical(bytes);
  } catch (cause) {
    throw breach(`${what} is not canonical dag-cbor`, cause);
  }
}

/** A frame of signed blocks. */
export function encodeBlocks(blocks: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  return encodeCanonical(blocks.map((block) => block.bytes));
}

/** Signed blocks of a frame, not decoded yet. Throws `ERR_CHAIN_PROTOCOL`, also for a frame without blocks. */
export function decodeBlocks(frame: Uint8Array): readonly Uint8Array[] {
  return blocksOf(decodeMessage(frame, 'A frame of blocks'));
}

/** {@link decodeBlocks} of a value that is decoded already. */
export function blocksOf(list: TxValue): readonly Uint8Array[] {
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_FRAME_BLOCKS) {
    throw breach(`A frame is a list of 1 to ${MAX_FRAME_BLOCKS} blocks`);
  }
  for (const item of list)
    if (!(item instanceof Uint8Array)) throw breach('A block in a frame is a byte string');
  return list as readonly Uint8Array[];
}

/** Cuts blocks into groups that fit one frame each. */
export function frames<T extends { readonly bytes: Uint8Array }>(blocks: readonly T[]): T[][] {
  const groups: T[][] = [];
  let group: T[] = [];
  let size = 0;
  for (const block of blocks) {
    group.push(block);
    size += block.bytes.length + 5;
    if (group.length === MAX_FRAME_BLOCKS || size >= FRAME_TARGET_BYTES) {
      groups.push(group);
      group = [];
      size = 0;
    }
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** Answer to a push: for each block null (stored) or the code of what is wrong with it. */
export function encodePushAnswer(codes: readonly (string | null)[]): Uint8Array {
  return encodeCanonical(codes);
}

/** {@link encodePushAnswer} reversed. Throws `ERR_CHAIN_PROTOCOL` unless there are `count` results. */
export function decodePushAnswer(frame: Uint8Array, count: number): readonly (string | null)[] {
  const list = decodeMessage(frame, 'An answer to a push');
  if (!Array.isArray(list) || list.length !== count) throw breach(`Expected ${count} results of a push`);
  return list.map((item: TxValue) => {
    if (item === null || (typeof item === 'string' && item.length <= 64)) return item;
    throw breach('A result of a push is null or a code');
  });
}

/** Ids of blocks that are offered. */
export function encodeOffer(ids: readonly BlockId[]): Uint8Array {
  return encodeCanonical(ids.map((id) => id.bytes));
}

/** {@link encodeOffer} reversed. Throws `ERR_CHAIN_PROTOCOL` unless they are at most {@link MAX_FRAME_BLOCKS} ids. */
export function decodeOffer(bytes: Uint8Array): readonly BlockId[] {
  const list = decodeMessage(bytes, 'An offer');
  if (!Array.isArray(list) || list.length > MAX_FRAME_BLOCKS) {
    throw breach(`An offer is a list of at most ${MAX_FRAME_BLOCKS} ids`);
  }
  return list.map((item: TxValue) => {
    const id = item instanceof Uint8Array ? blockIdFromBytes(item) : undefined;
    if (id === undefined) throw breach('An id in an offer is 36 bytes of a block id');
    return id;
  });
}

/** Answer to an offer: for each id whether its block is stored. */
export function encodeOfferAnswer(stored: readonly boolean[]): Uint8Array {
  return encodeCanonical(stored);
}

/** {@link encodeOfferAnswer} reversed. Throws `ERR_CHAIN_PROTOCOL` unless there are `count` results. */
export function decodeOfferAnswer(frame: Uint8Array, count: number): readonly boolean[] {
  const list = decodeMessage(frame, 'An answer to an offer');
  if (!Array.isArray(list) || list.length !== count) throw breach(`Expected ${count} results of an offer`);
  return list.map((item: TxValue) => {
    if (typeof item !== 'boolean') throw breach('A result of an offer is true or false');
    return item;
  });
}
