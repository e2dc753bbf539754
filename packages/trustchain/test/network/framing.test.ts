import { bytesToHex, concatBytes, isEdmpError } from '@edmp/interface';
import { encodeFrame, type Frame, type FrameKind, frameDecoder } from '@edmp/trustchain/libp2p';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameGatherer } from '../../src/network/framing.ts';

const kinds: readonly FrameKind[] = ['request', 'data', 'end', 'error', 'refused'];
const frames = fc.array(
  fc.record({ kind: fc.constantFrom(...kinds), payload: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 12 },
);

/** Everything that a decoder with `limit` gives for `chunks`. */
function decodeAll(chunks: readonly Uint8Array[], limit: number): Frame[] {
  const decoder = frameDecoder();
  const out: Frame[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let frame = decoder.next(limit); frame !== undefined; frame = decoder.next(limit)) out.push(frame);
  }
  return out;
}

/** `bytes` cut at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

describe('frames', () => {
  it('are a big-endian length, a status byte and the payload', () => {
    expect(bytesToHex(encodeFrame('request', Uint8Array.of(0xaa, 0xbb)))).toBe('0000000300aabb');
    expect(kinds.map((kind) => bytesToHex(encodeFrame(kind, new Uint8Array())))).toEqual([
      '0000000100',
      '0000000101',
      '0000000102',
      '0000000103',
      '0000000104',
    ]);
  });

  it('come back whole, in order, from any pieces', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 40 }), (sent, places) => {
        const bytes = concatBytes(...sent.map(({ kind, payload }) => encodeFrame(kind, payload)));
        expect(decodeAll(cut(bytes, places), 300)).toEqual(sent);
      }),
    );
  });

  it('come back from single bytes, and leave nothing behind', () => {
    const payload = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
    const decoder = frameDecoder();
    for (const byte of encodeFrame('data', payload)) decoder.push(Uint8Array.of(byte));
    expect(decoder.next(1000)).toEqual({ kind: 'data', payload });
    expect(decoder.buffered).toBe(0);
    expect(decoder.next(1000)).toBeUndefined();
  });

  it('are refused for their announced length before any of it is there', () => {
    const decoder = frameDecoder();
    decoder.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    expect(() => decoder.next(4 * 1024 * 1024)).toThrow(/4294967294/);
    const tight = frameDecoder();
    tight.push(encodeFrame('data', new Uint8Array(10)));
    expect(() => tight.next(9)).toThrow(expect.objectContaining({ code: 'ERR_NETWORK_LIMIT' }));
  });

  it.each([
    ['without a status byte', '00000000'],
    ['of an unknown kind', '0000000105'],
  ])('%s are refused', (_, hex) => {
    const decoder = frameDecoder();
    decoder.push(Uint8Array.from(Buffer.from(hex, 'hex')));
    expect(() => decoder.next(100)).toThrow(expect.objectContaining({ code: 'ERR_NETWORK_PROTOCOL' }));
  });

  it('of random bytes give frames or typed errors, never anything else', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.nat(100),
        (bytes, places, limit) => {
          try {
            const all = decodeAll(cut(bytes, places), limit);
            expect(all.every(({ payload }) => payload.length <= limit)).toBe(true);
          } catch (error) {
            expect(isEdmpError(error)).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keeps no packet alive of which a frame had a few bytes, however the pieces lie', () => {
    const frame = encodeFrame(
      'data',
      Uint8Array.from({ length: 6_000 }, (_, i) => i % 251),
    );
    for (const size of [1, 7, 300, 1_500]) {
      const decoder = frameDecoder();
      let got: Frame | undefined;
      for (let at = 0; at < frame.length; at += size) {
        expect(got).toBeUndefined();
        const piece = frame.subarray(at, at + size);
        const packet = new Uint8Array(65_536);
        packet.set(piece, 5);
        decoder.push(packet.subarray(5, 5 + piece.length));
        // What is still the packet's would change with it.
        packet.fill(0xff);
        got = decoder.next(6_000);
      }
      expect([...(got?.payload ?? [])]).toEqual([...frame.subarray(5)]);
      expect(decoder.buffered).toBe(0);
    }
  });

  it('that are gathered are the same bytes, never more than there is room for, and later ones do not change them', () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 5, max: 700 }), (sent, maxBytes) => {
        const gathered = frameGatherer(maxBytes);
        const parts: Uint8Array[] = [];
        const take = (): void => {
          const { held } = gathered;
          const bytes = gathered.take();
          expect(bytes?.length ?? 0).toBe(held);
          expect(held).toBeLessThanOrEqual(maxBytes);
          if (bytes !== undefined) parts.push(bytes);
        };
        const fitting = sent.filter(({ payload }) => payload.length + 5 <= maxBytes);
        for (const { kind, payload } of fitting) {
          if (!gathered.hasRoomFor(payload)) take();
          expect(gathered.hasRoomFor(payload)).toBe(true);
          gathered.add(kind, payload);
        }
        take();
        expect(gathered.take()).toBeUndefined();
        expect(decodeAll(parts, 300)).toEqual(fitting);
      }),
    );
  });
});
