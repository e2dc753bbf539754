import type { PublicKey, TxValue } from '@edmp/interface';
import { decodeCanonical } from '../block/canonical-decode.ts';
import { encodeCanonical } from '../block/canonical-encode.ts';
import { MAX_BLOCK_BYTES } from '../block/limits.ts';
import { ChainError } from '../chain/errors.ts';

/** Sends signed blocks and waits until they are stored. */
export const PUSH_PROTOCOL = '/edmp/tc/push/1';
/** Fetches a range of one author's chain. */
export const SYNC_PROTOCOL = '/edmp/tc/sync/1';
/** Announces chain heads: each message is one signed block. */
export const HEADS_TOPIC = '/edmp/tc/heads/1';
/** Spreads fraud proofs: each message is one proof. */
export const FRAUD_TOPIC = '/edmp/tc/fraud/1';

/** Most blocks in one frame. */
export const MAX_FRAME_BLOCKS = 256;
/** A frame is closed when it has reached this size, bytes; one more block may still follow. */
export const FRAME_TARGET_BYTES = 1_048_576;
/** Largest frame of blocks, bytes. */
export const MAX_FRAME_BYTES: number = FRAME_TARGET_BYTES + MAX_BLOCK_BYTES + 16;

const breach = (message: string, cause?: unknown): ChainError =>
  new ChainError('ERR_CHAIN_PROTOCOL', message, { cause });

function decode(bytes: Uint8Array, what: string): TxValue {
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

/** Signed blocks of a frame, not decoded yet. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeBlocks(frame: Uint8Array): readonly Uint8Array[] {
  const list = decode(frame, 'A frame of blocks');
  if (!Array.isArray(list) || list.length > MAX_FRAME_BLOCKS) {
    throw breach(`A frame is a list of at most ${MAX_FRAME_BLOCKS} blocks`);
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
  const list = decode(frame, 'An answer to a push');
  if (!Array.isArray(list) || list.length !== count) throw breach(`Expected ${count} results of a push`);
  return list.map((item: TxValue) => {
    if (item === null || (typeof item === 'string' && item.length <= 64)) return item;
    throw breach('A result of a push is null or a code');
  });
}

/** What a sync asks for. */
export interface SyncRequest {
  readonly author: PublicKey;
  /** First position, inclusive. */
  readonly from: number;
  /** Last position, inclusive. */
  readonly to: number;
  /** `chain`: the author's blocks. `links`: the blocks that answer them and the proposals that they answer. */
  readonly part: 'chain' | 'links';
}

/** Canonical form of a {@link SyncRequest}. */
export function encodeSyncRequest(request: SyncRequest): Uint8Array {
  return encodeCanonical({ author: request.author, from: request.from, to: request.to, part: request.part });
}

/** {@link SyncRequest} of its canonical form. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeSyncRequest(bytes: Uint8Array): SyncRequest {
  const value = decode(bytes, 'A sync request');
  const fields = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly [key: string]: TxValue;
  };
  const { author, from, to, part } = fields;
  const position = (field: TxValue | undefined): field is number =>
    typeof field === 'number' && Number.isSafeInteger(field) && field >= 1;
  if (
    !(author instanceof Uint8Array) ||
    author.length !== 32 ||
    !position(from) ||
    !position(to) ||
    (part !== 'chain' && part !== 'links') ||
    Object.keys(fields).length !== 4
  ) {
    throw breach('A sync request is { author, from, to, part }');
  }
  return { author: author as PublicKey, from, to, part };
}
