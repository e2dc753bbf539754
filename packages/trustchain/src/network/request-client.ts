import {
  AbortedError,
  type EdmpError,
  type Environment,
  type RequestOptions,
  TimeoutError,
  throwIfAborted,
} from '@edmp/interface';
import { ONLY_FRAME, type OnlyFrame } from '@edmp/interface/implement';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { byteCount, checkBody, checkName, delayMs, numberIn } from './checks.ts';
import { NetworkError } from './errors.ts';
import { MAX_FAILURE_PAYLOAD_BYTES, refusalError, remoteError } from './failure.ts';
import type { FrameStream } from './frame-stream.ts';
import type { Frame } from './framing.ts';
import type { OpenWork } from './open-work.ts';

const MIB = 1024 * 1024;

/** What {@link requestFrames} needs. */
export interface RequestInit {
  readonly environment: Environment;
  readonly protocol: string;
  readonly body: Uint8Array;
  readonly options: RequestOptions;
  /** Opens the stream, at once where it can; should give up when the signal fires. */
  open(abort: LazySignal): MaybePromise<FrameStream>;
  /** Where the request is registered while it runs. */
  readonly work: OpenWork;
}

/** A signal that is made when somebody asks for it: most streams open at once, and nobody does. */
export interface LazySignal {
  readonly signal: AbortSignal;
}

/**
 * The asking side of a request (see {@link @edmp/interface!Network.request} for options and errors), over any
 * {@link FrameStream}. Lazy: nothing happens before the first frame is asked for. A single frame that is asked for as
 * such costs no iterator.
 */
export function requestFrames(init: RequestInit): AsyncIterable<Uint8Array> & OnlyFrame {
  return {
    [Symbol.asyncIterator]: () => eachFrame(init),
    [ONLY_FRAME]: () => onlyFrame(init),
  };
}

async function* eachFrame(init: RequestInit): AsyncGenerator<Uint8Array, void, undefined> {
  const request = new ClientRequest(init);
  try {
    const begun = request.begin();
    if (begun instanceof Promise) await begun;
    for (;;) {
      const next = request.next();
      const frame = next instanceof Promise ? await next : next;
      if (frame === undefined) return;
      yield frame;
    }
  } finally {
    request.end();
  }
}

async function onlyFrame(init: RequestInit): Promise<Uint8Array> {
  const request = new ClientRequest(init);
  try {
    const begun = request.begin();
    if (begun instanceof Promise) await begun;
    const first = request.next();
    const frame = first instanceof Promise ? await first : first;
    if (frame === undefined) throw notOneFrame('none');
    const second = request.next();
    const more = second instanceof Promise ? await second : second;
    if (more !== undefined) throw notOneFrame('more');
    return frame;
  } finally {
    request.end();
  }
}

const notOneFrame = (got: 'none' | 'more'): NetworkError =>
  new NetworkError('ERR_NETWORK_PROTOCOL', `Expected one response frame, got ${got}`);

/** One request while it runs. */
class ClientRequest {
  readonly #init: RequestInit;
  readonly #timeoutMs: number;
  readonly #maxFrameBytes: number;
  readonly #maxResponseBytes: number;
  readonly #onAbort = (): void =>
    this.#fail(new AbortedError(undefined, { cause: this.#init.options.signal?.reason }));
  readonly #release: () => void;
  #controller: AbortController | undefined;
  #stream: FrameStream | undefined;
  #total = 0;
  #complete = false;
  #sent = false;

  /** Throws `ERR_INVALID_ARGUMENT`, `ERR_ABORTED`. */
  constructor(init: RequestInit) {
    const { options } = init;
    checkName('protocol', init.protocol);
    checkBody(init.body);
    this.#init = init;
    this.#timeoutMs = delayMs('timeoutMs', options.timeoutMs, 10_000);
    this.#maxFrameBytes = byteCount('maxFrameBytes', options.maxFrameBytes, 4 * MIB);
    this.#maxResponseBytes = numberIn(
      'maxResponseBytes',
      options.maxResponseBytes,
      256 * MIB,
      0,
      Number.MAX_SAFE_INTEGER,
    );
    throwIfAborted(options.signal);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#release = init.work.add((error) => this.#fail(error));
  }

  /** Fires when the request fails. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Opens the stream and sends the request. */
  begin(): MaybePromise<void> {
    const opened = this.#init.open(this);
    return andThen(
      opened instanceof Promise ? this.#within('Opening a stream', openOrAbort(opened, this.signal)) : opened,
      (stream) => this.#send(stream),
    );
  }

  /** The next frame of the answer; undefined when it is complete. */
  next(): MaybePromise<Uint8Array | undefined> {
    const stream = this.#stream;
    if (stream === undefined) throw new NetworkError('ERR_NETWORK_UNREACHABLE', 'The request has not begun');
    // A failure frame may be longer than the caller's limit for data.
    const next = stream.receive(Math.max(this.#maxFrameBytes, MAX_FAILURE_PAYLOAD_BYTES));
    return andThen(next instanceof Promise ? this.#within('An answer', next) : next, (frame) =>
      this.#read(frame),
    );
  }

  /** Gives up what is still under way. */
  end(): void {
    this.#init.options.signal?.removeEventListener('abort', this.#onAbort);
    this.#release();
    if (!(this.#complete && this.#sent)) this.#stream?.abort(new AbortedError('The request is over'));
  }

  #fail(error: EdmpError): void {
    this.#controller?.abort(error);
    this.#stream?.abort(error);
  }

  #send(stream: FrameStream): void {
    this.#stream = stream;
    const sent = (): void => {
      this.#sent = true;
    };
    try {
      const closing = andThen(stream.send('request', this.#init.body), () => stream.closeWrite());
      if (closing instanceof Promise) closing.then(sent, () => undefined);
      else sent();
    } catch {
      // The next frame that is asked for reports what broke.
    }
  }

  #read(frame: Frame | undefined): Uint8Array | undefined {
    if (frame === undefined) {
      throw new NetworkError(
        'ERR_NETWORK_UNREACHABLE',
        `The peer ended the stream of ${this.#init.protocol} before its answer was complete`,
      );
    }
    switch (frame.kind) {
      case 'data':
        this.#total += frame.payload.length;
        checkSizes(frame.payload.length, this.#total, this.#maxFrameBytes, this.#maxResponseBytes);
        return frame.payload;
      case 'end':
        this.#complete = true;
        return undefined;
      case 'error':
        throw remoteError(frame.payload);
      case 'refused':
        throw refusalError(frame.payload);
      default:
        throw new NetworkError('ERR_NETWORK_PROTOCOL', 'The peer answered a request with a request');
    }
  }

  /** Settles as `wait` does, which fails when it takes too long. */
  #within<T>(what: string, wait: Promise<T>): Promise<T> {
    const ms = this.#timeoutMs;
    const cancel = this.#init.environment.schedule(ms, () =>
      this.#fail(
        new TimeoutError(`${what} of ${this.#init.protocol} took longer than ${ms} ms`, {
          details: { timeoutMs: ms },
        }),
      ),
    );
    return wait.then(
      (value) => {
        cancel();
        return value;
      },
      (error: unknown) => {
        cancel();
        throw error;
      },
    );
  }
}

function checkSizes(bytes: number, total: number, maxFrameBytes: number, maxResponseBytes: number): void {
  if (bytes > maxFrameBytes) {
    throw new NetworkError(
      'ERR_NETWORK_LIMIT',
      `An answer frame has ${bytes} bytes, at most ${maxFrameBytes} were allowed (maxFrameBytes)`,
      { details: { bytes, maxFrameBytes } },
    );
  }
  if (total > maxResponseBytes) {
    throw new NetworkError(
      'ERR_NETWORK_LIMIT',
      `An answer has more than ${maxResponseBytes} bytes in all (maxResponseBytes)`,
      { details: { maxResponseBytes } },
    );
  }
}

/** Settles when the signal fires even if the opening does not; a stream that comes too late is ended. */
function openOrAbort(opening: Promise<FrameStream>, signal: AbortSignal): Promise<FrameStream> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    opening.then(
      (stream) => {
        if (signal.aborted) stream.abort(signal.reason as EdmpError);
        else resolve(stream);
      },
      (error: unknown) => reject(error),
    );
  });
}
