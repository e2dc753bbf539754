import { CID } from 'multiformats/cid';
import { create as createDigest, Digest } from 'multiformats/hashes/digest';
import { equalBytes } from '../bytes.ts';
import type { BlockId, TxValue } from '../trustchain/half-block.ts';
import { FormatError, type FormatErrorCode } from './errors.ts';
import { idOver, SHA2_256 } from './id.ts';
import { internedText } from './interned-text.ts';
import { MAX_DEPTH, MAX_ITEMS } from './limits.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Tag 42, 37 bytes, 0x00, then CIDv1, dag-cbor, sha2-256, 32 bytes: the head of every link to a half block. */
const BLOCK_LINK: Uint8Array = Uint8Array.of(0xd8, 42, 0x58, 37, 0, 1, 0x71, 0x12, 32);
/** Where the id itself starts in a link to a half block. */
const BLOCK_LINK_ID = 5;
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

const fail = (code: FormatErrorCode, message: string, offset: number, cause?: unknown): never => {
  throw new FormatError(code, `${message} (at byte ${offset})`, { details: { offset }, cause });
};

/**
 * CID of a link's bytes (0x00 first) when it is a CIDv1 with a one-byte codec and SHA2-256, as nearly all are: canonical
 * by its form, and a view on `link`.
 */
function commonCid(link: Uint8Array): CID | undefined {
  const codec = link[2] ?? 0xff;
  if (link.length !== 37 || link[1] !== 1 || codec > 0x7f || link[3] !== SHA2_256 || link[4] !== 32)
    return undefined;
  return new CID(1, codec, new Digest(SHA2_256, 32, link.subarray(5), link.subarray(3)), link.subarray(1));
}

/** Canonical CID of its binary form, or why it is none. */
function decodeCid(binary: Uint8Array, offset: number): CID {
  try {
    const cid = CID.decode(binary);
    const { multihash } = cid;
    const minimal =
      equalBytes(cid.bytes, binary) &&
      equalBytes(createDigest(multihash.code, multihash.digest).bytes, multihash.bytes);
    if (!minimal) throw new TypeError('a varint is not in its shortest form');
    return cid;
  } catch (cause) {
    return fail('ERR_FORMAT_CID', 'A link is not a canonical CID', offset, cause);
  }
}

/**
 * A cursor over canonical dag-cbor. Every method throws a {@link FormatError} on anything else. A class because it is
 * made once for every block decoded, and closures cost more to make.
 */
export class CanonicalReader {
  readonly #input: Uint8Array;
  #offset = 0;
  /** Values, keys and links that may still come. */
  #itemsLeft: number;

  constructor(input: Uint8Array, maxItems: number = MAX_ITEMS) {
    this.#input = input;
    this.#itemsLeft = maxItems;
  }

  /** Position of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  #byte(position: number): number {
    const byte = this.#input[position];
    return byte === undefined
      ? fail('ERR_FORMAT_ENCODING', 'The bytes end inside a value', this.#input.length)
      : byte;
  }

  /** Argument of the head at the cursor, which moves behind it. */
  #argument(): number | bigint {
    const start = this.#offset;
    const info = this.#byte(this.#offset++) & 31;
    if (info < 24) return info;
    if (info > 27) {
      return info === 31
        ? fail('ERR_FORMAT_NOT_CANONICAL', 'Indefinite lengths are not canonical', start)
        : fail('ERR_FORMAT_ENCODING', `Reserved head ${info}`, start);
    }
    const size = 1 << (info - 24);
    if (this.#offset + size > this.#input.length) {
      fail('ERR_FORMAT_ENCODING', 'The bytes end inside a head', start);
    }
    let high = 0;
    let low = 0;
    for (let i = 0; i < size; i++) {
      if (i < size - 4) high = high * 256 + this.#byte(this.#offset + i);
      else low = low * 256 + this.#byte(this.#offset + i);
    }
    this.#offset += size;
    const minimal = size === 8 ? high > 0 : size === 4 ? low > 0xffff : size === 2 ? low > 0xff : low > 23;
    if (!minimal) fail('ERR_FORMAT_NOT_CANONICAL', 'An integer or length is not in its shortest form', start);
    const value = high * 0x1_0000_0000 + low;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
  }

  /** Argument that counts bytes or items, which must all still lie ahead. */
  #count(): number {
    const start = this.#offset;
    const value = this.#argument();
    const left = this.#input.length - this.#offset;
    return value > left
      ? fail('ERR_FORMAT_ENCODING', `${value} bytes or items announced, ${left} bytes left`, start)
      : Number(value);
  }

  /** Takes `count` items of those that are left. */
  #spend(count: number, start: number): void {
    if (count > this.#itemsLeft) {
      fail('ERR_FORMAT_ITEMS', 'There are more values in this than anything of its kind has', start);
    }
    this.#itemsLeft -= count;
  }

  #take(): Uint8Array {
    const length = this.#count();
    this.#offset += length;
    return this.#input.subarray(this.#offset - length, this.#offset);
  }

  #takeText(): string {
    const start = this.#offset;
    const length = this.#count();
    const from = this.#offset;
    this.#offset += length;
    const known = internedText(this.#input, from, this.#offset);
    if (known !== undefined) return known;
    try {
      return decoder.decode(this.#input.subarray(from, this.#offset));
    } catch (cause) {
      return fail('ERR_FORMAT_TEXT', 'Text is not well-formed UTF-8', start, cause);
    }
  }

  /** Order of two encoded keys. Heads are shortest, so their bytes order by length already. */
  #compareKeys(aStart: number, aEnd: number, bStart: number, bEnd: number): number {
    const length = Math.min(aEnd - aStart, bEnd - bStart);
    for (let i = 0; i < length; i++) {
      const difference = (this.#input[aStart + i] ?? 0) - (this.#input[bStart + i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #takeMap(depth: number): TxValue {
    const from = this.#offset;
    const entries = this.#count();
    this.#spend(2 * entries, from);
    const out: { [key: string]: TxValue } = {};
    let previousStart = 0;
    let previousEnd = 0;
    for (let n = 0; n < entries; n++) {
      const start = this.#offset;
      if (this.#byte(start) >> 5 !== 3) fail('ERR_FORMAT_ENCODING', 'Map keys must be text', start);
      const key = this.#takeText();
      const order = n === 0 ? 1 : this.#compareKeys(start, this.#offset, previousStart, previousEnd);
      if (order <= 0) {
        if (Object.hasOwn(out, key)) {
          fail('ERR_FORMAT_DUPLICATE_KEY', `The key ${JSON.stringify(key)} occurs twice`, start);
        }
        fail('ERR_FORMAT_NOT_CANONICAL', `The key ${JSON.stringify(key)} is out of order`, start);
      }
      previousStart = start;
      previousEnd = this.#offset;
      const value = this.value(depth + 1);
      if (key === '__proto__') {
        // Plain assignment would set the prototype instead of a key.
        Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true });
      } else {
        out[key] = value;
      }
    }
    return Object.freeze(out);
  }

  #takeList(depth: number): TxValue {
    const from = this.#offset;
    const length = this.#count();
    this.#spend(length, from);
    const list: TxValue[] = [];
    for (let i = 0; i < length; i++) list.push(this.value(depth + 1));
    return Object.freeze(list);
  }

  #takeSimple(first: number): TxValue {
    const start = this.#offset++;
    if (first === 0xf4) return false;
    if (first === 0xf5) return true;
    if (first === 0xf6) return null;
    return first >= 0xf9 && first <= 0xfb
      ? fail('ERR_FORMAT_FLOAT', 'Floating-point numbers are not allowed', start)
      : fail('ERR_FORMAT_VALUE', `Simple value 0x${first.toString(16)} is not allowed`, start);
  }

  #expectMajor(major: number, what: string): void {
    const found = this.#byte(this.#offset) >> 5;
    if (found === major) return;
    const start = this.#offset;
    if (found === 7) this.#takeSimple(this.#byte(start)); // names floats and simple values
    fail('ERR_FORMAT_FIELD', `${what} must be ${MAJOR_NAMES[major]}, got ${MAJOR_NAMES[found]}`, start);
  }

  /** Consumes exactly these bytes if they are next. */
  skip(expected: Uint8Array): boolean {
    const start = this.#offset;
    for (let i = 0; i < expected.length; i++) if (this.#input[start + i] !== expected[i]) return false;
    this.#offset = start + expected.length;
    return true;
  }

  /** Consumes a null if it is next. */
  skipNull(): boolean {
    if (this.#byte(this.#offset) !== 0xf6) return false;
    this.#offset += 1;
    return true;
  }

  /** Head of the given major type, 0 … 7; returns its argument. `what` names the value in errors. */
  expect(major: number, what: string): number {
    this.#expectMajor(major, what);
    const value = this.#argument();
    return typeof value === 'bigint'
      ? fail('ERR_FORMAT_FIELD', `${what} must be at most 2^53-1, got ${value}`, this.#offset)
      : value;
  }

  /** Byte string, as a view on the input. */
  bytes(what: string): Uint8Array {
    this.#expectMajor(2, what);
    return this.#take();
  }

  /** Text string. */
  text(what: string): string {
    this.#expectMajor(3, what);
    return this.#takeText();
  }

  /** A link, any canonical CID. */
  link(what: string): CID {
    this.#expectMajor(6, what);
    const start = this.#offset;
    const tag = this.#argument();
    if (tag !== 42) fail('ERR_FORMAT_CID', `The only tag is 42 (a link), got ${tag}`, start);
    if (this.#input[this.#offset] === undefined || this.#byte(this.#offset) >> 5 !== 2) {
      fail('ERR_FORMAT_CID', 'A link is a byte string', start);
    }
    const bytes = this.#take();
    if (bytes[0] !== 0) fail('ERR_FORMAT_CID', 'A link starts with the byte 0x00', start);
    return commonCid(bytes) ?? decodeCid(bytes.subarray(1), start);
  }

  /** A link to a half block: CIDv1, dag-cbor, sha2-256. Throws `ERR_FORMAT_CID` for other links. */
  blockId(what: string): BlockId {
    const start = this.#offset;
    let i = 0;
    while (i < BLOCK_LINK.length && this.#input[start + i] === BLOCK_LINK[i]) i += 1;
    const end = start + BLOCK_LINK.length + 32;
    if (i === BLOCK_LINK.length && end <= this.#input.length) {
      this.#offset = end;
      return idOver(this.#input.subarray(start + BLOCK_LINK_ID, end));
    }
    const cid = this.link(what);
    return fail('ERR_FORMAT_CID', `${what} must be a CIDv1 of dag-cbor and sha2-256, got ${cid}`, start);
  }

  /** Any value at nesting level `depth`. */
  value(depth: number): TxValue {
    const start = this.#offset;
    const first = this.#byte(start);
    const major = first >> 5;
    if ((major === 4 || major === 5) && depth > MAX_DEPTH) {
      fail('ERR_FORMAT_DEPTH', `Values nest at most ${MAX_DEPTH} deep`, start);
    }
    switch (major) {
      case 0:
        return this.#argument();
      case 1: {
        const value = this.#argument();
        if (typeof value === 'bigint') return -1n - value;
        const negative = -1 - value;
        return Number.isSafeInteger(negative) ? negative : -1n - BigInt(value);
      }
      case 2:
        return this.#take();
      case 3:
        return this.#takeText();
      case 4:
        return this.#takeList(depth);
      case 5:
        return this.#takeMap(depth);
      case 6:
        return this.link('A tagged value');
      default:
        return this.#takeSimple(first);
    }
  }

  /** Throws `ERR_FORMAT_TRAILING_BYTES` unless everything was read. */
  end(): void {
    const left = this.#input.length - this.#offset;
    if (left !== 0)
      fail('ERR_FORMAT_TRAILING_BYTES', `${left} bytes follow the end of the value`, this.#offset);
  }
}

/**
 * Value of canonical dag-cbor bytes without floats; the inverse of `encodeCanonical`. Safe integers come back as
 * number, larger ones as bigint; byte strings and links are views on `bytes`; lists and maps are frozen. Throws a
 * {@link FormatError} naming the first deviation from the canonical form, `ERR_FORMAT_ITEMS` before anything is built that
 * has more than `maxItems`.
 *
 * @param bytes - What a stranger sent; anything may be given, of a length that was checked.
 * @param maxItems - Most elements of lists and keys and values of maps, in all. Default 65 536.
 *
 * @example
 * ```ts
 * import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
 *
 * console.log(decodeCanonical(encodeCanonical([1, 'two']))); // 1,two
 * ```
 */
export function decodeCanonical(bytes: Uint8Array, maxItems: number = MAX_ITEMS): TxValue {
  const reader = new CanonicalReader(bytes, maxItems);
  const value = reader.value(1);
  reader.end();
  return value;
}
