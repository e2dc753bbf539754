import { NetworkError } from './errors.ts';

/**
 * What a frame is: the one request of a stream, or a part of its answer (`data`* then `end`, or `error` from the
 * handler, or `refused` by the network layer before any handler ran).
 */
export type FrameKind = 'request' | 'data' | 'end' | 'error' | 'refused';

const KINDS: readonly FrameKind[] = ['request', 'data', 'end', 'error', 'refused'];
const PREFIX_BYTES = 4;
const HEAD_BYTES = PREFIX_BYTES + 1;

/** One frame of a request stream. */
export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

/**
 * Bytes of a frame: big-endian uint32 length of what follows, one status byte (the kind), the payload.
 *
 * @param payload - The frame's content; it is copied.
 */
export function encodeFrame(kind: FrameKind, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + payload.length);
  writeFrame(bytes, 0, kind, payload);
  return bytes;
}

function writeFrame(bytes: Uint8Array, at: number, kind: FrameKind, payload: Uint8Array): void {
  const length = payload.length + 1;
  for (let i = 0; i < PREFIX_BYTES; i++) bytes[at + i] = length >>> (8 * (PREFIX_BYTES - 1 - i));
  bytes[at + PREFIX_BYTES] = KINDS.indexOf(kind);
  bytes.set(payload, at + HEAD_BYTES);
}

/** Puts frames that are sent together into one array. */
export interface FrameGatherer {
  hasRoomFor(payload: Uint8Array): boolean;
  /** Adds a frame that there is room for; its payload is copied. */
  add(kind: FrameKind, payload: Uint8Array): void;
  /** What was added since the last time; undefined when that is nothing. */
  take(): Uint8Array | undefined;
  /** Bytes added and not taken. */
  readonly held: number;
}

/** A {@link FrameGatherer} of at most `maxBytes`, frame heads included. */
export function frameGatherer(maxBytes: number): FrameGatherer {
  let bytes: Uint8Array | undefined;
  let held = 0;
  return {
    get held() {
      return held;
    },
    hasRoomFor: (payload) => held + HEAD_BYTES + payload.length <= maxBytes,
    add(kind, payload) {
      const end = held + HEAD_BYTES + payload.length;
      if (bytes === undefined) bytes = new Uint8Array(end);
      else if (end > bytes.length) {
        // Two frames seldom stay two.
        const longer = new Uint8Array(Math.min(maxBytes, Math.max(end, 4 * bytes.length)));
        longer.set(bytes);
        bytes = longer;
      }
      writeFrame(bytes, held, kind, payload);
      held = end;
    },
    take() {
      const taken = bytes?.subarray(0, held);
      bytes = undefined;
      held = 0;
      return taken;
    },
  };
}

/** Cuts a byte stream back into frames, whatever the pieces it arrives in. */
export interface FrameDecoder {
  push(chunk: Uint8Array): void;
  /**
   * The next whole frame, or undefined until more bytes arrive. Throws `ERR_NETWORK_LIMIT` as soon as a length
   * prefix promises more than `maxPayloadBytes`, `ERR_NETWORK_PROTOCOL` on an unknown kind or a frame without one.
   * `announced` is called with the payload's length when it is known, before the payload is kept; it may throw.
   */
  next(maxPayloadBytes: number, announced?: (payloadBytes: number) => void): Frame | undefined;
  /** Throws away what is buffered. */
  clear(): void;
  /** Bytes pushed and not yet handed out. */
  readonly buffered: number;
}

/** Pieces up to this length are put together while they wait, bytes: thousands of tiny ones cost more than they hold. */
const SMALL_BYTES = 1_024;

/** A piece that is a small part of its packet, copied: what waits must not keep the packet alive, which nobody counts. */
function withoutPacket(piece: Uint8Array): Uint8Array {
  return piece.buffer.byteLength > 2 * piece.length ? new Uint8Array(piece) : piece;
}

/** A {@link FrameDecoder} with nothing buffered. */
export function frameDecoder(): FrameDecoder {
  let chunks: Uint8Array[] = [];
  let first = 0; // index of the first chunk in use
  let offset = 0; // bytes of that chunk already taken
  let buffered = 0;
  let tail: Uint8Array | undefined; // its used part is the last chunk
  let used = 0;
  let length: number | undefined; // of the frame being read, status byte included

  /** Takes `count` bytes, always as a copy: a small frame kept by a store must not pin a whole network chunk. */
  const take = (count: number): Uint8Array => {
    const out = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = chunks[first] as Uint8Array;
      const part = chunk.subarray(offset, offset + count - filled);
      out.set(part, filled);
      filled += part.length;
      offset += part.length;
      if (offset === chunk.length) {
        offset = 0;
        if (++first > 64) {
          chunks = chunks.slice(first);
          first = 0;
        }
      }
    }
    buffered -= count;
    if (buffered === 0) {
      chunks = [];
      first = 0;
      offset = 0;
    }
    return out;
  };

  return {
    get buffered() {
      return buffered;
    },
    push(chunk) {
      if (chunk.length === 0) return;
      if (chunk.length > SMALL_BYTES || buffered === 0) {
        tail = undefined;
        chunks.push(withoutPacket(chunk));
      } else {
        if (tail === undefined || used + chunk.length > tail.length) {
          tail = new Uint8Array(4 * SMALL_BYTES);
          used = 0;
          chunks.push(tail);
        }
        tail.set(chunk, used);
        used += chunk.length;
        chunks[chunks.length - 1] = tail.subarray(0, used);
      }
      buffered += chunk.length;
    },
    clear() {
      chunks = [];
      first = 0;
      offset = 0;
      buffered = 0;
    },
    next(maxPayloadBytes, announced) {
      const isNew = length === undefined;
      if (length === undefined) {
        if (buffered < PREFIX_BYTES) return undefined;
        length = new DataView(take(PREFIX_BYTES).buffer).getUint32(0);
      }
      if (length === 0)
        throw new NetworkError('ERR_NETWORK_PROTOCOL', 'A frame has at least its status byte');
      if (length - 1 > maxPayloadBytes) {
        throw new NetworkError(
          'ERR_NETWORK_LIMIT',
          `A frame of at most ${maxPayloadBytes} bytes was expected, the peer announced ${length - 1}`,
          { details: { maxBytes: maxPayloadBytes, bytes: length - 1 } },
        );
      }
      if (isNew) announced?.(length - 1);
      if (buffered < length) return undefined;
      const status = take(1)[0] ?? 0;
      const payload = take(length - 1);
      length = undefined;
      const kind = KINDS[status];
      if (kind === undefined)
        throw new NetworkError('ERR_NETWORK_PROTOCOL', `Unknown frame status ${status}`);
      return { kind, payload };
    },
  };
}
