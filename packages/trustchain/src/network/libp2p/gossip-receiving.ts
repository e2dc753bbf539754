import type { Connection, Stream } from '@libp2p/interface';
import { type ByteBudget, byteBudget } from '../byte-budget.ts';
import { type StreamHandler, withSteppedHandlers } from './stepped-registrar.ts';

/** Bytes of half-read RPCs held for all peers. One may be up to `maxInboundDataLength` long, and of that many from each peer. */
export const MAX_HALF_READ_BYTES: number = 64 * 1024 * 1024;
/** Longest length prefix, bytes: an unsigned varint of 32 bits. */
const MAX_PREFIX_BYTES = 5;

/** Counts the bytes at the end of a stream of length-prefixed messages that wait for the rest of theirs. */
export class HalfReadCounter {
  #missing = 0;
  #prefix = 0;
  #prefixBytes = 0;
  #held = 0;

  /** Bytes that wait now. */
  get held(): number {
    return this.#held + this.#prefixBytes;
  }

  /** Reads on. Whatever is no length is for the reader of the messages to refuse. */
  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, bytes.length - at);
        this.#missing -= taken;
        this.#held = this.#missing === 0 ? 0 : this.#held + taken;
        at += taken;
        continue;
      }
      const byte = bytes[at++] ?? 0;
      this.#prefix += (byte & 0x7f) * 2 ** (7 * this.#prefixBytes);
      this.#prefixBytes++;
      if (byte >= 0x80 && this.#prefixBytes < MAX_PREFIX_BYTES) continue;
      this.#missing = this.#prefix;
      this.#prefix = 0;
      this.#prefixBytes = 0;
    }
  }
}

/**
 * gossipsub's insides with one budget for what all peers have sent of RPCs that are not whole: with a bound for each
 * stream alone, 300 peers that send all but the last byte would have it hold a gigabyte. Whoever asks for more than half
 * of what is free loses the stream.
 */
export function withHalfReadBudget<C extends object>(
  components: C,
  budget: ByteBudget = byteBudget({ perPeer: MAX_HALF_READ_BYTES, total: MAX_HALF_READ_BYTES }),
): C {
  const counted = (stream: Stream, { remotePeer }: Connection): void => {
    const peer = remotePeer.toString();
    const counter = new HalfReadCounter();
    let giveBack: (() => void) | undefined;
    const hold = (bytes: number): boolean => {
      giveBack?.();
      giveBack = bytes === 0 ? undefined : budget.take(peer, bytes);
      return bytes === 0 || giveBack !== undefined;
    };
    stream.addEventListener('message', ({ data }) => {
      counter.read(data.subarray());
      if (!hold(counter.held)) stream.abort(new Error('Too many bytes of half-read gossip are held'));
    });
    stream.addEventListener('close', () => void hold(0));
  };
  return withSteppedHandlers(
    components,
    (_protocol, handler): StreamHandler =>
      (stream, connection) => {
        counted(stream, connection);
        return handler(stream, connection);
      },
  );
}
