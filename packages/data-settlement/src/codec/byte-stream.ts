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

  /** Unsigned LEB128 of a safe integer. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** The bytes so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
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
}
