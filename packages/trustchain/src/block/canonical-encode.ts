import { compareBytes, type TxValue } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { BlockError } from './errors.ts';
import { MAX_DEPTH } from './limits.ts';

const encoder = new TextEncoder();
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** An append-only buffer for canonical dag-cbor. */
export interface CanonicalWriter {
  /** Head of a value: major type 0 … 7 and its argument in the shortest form. */
  head(major: number, argument: number | bigint): void;
  /** Bytes as they are. */
  raw(bytes: Uint8Array): void;
  /** Byte string. */
  bytes(bytes: Uint8Array): void;
  /** Text string. */
  text(text: string): void;
  /** Null. */
  null(): void;
  /** Link: tag 42 over 0x00 and the binary CID. */
  link(cid: CID): void;
  /** Any value at nesting level `depth`. */
  value(value: TxValue, depth: number): void;
  /** A copy of what was written. */
  finish(): Uint8Array;
}

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

/** A {@link CanonicalWriter}. */
export function canonicalWriter(): CanonicalWriter {
  let buffer = new Uint8Array(512);
  let offset = 0;

  const reserve = (length: number): void => {
    if (offset + length <= buffer.length) return;
    const larger = new Uint8Array(Math.max(buffer.length * 2, offset + length));
    larger.set(buffer.subarray(0, offset));
    buffer = larger;
  };

  const number = (value: number): void => {
    if (!Number.isSafeInteger(value)) {
      if (Number.isInteger(value)) {
        throw new BlockError(
          'ERR_BLOCK_VALUE',
          `The number ${value} is not exact: integers beyond 2^53-1 must be bigint`,
        );
      }
      throw new BlockError('ERR_BLOCK_FLOAT', `Only integers can be signed, got ${value}`);
    }
    // `+ 0` turns -0 into 0.
    if (value >= 0) writer.head(0, value + 0);
    else writer.head(1, -1 - value);
  };

  const map = (value: { readonly [key: string]: TxValue }, depth: number): void => {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      const kind: string = Object.prototype.toString.call(value);
      // Plain objects of another realm answer [object Object] too, instances of classes are refused with them.
      if (kind !== '[object Object]' || Object.getPrototypeOf(prototype) !== null) {
        throw new BlockError('ERR_BLOCK_VALUE', `Expected a plain object, got an instance: ${kind}`);
      }
    }
    const keys = sortKeys(Object.keys(value));
    writer.head(5, keys.length);
    for (const key of keys) {
      writer.text(key);
      writer.value(value[key] as TxValue, depth + 1);
    }
  };

  const writer: CanonicalWriter = {
    head(major, argument) {
      reserve(9);
      const type = major << 5;
      if (argument < 24) {
        buffer[offset++] = type | Number(argument);
      } else if (argument < 0x100) {
        buffer[offset++] = type | 24;
        buffer[offset++] = Number(argument);
      } else if (argument < 0x1_0000) {
        const value = Number(argument);
        buffer[offset++] = type | 25;
        buffer[offset++] = value >>> 8;
        buffer[offset++] = value & 255;
      } else if (argument < 0x1_0000_0000) {
        const value = Number(argument);
        buffer[offset++] = type | 26;
        buffer[offset++] = value >>> 24;
        buffer[offset++] = (value >>> 16) & 255;
        buffer[offset++] = (value >>> 8) & 255;
        buffer[offset++] = value & 255;
      } else {
        buffer[offset++] = type | 27;
        new DataView(buffer.buffer).setBigUint64(offset, BigInt(argument));
        offset += 8;
      }
    },
    raw(bytes) {
      reserve(bytes.length);
      buffer.set(bytes, offset);
      offset += bytes.length;
    },
    bytes(bytes) {
      writer.head(2, bytes.length);
      writer.raw(bytes);
    },
    text(text) {
      if (text.length < 64 && isAscii(text)) {
        writer.head(3, text.length);
        reserve(text.length);
        for (let i = 0; i < text.length; i++) buffer[offset++] = text.charCodeAt(i);
        return;
      }
      if (LONE_SURROGATE.test(text)) {
        throw new BlockError('ERR_BLOCK_TEXT', 'Text with a lone surrogate has no UTF-8 form');
      }
      const bytes = encoder.encode(text);
      writer.head(3, bytes.length);
      writer.raw(bytes);
    },
    null() {
      reserve(1);
      buffer[offset++] = 0xf6;
    },
    link(cid) {
      writer.head(6, 42);
      writer.head(2, cid.bytes.length + 1);
      reserve(1);
      buffer[offset++] = 0;
      writer.raw(cid.bytes);
    },
    value(value, depth) {
      switch (typeof value) {
        case 'number':
          number(value);
          return;
        case 'bigint':
          if (value > MAX_UINT64 || value < -1n - MAX_UINT64) {
            throw new BlockError('ERR_BLOCK_VALUE', `Integers lie in -2^64 to 2^64-1, got ${value}`);
          }
          if (value >= 0n) writer.head(0, value);
          else writer.head(1, -1n - value);
          return;
        case 'string':
          writer.text(value);
          return;
        case 'boolean':
          reserve(1);
          buffer[offset++] = value ? 0xf5 : 0xf4;
          return;
        case 'object':
          break;
        default:
          throw new BlockError('ERR_BLOCK_VALUE', `A value of type ${typeof value} cannot be signed`);
      }
      if (value === null) {
        writer.null();
        return;
      }
      if (value instanceof Uint8Array) {
        writer.bytes(value);
        return;
      }
      const cid = CID.asCID(value);
      if (cid !== null) {
        writer.link(cid);
        return;
      }
      if (depth > MAX_DEPTH) {
        throw new BlockError('ERR_BLOCK_DEPTH', `Values nest at most ${MAX_DEPTH} deep`);
      }
      if (Array.isArray(value)) {
        const list = value as readonly TxValue[];
        writer.head(4, list.length);
        for (let i = 0; i < list.length; i++) writer.value(list[i] as TxValue, depth + 1);
        return;
      }
      map(value as { readonly [key: string]: TxValue }, depth);
    },
    finish: () => buffer.slice(0, offset),
  };
  return writer;
}

/**
 * Canonical dag-cbor of a value without floats: shortest heads, map keys by length then bytes, nothing optional.
 * Numbers must be safe integers; larger ones are bigint within 64 bits. Throws `ERR_BLOCK_FLOAT`, `ERR_BLOCK_VALUE`,
 * `ERR_BLOCK_TEXT`, `ERR_BLOCK_DEPTH` (IPLD dag-cbor specification).
 */
export function encodeCanonical(value: TxValue): Uint8Array {
  const writer = canonicalWriter();
  writer.value(value, 1);
  return writer.finish();
}
