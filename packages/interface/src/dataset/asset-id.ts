import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { CODEC_DAG_CBOR } from '../content-store.ts';
import type { Crypto } from '../crypto/types.ts';
import { SHA2_256 } from '../format/id.ts';
import { type DatasetDocument, encodeDatasetDocument } from './document.ts';

/** Text id of something that can be traded: a currency such as `DUM1`, or `EW` + CID of a {@link DatasetDocument}. */
export type AssetId = string;

/** What ids of data assets start with. */
export const DATA_ASSET_PREFIX = 'EW';
/** `EW` and base32 of a CID; 59 characters are what sha2-256 gives. */
const FORM = /^EWb[a-z2-7]{58}$/;

/**
 * Asset id of the canonical bytes of a document: `EW` + base32 CIDv1 of dag-cbor and sha2-256 (DESIGN §4.1).
 *
 * @param documentBytes - A dataset document in its one encoding, as `encodeDatasetDocument` gives it.
 */
export function assetIdOfBytes(documentBytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): AssetId {
  const digest = createDigest(SHA2_256, crypto.sha256(documentBytes));
  return `${DATA_ASSET_PREFIX}${CID.createV1(CODEC_DAG_CBOR, digest)}`;
}

/** Asset id of a document. Throws like `encodeDatasetDocument`. */
export function assetIdOf(document: DatasetDocument, crypto: Pick<Crypto, 'sha256'>): AssetId {
  return assetIdOfBytes(encodeDatasetDocument(document), crypto);
}

/**
 * CID of the document that a data asset's id names; undefined when the text is no such id.
 *
 * @param text - What a stranger wrote; anything may be given.
 */
export function parseAssetId(text: unknown): CID | undefined {
  if (typeof text !== 'string' || !FORM.test(text)) return undefined;
  try {
    const cid = CID.parse(text.slice(DATA_ASSET_PREFIX.length));
    const isOfDocument =
      cid.version === 1 &&
      cid.code === CODEC_DAG_CBOR &&
      cid.multihash.code === SHA2_256 &&
      cid.multihash.size === 32;
    // Base32 has spare bits at its end: one CID has one text.
    return isOfDocument && text === `${DATA_ASSET_PREFIX}${cid}` ? cid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether `text` is the id of a data asset: `EW` and the CID of a dataset document.
 *
 * @example
 * ```ts
 * import { isAssetId } from '@edmp/interface/dataset';
 *
 * console.log(isAssetId('EW'), isAssetId('DUM1')); // false false
 * ```
 */
export function isAssetId(text: unknown): boolean {
  return parseAssetId(text) !== undefined;
}
