import { CID } from 'multiformats/cid';
import { asInteger, asList, asMap, decodeCanonical, encodeCanonical } from '../codec/canonical.ts';
import { isSupportedCid } from '../codec/cid.ts';
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

const fail = (message: string, cause?: unknown): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `Bad content request: ${message}`, { cause });

/** Canonical dag-cbor of a request. */
export function encodeContentRequest(request: ContentRequest): Uint8Array {
  return encodeCanonical({ v: 1, root: request.root, want: [...request.want] });
}

/** Decodes a request strictly. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeContentRequest(bytes: Uint8Array): ContentRequest {
  const value = decodeCanonical(bytes, MAX_CONTENT_REQUEST_BYTES, fail);
  const map = asMap(value, 'a request', ['v', 'root', 'want'], fail);
  asInteger(map.v, 'v', 1, 1, fail);
  const link = (item: unknown, what: string): CID => {
    const cid = CID.asCID(item);
    if (cid === null || !isSupportedCid(cid))
      throw fail(`Expected ${what} to be a link to a supported block`);
    return cid;
  };
  const want = asList(map.want, 'want', MAX_WANTED_BLOCKS, fail).map((item, i) => link(item, `want ${i}`));
  return { root: link(map.root, 'root'), want };
}
