/** Canonical dag-cbor at the edge of every limit, with the code and the place of each refusal. */

import { runInNewContext } from 'node:vm';
import { bytesToHex, equalBytes, hexToBytes, isEdmpError, type TxValue } from '@edmp/interface';
import {
  decodeCanonical,
  encodeCanonical,
  FormatError,
  fieldReaders,
  MAX_DEPTH,
  MAX_ITEMS,
} from '@edmp/interface/format';
import * as dagCbor from '@ipld/dag-cbor';
import { describe, expect, it } from 'vitest';
import { cidOf, coded, mapOf, nested } from './support/cbor.ts';
import { codeOf } from './support/errors.ts';

const decodeHex = (hex: string): TxValue => decodeCanonical(hexToBytes(hex));
const refusal = (hex: string): string => codeOf(() => decodeHex(hex));

/** Code and byte offset of the error that `call` throws. */
function placeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isEdmpError(error)) return `${error.code} ${error.details.offset}`;
    throw error;
  }
  return 'no error';
}

describe('integers', () => {
  const edges = [
    0n,
    1n,
    23n,
    24n,
    255n,
    256n,
    65_535n,
    65_536n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n - 1n,
    2n ** 53n,
  ];
  const around = [...edges, 2n ** 40n, 2n ** 63n, 2n ** 64n - 2n].flatMap((n) => [n - 1n, n, n + 1n]);

  it('have the shortest head at every edge, as number and as bigint', () => {
    for (const n of around) {
      for (const value of [n, -n, -1n - n]) {
        const reference = bytesToHex(dagCbor.encode(value));
        expect(bytesToHex(encodeCanonical(value)), String(value)).toBe(reference);
        const safe = Number.isSafeInteger(Number(value));
        if (safe) expect(bytesToHex(encodeCanonical(Number(value))), String(value)).toBe(reference);
        expect(decodeHex(reference), String(value)).toBe(safe ? Number(value) : value);
      }
    }
  });

  it('with a longer head than they need are refused, and only those', () => {
    for (const [short, long] of [
      ['17', '1817'],
      ['18ff', '1900ff'],
      ['19ffff', '1a0000ffff'],
      ['1affffffff', '1b00000000ffffffff'],
      ['38ff', '3900ff'],
    ] as const) {
      expect(bytesToHex(encodeCanonical(decodeHex(short)))).toBe(short);
      expect(refusal(long)).toBe('ERR_FORMAT_NOT_CANONICAL');
    }
    for (const hex of ['1818', '190100', '1a00010000', '1b0000000100000000']) {
      expect(bytesToHex(encodeCanonical(decodeHex(hex)))).toBe(hex);
    }
  });

  it('that are not exact cannot be signed', () => {
    for (const value of [2 ** 53, -(2 ** 53), 2 ** 60, Number.MAX_VALUE]) {
      expect(codeOf(() => encodeCanonical(value))).toBe('ERR_FORMAT_VALUE');
    }
    for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0.1, -0.1]) {
      expect(codeOf(() => encodeCanonical(value))).toBe('ERR_FORMAT_FLOAT');
    }
    expect(codeOf(() => encodeCanonical(2n ** 64n))).toBe('ERR_FORMAT_VALUE');
    expect(codeOf(() => encodeCanonical(-(2n ** 64n) - 1n))).toBe('ERR_FORMAT_VALUE');
    expect(bytesToHex(encodeCanonical(-0))).toBe('00');
  });
});

describe('a refusal of bytes', () => {
  it('names the byte at which the canonical form ends', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['', 'ERR_FORMAT_ENCODING 0'],
      ['81', 'ERR_FORMAT_ENCODING 0'],
      ['820018', 'ERR_FORMAT_ENCODING 2'],
      ['8200190000', 'ERR_FORMAT_NOT_CANONICAL 2'],
      ['82001c', 'ERR_FORMAT_ENCODING 2'],
      ['82001e', 'ERR_FORMAT_ENCODING 2'],
      ['82001f', 'ERR_FORMAT_NOT_CANONICAL 2'],
      ['820042aa', 'ERR_FORMAT_ENCODING 2'],
      ['820061ff', 'ERR_FORMAT_TEXT 2'],
      ['8200f93c00', 'ERR_FORMAT_FLOAT 2'],
      ['8200fb3ff0000000000000', 'ERR_FORMAT_FLOAT 2'],
      ['8200f8ff', 'ERR_FORMAT_VALUE 2'],
      ['8200f7', 'ERR_FORMAT_VALUE 2'],
      ['8200fc', 'ERR_FORMAT_VALUE 2'],
      ['8200ff', 'ERR_FORMAT_VALUE 2'],
      ['a10000', 'ERR_FORMAT_ENCODING 1'],
      ['a26161006000', 'ERR_FORMAT_NOT_CANONICAL 4'],
      ['a2616100616100', 'ERR_FORMAT_DUPLICATE_KEY 4'],
      ['8200c100', 'ERR_FORMAT_CID 2'],
      ['8200d82900', 'ERR_FORMAT_CID 2'],
      ['8200d82b4100', 'ERR_FORMAT_CID 2'],
      ['8200d82a', 'ERR_FORMAT_CID 2'],
      ['8200d82a6100', 'ERR_FORMAT_CID 2'],
      ['8200d82a4101', 'ERR_FORMAT_CID 2'],
      ['8200d82a4100', 'ERR_FORMAT_CID 2'],
      ['820000f6', 'ERR_FORMAT_TRAILING_BYTES 3'],
      [`${'81'.repeat(MAX_DEPTH)}8100`, `ERR_FORMAT_DEPTH ${MAX_DEPTH}`],
      [`${'a16161'.repeat(MAX_DEPTH)}a0`, `ERR_FORMAT_DEPTH ${3 * MAX_DEPTH}`],
    ];
    for (const [hex, place] of cases) {
      expect(`${hex}: ${placeOf(() => decodeHex(hex))}`).toBe(`${hex}: ${place}`);
    }
  });

  it('is an error of its own class, and keeps its cause', () => {
    try {
      decodeHex('61ff');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      expect((error as FormatError).name).toBe('FormatError');
      expect((error as FormatError).cause).toBeInstanceOf(TypeError);
    }
  });

  it('says what was announced and what was there', () => {
    for (const [hex, parts] of [
      ['43aabb', ['3 ', '2 ']],
      ['8200', ['2 bytes or items', '1 bytes left', 'byte 0']],
      ['00f6f6', ['2 bytes']],
      ['a2616200616100', ['"a"', 'order']],
      ['a2616100616100', ['"a"', 'twice']],
      ['f7', ['0xf7']],
      ['c100', ['42', '1']],
    ] as const) {
      for (const part of parts) expect(() => decodeHex(hex), hex).toThrow(part);
    }
  });
});

describe('depth', () => {
  it('counts lists and maps only, in both directions', () => {
    for (const list of [true, false]) {
      for (const leaf of [1, -1, 5n, 'x', true, null, new Uint8Array(2), cidOf(Uint8Array.of(1))]) {
        const bytes = coded(nested(MAX_DEPTH, leaf, list));
        expect(coded(decodeCanonical(bytes))).toEqual(bytes);
      }
      for (const leaf of [[], {}, [1]]) {
        const deep = nested(MAX_DEPTH, leaf, list);
        expect(codeOf(() => coded(deep))).toBe('ERR_FORMAT_DEPTH');
        expect(codeOf(() => decodeCanonical(dagCbor.encode(deep)))).toBe('ERR_FORMAT_DEPTH');
      }
    }
  });
});

describe('keys of maps', () => {
  it('stand in one order, whatever their length and letters', () => {
    const long = 'k'.repeat(40);
    const lists = [
      ['a', 'b', 'aa', 'ab', 'ba', `${long}a`, `${long}b`],
      ['é', 'ê', 'aéa', 'aêa', `é${long}`, `ê${long}`],
      ['', 'z', 'éz', '￿', '😀'],
    ];
    for (const keys of lists) {
      const entries = keys.map((key, index) => [key, index] as const);
      const bytes = mapOf(entries);
      expect(Object.keys(decodeCanonical(bytes) as object), keys.join()).toEqual(keys);
      expect(bytesToHex(coded(Object.fromEntries(entries.toReversed())))).toBe(bytesToHex(bytes));
      for (let i = 1; i < entries.length; i++) {
        const swapped = entries.with(i - 1, entries[i]!).with(i, entries[i - 1]!);
        expect(
          codeOf(() => decodeCanonical(mapOf(swapped))),
          keys[i],
        ).toBe('ERR_FORMAT_NOT_CANONICAL');
        const doubled = entries.with(i, entries[i - 1]!);
        expect(
          codeOf(() => decodeCanonical(mapOf(doubled))),
          keys[i],
        ).toBe('ERR_FORMAT_DUPLICATE_KEY');
      }
    }
  });

  it('may be called like parts of every object', () => {
    for (const key of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
      const bytes = mapOf([[key, 5]]);
      const map = decodeCanonical(bytes) as Record<string, number>;
      expect(Object.entries(map)).toEqual([[key, 5]]);
      expect(Object.isFrozen(map)).toBe(true);
      expect(bytesToHex(encodeCanonical(map))).toBe(bytesToHex(bytes));
      expect(
        codeOf(() =>
          decodeCanonical(
            mapOf([
              [key, 5],
              [key, 6],
            ]),
          ),
        ),
      ).toBe('ERR_FORMAT_DUPLICATE_KEY');
    }
  });
});

describe('text', () => {
  it('comes back whatever was read before it', () => {
    const texts = Array.from({ length: 3_000 }, (_, n) => `${n.toString(36)}${'x'.repeat(n % 3)}`);
    for (let round = 0; round < 2; round++) {
      for (const text of texts) expect(decodeCanonical(encodeCanonical(text))).toBe(text);
    }
    for (const length of [0, 1, 31, 32, 33, 63, 64, 65, 255, 256]) {
      for (const unit of ['a', '\u007f', '\u0080', 'é', '\ufeff', '\u0000']) {
        const text = unit.repeat(length);
        const bytes = encodeCanonical(text);
        expect(bytesToHex(bytes)).toBe(bytesToHex(dagCbor.encode(text)));
        expect(decodeCanonical(bytes)).toBe(text);
        expect(decodeCanonical(encodeCanonical(['b'.repeat(length), text]))).toEqual([
          'b'.repeat(length),
          text,
        ]);
      }
    }
  });

  it('is told from text like it by every one of its letters', () => {
    // Known texts of three letters, then all others that begin with the same letter and stand where the known ones stood.
    const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
    const others = letters.flatMap((second) => letters.map((third) => `a${second}${third}`));
    for (const third of letters) {
      decodeCanonical(encodeCanonical(`ac${third}`));
      for (const other of others) {
        const read = decodeCanonical(encodeCanonical([third, other])) as readonly string[];
        if (read[1] !== other) expect(read).toEqual([third, other]);
      }
    }
  });

  it('is not confused with what its buffer held before', () => {
    const buffer = encodeCanonical('abc');
    expect(decodeCanonical(buffer)).toBe('abc');
    buffer.set([0x78, 0x79, 0x7a], 1);
    expect(decodeCanonical(buffer)).toBe('xyz');
    expect(decodeCanonical(encodeCanonical('abc'))).toBe('abc');
  });

  it('that has no UTF-8 form cannot be signed, short or long', () => {
    for (const text of ['\ud800', 'a\udfff', `${'a'.repeat(80)}\ud83d`, `\ude00${'é'.repeat(80)}`]) {
      expect(codeOf(() => encodeCanonical(text))).toBe('ERR_FORMAT_TEXT');
      expect(codeOf(() => encodeCanonical({ [text]: 1 }))).toBe('ERR_FORMAT_TEXT');
    }
  });
});

describe('writing', () => {
  /** Makes the next value start in a small buffer: one this large is not kept. */
  const forget = (): void => {
    encodeCanonical(new Uint8Array(70_000));
  };

  it('grows where a value ends at the edge of the buffer', () => {
    for (let size = 1_000; size <= 1_030; size++) {
      for (const last of [
        null,
        true,
        5,
        2n ** 60n,
        'é',
        'y'.repeat(60),
        new Uint8Array(3),
        cidOf(Uint8Array.of(1)),
        [],
        { a: 1 },
        [],
      ]) {
        for (const first of [new Uint8Array(size), 'x'.repeat(size), 'é'.repeat(size / 2)]) {
          forget();
          const value = [first, last, last, 'the end'];
          expect(equalBytes(coded(value), dagCbor.encode(value)), `${size} before ${String(last)}`).toBe(
            true,
          );
        }
      }
    }
    for (const count of [1_021, 1_022, 1_023, 1_024, 1_025]) {
      for (const item of [null, false, 'a', 'ab']) {
        forget();
        const list = Array.from({ length: count }, () => item);
        expect(equalBytes(coded(list), dagCbor.encode(list))).toBe(true);
      }
    }
    forget();
    const huge = [1, new Uint8Array(5_000).fill(9), 'é'.repeat(20_000), 2];
    expect(equalBytes(coded(huge), dagCbor.encode(huge))).toBe(true);
  });

  it('leaves what was written before alone', () => {
    const first = encodeCanonical('first');
    const before = bytesToHex(first);
    encodeCanonical('other');
    expect(bytesToHex(first)).toBe(before);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  it('may begin while another value is being written, and after one failed', () => {
    const inner = { a: 'x'.repeat(50) };
    const outer = {
      get a(): Uint8Array {
        return coded(inner);
      },
      b: 'after',
    };
    const plain = coded({ a: dagCbor.encode(inner), b: 'after' });
    expect(bytesToHex(coded(outer))).toBe(bytesToHex(plain));
    expect(codeOf(() => coded(['x'.repeat(100), 0.5]))).toBe('ERR_FORMAT_FLOAT');
    expect(bytesToHex(coded(outer))).toBe(bytesToHex(plain));
  });

  it('takes plain objects and lists only', () => {
    const bare = Object.assign(Object.create(null), { a: 1 }) as object;
    for (const value of [bare, { a: 1 }, Object.assign(Object.create(Object.create(null)), { a: 1 })]) {
      expect(bytesToHex(coded(value))).toBe('a1616101');
    }
    class Meter {
      readonly a = 1;
    }
    for (const value of [
      new Meter(),
      Object.create({ a: 1 }),
      new Set(),
      /x/,
      new Date(0),
      runInNewContext('JSON'),
      runInNewContext('new Map()'),
      new Uint16Array(2),
      new ArrayBuffer(2),
    ]) {
      expect(
        codeOf(() => coded(value)),
        String(value),
      ).toBe('ERR_FORMAT_VALUE');
    }
    expect(codeOf(() => coded(new Array(2)))).toBe('ERR_FORMAT_VALUE');
    expect(bytesToHex(coded(Buffer.of(1, 2)))).toBe('420102');
    expect(bytesToHex(coded([true, false, null]))).toBe('83f5f4f6');
  });
});

describe('items', () => {
  /** A list of `count` zeros, one byte each. */
  const zeros = (count: number): Uint8Array => {
    const head =
      count < 0x1_0000
        ? [0x99, count >>> 8, count & 255]
        : [0x9a, count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255];
    const bytes = new Uint8Array(head.length + count);
    bytes.set(head);
    return bytes;
  };

  it('are as many as allowed and not one more, both ways', () => {
    expect(decodeCanonical(zeros(MAX_ITEMS))).toHaveLength(MAX_ITEMS);
    expect(codeOf(() => decodeCanonical(zeros(MAX_ITEMS + 1)))).toBe('ERR_FORMAT_ITEMS');
    expect(encodeCanonical(Array(MAX_ITEMS).fill(0))).toEqual(zeros(MAX_ITEMS));
    expect(codeOf(() => encodeCanonical(Array(MAX_ITEMS + 1).fill(0)))).toBe('ERR_FORMAT_ITEMS');
  });

  it('count in all lists and maps together, keys as values', () => {
    const value = { a: [1, 2, [3]], b: { c: null } };
    const bytes = encodeCanonical(value);
    // Two entries, three elements, one, one entry.
    expect(decodeCanonical(bytes, 4 + 3 + 1 + 2)).toEqual(value);
    expect(codeOf(() => decodeCanonical(bytes, 9))).toBe('ERR_FORMAT_ITEMS');
    const lists = [Array(40_000).fill(0), Array(40_000).fill(0)];
    expect(codeOf(() => encodeCanonical(lists))).toBe('ERR_FORMAT_ITEMS');
    const map = Object.fromEntries(Array.from({ length: MAX_ITEMS / 2 + 1 }, (_, i) => [`${i}`, 0]));
    expect(codeOf(() => encodeCanonical(map))).toBe('ERR_FORMAT_ITEMS');
  });

  it('are refused when they are announced, before any of them is built', () => {
    // A megabyte of empty lists after the head: whatever the first ones are, none is looked at.
    const bytes = zeros(1_000_000).fill(0xff, 5);
    expect(placeOf(() => decodeCanonical(bytes))).toBe('ERR_FORMAT_ITEMS 0');
  });

  it('are limited by the readers of fields too, which name where', () => {
    const { decodeBounded } = fieldReaders((message, { cause }) => new Error(message, { cause }));
    const bytes = encodeCanonical([1, 2, 3]);
    expect(decodeBounded(bytes, 10, 'list', 3)).toEqual([1, 2, 3]);
    expect(() => decodeBounded(bytes, 10, 'list', 2)).toThrow(
      /list: expected canonical dag-cbor: there are more values/,
    );
    expect(() => decodeBounded(zeros(MAX_ITEMS + 1), 1 << 20, 'list')).toThrow(/more values/);
  });
});
