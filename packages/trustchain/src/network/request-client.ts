import {
  AbortedError,
  type EdmpError,
  type Environment,
  type RequestOptions,
  TimeoutError,
  throwIfAborted,
} from '@edmp/interface';
import { byteCount, checkBody, checkName, delayMs, numberIn } from './checks.ts';
import { NetworkError } from './errors.ts';
import { MAX_FAILURE_PAYLOAD_BYTES, refusalError, remoteError } from './failure.ts';
import type { FrameStream } from './frame-stream.ts';
import type { OpenWork } from './open-work.ts';

const MIB = 1024 * 1024;

/** What {@link requestFrames} needs. */
export interface RequestInit {
  readonly environment: Environment;
  readonly protocol: string;
  readonly body: Uint8Array;
  readonly options: RequestOptions;
  /** Opens the stream; should give up when the signal fires. */
  open(signal: AbortSignal): Promise<FrameStream>;
  /** Where the request is registered while it runs. */
  readonly work: OpenWork;
}

/**
 * The asking side of a request (see {@link @edmp/interface!Network.request} for options and errors), over any
 * {@link FrameStream}. Lazy: nothing happens before the first `next()`.
 */
export async function* requestFrames(init: RequestInit): AsyncGenerator<Uint8Array, void, undefined> {
  const { environment, options, protocol, body } = init;
  checkName('protocol', protocol);
  checkBody(body);
  const timeoutMs = delayMs('timeoutMs', options.timeoutMs, 10_000);
  const maxFrameBytes = byteCount('maxFrameBytes', options.maxFrameBytes, 4 * MIB);
  const maxResponseBytes = numberIn(
    'maxResponseBytes',
    options.maxResponseBytes,
    256 * MIB,
    0,
    Number.MAX_SAFE_INTEGER,
  );
  throwIfAborted(options.signal);

  const controller = new AbortController();
  let stream: FrameStream | undefined;
  let complete = false;
  let sent = false;
  const fail = (error: EdmpError): void => {
    controller.abort(error);
    stream?.abort(error);
  };
  const onAbort = (): void => fail(new AbortedError(undefined, { cause: options.signal?.reason }));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const release = init.work.add(fail);
  const within = async <T>(what: string, promise: Promise<T>): Promise<T> => {
    const cancel = environment.schedule(timeoutMs, () =>
      fail(
        new TimeoutError(`${what} of ${protocol} took longer than ${timeoutMs} ms`, {
          details: { timeoutMs },
        }),
      ),
    );
    try {
      return await promise;
    } finally {
      cancel();
    }
  };

  try {
    const open = await within('Opening a stream', openOrAbort(init.open, controller.signal));
    stream = open;
    void sendRequest(open, body).then(
      () => {
        sent = true;
      },
      () => undefined, // receive() reports what broke
    );
    // A failure frame may be longer than the caller's limit for data.
    const limit = Math.max(maxFrameBytes, MAX_FAILURE_PAYLOAD_BYTES);
    let total = 0;
    for (;;) {
      const next = open.receive(limit);
      const frame = next instanceof Promise ? await within('An answer', next) : next;
      if (frame === undefined) {
        throw new NetworkError(
          'ERR_NETWORK_UNREACHABLE',
          `The peer ended the stream of ${protocol} before its answer was complete`,
        );
      }
      switch (frame.kind) {
        case 'data':
          total += frame.payload.length;
          checkSizes(frame.payload.length, total, maxFrameBytes, maxResponseBytes);
          yield frame.payload;
          break;
        case 'end':
          complete = true;
          return;
        case 'error':
          throw remoteError(frame.payload);
        case 'refused':
          throw refusalError(frame.payload);
        case 'request':
          throw new NetworkError('ERR_NETWORK_PROTOCOL', 'The peer answered a request with a request');
      }
    }
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    release();
    if (!(complete && sent)) stream?.abort(new AbortedError('The request is over'));
  }
}

async function sendRequest(stream: FrameStream, body: Uint8Array): Promise<void> {
  await stream.send('request', body);
  await stream.closeWrite();
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

/** Settles when the signal fires even if `open` does not; a stream that comes too late is ended. */
function openOrAbort(
  open: (signal: AbortSignal) => Promise<FrameStream>,
  signal: AbortSignal,
): Promise<FrameStream> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    open(signal).then(
      (stream) => {
        if (signal.aborted) stream.abort(signal.reason as EdmpError);
        else resolve(stream);
      },
      (error: unknown) => reject(error),
    );
  });
}
