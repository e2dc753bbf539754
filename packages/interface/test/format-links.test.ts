/** Links of blocks that any program wrote: those that a general dag-cbor decoder finds, in the order of the encoding. */
import { decode, encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { linksIn } from '../src/format/links.ts';
import { cidOf } from './support/cbor.ts';

const link = fc.uint8Array({ minLength: 1, maxLength: 4 }).map(cidOf);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthIdentifier: 'value' },
    fc.constantFrom(null, true, false, 1.5, -0.25, 2n ** 60n),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 40 }),
    link,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** Links of a decoded value, depth first. */
function walk(decoded: unknown): string[] {
  if (typeof decoded !== 'object' || decoded === null || decoded instanceof Uint8Array) return [];
  const cid = CID.asCID(decoded);
  return cid === null ? Object.values(decoded).flatMap(walk) : [cid.toString()];
}

const found = (bytes: Uint8Array): readonly string[] | undefined => linksIn(bytes)?.map(String);

describe('linksIn', () => {
  it('finds what a general decoder finds', () => {
    fc.assert(
      fc.property(value, (some) => {
        const bytes = encode(some);
        expect(found(bytes)).toEqual(walk(decode(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('takes mutated bytes for what a general decoder takes them, or for nothing', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.integer({ min: 1, max: 255 }), (some, place, change) => {
        const bytes = new Uint8Array(encode(some));
        bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ change;
        const links = found(bytes);
        let decoded: unknown;
        try {
          decoded = decode(bytes);
        } catch {
          return;
        }
        // A general decoder takes undefined for null; what it would write itself is never refused here.
        if (links === undefined) expect(encode(decoded)).not.toEqual(bytes);
        // Keys that read as numbers come first in a JavaScript object, whatever their place in the encoding.
        else expect([...links].sort()).toEqual(walk(decoded).sort());
      }),
      { numRuns: 10_000 },
    );
  });

  it('answers any bytes, deep nesting included, without recursion', () => {
    const deep = new Uint8Array(200_001).fill(0x81);
    deep[200_000] = 0xf6;
    expect(linksIn(deep)).toEqual([]);
    expect(linksIn(deep.subarray(0, 200_000))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        linksIn(bytes);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ['nothing', []],
    ['trailing bytes', [0x00, 0x00]],
    [
      'an announced list that is longer than the bytes',
      [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ],
    ['a key that is no text', [0xa1, 0x01, 0x02]],
    ['an indefinite length', [0x9f, 0xff]],
    ['undefined', [0xf7]],
    ['another tag', [0xd8, 0x2b, 0x41, 0x00]],
    ['a link that is no byte string', [0xd8, 0x2a, 0x61, 0x00]],
    ['a link without its first zero', [0xd8, 0x2a, 0x41, 0x01]],
    ['a link that is no CID', [0xd8, 0x2a, 0x42, 0x00, 0x05]],
  ])('does not take %s for dag-cbor', (_name, bytes) => {
    expect(linksIn(Uint8Array.from(bytes))).toBeUndefined();
  });
});
