import type { TxValue } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { BlockError, type BlockErrorCode } from './errors.ts';
import { MAX_DEPTH } from './limits.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const MAJOR_NAMES = [
  'an integer',
  'a negative integer',
  'bytes',
  'text',
  'a list',
  'a map',
  'a link',
  'a simple value',
];

/** A cursor over canonical dag-cbor. Every method throws a {@link BlockError} on anything else. */
export interface CanonicalReader {
  /** Position of the next byte. */
  readonly offset: number;
  /** Major type of the next value, 0 … 7. */
  peekMajor(): number;
  /** Consumes a null if it is next. */
  skipNull(): boolean;
  /** Head of the given major type; returns its argument. `what` names the value in errors. */
  expect(major: number, what: string): number;
  /** Byte string, as a view on the input. */
  bytes(what: string): Uint8Array;
  /** Text string. */
  text(what: string): string;
  /** A link, any canonical CID. */
  link(): CID;
  /** Any value at nesting level `depth`. */
  value(depth: number): TxValue;
  /** Throws `ERR_BLOCK_TRAILING_BYTES` unless everything was read. */
  end(): void;
}

const fail = (code: BlockErrorCode, message: string, offset: number, cause?: unknown): never => {
  throw new BlockError(code, `${message} (at byte ${offset})`, { details: { offset }, cause });
};

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A {@link CanonicalReader} over `input`. */
export function canonicalReader(input: Uint8Array): CanonicalReader {
  const end = input.length;
  let offset = 0;

  const byteAt = (position: number): number => {
    const byte = input[position];
    return byte === undefined ? fail('ERR_BLOCK_ENCODING', 'The bytes end inside a value', end) : byte;
  };

  /** Argument of the head at the cursor, which moves behind it. */
  const argument = (): number | bigint => {
    const start = offset;
    const info = byteAt(offset++) & 31;
    if (info < 24) return info;
    if (info > 27) {
      return info === 31
        ? fail('ERR_BLOCK_NOT_CANONICAL', 'Indefinite lengths are not canonical', start)
        : fail('ERR_BLOCK_ENCODING', `Reserved head ${info}`, start);
    }
    const size = 1 << (info - 24);
    if (offset + size > end) fail('ERR_BLOCK_ENCODING', 'The bytes end inside a head', start);
    let high = 0;
    let low = 0;
    for (let i = 0; i < size; i++) {
      if (i < size - 4) high = high * 256 + byteAt(offset + i);
      else low = low * 256 + byteAt(offset + i);
    }
    offset += size;
    const minimal = size === 8 ? high > 0 : size === 4 ? low > 0xffff : size === 2 ? low > 0xff : low > 23;
    if (!minimal) fail('ERR_BLOCK_NOT_CANONICAL', 'An integer or length is not in its shortest form', start);
    const value = high * 0x1_0000_0000 + low;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
  };

  /** Argument that counts bytes or items, which must all still lie ahead. */
  const count = (): number => {
    const start = offset;
    const value = argument();
    return value > end - offset
      ? fail('ERR_BLOCK_ENCODING', `${value} bytes or items announced, ${end - offset} bytes left`, start)
      : Number(value);
  };

  const take = (): Uint8Array => {
    const length = count();
    offset += length;
    return input.subarray(offset - length, offset);
  };

  const takeText = (): string => {
    const start = offset;
    const bytes = take();
    if (bytes.length < 48) {
      let text = '';
      let i = 0;
      for (; i < bytes.length; i++) {
        const byte = bytes[i] ?? 0;
        if (byte > 0x7f) break;
        text += String.fromCharCode(byte);
      }
      if (i === bytes.length) return text;
    }
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      return fail('ERR_BLOCK_TEXT', 'Text is not well-formed UTF-8', start, cause);
    }
  };

  const takeMap = (depth: number): TxValue => {
    const entries = count();
    const out: { [key: string]: TxValue } = {};
    let previousStart = 0;
    let previousEnd = 0;
    for (let n = 0; n < entries; n++) {
      const keyHead = offset;
      if (byteAt(offset) >> 5 !== 3) fail('ERR_BLOCK_ENCODING', 'Map keys must be text', offset);
      const key = takeText();
      const keyEnd = offset;
      const order = n === 0 ? 1 : compareSpans(keyHead, keyEnd, previousStart, previousEnd);
      if (order === 0)
        fail('ERR_BLOCK_DUPLICATE_KEY', `The key ${JSON.stringify(key)} occurs twice`, keyHead);
      if (order < 0) {
        if (Object.hasOwn(out, key)) {
          fail('ERR_BLOCK_DUPLICATE_KEY', `The key ${JSON.stringify(key)} occurs twice`, keyHead);
        }
        fail('ERR_BLOCK_NOT_CANONICAL', `The key ${JSON.stringify(key)} is out of order`, keyHead);
      }
      previousStart = keyHead;
      previousEnd = keyEnd;
      const value = reader.value(depth + 1);
      if (key === '__proto__') {
        // Plain assignment would set the prototype instead of a key.
        Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true });
      } else {
        out[key] = value;
      }
    }
    return Object.freeze(out);
  };

  /** Order of two encoded keys. Heads are shortest, so the head's bytes order by length already. */
  const compareSpans = (aStart: number, aEnd: number, bStart: number, bEnd: number): number => {
    const length = Math.min(aEnd - aStart, bEnd - bStart);
    for (let i = 0; i < length; i++) {
      const difference = (input[aStart + i] ?? 0) - (input[bStart + i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };

  const takeLink = (): CID => {
    const start = offset;
    const tag = argument();
    if (tag !== 42) fail('ERR_BLOCK_CID', `The only tag is 42 (a link), got ${tag}`, start);
    if (offset >= end || byteAt(offset) >> 5 !== 2) fail('ERR_BLOCK_CID', 'A link is a byte string', start);
    const bytes = take();
    if (bytes[0] !== 0) fail('ERR_BLOCK_CID', 'A link starts with the byte 0x00', start);
    const binary = bytes.subarray(1);
    let cid: CID;
    try {
      cid = CID.decode(binary);
      if (!sameBytes(cid.bytes, binary)) throw new TypeError('non-minimal varint');
      const { multihash } = cid;
      if (!sameBytes(createDigest(multihash.code, multihash.digest).bytes, multihash.bytes)) {
        throw new TypeError('non-minimal varint in the multihash');
      }
    } catch (cause) {
      return fail('ERR_BLOCK_CID', 'A link is not a canonical CID', start, cause);
    }
    return cid;
  };

  const reader: CanonicalReader = {
    get offset() {
      return offset;
    },
    peekMajor: () => byteAt(offset) >> 5,
    skipNull() {
      if (byteAt(offset) !== 0xf6) return false;
      offset += 1;
      return true;
    },
    expect(major, what) {
      const found = byteAt(offset) >> 5;
      if (found !== major) {
        if (found === 7) reader.value(1); // names floats and simple values
        fail('ERR_BLOCK_FIELD', `${what} must be ${MAJOR_NAMES[major]}, got ${MAJOR_NAMES[found]}`, offset);
      }
      const value = argument();
      if (typeof value === 'bigint') {
        return fail('ERR_BLOCK_FIELD', `${what} must be at most 2^53-1, got ${value}`, offset);
      }
      return value;
    },
    bytes(what) {
      const found = byteAt(offset) >> 5;
      if (found !== 2) fail('ERR_BLOCK_FIELD', `${what} must be bytes, got ${MAJOR_NAMES[found]}`, offset);
      return take();
    },
    text(what) {
      const found = byteAt(offset) >> 5;
      if (found !== 3) fail('ERR_BLOCK_FIELD', `${what} must be text, got ${MAJOR_NAMES[found]}`, offset);
      return takeText();
    },
    link: takeLink,
    value(depth) {
      const start = offset;
      const first = byteAt(offset);
      switch (first >> 5) {
        case 0:
          return argument();
        case 1: {
          const value = argument();
          if (typeof value === 'bigint') return -1n - value;
          const negative = -1 - value;
          return Number.isSafeInteger(negative) ? negative : -1n - BigInt(value);
        }
        case 2:
          return take();
        case 3:
          return takeText();
        case 4: {
          if (depth > MAX_DEPTH) fail('ERR_BLOCK_DEPTH', `Values nest at most ${MAX_DEPTH} deep`, start);
          const length = count();
          const list: TxValue[] = [];
          for (let i = 0; i < length; i++) list.push(reader.value(depth + 1));
          return Object.freeze(list);
        }
        case 5:
          if (depth > MAX_DEPTH) fail('ERR_BLOCK_DEPTH', `Values nest at most ${MAX_DEPTH} deep`, start);
          return takeMap(depth);
        case 6:
          return takeLink();
        default:
          offset += 1;
          if (first === 0xf4) return false;
          if (first === 0xf5) return true;
          if (first === 0xf6) return null;
          if (first >= 0xf9 && first <= 0xfb) {
            return fail('ERR_BLOCK_FLOAT', 'Floating-point numbers are not allowed', start);
          }
          return fail('ERR_BLOCK_VALUE', `Simple value 0x${first.toString(16)} is not allowed`, start);
      }
    },
    end() {
      if (offset !== end) {
        fail('ERR_BLOCK_TRAILING_BYTES', `${end - offset} bytes follow the end of the value`, offset);
      }
    },
  };
  return reader;
}

/**
 * Value of canonical dag-cbor bytes without floats; the inverse of `encodeCanonical`. Safe integers come back as
 * number, larger ones as bigint; byte strings are views on `bytes`; lists and maps are frozen. Throws a
 * {@link BlockError} naming the first deviation from the canonical form.
 */
export function decodeCanonical(bytes: Uint8Array): TxValue {
  const reader = canonicalReader(bytes);
  const value = reader.value(1);
  reader.end();
  return value;
}
