import { readFileSync } from 'node:fs';
import { decodeChunk, encodeChunk } from '@edmp/data-settlement/dataset';
import { judgeProof } from '@edmp/data-settlement/proof';
import { decodeManifest, openChunk, settlementRootOf, unwrapContentKey } from '@edmp/data-settlement/sealing';
import { bytesToHex, hexToBytes, publicKey } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { assetIdOf, decodeDatasetDocument } from '@edmp/interface/dataset';
import { describe, expect, it } from 'vitest';
import { settlementVectors } from '../../../scripts/make-vectors-settlement.ts';

const load = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../vectors/${name}`, import.meta.url), 'utf8')) as T;

interface ChunkVectors {
  readonly encodings: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
    readonly quality: string;
    readonly offsetMinutes: number;
    readonly gapsBefore: number;
    readonly slotBytes: number;
    readonly bytes: string;
  }[];
  readonly refused: readonly { readonly name: string; readonly bytes: string }[];
}

interface DeliveryVector extends Readonly<Record<string, string>> {}

describe('golden vectors', () => {
  it('are what the code makes', async () => {
    for (const [name, content] of Object.entries(await settlementVectors())) {
      const file = readFileSync(new URL(`../../../vectors/${name}`, import.meta.url), 'utf8');
      expect(content === file, `${name} differs: run scripts/make-vectors-settlement.ts`).toBe(true);
    }
  });

  it('of chunks are reproduced and refused', () => {
    const { encodings, refused } = load<ChunkVectors>('settlement-chunks.json');
    for (const { name, values, quality, offsetMinutes, gapsBefore, slotBytes, bytes } of encodings) {
      const series = { values, quality: hexToBytes(quality), offsetMinutes };
      expect(bytesToHex(encodeChunk(series, 0, values.length, gapsBefore, slotBytes)), name).toBe(bytes);
      expect(decodeChunk(hexToBytes(bytes)), name).toMatchObject({ values, gapsBefore, offsetMinutes });
    }
    for (const { name, bytes } of refused) {
      expect(() => decodeChunk(hexToBytes(bytes)), name).toThrow(
        expect.objectContaining({ code: 'ERR_DATASET_FORMAT' }),
      );
    }
  });

  it.each([nodeCrypto(), nobleCrypto()])('of a delivery open on $name', (crypto) => {
    const vector = load<DeliveryVector & { readonly chunks: readonly DeliveryVector[] }>(
      'settlement-delivery.json',
    );
    const bytes = (name: string): Uint8Array => hexToBytes(vector[name] as string);
    const document = decodeDatasetDocument(bytes('document'));
    expect(assetIdOf(document, crypto)).toBe(vector.asset);
    const manifest = decodeManifest(bytes('manifest'));
    expect(bytesToHex(settlementRootOf(crypto, manifest.leaves))).toBe(vector.settlementRoot);
    const contentKey = unwrapContentKey(crypto, {
      tradeId: bytes('tradeId'),
      settlementRoot: bytes('settlementRoot'),
      secretKey: bytes('recipientSecret'),
      wrappedKey: bytes('wrappedKey'),
    });
    expect(bytesToHex(contentKey)).toBe(vector.contentKey);
    for (const [index, chunk] of vector.chunks.entries()) {
      const place = { tradeId: bytes('tradeId'), index, count: vector.chunks.length };
      const leaf = hexToBytes(chunk.dataLeaf!);
      const opened = openChunk(crypto, place, hexToBytes(chunk.key!), hexToBytes(chunk.sealed!), leaf);
      expect(bytesToHex(opened!.chunk)).toBe(chunk.chunk);
      const elsewhere = { ...place, index: index + 1 };
      expect(
        openChunk(crypto, elsewhere, hexToBytes(chunk.key!), hexToBytes(chunk.sealed!), leaf),
      ).toBeUndefined();
    }
  });

  it.each([nodeCrypto(), nobleCrypto()])('of proofs get the same verdicts on $name', (crypto) => {
    const cases = load<readonly DeliveryVector[]>('settlement-proofs.json');
    for (const item of cases) {
      const bytes = (name: string): Uint8Array => hexToBytes(item[name] as string);
      const verdict = judgeProof(
        crypto,
        {
          tradeId: bytes('tradeId'),
          asset: item.asset!,
          seller: publicKey(bytes('seller')),
          buyer: publicKey(bytes('buyer')),
          suite: item.suite as string,
          recipientKey: bytes('recipientKey'),
          document: decodeDatasetDocument(bytes('document')),
          settlementRoot: bytes('settlementRoot'),
          wrappedKey: bytes('wrappedKey'),
        },
        bytes('proof'),
      );
      expect({ guilty: verdict.guilty, kind: verdict.kind }, item.name).toEqual({
        guilty: item.guilty,
        kind: item.kind,
      });
    }
    expect(cases.length).toBe(8);
  });
});
