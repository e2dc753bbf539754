import { createDataset, dataLeaf, decodeChunk, leafSalts, merkleRoot } from '@edmp/data-settlement/dataset';
import { bytesToHex, isEdmpError, seededRandom } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import {
  assetIdOf,
  decodeDatasetDocument,
  encodeDatasetDocument,
  parseAssetId,
} from '@edmp/interface/dataset';
import { decode, encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { descriptorOf, quarterHours, type Series } from './support/fixtures.ts';

const crypto = nodeCrypto();
const make = (series: Series, seed = 1) => {
  const random = seededRandom(seed);
  return createDataset({
    ...series,
    crypto,
    random: (length) => random.bytes(length),
  });
};

describe('createDataset', () => {
  it('commits to salted leaves of chunks that join to the series', () => {
    const series = quarterHours({ days: 400 });
    const dataset = make(series);
    const { document, chunks, saltSeed } = dataset;
    expect(chunks.length).toBeGreaterThan(3);
    expect(document).toMatchObject({ v: 1, descriptor: series.descriptor, chunks: chunks.length });
    expect(chunks.flatMap((chunk) => decodeChunk(chunk).values)).toEqual(series.consumption.values);
    const salt = leafSalts(crypto, saltSeed);
    expect(
      merkleRoot(
        crypto,
        chunks.map((chunk, i) => dataLeaf(crypto, i, salt(i), chunk)),
      ),
    ).toEqual(document.dataRoot);
    for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(16_384);
  });

  it('gives equal readings unlinkable roots and assets, since salts differ', () => {
    const series = quarterHours();
    const [a, b] = [make(series, 1), make(series, 2)];
    expect(a.asset).not.toBe(b.asset);
    expect(bytesToHex(a.document.dataRoot)).not.toBe(bytesToHex(b.document.dataRoot));
    // No unsalted hash of the readings anywhere: knowing the chunk does not give the root.
    const guess = a.chunks.map((chunk) => dataLeaf(crypto, 0, new Uint8Array(16), chunk));
    expect(merkleRoot(crypto, guess)).not.toEqual(a.document.dataRoot);
  });

  it('fits a year of quarter hours into chunks of 16 KiB', () => {
    const { chunks } = make(quarterHours({ days: 365, gaps: 0 }), 1);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(16_384);
    expect(chunks.length).toBeLessThan(12);
  });

  it('refuses a series that does not fit its descriptor', () => {
    const { descriptor, consumption } = quarterHours();
    const refusal = expect.objectContaining({ code: 'ERR_DATASET_CONSUMPTION' });
    const bad = (changes: object) => () => make({ descriptor, consumption: { ...consumption, ...changes } });
    expect(bad({ values: consumption.values.slice(1) })).toThrow(refusal);
    expect(bad({ quality: new Uint8Array(95) })).toThrow(refusal);
    expect(bad({ values: consumption.values.map(() => 1) })).toThrow(refusal);
    expect(bad({ offsetMinutes: 7 })).toThrow(refusal);
    expect(bad({ offsetMinutes: 1500 })).toThrow(refusal);
    expect(bad({ values: consumption.values.with(0, 2 ** 36) })).toThrow(refusal);
    expect(() => make({ descriptor: descriptorOf({ count: 97 }), consumption })).toThrow(
      expect.objectContaining({ code: 'ERR_DATASET_DESCRIPTOR' }),
    );
  });
});

describe('dataset document', () => {
  const { document, documentBytes, asset } = make(quarterHours());

  it('reads back and names its asset by its CID', () => {
    expect(decodeDatasetDocument(documentBytes)).toEqual(document);
    expect(encodeDatasetDocument(document)).toEqual(documentBytes);
    expect(asset).toBe(assetIdOf(document, crypto));
    const cid = parseAssetId(asset);
    expect(cid?.code).toBe(0x71);
    expect(cid?.multihash.digest).toEqual(crypto.sha256(documentBytes));
    expect(asset).toMatch(/^EWbafyrei[a-z2-7]+$/);
  });

  it('uses exactly the field names of the interface', () => {
    const map = decode<Record<string, unknown>>(documentBytes);
    expect(Object.keys(map).sort()).toEqual(['chunks', 'dataRoot', 'descriptor', 'v']);
    expect(Object.keys(map.descriptor as object).sort()).toEqual(Object.keys(descriptorOf()).sort());
  });

  it('is refused with a typed error after any byte is changed, unless it is another valid document', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const i = at % documentBytes.length;
        const mutated = documentBytes.with(i, (documentBytes[i] ?? 0) ^ mask);
        try {
          expect(encodeDatasetDocument(decodeDatasetDocument(mutated))).toEqual(mutated);
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          expect(['ERR_DATASET_FORMAT', 'ERR_DATASET_DESCRIPTOR']).toContain(error.code);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('is refused with extra, missing or mistyped fields and other encodings', () => {
    const map = decode<Record<string, unknown>>(documentBytes);
    const refused = (value: unknown): void => {
      let code = 'accepted';
      try {
        decodeDatasetDocument(value instanceof Uint8Array ? value : encode(value));
      } catch (error) {
        code = isEdmpError(error) ? error.code : String(error);
      }
      expect(code).toMatch(/^ERR_DATASET_(FORMAT|DESCRIPTOR)$/);
    };
    refused({ ...map, extra: 1 });
    refused({ ...map, v: 2 });
    refused({ ...map, chunks: 0 });
    refused({ ...map, chunks: 10_901 });
    refused({ ...map, chunks: 97 });
    refused({ ...map, dataRoot: new Uint8Array(31) });
    refused({ ...map, descriptor: null });
    refused({ ...map, descriptor: [] });
    refused({ ...map, descriptor: { ...descriptorOf(), extra: 1 } });
    refused({ ...map, descriptor: CID.parse(asset.slice(2)) });
    refused(Uint8Array.from([...documentBytes, 0]));
    refused(documentBytes.subarray(1));
    refused(new Uint8Array(9000));
    refused(new Uint8Array(5000).fill(0x81)); // nested far too deep
    for (const key of Object.keys(map)) {
      const { [key]: _, ...rest } = map;
      refused(rest);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => refused(bytes)),
      { numRuns: 500 },
    );
  });

  it('knows data assets from other text', () => {
    for (const text of [
      'EW',
      'DUM1',
      'EWabc',
      asset.toUpperCase(),
      asset.slice(2),
      `${asset}x`,
      'EWbafkreigh2akiscaildc',
    ]) {
      expect(parseAssetId(text), text).toBeUndefined();
    }
    const raw = CID.createV1(0x55, parseAssetId(asset)!.multihash);
    expect(parseAssetId(`EW${raw}`)).toBeUndefined();
  });
});
