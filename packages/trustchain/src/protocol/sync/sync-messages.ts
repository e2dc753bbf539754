import type { PublicKey, TxValue } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import type { PositionRange } from '../../inspect/gaps.ts';
import { blocksOf, breach, decodeMessage } from '../messages.ts';

/** Most ranges in one request. */
export const MAX_RANGES = 256;
/** Largest request, bytes. */
export const MAX_SYNC_REQUEST_BYTES = 8_192;

/** What a sync asks for. */
export interface SyncRequest {
  readonly author: PublicKey;
  /** Positions wanted: 1 to {@link MAX_RANGES} ranges, ascending, both ends inclusive, none touching the next. */
  readonly ranges: readonly PositionRange[];
  /** `chain`: the author's blocks. `links`: the proposals that they answer, and the blocks that answer them. */
  readonly part: 'chain' | 'links';
  /** `links`: only answers that arrived at the server after this one of its arrival numbers; 0 = all. */
  readonly since: number;
  /** `links`: the arrival at which an earlier answer stopped within the first position; 0 = at its start. */
  readonly after: number;
}

/** Last frame of an answer that stops early, and of every answer about links. */
export interface SyncEnd {
  /** Position to go on from; null = nothing is left. */
  readonly next: number | null;
  /** {@link SyncRequest.after} of the request that goes on. */
  readonly after: number;
  /** Newest arrival at the server when it began: {@link SyncRequest.since} of a later sync. */
  readonly seen: number;
}

/** One frame of an answer. */
export type SyncFrame =
  | { readonly blocks: readonly Uint8Array[]; readonly end?: undefined }
  | { readonly end: SyncEnd };

type Fields = { readonly [key: string]: TxValue };
const fieldsOf = (value: TxValue, count: number): Fields => {
  const isMap =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return isMap && Object.keys(value).length === count ? (value as Fields) : {};
};
const isCount = (value: TxValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Canonical form of a {@link SyncRequest}. */
export function encodeSyncRequest(request: SyncRequest): Uint8Array {
  const { author, ranges, part, since, after } = request;
  return encodeCanonical({ author, ranges: ranges.map(([from, to]) => [from, to]), part, since, after });
}

function rangesOf(list: TxValue | undefined): readonly PositionRange[] | undefined {
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_RANGES) return undefined;
  let lowest = 1;
  for (const range of list) {
    if (!Array.isArray(range) || range.length !== 2) return undefined;
    const [from, to] = range as readonly TxValue[];
    if (!isCount(from) || !isCount(to) || from < lowest || to < from) return undefined;
    lowest = to + 2;
  }
  return list as unknown as readonly PositionRange[];
}

/** {@link SyncRequest} of its canonical form. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeSyncRequest(bytes: Uint8Array): SyncRequest {
  const { author, ranges, part, since, after } = fieldsOf(decodeMessage(bytes, 'A sync request'), 5);
  const wanted = rangesOf(ranges);
  if (
    !(author instanceof Uint8Array) ||
    author.length !== 32 ||
    wanted === undefined ||
    (part !== 'chain' && part !== 'links') ||
    !isCount(since) ||
    !isCount(after)
  ) {
    throw breach('A sync request is { author, ranges, part, since, after }, its ranges ascending');
  }
  return { author: author as PublicKey, ranges: wanted, part, since, after };
}

/** The frame that ends an answer. */
export function encodeSyncEnd({ next, after, seen }: SyncEnd): Uint8Array {
  return encodeCanonical({ next, after, seen });
}

/** A frame of an answer. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeSyncFrame(bytes: Uint8Array): SyncFrame {
  const value = decodeMessage(bytes, 'A frame of a sync');
  if (Array.isArray(value)) return { blocks: blocksOf(value) };
  const { next, after, seen } = fieldsOf(value, 3);
  if ((next !== null && (!isCount(next) || next < 1)) || !isCount(after) || !isCount(seen)) {
    throw breach('A frame of a sync is a list of blocks, or { next, after, seen }');
  }
  return { end: { next, after, seen } };
}
