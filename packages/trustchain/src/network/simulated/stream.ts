import type { EdmpError } from '@edmp/interface';
import { NetworkError } from '../errors.ts';
import { type FrameStream, MAX_IGNORED_BYTES } from '../frame-stream.ts';
import type { Frame, FrameKind } from '../framing.ts';

/** Bytes on their way or unread above which a sender has to wait. */
const WINDOW_BYTES = 256 * 1024;
/** What a frame counts besides its payload, so that empty frames fill the window too. */
const FRAME_OVERHEAD_BYTES = 64;

/** How one end of a stream reaches the other: runs `effect` there after the link's latency, in order. */
export type Carry = (effect: () => void) => void;

/** What a sent frame becomes on the wire: itself, something else, several frames, or none. */
export type Transform = (frame: Frame) => readonly Frame[];

/** One end of a simulated stream, with the hooks its connection needs. */
export interface SimulatedStream extends FrameStream {
  /** The connection broke: everything fails here, without word to the other end. */
  breakOff(error: EdmpError): void;
}

interface End extends SimulatedStream {
  arrive(frame: Frame): void;
  arriveEnd(): void;
  arriveReset(): void;
  readUp(bytes: number): void;
}

const size = (frame: Frame): number => frame.payload.length + FRAME_OVERHEAD_BYTES;

/** Options of {@link streamPair}. */
export interface StreamPairOptions {
  /** From the first end to the second, and back. */
  readonly carry: readonly [Carry, Carry];
  readonly transform: readonly [Transform, Transform];
  /** Called when an end resets the stream. */
  onReset(end: 0 | 1): void;
}

/** Both ends of a new stream. */
export function streamPair(options: StreamPairOptions): readonly [SimulatedStream, SimulatedStream] {
  const make = (index: 0 | 1, other: () => End): End => {
    const carry = options.carry[index];
    const transform = options.transform[index];
    const inbox: Frame[] = [];
    const closeListeners: (() => void)[] = [];
    let inFlight = 0;
    let unacknowledged = 0;
    const waiting: { resolve(): void; reject(error: EdmpError): void }[] = [];
    let receiver:
      | {
          readonly limit: number;
          readonly announced: ((payloadBytes: number) => void) | undefined;
          resolve(frame: Frame | undefined): void;
          reject(error: unknown): void;
        }
      | undefined;
    let remoteEnded = false;
    let writeClosed = false;
    let closed = false;
    let failure: EdmpError | undefined;
    let ignored: number | undefined;

    /** Tells the sender what was read, a quarter of a window at a time. */
    const acknowledge = (bytes: number): void => {
      unacknowledged += bytes;
      if (closed || unacknowledged < WINDOW_BYTES / 4) return;
      const read = unacknowledged;
      unacknowledged = 0;
      carry(() => other().readUp(read));
    };
    const take = (
      limit: number,
      announced: ((payloadBytes: number) => void) | undefined,
    ): { readonly frame: Frame | undefined } | undefined => {
      const frame = inbox.shift();
      if (frame !== undefined) {
        acknowledge(size(frame));
        if (frame.payload.length > limit) {
          throw new NetworkError(
            'ERR_NETWORK_LIMIT',
            `A frame of at most ${limit} bytes was expected, the peer sent ${frame.payload.length}`,
            { details: { maxBytes: limit, bytes: frame.payload.length } },
          );
        }
        announced?.(frame.payload.length);
        return { frame };
      }
      if (failure !== undefined) throw failure;
      return remoteEnded ? { frame: undefined } : undefined;
    };
    const serve = (): void => {
      const current = receiver;
      if (current === undefined) return;
      try {
        const result = take(current.limit, current.announced);
        if (result === undefined) return;
        receiver = undefined;
        current.resolve(result.frame);
      } catch (error) {
        receiver = undefined;
        current.reject(error);
      }
    };
    const close = (): void => {
      if (closed) return;
      closed = true;
      for (const listener of closeListeners.splice(0)) listener();
    };
    const fail = (error: EdmpError): void => {
      if (closed) return;
      failure ??= error;
      for (const { reject } of waiting.splice(0)) reject(error);
      serve();
      close();
    };

    const abort = (error: EdmpError): void => {
      if (closed) return;
      options.onReset(index);
      inbox.length = 0;
      carry(() => other().arriveReset());
      fail(error);
    };
    const ignore = (frame: Frame): void => {
      acknowledge(size(frame));
      ignored = (ignored ?? 0) + size(frame);
      if (ignored > MAX_IGNORED_BYTES) {
        abort(
          new NetworkError('ERR_NETWORK_LIMIT', 'The peer goes on sending where nothing more is expected'),
        );
      }
    };

    return {
      // Whatever was sent is on the simulated line.
      unsent: 0,
      send(kind: FrameKind, payload: Uint8Array) {
        if (failure !== undefined) throw failure;
        if (writeClosed || closed) throw new NetworkError('ERR_NETWORK_UNREACHABLE', 'The stream is closed');
        // Copied: the sender may use its buffer again.
        for (const frame of transform({ kind, payload: payload.slice() })) {
          inFlight += size(frame);
          carry(() => other().arrive(frame));
        }
        if (inFlight <= WINDOW_BYTES) return undefined;
        return new Promise((resolve, reject) => {
          waiting.push({ resolve, reject });
        });
      },
      receive(limit, announced) {
        const result = take(limit, announced);
        if (result !== undefined) return result.frame;
        return new Promise((resolve, reject) => {
          receiver = { limit, announced, resolve, reject };
        });
      },
      closeWrite() {
        if (failure !== undefined) return Promise.reject(failure);
        if (writeClosed || closed) return undefined;
        writeClosed = true;
        carry(() => other().arriveEnd());
        if (remoteEnded) close();
        return undefined;
      },
      abort,
      ignoreRest() {
        ignored ??= 0;
        for (const frame of inbox.splice(0)) ignore(frame);
      },
      onClose(listener) {
        if (closed) listener();
        else closeListeners.push(listener);
      },
      breakOff: fail,
      arrive(frame) {
        if (closed) return;
        if (ignored === undefined) inbox.push(frame);
        else ignore(frame);
        serve();
      },
      arriveEnd() {
        if (closed) return;
        remoteEnded = true;
        serve();
        if (writeClosed) close();
      },
      arriveReset() {
        fail(new NetworkError('ERR_NETWORK_UNREACHABLE', 'The peer reset the stream'));
      },
      readUp(bytes) {
        inFlight -= bytes;
        if (inFlight > WINDOW_BYTES / 2) return;
        for (const { resolve } of waiting.splice(0)) resolve();
      },
    };
  };
  const first: End = make(0, () => second);
  const second: End = make(1, () => first);
  return [first, second];
}
