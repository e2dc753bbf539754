import { SettlementError } from '../errors.ts';

/** Longest varint of a length that is allowed at all: 4 bytes reach 256 MiB. */
const MAX_LENGTH_BYTES = 4;

/** First size of the buffer of a cutter, bytes. */
const BUFFER_BYTES = 256;

/**
 * Cuts a stream of bytes into messages, each behind its length as an unsigned varint. What waits is copied: a piece of one
 * byte would keep alive the whole packet that it came in, and who sends many of them would fill the memory uncounted.
 */
export class MessageCutter {
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** Bytes that wait for the rest of their message. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** Bytes of memory that are held for them: at most twice as many and some hundreds more. */
  get held(): number {
    return this.#buffer.length;
  }

  push(bytes: Uint8Array): void {
    const waiting = this.buffered;
    if (this.#end + bytes.length > this.#buffer.length) {
      const needed = waiting + bytes.length;
      const larger = new Uint8Array(Math.max(BUFFER_BYTES, needed + Math.min(needed, waiting)));
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = larger;
      this.#start = 0;
      this.#end = waiting;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
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
    if (this.buffered < end) return undefined;
    const [from, to] = [this.#start + head.bytes, this.#start + end];
    this.#start = to;
    // A copy where more came: the next push may move that, and write where this message was.
    if (to < this.#end) return this.#buffer.slice(from, to);
    const message = this.#buffer.subarray(from, to);
    this.#buffer = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
    return message;
  }

  /** The length in front, and how many bytes it takes. */
  #length(): { readonly length: number; readonly bytes: number } | undefined {
    let [length, bytes] = [0, 0];
    for (const byte of this.#buffer.subarray(this.#start, this.#end)) {
      length += (byte & 127) * 128 ** bytes;
      bytes += 1;
      if (byte < 128) return { length, bytes };
      if (bytes === MAX_LENGTH_BYTES)
        throw new SettlementError('ERR_SETTLEMENT_FORMAT', 'The length of a bitswap message has no end');
    }
    return undefined;
  }
}
