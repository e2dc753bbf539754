import type { EdmpError, Environment } from '@edmp/interface';
import type { Stream } from '@libp2p/interface';
import { NetworkError } from '../errors.ts';
import { type FrameStream, MAX_IGNORED_BYTES } from '../frame-stream.ts';
import { encodeFrame, type Frame, type FrameKind, frameDecoder, frameGatherer } from '../framing.ts';

/** Unread bytes above which the peer is told to stop sending, and below which to go on. */
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;

/**
 * Frames of an answer that are sent together, bytes: with the header of the multiplexer they fill one message of libp2p's
 * noise (65 519 bytes of plaintext). Each message costs a dozen events, lists and a cipher, whatever its length.
 */
const TOGETHER_BYTES = 65_519 - 12;

interface Waiter {
  readonly limit: number;
  readonly announced: ((payloadBytes: number) => void) | undefined;
  resolve(frame: Frame | undefined): void;
  reject(error: unknown): void;
}

/**
 * A {@link FrameStream} over a libp2p stream whose messages nobody else reads.
 *
 * @param environment - Whose timer lets frames that follow each other go together.
 */
export function libp2pFrameStream(stream: Stream, environment: Pick<Environment, 'schedule'>): FrameStream {
  const decoder = frameDecoder();
  const closeListeners: (() => void)[] = [];
  let waiter: Waiter | undefined;
  let ended = stream.readableEnded;
  let closed = stream.status !== 'open' && stream.status !== 'closing';
  let failure: EdmpError | undefined;
  let ignored: number | undefined;
  const gathered = frameGatherer(TOGETHER_BYTES);
  let cancelFlush: (() => void) | undefined;

  const broken = (): NetworkError =>
    new NetworkError('ERR_NETWORK_UNREACHABLE', 'The connection broke or the peer reset the stream');

  const tooMuch = (): NetworkError =>
    new NetworkError('ERR_NETWORK_LIMIT', 'The peer goes on sending where nothing more is expected');

  /** What receive() answers now, or undefined when it has to wait. Throws. */
  const poll = ({
    limit,
    announced,
  }: Pick<Waiter, 'limit' | 'announced'>): { readonly frame: Frame | undefined } | undefined => {
    const frame = decoder.next(limit, announced);
    if (frame !== undefined) return { frame };
    if (failure !== undefined) throw failure;
    return ended ? { frame: undefined } : undefined;
  };
  const serveWaiter = (): void => {
    const waiting = waiter;
    if (waiting === undefined) return;
    try {
      const result = poll(waiting);
      if (result === undefined) return;
      waiter = undefined;
      waiting.resolve(result.frame);
    } catch (error) {
      waiter = undefined;
      waiting.reject(error);
    }
  };
  const pauseIfFull = (): void => {
    if (waiter === undefined && decoder.buffered > HIGH_WATER_BYTES && stream.readStatus === 'readable')
      stream.pause();
  };
  const resumeIfEmpty = (): void => {
    if (stream.readStatus === 'paused' && (waiter !== undefined || decoder.buffered < LOW_WATER_BYTES))
      stream.resume();
  };

  stream.addEventListener('message', ({ data }) => {
    if (ignored !== undefined) {
      ignored += data.byteLength;
      if (ignored > MAX_IGNORED_BYTES) abort(tooMuch());
      return;
    }
    if (data instanceof Uint8Array) decoder.push(data);
    else for (const piece of data) decoder.push(piece);
    serveWaiter();
    pauseIfFull();
  });
  stream.addEventListener('end', () => {
    ended = true;
    serveWaiter();
  });
  stream.addEventListener('close', (event) => {
    closed = true;
    forget();
    if (event.error !== undefined) failure ??= broken();
    // Unread data of a paused stream outlives its closing; only without any is this the end.
    if (stream.readBufferLength === 0) ended = true;
    serveWaiter();
    for (const listener of closeListeners.splice(0)) listener();
  });

  /**
   * Waits until libp2p has handed everything to the transport and the transport takes more. Not `stream.onDrain()`:
   * in @libp2p/utils 7.4.1 its promise is made once and stays resolved, so that only the first wait would be one.
   */
  const drained = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        if (failure === undefined && !closed) {
          if (stream.writableNeedsDrain || stream.writeBufferLength > 0) return;
          finish();
          resolve();
        } else {
          finish();
          reject(failure ?? broken());
        }
      };
      // libp2p refills from its queue in a microtask after 'drain': look again after that.
      const later = (): void => queueMicrotask(settle);
      const finish = (): void => {
        stream.removeEventListener('drain', later);
        stream.removeEventListener('idle', later);
        stream.removeEventListener('close', later);
      };
      stream.addEventListener('drain', later);
      stream.addEventListener('idle', later);
      stream.addEventListener('close', later);
      settle();
    });

  const abort = (error: EdmpError): void => {
    failure ??= error;
    forget();
    stream.abort(error);
    serveWaiter();
  };

  const forget = (): void => {
    gathered.take();
    cancelFlush?.();
    cancelFlush = undefined;
  };
  const hand = (bytes: Uint8Array): boolean => {
    try {
      return stream.send(bytes);
    } catch (cause) {
      throw failure ?? new NetworkError('ERR_NETWORK_UNREACHABLE', 'The stream is closed', { cause });
    }
  };
  /** Hands over what was gathered; false when libp2p does not take more. */
  const flush = (): boolean => {
    const bytes = gathered.take();
    forget();
    return bytes === undefined || hand(bytes);
  };
  const flushLater = (): void => {
    cancelFlush = undefined;
    try {
      flush();
    } catch {
      // The next frame reports what broke.
    }
  };
  /** Sends a frame, an answer's together with what follows at once; false when libp2p does not take more. */
  const sendFrame = (kind: FrameKind, payload: Uint8Array): boolean => {
    let more = gathered.hasRoomFor(payload) || flush();
    if (!gathered.hasRoomFor(payload)) return hand(encodeFrame(kind, payload)) && more;
    gathered.add(kind, payload);
    // What is there when everything else of this turn has been done, goes.
    if (kind === 'data') cancelFlush ??= environment.schedule(0, flushLater);
    else more = flush() && more;
    return more && !stream.writableNeedsDrain;
  };

  return {
    get unsent() {
      return stream.writeBufferLength + gathered.held;
    },
    send(kind, payload) {
      if (failure !== undefined) throw failure;
      if (closed || stream.writeStatus !== 'writable')
        throw new NetworkError('ERR_NETWORK_UNREACHABLE', 'The stream is closed');
      return sendFrame(kind, payload) ? undefined : drained();
    },
    receive(limit, announced) {
      const result = poll({ limit, announced });
      if (result !== undefined) {
        resumeIfEmpty();
        return result.frame;
      }
      return new Promise((resolve, reject) => {
        waiter = { limit, announced, resolve, reject };
        resumeIfEmpty();
      });
    },
    async closeWrite() {
      try {
        flush();
        await stream.close();
      } catch (cause) {
        throw failure ?? new NetworkError('ERR_NETWORK_UNREACHABLE', 'The stream is closed', { cause });
      }
    },
    ignoreRest() {
      ignored ??= decoder.buffered;
      decoder.clear();
      if (ignored > MAX_IGNORED_BYTES) abort(tooMuch());
      else if (stream.readStatus === 'paused') stream.resume();
    },
    abort,
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
  };
}
