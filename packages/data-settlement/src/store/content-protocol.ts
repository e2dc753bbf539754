import { CID } from 'multiformats/cid';
import { isSupportedCid } from '../codec/cid.ts';
import { decodeBounded, encodeFields, integerOf, listOf, mapOf } from '../codec/fields.ts';
import { SettlementError } from '../errors.ts';

/** Protocol by which a buyer fetches sealed blocks from the seller. */
export const CONTENT_PROTOCOL = '/edmp/content/1';
/** Most blocks that one request asks for. */
export const MAX_WANTED_BLOCKS = 256;
/** Largest request, bytes. */
export const MAX_CONTENT_REQUEST_BYTES: number = 16 * 1024;
/** First byte of a response frame: the block follows, or it is not available to this peer. */
export const FrameStatus = { block: 0, unavailable: 1 } as const;

/** A request: some blocks under one manifest. The answer is one frame per wanted block, in order. */
export interface ContentRequest {
  /** The manifest. */
  readonly root: CID;
  /** Wanted blocks: the manifest itself or blocks that it links to. */
  readonly want: readonly CID[];
}

const fail = (message: string): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `Bad content request: ${message}`);

/** Canonical dag-cbor of a request. */
export function encodeContentRequest(request: ContentRequest): Uint8Array {
  return encodeFields({ v: 1, root: request.root, want: [...request.want] });
}

/**
 * Decodes a request strictly. Throws `ERR_SETTLEMENT_FORMAT`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeContentRequest(bytes: Uint8Array): ContentRequest {
  const value = decodeBounded(bytes, MAX_CONTENT_REQUEST_BYTES, 'content request');
  const map = mapOf(value, ['v', 'root', 'want'], 'content request');
  integerOf(map.v, 1, 1, 'content request.v');
  const link = (item: unknown, what: string): CID => {
    const cid = CID.asCID(item);
    if (cid === null || !isSupportedCid(cid))
      throw fail(`Expected ${what} to be a link to a supported block`);
    return cid;
  };
  const want = listOf(map.want, MAX_WANTED_BLOCKS, 'content request.want').map((item, i) =>
    link(item, `want ${i}`),
  );
  return { root: link(map.root, 'root'), want };
}
