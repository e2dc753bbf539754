import { MeterError } from '../../../errors.ts';

/** A DLMS value (Green Book 9.5, data types of the Blue Book 4.1.5); what is of no use here is `null`. */
export type DlmsValue =
  | { readonly type: 'list'; readonly items: readonly DlmsValue[] }
  /** Octet string, or the characters of a text. */
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'integer'; readonly value: bigint; readonly size: number; readonly tag: number }
  | { readonly type: 'null' };

const MAX_DEPTH = 8;
const MAX_VALUES = 4096;

/** Sizes and signs of the integers by tag. */
const INTEGERS: ReadonlyMap<number, readonly [size: number, isSigned: boolean]> = new Map([
  [0x03, [1, false]], // boolean
  [0x05, [4, true]],
  [0x06, [4, false]],
  [0x0f, [1, true]],
  [0x10, [2, true]],
  [0x11, [1, false]],
  [0x12, [2, false]],
  [0x14, [8, true]],
  [0x15, [8, false]],
  [0x16, [1, false]], // enum
]);

/** Sizes of values that nothing here uses: floats, date and time, BCD. */
const OTHERS: ReadonlyMap<number, number> = new Map([
  [0x07, 4],
  [0x0d, 1],
  [0x17, 4],
  [0x18, 8],
  [0x19, 12],
  [0x1a, 5],
  [0x1b, 4],
]);

/** Reads A-XDR values one after the other (IEC 61334-6). Throws `ERR_METER_FORMAT`, `ERR_METER_LIMIT`. */
export class AxdrReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #values = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Whether every byte was read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next value. */
  value(depth = 0): DlmsValue {
    if (++this.#values > MAX_VALUES || depth > MAX_DEPTH) {
      throw new MeterError(
        'ERR_METER_LIMIT',
        `A telegram has at most ${MAX_VALUES} values, ${MAX_DEPTH} deep`,
      );
    }
    const tag = this.#take(1)[0] ?? 0;
    const integer = INTEGERS.get(tag);
    if (integer !== undefined) {
      const [size, isSigned] = integer;
      let value = 0n;
      for (const byte of this.#take(size)) value = (value << 8n) | BigInt(byte);
      return { type: 'integer', value: isSigned ? BigInt.asIntN(8 * size, value) : value, size, tag };
    }
    const other = OTHERS.get(tag);
    if (other !== undefined) {
      const bytes = this.#take(other);
      return tag === 0x19 ? { type: 'bytes', bytes } : { type: 'null' };
    }
    if (tag === 0x00 || tag === 0xff) return { type: 'null' };
    if (tag === 0x01 || tag === 0x02) {
      const count = this.#length();
      const items: DlmsValue[] = [];
      for (let i = 0; i < count; i++) items.push(this.value(depth + 1));
      return { type: 'list', items };
    }
    if (tag === 0x09 || tag === 0x0a || tag === 0x0c)
      return { type: 'bytes', bytes: this.#take(this.#length()) };
    if (tag === 0x04) {
      this.#take(Math.ceil(this.#length() / 8));
      return { type: 'null' };
    }
    throw new MeterError(
      'ERR_METER_FORMAT',
      `Expected a DLMS value, found the tag ${tag} at byte ${this.#at - 1}`,
    );
  }

  #length(): number {
    const first = this.#take(1)[0] ?? 0;
    if (first < 0x80) return first;
    if (first !== 0x81 && first !== 0x82)
      throw new MeterError('ERR_METER_FORMAT', 'Expected a length, found none');
    let length = 0;
    for (const byte of this.#take(first & 0x7f)) length = length * 256 + byte;
    return length;
  }

  #take(size: number): Uint8Array {
    const end = this.#at + size;
    if (end > this.#bytes.length) {
      throw new MeterError(
        'ERR_METER_FORMAT',
        `Expected ${size} more bytes at byte ${this.#at}, found the end`,
      );
    }
    const part = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return part;
  }
}
