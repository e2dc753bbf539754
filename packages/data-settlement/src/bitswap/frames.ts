import { concatBytes } from '@edmp/interface';
import { SettlementError } from '../errors.ts';

/** Longest varint of a length that is allowed at all: 4 bytes reach 256 MiB. */
const MAX_LENGTH_BYTES = 4;

/** Cuts a stream of bytes into messages, each behind its length as an unsigned varint. */
export class MessageCutter {
  readonly #parts: Uint8Array[] = [];
  #buffered = 0;

  /** Bytes that wait for the rest of their message. */
  get buffered(): number {
    return this.#buffered;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // Not a Buffer, whose `slice` does not copy.
    this.#parts.push(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#buffered += bytes.length;
  }

  /** The next whole message; undefined until it is there. Throws `ERR_SETTLEMENT_FORMAT` for one longer than `limit`. */
  next(limit: number): Uint8Array | undefined {
    const head = this.#length();
    if (head === undefined) return undefined;
    if (head.length > limit) {
      throw new SettlementError(
        'ERR_SETTLEMENT_FORMAT',
        `Expected bitswap messages of at most ${limit} bytes, got one of ${head.length}`,
      );
    }
    const end = head.bytes + head.length;
    if (this.#buffered < end) return undefined;
    const joined = this.#joined();
    this.#parts.splice(0);
    this.#buffered = 0;
    this.push(joined.subarray(end));
    return joined.subarray(head.bytes, end);
  }

  #joined(): Uint8Array {
    const [first] = this.#parts;
    return this.#parts.length === 1 && first !== undefined ? first : concatBytes(...this.#parts);
  }

  /** The length in front, and how many bytes it takes. */
  #length(): { readonly length: number; readonly bytes: number } | undefined {
    let [length, bytes] = [0, 0];
    for (const part of this.#parts) {
      for (const byte of part) {
        length += (byte & 127) * 128 ** bytes;
        bytes += 1;
        if (byte < 128) return { length, bytes };
        if (bytes === MAX_LENGTH_BYTES)
          throw new SettlementError('ERR_SETTLEMENT_FORMAT', 'The length of a bitswap message has no end');
      }
    }
    return undefined;
  }
}
