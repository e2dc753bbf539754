import { CID } from 'multiformats/cid';
import { compareBytes } from '../bytes.ts';
import type { TxValue } from '../trustchain/half-block.ts';
import { FormatError } from './errors.ts';
import { MAX_DEPTH, MAX_ITEMS } from './limits.ts';

const encoder = new TextEncoder();
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const LONE_SURROGATE = /\p{Surrogate}/u;
const NOTHING: Uint8Array = new Uint8Array(0);

/** A buffer that no writer uses now: encoding is frequent, and small allocations outside the heap are dear. */
let spare: Uint8Array | undefined;
const FIRST_BYTES = 1_024;
/** Texts shorter than this are written unit by unit, which is cheaper than an encoder; their head has two bytes at most. */
const MAX_SHORT_TEXT = 64;
/** Larger buffers are not kept. */
const MAX_SPARE_BYTES = 65_536;

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
};

const compareAsciiKeys = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1); // the keys of a map differ

/** Keys in canonical order: shorter UTF-8 first, then as bytes (IPLD dag-cbor, "Strictness"). */
function sortKeys(keys: string[]): string[] {
  if (keys.every(isAscii)) return keys.sort(compareAsciiKeys);
  const encoded = keys.map((key) => ({ key, bytes: encoder.encode(key) }));
  encoded.sort((a, b) => {
    return a.bytes.length - b.bytes.length || compareBytes(a.bytes, b.bytes);
  });
  return encoded.map((entry) => entry.key);
}

/**
 * An append-only buffer for canonical dag-cbor. A class because one is made for every block written, and closures cost
 * more to make.
 */
export class CanonicalWriter {
  #buffer: Uint8Array;
  #offset = 0;
  #items = 0;

  constructor() {
    this.#buffer = spare ?? new Uint8Array(FIRST_BYTES);
    spare = undefined;
  }

  #reserve(length: number): void {
    if (this.#offset + length <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#offset + length));
    larger.set(this.#buffer.subarray(0, this.#offset));
    this.#buffer = larger;
  }

  #byte(byte: number): void {
    this.#buffer[this.#offset++] = byte;
  }

  /** Head of a value: major type 0 … 7 and its argument in the shortest form. */
  head(major: number, argument: number | bigint): void {
    this.#reserve(9);
    const type = major << 5;
    if (argument < 24) {
      this.#byte(type | Number(argument));
    } else if (argument < 0x100) {
      this.#byte(type | 24);
      this.#byte(Number(argument));
    } else if (argument < 0x1_0000) {
      const value = Number(argument);
      this.#byte(type | 25);
      this.#byte(value >>> 8);
      this.#byte(value & 255);
    } else if (argument < 0x1_0000_0000) {
      this.#byte(type | 26);
      this.#word(Number(argument));
    } else if (typeof argument === 'number') {
      this.#byte(type | 27);
      this.#word(Math.floor(argument / 0x1_0000_0000));
      this.#word(argument >>> 0);
    } else {
      this.#byte(type | 27);
      this.#word(Number(argument >> 32n));
      this.#word(Number(argument & 0xffff_ffffn));
    }
  }

  #word(value: number): void {
    this.#byte(value >>> 24);
    this.#byte((value >>> 16) & 255);
    this.#byte((value >>> 8) & 255);
    this.#byte(value & 255);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#offset);
    this.#offset += bytes.length;
  }

  /** Byte string. */
  bytes(bytes: Uint8Array): void {
    this.head(2, bytes.length);
    this.raw(bytes);
  }

  /** Text string. Throws `ERR_FORMAT_TEXT` when it has no UTF-8 form. */
  text(text: string): void {
    if (text.length < MAX_SHORT_TEXT && this.#asciiText(text)) return;
    if (LONE_SURROGATE.test(text)) {
      throw new FormatError('ERR_FORMAT_TEXT', 'Text with a lone surrogate has no UTF-8 form');
    }
    const bytes = encoder.encode(text);
    this.head(3, bytes.length);
    this.raw(bytes);
  }

  /** Writes a short text in one pass; nothing when it is not ASCII. */
  #asciiText(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 2);
    const buffer = this.#buffer;
    let at = this.#offset;
    if (length < 24) {
      buffer[at++] = 0x60 | length;
    } else {
      buffer[at++] = 0x78;
      buffer[at++] = length;
    }
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      buffer[at++] = unit;
    }
    this.#offset = at;
    return true;
  }

  /** Null. */
  null(): void {
    this.#reserve(1);
    this.#byte(0xf6);
  }

  /** Link: tag 42 over 0x00 and the binary CID. */
  link(cid: CID): void {
    this.head(6, 42);
    this.head(2, cid.bytes.length + 1);
    this.#reserve(1);
    this.#byte(0);
    this.raw(cid.bytes);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      if (Number.isInteger(value)) {
        throw new FormatError(
          'ERR_FORMAT_VALUE',
          `The number ${value} is not exact: integers beyond 2^53-1 must be bigint`,
        );
      }
      throw new FormatError('ERR_FORMAT_FLOAT', `Only integers can be signed, got ${value}`);
    }
    // `+ 0` turns -0 into 0.
    if (value >= 0) this.head(0, value + 0);
    else this.head(1, -1 - value);
  }

  /** What no reader takes is not written. */
  #count(items: number): void {
    this.#items += items;
    if (this.#items > MAX_ITEMS)
      throw new FormatError('ERR_FORMAT_ITEMS', `A value has at most ${MAX_ITEMS} elements, keys and values`);
  }

  #map(value: { readonly [key: string]: TxValue }, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      const kind: string = Object.prototype.toString.call(value);
      // Plain objects of another realm answer [object Object] too, instances of classes are refused with them.
      if (kind !== '[object Object]' || Object.getPrototypeOf(prototype) !== null) {
        throw new FormatError('ERR_FORMAT_VALUE', `Expected a plain object, got an instance: ${kind}`);
      }
    }
    const keys = sortKeys(Object.keys(value));
    this.#count(2 * keys.length);
    this.head(5, keys.length);
    for (const key of keys) {
      this.text(key);
      this.value(value[key] as TxValue, depth + 1);
    }
  }

  /** Any value at nesting level `depth`. Throws the errors of {@link encodeCanonical}. */
  value(value: TxValue, depth: number): void {
    switch (typeof value) {
      case 'number':
        this.#number(value);
        return;
      case 'bigint':
        if (value > MAX_UINT64 || value < -1n - MAX_UINT64) {
          throw new FormatError('ERR_FORMAT_VALUE', `Integers lie in -2^64 to 2^64-1, got ${value}`);
        }
        if (value >= 0n) this.head(0, value);
        else this.head(1, -1n - value);
        return;
      case 'string':
        this.text(value);
        return;
      case 'boolean':
        this.#reserve(1);
        this.#byte(value ? 0xf5 : 0xf4);
        return;
      case 'object':
        break;
      default:
        throw new FormatError('ERR_FORMAT_VALUE', `A value of type ${typeof value} cannot be signed`);
    }
    if (value === null) {
      this.null();
      return;
    }
    if (value instanceof Uint8Array) {
      this.bytes(value);
      return;
    }
    const cid = CID.asCID(value);
    if (cid !== null) {
      this.link(cid);
      return;
    }
    if (depth > MAX_DEPTH) {
      throw new FormatError('ERR_FORMAT_DEPTH', `Values nest at most ${MAX_DEPTH} deep`);
    }
    if (Array.isArray(value)) {
      const list = value as readonly TxValue[];
      this.#count(list.length);
      this.head(4, list.length);
      for (let i = 0; i < list.length; i++) this.value(list[i] as TxValue, depth + 1);
      return;
    }
    this.#map(value as { readonly [key: string]: TxValue }, depth);
  }

  /** A copy of what was written. The writer cannot be used afterwards. */
  finish(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.#offset);
    if (this.#buffer.length <= MAX_SPARE_BYTES) spare = this.#buffer;
    this.#buffer = NOTHING;
    this.#offset = 0;
    return bytes;
  }
}

/**
 * Canonical dag-cbor of a value without floats: shortest heads, map keys by length then bytes, nothing optional.
 * Numbers must be safe integers; larger ones are bigint within 64 bits. Throws `ERR_FORMAT_FLOAT`, `ERR_FORMAT_VALUE`,
 * `ERR_FORMAT_TEXT`, `ERR_FORMAT_DEPTH`, `ERR_FORMAT_ITEMS` (IPLD dag-cbor specification).
 *
 * @param value - Maps, arrays, texts, bytes, links, integers, booleans and null.
 *
 * @example
 * ```ts
 * import { bytesToHex } from '@edmp/interface';
 * import { encodeCanonical } from '@edmp/interface/format';
 *
 * // Keys in canonical order, whatever the order here.
 * console.log(bytesToHex(encodeCanonical({ bb: 1, a: 2 }))); // a261610262626201
 * ```
 */
export function encodeCanonical(value: TxValue): Uint8Array {
  const writer = new CanonicalWriter();
  writer.value(value, 1);
  return writer.finish();
}
