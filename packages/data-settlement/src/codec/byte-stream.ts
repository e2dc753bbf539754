import type { EdmpError } from '@edmp/interface';

/** Grows a byte array. */
export class ByteWriter {
  #bytes = new Uint8Array(4096);
  #length = 0;

  byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = value;
  }

  uint16(value: number): void {
    this.byte((value >>> 8) & 255);
    this.byte(value & 255);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value & 0xffff);
  }

  /** Unsigned LEB128 of a safe integer. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** The bytes so far, zero-padded to a multiple of `multiple`. */
  finish(multiple: number): Uint8Array {
    const out = new Uint8Array(Math.ceil(this.#length / multiple) * multiple);
    out.set(this.#bytes.subarray(0, this.#length));
    return out;
  }
}

/** Reads a byte array strictly. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #fail: (message: string) => EdmpError;
  #offset: number;

  constructor(bytes: Uint8Array, fail: (message: string) => EdmpError, offset = 0) {
    this.#bytes = bytes;
    this.#fail = fail;
    this.#offset = offset;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw this.#fail('it ends too early');
    this.#offset += 1;
    return value;
  }

  uint16(): number {
    return this.byte() * 256 + this.byte();
  }

  uint32(): number {
    return this.uint16() * 65_536 + this.uint16();
  }

  /** Unsigned LEB128 in its shortest form, at most 2⁵³−1. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if ((byte === 0 && i > 0) || !Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 128;
    }
    throw this.#fail('a number is not in its shortest form or passes 2^53-1');
  }

  /** Requires that only zeros are left, and no more than padding to `multiple` needs. */
  padding(multiple: number): void {
    const expected = Math.ceil(this.#offset / multiple) * multiple;
    if (this.#bytes.length !== expected)
      throw this.#fail(`expected ${expected} bytes in all, got ${this.#bytes.length}`);
    for (let i = this.#offset; i < this.#bytes.length; i++) {
      if (this.#bytes[i] !== 0) throw this.#fail('its padding is not zero');
    }
  }
}
