import type { BlockId, PublicKey, TxValue } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { isBlockType } from '../../block/core-rules.ts';
import { blockIdFromBytes } from '../../block/identity.ts';
import { breach, decodeMessage, MAX_FRAME_BLOCKS } from '../messages.ts';

/** Asks a peer for what it stores of somebody else: blocks of a type, or answers to a block. */
export const QUERY_PROTOCOL = '/edmp/tc/query/1';
/** Largest question, bytes. */
export const MAX_QUERY_BYTES = 256;

/** What is wanted, in order of arrival at the server. */
export interface BlockQuery {
  /** Blocks of `author` of a type, or answers by anybody to a block of `author`. */
  readonly author: PublicKey;
  readonly want: { readonly type: string } | { readonly link: BlockId };
  /** Only what arrived at the server after this one of its arrival numbers; 0 = all. */
  readonly after: number;
}

/** One page of an answer. */
export interface QueryPage {
  /** Signed blocks, not decoded yet: {@link MAX_FRAME_BLOCKS} at most. */
  readonly blocks: readonly Uint8Array[];
  /** {@link BlockQuery.after} of what comes next: of the next page, or of a later question. */
  readonly next: number;
  /** Whether there is more now. */
  readonly more: boolean;
}

type Fields = { readonly [key: string]: TxValue };
const fieldsOf = (value: TxValue, count: number): Fields => {
  const isMap =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return isMap && Object.keys(value).length === count ? (value as Fields) : {};
};
const isCount = (value: TxValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Canonical form of a {@link BlockQuery}. */
export function encodeQuery({ author, want, after }: BlockQuery): Uint8Array {
  return encodeCanonical(
    'type' in want ? { author, type: want.type, after } : { author, link: want.link.bytes, after },
  );
}

/** {@link encodeQuery} reversed. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeQuery(bytes: Uint8Array): BlockQuery {
  const { author, type, link, after } = fieldsOf(decodeMessage(bytes, 'A question'), 3);
  const id = link instanceof Uint8Array ? blockIdFromBytes(link) : undefined;
  const want =
    id !== undefined ? { link: id } : typeof type === 'string' && isBlockType(type) ? { type } : undefined;
  if (!(author instanceof Uint8Array) || author.length !== 32 || want === undefined || !isCount(after)) {
    throw breach('A question is { author, type or link, after }');
  }
  return { author: author as PublicKey, want, after };
}

/** Canonical form of a {@link QueryPage}. */
export function encodeQueryPage({ blocks, next, more }: QueryPage): Uint8Array {
  return encodeCanonical({ blocks: [...blocks], next, more });
}

/** {@link encodeQueryPage} reversed. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeQueryPage(bytes: Uint8Array): QueryPage {
  const { blocks, next, more } = fieldsOf(decodeMessage(bytes, 'An answer to a question'), 3);
  const isList =
    Array.isArray(blocks) &&
    blocks.length <= MAX_FRAME_BLOCKS &&
    blocks.every((block: TxValue) => block instanceof Uint8Array);
  if (!isList || !isCount(next) || typeof more !== 'boolean') {
    throw breach(
      `An answer to a question is { blocks, next, more }, with at most ${MAX_FRAME_BLOCKS} blocks`,
    );
  }
  return { blocks: blocks as readonly Uint8Array[], next, more };
}
