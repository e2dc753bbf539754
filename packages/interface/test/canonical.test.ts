import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex, hexToBytes, isEdmpError, type TxValue, utf8ToBytes } from '@edmp/interface';
import { decodeCanonical, encodeCanonical, MAX_DEPTH } from '@edmp/interface/format';
import * as dagCbor from '@ipld/dag-cbor';
import * as fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { cidOf } from './support/cbor.ts';
import { codeOf } from './support/errors.ts';
import { sharedPath } from './support/shared.ts';

const decodeHex = (hex: string): TxValue => decodeCanonical(hexToBytes(hex));
const refusal = (hex: string): string => codeOf(() => decodeHex(hex));

const integers = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }).filter((n) => n > 2n ** 53n || n < -(2n ** 53n)),
);
const links = fc
  .uint8Array({ minLength: 1, maxLength: 8 })
  .map((bytes) => cidOf(bytes))
  .chain((cid) =>
    fc.constantFrom(cid, CID.createV1(0x55, cid.multihash), CID.createV0(cid.multihash as never)),
  );
const values = fc.letrec<{ value: TxValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'value' },
    fc.constant(null),
    fc.boolean(),
    integers,
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 80 }),
    links,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constant('__proto__')),
      tie('value'),
      {
        maxKeys: 5,
      },
    ),
  ),
})).value;

describe('canonical dag-cbor', () => {
  const folder = sharedPath('vectors/dag-cbor/fixtures');
  it('IPLD codec fixtures: those without floats round-trip, the others are refused by name', () => {
    if (folder === undefined) return;
    let same = 0;
    let floats = 0;
    const refused: string[] = [];
    for (const name of readdirSync(folder)) {
      for (const file of readdirSync(join(folder, name)).filter((entry) => entry.endsWith('.dag-cbor'))) {
        const bytes = new Uint8Array(readFileSync(join(folder, name, file)));
        expect(cidOf(bytes).toString(), name).toBe(file.replace('.dag-cbor', ''));
        try {
          expect(bytesToHex(encodeCanonical(decodeCanonical(bytes))), name).toBe(bytesToHex(bytes));
          same += 1;
        } catch (error) {
          if (!isEdmpError(error, 'ERR_FORMAT_FLOAT')) throw error;
          floats += 1;
          refused.push(name);
        }
      }
    }
    console.log(`dag-cbor fixtures: ${same} round-trip, ${floats} with floats refused`);
    expect(refused.filter((name) => !/float|garbage/.test(name))).toEqual([]);
    expect(same).toBe(97);
    expect(floats).toBe(28);
  });

  const negatives = sharedPath('vectors/dag-cbor/decode/duplicate-keys.json');
  it('IPLD negative fixtures are refused', () => {
    if (negatives === undefined) return;
    const cases = JSON.parse(readFileSync(negatives, 'utf8')) as { hex: string; name: string }[];
    for (const { hex, name } of cases) expect(refusal(hex), name).toBe('ERR_FORMAT_DUPLICATE_KEY');
    console.log(`dag-cbor negatives: ${cases.length}/${cases.length} refused`);
  });

  it('S012 decodes what it encodes, to the same bytes', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeCanonical(value);
        const again = decodeCanonical(bytes);
        expect(bytesToHex(encodeCanonical(again))).toBe(bytesToHex(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with @ipld/dag-cbor on the bytes', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(bytesToHex(encodeCanonical(value))).toBe(bytesToHex(dagCbor.encode(value)));
      }),
      { numRuns: 300 },
    );
  });

  it('S058 gives a typed error or the one canonical form for any bytes', () => {
    const either = (bytes: Uint8Array): void => {
      try {
        expect(bytesToHex(encodeCanonical(decodeCanonical(bytes)))).toBe(bytesToHex(bytes));
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        expect(error.code).toMatch(/^ERR_FORMAT_/);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), either), { numRuns: 3_000 });
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, position, byte) => {
        const bytes = encodeCanonical(value);
        bytes[position % bytes.length] = byte;
        either(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('S013 does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.integer(), { maxKeys: 8 }), (map) => {
        const reversed = Object.fromEntries(Object.entries(map).reverse());
        expect(encodeCanonical(reversed)).toEqual(encodeCanonical(map));
      }),
    );
  });

  it('orders keys by length of their UTF-8, then by bytes', () => {
    const map = { bb: 1, a: 2, é: 3, '😀': 4, '￿': 5, z: 6, '': 7 };
    expect(Object.keys(decodeCanonical(encodeCanonical(map)) as object)).toEqual([
      '',
      'a',
      'z',
      'bb',
      'é',
      '￿',
      '😀',
    ]);
  });

  it('names every non-canonical form', () => {
    const cases: Readonly<Record<string, readonly [code: string, hex: string][]>> = {
      'not the shortest head': [
        ['ERR_FORMAT_NOT_CANONICAL', '1800'],
        ['ERR_FORMAT_NOT_CANONICAL', '1817'],
        ['ERR_FORMAT_NOT_CANONICAL', '1900ff'],
        ['ERR_FORMAT_NOT_CANONICAL', '1a0000ffff'],
        ['ERR_FORMAT_NOT_CANONICAL', '1b00000000ffffffff'],
        ['ERR_FORMAT_NOT_CANONICAL', '5801aa'],
        ['ERR_FORMAT_NOT_CANONICAL', '7801 61'.replace(' ', '')],
        ['ERR_FORMAT_NOT_CANONICAL', '980100'],
      ],
      'indefinite lengths': [
        ['ERR_FORMAT_NOT_CANONICAL', '9f00ff'],
        ['ERR_FORMAT_NOT_CANONICAL', 'bf616100ff'],
        ['ERR_FORMAT_NOT_CANONICAL', '5f41aaff'],
        ['ERR_FORMAT_NOT_CANONICAL', '7f6161ff'],
      ],
      'keys out of order or twice': [
        ['ERR_FORMAT_NOT_CANONICAL', 'a2616200616100'],
        ['ERR_FORMAT_NOT_CANONICAL', 'a262616100616100'],
        ['ERR_FORMAT_DUPLICATE_KEY', 'a2616100616100'],
        ['ERR_FORMAT_DUPLICATE_KEY', 'a3616100616200616100'],
        ['ERR_FORMAT_ENCODING', 'a10000'],
      ],
      floats: [
        ['ERR_FORMAT_FLOAT', 'f93c00'],
        ['ERR_FORMAT_FLOAT', 'fa3f800000'],
        ['ERR_FORMAT_FLOAT', 'fb3ff0000000000000'],
        ['ERR_FORMAT_FLOAT', 'f97e00'],
      ],
      'values outside the data model': [
        ['ERR_FORMAT_VALUE', 'f7'],
        ['ERR_FORMAT_VALUE', 'f820'],
        ['ERR_FORMAT_VALUE', 'e0'],
        ['ERR_FORMAT_VALUE', 'ff'],
      ],
      text: [
        ['ERR_FORMAT_TEXT', '61ff'],
        ['ERR_FORMAT_TEXT', '63eda080'],
        ['ERR_FORMAT_TEXT', '62c080'],
      ],
      links: [
        ['ERR_FORMAT_CID', 'c100'],
        ['ERR_FORMAT_CID', 'd82a00'],
        ['ERR_FORMAT_CID', 'd82a40'],
        ['ERR_FORMAT_CID', 'd82a4101'],
        ['ERR_FORMAT_CID', `d82a58250101711220${'00'.repeat(32)}`],
        ['ERR_FORMAT_CID', `d82a58240001711220${'00'.repeat(31)}`],
        ['ERR_FORMAT_CID', `d82a5826000181001220${'00'.repeat(32)}`],
        ['ERR_FORMAT_CID', `d82a5826000171122 0${'00'.repeat(33)}`.replace(' ', '')],
      ],
      'truncated or too long': [
        ['ERR_FORMAT_ENCODING', ''],
        ['ERR_FORMAT_ENCODING', '18'],
        ['ERR_FORMAT_ENCODING', '1b00000001'],
        ['ERR_FORMAT_ENCODING', '42aa'],
        ['ERR_FORMAT_ENCODING', '9bffffffffffffffff'],
        ['ERR_FORMAT_ENCODING', '9a7fffffff00'],
        ['ERR_FORMAT_ENCODING', '1c'],
        ['ERR_FORMAT_TRAILING_BYTES', '0000'],
      ],
    };
    for (const [name, list] of Object.entries(cases)) {
      for (const [code, hex] of list) expect(`${hex}: ${refusal(hex)}`, name).toBe(`${hex}: ${code}`);
    }
  });

  it('nests 32 deep and no deeper, in both directions', () => {
    const nested = (depth: number): TxValue => (depth === 0 ? 1 : [nested(depth - 1)]);
    const maps = (depth: number): TxValue => (depth === 0 ? 1 : { a: maps(depth - 1) });
    for (const make of [nested, maps]) {
      const bytes = encodeCanonical(make(MAX_DEPTH));
      expect(decodeCanonical(bytes)).toEqual(make(MAX_DEPTH));
      expect(codeOf(() => encodeCanonical(make(MAX_DEPTH + 1)))).toBe('ERR_FORMAT_DEPTH');
    }
    expect(refusal(`${'81'.repeat(MAX_DEPTH + 1)}00`)).toBe('ERR_FORMAT_DEPTH');
    expect(refusal('81'.repeat(50_000))).toBe('ERR_FORMAT_DEPTH');
  });

  it('S254 refuses to encode what has no place in the data model', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const cases: readonly (readonly [string, unknown])[] = [
      ['ERR_FORMAT_FLOAT', 1.5],
      ['ERR_FORMAT_FLOAT', Number.NaN],
      ['ERR_FORMAT_FLOAT', Number.POSITIVE_INFINITY],
      ['ERR_FORMAT_VALUE', 2 ** 53],
      ['ERR_FORMAT_VALUE', 2n ** 64n],
      ['ERR_FORMAT_VALUE', -(2n ** 64n) - 1n],
      ['ERR_FORMAT_VALUE', undefined],
      ['ERR_FORMAT_VALUE', { a: undefined }],
      ['ERR_FORMAT_VALUE', () => 1],
      ['ERR_FORMAT_VALUE', Symbol('x')],
      ['ERR_FORMAT_VALUE', new Date(0)],
      ['ERR_FORMAT_VALUE', new Map([['a', 1]])],
      ['ERR_FORMAT_VALUE', new (class Thing {})()],
      ['ERR_FORMAT_TEXT', '\ud800'],
      ['ERR_FORMAT_TEXT', { '\udc00': 1 }],
      ['ERR_FORMAT_DEPTH', cycle],
    ];
    for (const [code, value] of cases) {
      expect(
        codeOf(() => encodeCanonical(value as TxValue)),
        String(value),
      ).toBe(code);
    }
  });

  it('S262 keeps large integers exact and gives safe ones as numbers', () => {
    for (const [value, decoded] of [
      [0, 0],
      [-0, 0],
      [2n ** 53n - 1n, 2 ** 53 - 1],
      [2n ** 53n, 2n ** 53n],
      [2n ** 64n - 1n, 2n ** 64n - 1n],
      [-(2n ** 53n), -(2n ** 53n)],
      [-(2n ** 53n) + 1n, -(2 ** 53) + 1],
      [-(2n ** 64n), -(2n ** 64n)],
      [5n, 5],
    ] as const) {
      expect(decodeCanonical(encodeCanonical(value))).toBe(decoded);
    }
  });

  it('decodes __proto__ as an ordinary key', () => {
    const value = decodeCanonical(hexToBytes(`a169${bytesToHex(utf8ToBytes('__proto__'))}a1616101`));
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(({} as { a?: number }).a).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('S022 freezes what it decodes', () => {
    const value = decodeCanonical(encodeCanonical({ list: [1, { a: 2 }] })) as { list: number[] };
    expect(() => value.list.push(1)).toThrow(TypeError);
    expect(() => Object.assign(value, { x: 1 })).toThrow(TypeError);
  });
});
