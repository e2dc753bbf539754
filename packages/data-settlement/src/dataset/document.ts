import {
  type AssetId,
  CODEC_DAG_CBOR,
  type Crypto,
  type DatasetDocument,
  type Descriptor,
} from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { asBytes, asInteger, asMap, decodeCanonical, encodeCanonical } from '../codec/canonical.ts';
import { cidOf, isSupportedCid } from '../codec/cid.ts';
import { DatasetError } from '../errors.ts';
import { checkDescriptorFields, DESCRIPTOR_FIELDS } from './descriptor.ts';
import { MAX_CHUNKS, MAX_DOCUMENT_BYTES } from './limits.ts';

const fail = (message: string, cause?: unknown): DatasetError =>
  new DatasetError('ERR_DATASET_FORMAT', `Bad dataset document: ${message}`, { cause });

/** Prefix of data assets in asset ids. */
export const DATA_ASSET_PREFIX = 'EW';

/** Checks a document's own fields; calendar checks are `validateDescriptor`'s. Throws `ERR_DATASET_*`. */
function checkDocument(document: DatasetDocument): void {
  asInteger(document.v, 'v', 1, 1, fail);
  asBytes(document.dataRoot, 'dataRoot', 32, 32, fail);
  checkDescriptorFields(document.descriptor);
  asInteger(document.chunks, 'chunks', 1, Math.min(MAX_CHUNKS, document.descriptor.count), fail);
}

/**
 * Canonical dag-cbor of a dataset document, with the field names of `DatasetDocument`.
 * Throws `ERR_DATASET_DESCRIPTOR` or `ERR_DATASET_FORMAT` when a field is out of bounds.
 */
export function encodeDatasetDocument(document: DatasetDocument): Uint8Array {
  checkDocument(document);
  const { v, descriptor, dataRoot, chunks } = document;
  const { household, purposes, ...fields } = descriptor;
  return encodeCanonical({
    v,
    dataRoot,
    chunks,
    descriptor: {
      ...fields,
      purposes: [...purposes],
      household: household === null ? null : { kind: household.kind, occupants: household.occupants },
    },
  });
}

/**
 * Decodes a dataset document strictly: one encoding, no unknown fields, every bound checked.
 * Throws `ERR_DATASET_FORMAT` or `ERR_DATASET_DESCRIPTOR`.
 */
export function decodeDatasetDocument(bytes: Uint8Array): DatasetDocument {
  const value = decodeCanonical(bytes, MAX_DOCUMENT_BYTES, fail);
  const map = asMap(value, 'a dataset document', ['v', 'descriptor', 'dataRoot', 'chunks'], fail);
  const descriptor = asMap(map.descriptor, 'its descriptor', DESCRIPTOR_FIELDS, fail);
  // Every field is checked next; the cast only lets the checker read them by name.
  const document = { ...map, descriptor: descriptor as unknown as Descriptor } as unknown as DatasetDocument;
  checkDocument(document);
  return document;
}

/** Asset id of canonical document bytes: `EW` + base32 CIDv1 (dag-cbor, sha2-256). */
export function assetOfDocumentBytes(crypto: Pick<Crypto, 'sha256'>, bytes: Uint8Array): AssetId {
  return `${DATA_ASSET_PREFIX}${cidOf(crypto, CODEC_DAG_CBOR, bytes)}`;
}

/** Asset id of a document. Throws like {@link encodeDatasetDocument}. */
export function assetOfDocument(crypto: Pick<Crypto, 'sha256'>, document: DatasetDocument): AssetId {
  return assetOfDocumentBytes(crypto, encodeDatasetDocument(document));
}

/** CID inside a data asset id; undefined when the text is not `EW` + base32 CIDv1 of dag-cbor. */
export function cidOfAsset(asset: AssetId): CID | undefined {
  if (typeof asset !== 'string' || !/^EWb[a-z2-7]{20,100}$/.test(asset)) return undefined;
  try {
    const cid = CID.parse(asset.slice(DATA_ASSET_PREFIX.length));
    const exact = isSupportedCid(cid) && cid.code === CODEC_DAG_CBOR && asset === `EW${cid}`;
    return exact ? cid : undefined;
  } catch {
    return undefined;
  }
}
