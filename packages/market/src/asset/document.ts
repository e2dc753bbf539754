import type { AssetId, Crypto, DatasetDocument, Descriptor, TxValue } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import {
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  mapOf,
  oneOf,
  textOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';

/** Largest dataset document, bytes: it has to fit into an ask's block. */
export const MAX_DOCUMENT_BYTES = 8_192;
/** Most private chunks of a dataset (DESIGN §5.1). */
const MAX_CHUNKS = 10_900;

const DESCRIPTOR_FIELDS = [
  'commodity',
  'flow',
  'unit',
  'step',
  'zone',
  'from',
  'to',
  'count',
  'gaps',
  'cell',
  'household',
  'attestation',
  'verified',
  'pseudonym',
  'licence',
  'purposes',
  'consent',
  'title',
] as const;

/** A calendar day `YYYY-MM-DD` that exists. */
function dayOf(value: unknown, where: string): string {
  const text = textOf(value, 10, where);
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (parts !== null) {
    const time = Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
    if (Number(parts[1]) >= 1000 && new Date(time).toISOString().slice(0, 10) === text) return text;
  }
  throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected a day such as 2026-01-31, got ${text}`);
}

function cellOf(value: unknown): string | null {
  if (value === null) return null;
  const cell = textOf(value, 5, 'descriptor.cell');
  if (!/^[0-9b-hjkmnp-z]{1,5}$/.test(cell)) {
    throw new MarketError('ERR_MARKET_FORMAT', `descriptor.cell: expected a geohash of 1 to 5 characters`);
  }
  return cell;
}

function householdOf(value: unknown): Descriptor['household'] {
  if (value === null) return null;
  const fields = mapOf(value, ['kind', 'occupants'], 'descriptor.household');
  return {
    kind: oneOf(fields.kind, ['house', 'office', 'storage', 'factory', 'other'], 'descriptor.household.kind'),
    occupants:
      fields.occupants === null
        ? null
        : oneOf<'1' | '2' | '3-4' | '5+'>(
            fields.occupants,
            ['1', '2', '3-4', '5+'],
            'descriptor.household.occupants',
          ),
  };
}

function descriptorOf(value: unknown): Descriptor {
  const fields = mapOf(value, DESCRIPTOR_FIELDS, 'descriptor');
  const count = integerOf(fields.count, 1, Number.MAX_SAFE_INTEGER, 'descriptor.count');
  const descriptor: Descriptor = {
    commodity: oneOf(fields.commodity, ['electricity', 'gas', 'water', 'heat'], 'descriptor.commodity'),
    flow: oneOf(fields.flow, ['import', 'export'], 'descriptor.flow'),
    unit: oneOf(fields.unit, ['uKWh', 'uM3', 'uGJ'], 'descriptor.unit'),
    step: oneOf(fields.step, ['PT1M', 'PT5M', 'PT15M', 'PT30M', 'PT1H', 'P1D'], 'descriptor.step'),
    zone: textOf(fields.zone, 64, 'descriptor.zone'),
    from: dayOf(fields.from, 'descriptor.from'),
    to: dayOf(fields.to, 'descriptor.to'),
    count,
    gaps: integerOf(fields.gaps, 0, count, 'descriptor.gaps'),
    cell: cellOf(fields.cell),
    household: householdOf(fields.household),
    attestation: oneOf(
      fields.attestation,
      ['unsigned', 'intact', 'signed', 'linked', 'anchored'],
      'descriptor.attestation',
    ),
    verified: integerOf(fields.verified, 0, Number.MAX_SAFE_INTEGER, 'descriptor.verified'),
    pseudonym: bytesOf(fields.pseudonym, 16, 'descriptor.pseudonym'),
    licence: textOf(fields.licence, 100, 'descriptor.licence'),
    purposes: listOf(fields.purposes, 32, 'descriptor.purposes').map((purpose) =>
      textOf(purpose, 64, 'descriptor.purposes'),
    ),
    consent: fields.consent === null ? null : bytesOf(fields.consent, 32, 'descriptor.consent'),
    title: textOf(fields.title, 200, 'descriptor.title'),
  };
  if (descriptor.from > descriptor.to) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `descriptor: the last day ${descriptor.to} lies before the first, ${descriptor.from}`,
    );
  }
  return descriptor;
}

/** A dataset document out of a decoded dag-cbor value. Throws `ERR_MARKET_FORMAT`. */
export function datasetDocumentOf(value: unknown): DatasetDocument {
  const fields = mapOf(value, ['v', 'descriptor', 'dataRoot', 'chunks'], 'document');
  integerOf(fields.v, 1, 1, 'document.v');
  return {
    v: 1,
    descriptor: descriptorOf(fields.descriptor),
    dataRoot: bytesOf(fields.dataRoot, 32, 'document.dataRoot'),
    chunks: integerOf(fields.chunks, 1, MAX_CHUNKS, 'document.chunks'),
  };
}

/** Reads canonical dag-cbor of a dataset document (DESIGN §5.1). Throws `ERR_MARKET_FORMAT` on anything else. */
export function decodeDatasetDocument(bytes: Uint8Array): DatasetDocument {
  return datasetDocumentOf(
    decodeCanonical(boundedBytesOf(bytes, MAX_DOCUMENT_BYTES, 'document'), MAX_DOCUMENT_BYTES, 'document'),
  );
}

/** Canonical dag-cbor of a document. Throws `ERR_MARKET_FORMAT` when it is not one, or is larger than 8 KiB. */
export function encodeDatasetDocument(document: DatasetDocument): Uint8Array {
  const bytes = encodeCanonical(datasetDocumentOf(document));
  return boundedBytesOf(bytes, MAX_DOCUMENT_BYTES, 'document');
}

/** The document as a transaction value. */
export function documentToTx(document: DatasetDocument): TxValue {
  return datasetDocumentOf(document) as unknown as TxValue;
}

/** `EW` + base32 CIDv1 (dag-cbor, sha2-256) of the document (DESIGN §4.1). Throws `ERR_MARKET_FORMAT`. */
export function assetIdOf(document: DatasetDocument, crypto: Pick<Crypto, 'sha256'>): AssetId {
  const digest = crypto.sha256(encodeDatasetDocument(document));
  return `EW${CID.createV1(0x71, createDigest(0x12, digest)).toString()}`;
}

/** Whether `text` is an asset id: `EW` and the CID of a dataset document. */
export function isAssetId(text: unknown): boolean {
  if (typeof text !== 'string' || text.length > 128 || !text.startsWith('EWb')) return false;
  try {
    const cid = CID.parse(text.slice(2));
    return (
      cid.version === 1 &&
      cid.code === 0x71 &&
      cid.multihash.code === 0x12 &&
      cid.multihash.size === 32 &&
      cid.toString() === text.slice(2)
    );
  } catch {
    return false;
  }
}
