import { decodeContentRequest, encodeContentRequest, MAX_WANTED_BLOCKS } from '@edmp/data-settlement/content';
import { decodeManifest, encodeManifest } from '@edmp/data-settlement/sealing';
import { CODEC_RAW, equalBytes, isEdmpError } from '@edmp/interface';
import { decode, encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import { code, parties, receivedDeal } from './support/parties.ts';

const digest = (fill: number) => createDigest(0x12, new Uint8Array(32).fill(fill));
const raw = (fill: number) => CID.createV1(CODEC_RAW, digest(fill));

/** Every result of `decoder` on hostile bytes is a typed refusal, or encodes back to the same bytes. */
function survives<T>(
  decoder: (bytes: Uint8Array) => T,
  encoder: (value: T) => Uint8Array,
  good: Uint8Array,
): void {
  const attempt = (bytes: Uint8Array): void => {
    let value: T;
    try {
      value = decoder(bytes);
    } catch (error) {
      expect(isEdmpError(error, 'ERR_SETTLEMENT_FORMAT'), String(error)).toBe(true);
      return;
    }
    expect(equalBytes(encoder(value), bytes)).toBe(true);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), attempt), { numRuns: 300 });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) =>
      attempt(good.with(at, good[at]! ^ mask)),
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.nat(good.length), (length) => attempt(good.subarray(0, length))),
    { numRuns: 100 },
  );
  const keys = Object.keys(decode<object>(good));
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.anything(), (key, value) => {
      let bytes: Uint8Array;
      try {
        bytes = encode({ ...decode<object>(good), [key]: value });
      } catch {
        return;
      }
      attempt(bytes);
    }),
    { numRuns: 500 },
  );
}

describe('decoders on hostile bytes', () => {
  it('manifest', () => {
    const leaf = (fill: number) => ({
      cipherDigest: digest(fill).digest,
      dataLeaf: new Uint8Array(32).fill(fill + 10),
      keyCommitment: new Uint8Array(32).fill(fill + 20),
    });
    const manifest = { tradeId: new Uint8Array(32), blocks: [raw(1), raw(2)], leaves: [leaf(1), leaf(2)] };
    const good = encodeManifest(manifest);
    expect(decodeManifest(good)).toEqual(manifest);
    survives(decodeManifest, encodeManifest, good);
    for (const bad of [
      { ...manifest, blocks: [], leaves: [] },
      { ...manifest, blocks: [raw(1)] },
      { ...manifest, blocks: [raw(1), CID.createV1(0x71, digest(2))] },
      { ...manifest, blocks: [raw(1), CID.createV1(CODEC_RAW, createDigest(0, new Uint8Array(4)))] },
    ]) {
      expect(() => decodeManifest(encodeManifest(bad))).toThrow(code('ERR_SETTLEMENT_FORMAT'));
    }
    expect(() => decodeManifest(new Uint8Array(1024 * 1024 + 1))).toThrow(code('ERR_SETTLEMENT_FORMAT'));
  });

  it('content request', () => {
    const request = { root: raw(9), want: [raw(1), raw(2)] };
    const good = encodeContentRequest(request);
    expect(decodeContentRequest(good).want.map(String)).toEqual(request.want.map(String));
    survives(decodeContentRequest, encodeContentRequest, good);
    const most = Array.from({ length: MAX_WANTED_BLOCKS }, (_, i) => raw(i));
    expect(decodeContentRequest(encodeContentRequest({ root: raw(9), want: most })).want.length).toBe(256);
    expect(() =>
      decodeContentRequest(encodeContentRequest({ root: raw(9), want: [...most, raw(1)] })),
    ).toThrow(code('ERR_SETTLEMENT_FORMAT'));
  });

  it('private records: damage is named, not crashed over', async () => {
    const all = parties();
    const { trade, document, delivery } = await receivedDeal(all);
    const { seller, buyer } = all;
    const wrapped = await seller.settlement.release(trade);
    const calls: readonly (readonly [typeof seller, string, () => Promise<unknown>])[] = [
      [seller, 'settlement/sold/', () => seller.settlement.release(trade)],
      [seller, 'settlement/dataset/', () => seller.settlement.consumption(trade.asset)],
      [buyer, 'settlement/bought/', () => buyer.settlement.receive(trade, document, delivery)],
      [buyer, 'settlement/one-time/', () => buyer.settlement.open(trade, document, delivery, wrapped)],
    ];
    for (const [party, prefix, call] of calls) {
      const [entry] = await party.secrets.entries(prefix);
      const [key, value] = entry!;
      for (const damaged of [new Uint8Array(0), value.subarray(1), value.with(0, 0xff), encode({ v: 1 })]) {
        await party.secrets.set(key, damaged);
        await expect(call(), prefix).rejects.toThrow(code('ERR_SETTLEMENT_FORMAT'));
      }
      await party.secrets.set(key, value);
      await call();
    }
  });
});
