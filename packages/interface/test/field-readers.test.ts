import { equalBytes, type TxValue } from '@edmp/interface';
import { amountToTx, type FieldFailureOptions, FormatError, fieldReaders } from '@edmp/interface/format';
import { decode, encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import { cidOf, coded } from './support/cbor.ts';

class TestError extends Error {
  readonly options: FieldFailureOptions;
  constructor(message: string, options: FieldFailureOptions) {
    super(message, { cause: options.cause });
    this.options = options;
  }
}
const read = fieldReaders((message, options) => new TestError(message, options));

/** What the reader gave, or the message of the one error that it may throw. */
function tried(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
    expect(error.options.where).toBe('here');
    expect(error.message.startsWith('here: ')).toBe(true);
    return error;
  }
}
const refused = (task: () => unknown): string => {
  const error = tried(task);
  expect(error).toBeInstanceOf(TestError);
  return (error as TestError).message;
};

const id = cidOf(Uint8Array.of(1));

describe('field readers', () => {
  it('read maps with exactly the fields that are named', () => {
    const map = { a: 1, b: 2 };
    expect(read.mapOf(map, ['a', 'b'], 'here')).toBe(map);
    expect(refused(() => read.mapOf(map, ['a'], 'here'))).toBe('here: unknown field "b"');
    expect(refused(() => read.mapOf(map, ['a', 'b', 'c'], 'here'))).toBe('here: the field c is missing');
    expect(refused(() => read.mapOf(map, ['a', 'b', 'toString'], 'here'))).toContain('toString is missing');
    for (const other of [
      null,
      undefined,
      5,
      'a',
      [],
      new Uint8Array(2),
      new DataView(new ArrayBuffer(1)),
      id,
    ]) {
      expect(refused(() => read.mapOf(other, [], 'here'))).toContain('expected a map');
    }
    const nasty = { 'a\u001b[2J': 1 };
    expect(refused(() => read.mapOf(nasty, [], 'here'))).toBe('here: unknown field "a\ufffd[2J"');
  });

  it('read lists, choices and switches', () => {
    expect(read.listOf([1, 2], 2, 'here')).toEqual([1, 2]);
    expect(refused(() => read.listOf([1, 2], 1, 'here'))).toContain('at most 1, got a list of 2');
    expect(refused(() => read.listOf({ length: 0 }, 1, 'here'))).toContain('a list');
    expect(read.oneOf('b', ['a', 'b'] as const, 'here')).toBe('b');
    for (const other of ['c', 'A', '', null, 1, 'toString']) {
      expect(refused(() => read.oneOf(other, ['a', 'b'], 'here'))).toContain('one of a, b');
    }
    expect(read.booleanOf(false, 'here')).toBe(false);
    expect(refused(() => read.booleanOf(0, 'here'))).toContain('true or false');
  });

  it('read integers and amounts within their bounds, and nothing that only looks like one', () => {
    const whole = fc.oneof(fc.maxSafeInteger(), fc.bigInt(), fc.double(), fc.string(), fc.constant(null));
    fc.assert(
      fc.property(whole, fc.maxSafeInteger(), fc.maxSafeInteger(), (value, a, b) => {
        const [min, max] = a < b ? [a, b] : [b, a];
        const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
        const integer = tried(() => read.integerOf(value, min, max, 'here'));
        expect(integer === value).toBe(fits);
        const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value);
        const amount = tried(() => read.amountOf(value, BigInt(min), 'here'));
        const inRange =
          isInteger && BigInt(value as number) >= BigInt(min) && BigInt(value as number) < 2n ** 63n;
        expect(typeof amount === 'bigint').toBe(inRange);
        if (inRange) expect(amount).toBe(BigInt(value as number));
      }),
      { numRuns: 2_000 },
    );
    for (const amount of [0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 53n)]) {
      const [decoded] = read.decodeBounded(coded([amountToTx(amount)]), 64, 'here') as readonly TxValue[];
      expect(decoded).toBe(amountToTx(amount));
      expect(read.amountOf(decoded, -(2n ** 60n), 'here')).toBe(amount);
    }
    expect(refused(() => read.amountOf(2n ** 63n, 0n, 'here'))).toContain('2⁶³−1');
  });

  it('read texts for machines and lines for people', () => {
    expect(read.textOf('a\n', 2, 'here')).toBe('a\n');
    expect(refused(() => read.textOf('abc', 2, 'here'))).toContain('at most 2');
    expect(read.lineOf('été', 3, 'here')).toBe('été');
    expect(read.lineOf('', 3, 'here')).toBe('');
    expect(refused(() => read.lineOf('', 3, 'here', 1))).toContain('1 to 3');
    for (const text of ['abcd', 'a\n', '\u001b', 'e\u0301', '\ud800', 5, null]) {
      expect(refused(() => read.lineOf(text, 3, 'here'))).toContain('one line');
    }
  });

  it('read bytes, keys and links', () => {
    const bytes = new Uint8Array(32).fill(7);
    expect(read.bytesOf(bytes, 32, 'here')).toBe(bytes);
    expect(read.keyOf(bytes, 'here')).toBe(bytes);
    expect(read.boundedBytesOf(bytes, 32, 'here', 32)).toBe(bytes);
    expect(refused(() => read.bytesOf(bytes, 31, 'here'))).toBe('here: expected 31 bytes, got 32 bytes');
    expect(refused(() => read.keyOf(bytes.subarray(1), 'here'))).toContain('32 bytes, got 31');
    expect(refused(() => read.boundedBytesOf(bytes, 31, 'here'))).toContain('at most 31');
    expect(refused(() => read.boundedBytesOf(bytes, 99, 'here', 33))).toContain('33 to 99');
    expect(refused(() => read.bytesOf([...bytes], 32, 'here'))).toContain('a list of 32');

    const raw = CID.createV1(0x55, id.multihash);
    const short = CID.createV1(0x71, create(0x12, new Uint8Array(31)));
    const other = CID.createV1(0x71, create(0x16, new Uint8Array(32)));
    expect(read.blockIdOf(id, 'here').equals(id)).toBe(true);
    expect(read.linkOf(raw, 'here').equals(raw)).toBe(true);
    expect(refused(() => read.blockIdOf(raw, 'here'))).toContain('dag-cbor');
    for (const wrong of [short, other, CID.createV0(id.multihash as never), id.bytes, String(id), null, {}]) {
      refused(() => read.blockIdOf(wrong, 'here'));
      refused(() => read.linkOf(wrong, 'here'));
    }
  });

  it('never repeat bytes or whole texts in a message', () => {
    const secret = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);
    expect(refused(() => read.integerOf(secret, 0, 1, 'here'))).toBe(
      'here: expected an integer between 0 and 1, got 4 bytes',
    );
    expect(refused(() => read.integerOf('x'.repeat(1_000), 0, 1, 'here')).length).toBeLessThan(130);
    expect(refused(() => read.integerOf(() => secret, 0, 1, 'here'))).toContain('got function');
  });
});

describe('decodeBounded', () => {
  it('takes canonical bytes within the bound, and says why it takes no others', () => {
    expect(read.decodeBounded(coded({ a: [1] }), 5, 'here')).toEqual({ a: [1] });
    expect(refused(() => read.decodeBounded(coded({ a: [1] }), 4, 'here'))).toBe(
      'here: expected at most 4 bytes, got 5',
    );
    expect(refused(() => read.decodeBounded('a1' as never, 4, 'here'))).toContain('expected bytes');
    const error = tried(() => read.decodeBounded(encode([1.5]), 64, 'here')) as TestError;
    expect(error.message).toBe(
      'here: expected canonical dag-cbor: floating-point numbers are not allowed (at byte 1)',
    );
    expect(error.cause).toBeInstanceOf(FormatError);
    expect((error.cause as FormatError).code).toBe('ERR_FORMAT_FLOAT');
  });

  it('shares no memory with the bytes, a Node Buffer included', () => {
    const bytes = Buffer.from(coded({ a: Uint8Array.of(1, 2, 3) }));
    const { a } = read.mapOf(read.decodeBounded(bytes, 64, 'here'), ['a'], 'here');
    bytes.fill(0xff);
    expect(a).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('agrees with a general decoder on which mutated bytes are canonical', () => {
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, depthIdentifier: 'value' },
        fc.constantFrom(null, true, false, 2n ** 63n, -(2n ** 60n)),
        fc.integer(),
        fc.string({ maxLength: 8 }),
        fc.uint8Array({ maxLength: 30 }),
        fc.constant(id),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 4 }), tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    let accepted = 0;
    fc.assert(
      fc.property(value, fc.nat(), fc.integer({ min: 0, max: 255 }), (some, place, change) => {
        const bytes = new Uint8Array(encode(some));
        bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ change;
        let reference: unknown;
        let isCanonical = false;
        try {
          reference = decode(bytes);
          isCanonical = equalBytes(encode(reference), bytes);
        } catch {
          isCanonical = false;
        }
        const ours = tried(() => read.decodeBounded(bytes, 10_000, 'here'));
        if (ours instanceof TestError) {
          // Floats and CIDs that are not in their shortest form are refused here alone.
          const { code } = ours.cause as FormatError;
          if (isCanonical) expect(['ERR_FORMAT_FLOAT', 'ERR_FORMAT_CID']).toContain(code);
          return;
        }
        accepted += 1;
        expect(isCanonical).toBe(true);
        expect(encode(ours)).toEqual(encode(reference));
        expect(read.encodeFields(ours, 'here')).toEqual(bytes);
      }),
      { numRuns: 10_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('encodeFields refuses what has no canonical form', () => {
    for (const value of [{ a: undefined }, { a: 1.5 }, { a: new Map() }, '\ud800', () => 1, 2n ** 64n]) {
      expect(refused(() => read.encodeFields(value, 'here'))).toContain('that dag-cbor can hold');
    }
  });
});
