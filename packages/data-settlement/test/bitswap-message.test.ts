import { decodeBitswapMessage, encodeBitswapMessage } from '@edmp/data-settlement/bitswap';
import { cidOf } from '@edmp/data-settlement/content';
import { CODEC_DAG_CBOR, CODEC_RAW, hexToBytes, isEdmpError, utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { MessageCutter } from '../src/bitswap/frames.ts';

const crypto = nodeCrypto();
const cid = fc
  .tuple(
    fc.constantFrom<typeof CODEC_RAW | typeof CODEC_DAG_CBOR>(CODEC_RAW, CODEC_DAG_CBOR),
    fc.uint8Array(),
  )
  .map(([codec, bytes]) => cidOf(crypto, codec, bytes));
const message = fc.record({
  wants: fc.array(
    fc.record({
      cid,
      priority: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      cancel: fc.boolean(),
      have: fc.boolean(),
      sendDontHave: fc.boolean(),
    }),
    { maxLength: 5 },
  ),
  full: fc.boolean(),
  blocks: fc.array(fc.record({ prefix: fc.uint8Array({ maxLength: 6 }), data: fc.uint8Array() }), {
    maxLength: 3,
  }),
  presences: fc.array(fc.record({ cid, have: fc.boolean() }), { maxLength: 3 }),
});

describe('bitswap messages', () => {
  it('have the bytes of the specification', () => {
    const leaf = cidOf(crypto, CODEC_RAW, utf8ToBytes('leaf'));
    const hex = Buffer.from(leaf.bytes).toString('hex');
    const bytes = encodeBitswapMessage({
      wants: [{ cid: leaf, priority: 300, cancel: false, have: true, sendDontHave: true }],
      full: true,
      blocks: [{ prefix: Uint8Array.of(1, 0x55, 0x12, 32), data: utf8ToBytes('leaf') }],
      presences: [
        { cid: leaf, have: true },
        { cid: leaf, have: false },
      ],
    });
    // Put together by hand from the schema: wantlist = 1, payload = 3, blockPresences = 4.
    const want = `0a24${hex}10ac0220012801`;
    expect(Buffer.from(bytes).toString('hex')).toBe(
      `0a31${`0a2d${want}`}1001`.replace('0a31', `0a${(2 + 45 + 2).toString(16)}`) +
        `1a0c0a040155122012046c656166` +
        `22260a24${hex}` +
        `22280a24${hex}1001`,
    );
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const got = decodeBitswapMessage(encodeBitswapMessage(sent));
        const plain = (value: typeof sent) => ({
          ...value,
          wants: value.wants.map((want) => ({ ...want, cid: want.cid.toString() })),
          blocks: value.blocks.map(({ prefix, data }) => ({ prefix: [...prefix], data: [...data] })),
          presences: value.presences.map((presence) => ({ ...presence, cid: presence.cid.toString() })),
        });
        expect(plain(got as typeof sent)).toEqual(plain(sent));
      }),
    );
  });

  it('skip fields of other versions', () => {
    // blocks = 2 of version 1.0, pendingBytes = 5, and fields of every kind that no version has.
    const unknown = hexToBytes('12026162280a7a0161810100000000000000008d0100000000');
    expect(decodeBitswapMessage(unknown)).toEqual({ wants: [], full: false, blocks: [], presences: [] });
  });

  it('of any other bytes give a typed error or a message', () => {
    const mutated = fc
      .tuple(message, fc.nat(), fc.nat({ max: 255 }), fc.boolean())
      .map(([sent, at, byte, cut]) => {
        const bytes = encodeBitswapMessage(sent).slice();
        if (cut) return bytes.subarray(0, at % (bytes.length + 1));
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          for (const { cid: each } of decodeBitswapMessage(bytes).wants)
            expect(CID.asCID(each)).not.toBeNull();
        } catch (error) {
          if (!isEdmpError(error, 'ERR_SETTLEMENT_FORMAT')) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('cutting messages out of a stream', () => {
  it('works wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (sent, cuts) => {
          const stream = Buffer.concat(
            sent.map((bytes) =>
              Buffer.concat([
                bytes.length < 128
                  ? Buffer.of(bytes.length)
                  : Buffer.of((bytes.length % 128) + 128, bytes.length >> 7),
                bytes,
              ]),
            ),
          );
          const cutter = new MessageCutter();
          const got: number[][] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            cutter.push(new Uint8Array(stream.subarray(at, at + size)));
            at += size;
            for (let next = cutter.next(300); next !== undefined; next = cutter.next(300))
              got.push([...next]);
          }
          expect(got).toEqual(sent.map((bytes) => [...bytes]));
          expect(cutter.buffered).toBe(0);
        },
      ),
    );
  });

  it('keeps no packet for the one byte of it that a peer meant for a message', () => {
    const cutter = new MessageCutter();
    // A message of 1000 bytes, told one byte a packet.
    cutter.push(Uint8Array.of(0xe8, 0x07));
    for (let i = 0; i < 900; i++) {
      const packet = new Uint8Array(65_536).fill(i);
      cutter.push(packet.subarray(100, 101));
      expect(cutter.next(1_000)).toBeUndefined();
      expect(cutter.held).toBeLessThanOrEqual(2 * cutter.buffered + 512);
    }
    for (let i = 900; i < 1_001; i++) cutter.push(Uint8Array.of(i));
    const message = cutter.next(1_000);
    expect(message?.length).toBe(1_000);
    expect([message?.[0], message?.[899], message?.[999]]).toEqual([0, 899 & 255, 999 & 255]);
    // What waits behind a message does not change it when more comes.
    cutter.push(new Uint8Array(10_000));
    expect(message?.[999]).toBe(999 & 255);
  });

  it('refuses long messages before they come, and lengths without end', () => {
    const long = new MessageCutter();
    long.push(Uint8Array.of(0xad, 0x02));
    expect(() => long.next(300)).toThrow(expect.objectContaining({ code: 'ERR_SETTLEMENT_FORMAT' }));
    const endless = new MessageCutter();
    endless.push(new Uint8Array(4).fill(0x80));
    expect(() => endless.next(300)).toThrow(expect.objectContaining({ code: 'ERR_SETTLEMENT_FORMAT' }));
  });
});
