import {
  AbortedError,
  type EdmpError,
  type Environment,
  type HandleOptions,
  type IncomingRequest,
  InvalidArgumentError,
  isEdmpError,
  type PublicKey,
  publicKeyToHex,
  type RequestHandler,
  TimeoutError,
} from '@edmp/interface';
import { type ByteBudgetOptions, byteBudget } from './byte-budget.ts';
import { byteCount, checkName, numberIn } from './checks.ts';
import { NetworkError } from './errors.ts';
import { encodeFailure, encodeHandlerError } from './failure.ts';
import type { FrameStream } from './frame-stream.ts';
import type { FrameKind } from './framing.ts';
import { openWork } from './open-work.ts';

const EMPTY = new Uint8Array();
const MIB = 1024 * 1024;
const DEFAULT_MAX_REQUEST_BYTES = 4 * MIB;
/** Requests being read or handled: a peer may have two of the largest open, or any number of small ones. */
const REQUEST_BUDGET: ByteBudgetOptions = { perPeer: 8 * MIB, total: 64 * MIB };
/** Answers that their askers are slow to take: one frame of each open request. */
const ANSWER_BUDGET: ByteBudgetOptions = { perPeer: 32 * MIB, total: 128 * MIB };

/** What is wrong with a request that its asker is told. */
const REFUSED = ['ERR_NETWORK_LIMIT', 'ERR_NETWORK_PROTOCOL', 'ERR_NETWORK_BUSY'] as const;

/** Limits of a {@link RequestServer}. */
export interface RequestServerOptions {
  readonly environment: Environment;
  /** Longest wait for the request of a stream that a peer opened, ms. Default 10 000. */
  readonly requestTimeoutMs?: number;
  /** Longest wait for a peer that does not take the next answer frame, ms. Default 60 000. */
  readonly writeTimeoutMs?: number;
  /** Bytes of requests announced and not answered yet. Default 8 MiB for one peer, 64 MiB for all. */
  readonly requestBudget?: ByteBudgetOptions;
  /** Bytes of answer frames that peers are slow to take. Default 32 MiB for one peer, 128 MiB for all. */
  readonly answerBudget?: ByteBudgetOptions;
}

/** A protocol that is served. */
export interface ServedProtocol {
  readonly protocol: string;
  readonly maxConcurrentPerPeer: number;
}

/** The answering side of requests, over any {@link FrameStream}. */
export interface RequestServer {
  /** See {@link @edmp/interface!Network.handle}. */
  handle(protocol: string, handler: RequestHandler, options?: HandleOptions): () => void;
  /** Protocols served now. */
  protocols(): readonly ServedProtocol[];
  /** Answers the one request of a stream. Never rejects: whatever goes wrong ends the stream. */
  serve(protocol: string, from: PublicKey, stream: FrameStream): Promise<void>;
  /** Ends all open requests with `error`. */
  endAll(error: EdmpError): void;
}

interface Served extends ServedProtocol {
  readonly handler: RequestHandler;
  readonly maxRequestBytes: number;
  /** Handlers running for each peer (key as hex). */
  readonly running: Map<string, number>;
}

/** A {@link RequestServer} that serves nothing yet. */
export function requestServer(options: RequestServerOptions): RequestServer {
  const { environment } = options;
  const requestTimeoutMs = options.requestTimeoutMs ?? 10_000;
  const writeTimeoutMs = options.writeTimeoutMs ?? 60_000;
  const handlers = new Map<string, Served>();
  const work = openWork();
  const requests = byteBudget(options.requestBudget ?? REQUEST_BUDGET);
  const answers = byteBudget(options.answerBudget ?? ANSWER_BUDGET);

  const within = async <T>(ms: number, what: string, stream: FrameStream, wait: Promise<T>): Promise<T> => {
    const cancel = environment.schedule(ms, () =>
      stream.abort(new TimeoutError(`${what} took longer than ${ms} ms`, { details: { timeoutMs: ms } })),
    );
    try {
      return await wait;
    } finally {
      cancel();
    }
  };
  const send = (stream: FrameStream, kind: FrameKind, payload: Uint8Array): undefined | Promise<void> => {
    const blocked = stream.send(kind, payload);
    return blocked && within(writeTimeoutMs, 'Sending an answer', stream, blocked);
  };
  /** Sends a part of an answer, counting it while the peer does not take it. */
  const sendData = (stream: FrameStream, peer: string, payload: Uint8Array): undefined | Promise<void> => {
    const blocked = send(stream, 'data', payload);
    if (blocked === undefined) return undefined;
    const giveBack = answers.take(peer, payload.length);
    // What waits for slow readers is bounded; the reader that comes too many loses its stream.
    if (giveBack === undefined) {
      stream.abort(new NetworkError('ERR_NETWORK_BUSY', 'Too many bytes wait for peers to read them'));
    }
    return blocked.finally(giveBack);
  };
  const finish = async (stream: FrameStream, kind: FrameKind, payload: Uint8Array): Promise<void> => {
    await send(stream, kind, payload);
    await within(writeTimeoutMs, 'Closing a stream', stream, stream.closeWrite());
  };
  const refuse = async (stream: FrameStream, error: NetworkError): Promise<void> => {
    await finish(stream, 'refused', encodeFailure(error.code, error.message));
    // The asker may still be sending a request that nobody will read.
    stream.abort(error);
  };
  /** Refuses a stream whose request was not read yet, once its first bytes are here. */
  const refuseUnread = async (stream: FrameStream, error: NetworkError): Promise<void> => {
    // Not sooner: an asker that still negotiates the protocol would lose an answer that ends the stream.
    try {
      const next = stream.receive(0);
      if (next instanceof Promise) await within(requestTimeoutMs, 'A request', stream, next);
    } catch (cause) {
      if (!isEdmpError(cause, 'ERR_NETWORK_LIMIT')) throw cause;
    }
    await refuse(stream, error);
  };

  const readRequest = async (
    served: Served,
    stream: FrameStream,
    announced: (bytes: number) => void,
  ): Promise<Uint8Array> => {
    const next = stream.receive(served.maxRequestBytes, announced);
    const frame = next instanceof Promise ? await within(requestTimeoutMs, 'A request', stream, next) : next;
    if (frame === undefined)
      throw new NetworkError('ERR_NETWORK_PROTOCOL', 'A stream begins with its request');
    if (frame.kind !== 'request') {
      throw new NetworkError(
        'ERR_NETWORK_PROTOCOL',
        `A stream begins with its request, not with ${frame.kind}`,
      );
    }
    return frame.payload;
  };

  /** Sends the frames of a handler that answers with many; resolves when it is over or the request was called off. */
  const sendFrames = async (
    frames: AsyncIterator<Uint8Array>,
    { from, signal }: IncomingRequest,
    stream: FrameStream,
    release: () => void,
  ): Promise<void> => {
    try {
      for (;;) {
        const next = await orAborted(frames.next(), signal);
        if (next.done === true) break;
        const blocked = sendData(stream, publicKeyToHex(from), checked(next.value));
        if (blocked !== undefined) await blocked;
      }
    } finally {
      // A place stays taken until the handler is really over: else a peer that opens and resets streams in a loop
      // would have any number of handlers run at once.
      const over = Promise.resolve(frames.return?.()).then(release, release);
      if (!signal.aborted) await over;
    }
  };
  const answer = async (
    served: Served,
    request: IncomingRequest,
    stream: FrameStream,
    release: () => void,
  ): Promise<void> => {
    const { from, signal } = request;
    let failure: { readonly error: unknown } | undefined;
    try {
      const result = called(served.handler, request, release);
      if (Symbol.asyncIterator in result) {
        await sendFrames(result[Symbol.asyncIterator](), request, stream, release);
      } else {
        // The place stays taken until the handler is over here, too.
        result.then(release, release);
        const frame = await orAborted(result, signal);
        const blocked = sendData(stream, publicKeyToHex(from), checked(frame));
        if (blocked !== undefined) await blocked;
      }
    } catch (error) {
      failure = { error };
    }
    if (signal.aborted) {
      stream.abort(signal.reason as EdmpError);
      return;
    }
    if (failure === undefined) await finish(stream, 'end', EMPTY);
    else await finish(stream, 'error', encodeHandlerError(failure.error));
  };

  const serveOne = async (protocol: string, from: PublicKey, stream: FrameStream): Promise<void> => {
    const served = handlers.get(protocol);
    if (served === undefined) {
      return refuseUnread(stream, new NetworkError('ERR_NETWORK_PROTOCOL', `${protocol} is not spoken here`));
    }
    const peer = publicKeyToHex(from);
    const running = served.running.get(peer) ?? 0;
    if (running >= served.maxConcurrentPerPeer) {
      const text = `${running} requests of this peer are open already`;
      return refuseUnread(stream, new NetworkError('ERR_NETWORK_BUSY', text));
    }
    served.running.set(peer, running + 1);
    let taken = true;
    let giveBack: (() => void) | undefined;
    const reserve = (bytes: number): void => {
      giveBack = requests.take(peer, bytes);
      if (giveBack !== undefined) return;
      const text = `A request of ${bytes} bytes is more than what is left for this peer; try later`;
      throw new NetworkError('ERR_NETWORK_BUSY', text);
    };
    const release = (): void => {
      if (!taken) return;
      taken = false;
      giveBack?.();
      const left = (served.running.get(peer) ?? 1) - 1;
      if (left === 0) served.running.delete(peer);
      else served.running.set(peer, left);
    };
    const controller = new AbortController();
    const fail = (error: EdmpError): void => {
      controller.abort(error);
      stream.abort(error);
    };
    const remove = work.add(fail);
    stream.onClose(() => {
      // When the handler is over there is nothing to call off; an error for every answered request would be dear.
      if (taken)
        controller.abort(new NetworkError('ERR_NETWORK_UNREACHABLE', 'The peer that asked went away'));
    });
    try {
      let body: Uint8Array;
      try {
        body = await readRequest(served, stream, reserve);
      } catch (error) {
        release();
        const refused = REFUSED.find((code) => isEdmpError(error, code));
        if (refused !== undefined) {
          return await refuse(stream, new NetworkError(refused, (error as Error).message));
        }
        throw error;
      }
      // A stream carries one request: whatever follows it would be held and never read.
      stream.ignoreRest();
      await answer(served, { from, body, signal: controller.signal }, stream, release);
    } finally {
      remove();
    }
  };

  return {
    handle(protocol, handler, handleOptions = {}) {
      checkName('protocol', protocol);
      if (handlers.has(protocol)) {
        throw new InvalidArgumentError(
          `${protocol} has a handler already; take it back before setting another`,
        );
      }
      const served: Served = {
        protocol,
        handler,
        maxRequestBytes: byteCount(
          'maxRequestBytes',
          handleOptions.maxRequestBytes,
          DEFAULT_MAX_REQUEST_BYTES,
        ),
        maxConcurrentPerPeer: numberIn(
          'maxConcurrentPerPeer',
          handleOptions.maxConcurrentPerPeer,
          32,
          1,
          10_000,
        ),
        running: new Map(),
      };
      handlers.set(protocol, served);
      return () => {
        if (handlers.get(protocol) === served) handlers.delete(protocol);
      };
    },
    protocols: () => [...handlers.values()],
    async serve(protocol, from, stream) {
      try {
        await serveOne(protocol, from, stream);
      } catch (error) {
        stream.abort(
          isEdmpError(error) ? error : new AbortedError('Answering a request failed', { cause: error }),
        );
      }
    },
    endAll: (error) => work.failAll(error),
  };
}

/** What a handler gives; one that throws at once is over. */
function called(
  handler: RequestHandler,
  request: IncomingRequest,
  release: () => void,
): ReturnType<RequestHandler> {
  try {
    return handler(request);
  } catch (error) {
    release();
    throw error;
  }
}

function checked(frame: Uint8Array): Uint8Array {
  if (!(frame instanceof Uint8Array)) throw new TypeError('a handler must answer with bytes');
  return frame;
}

/** What a handler's promise comes to, or the signal's reason if that comes first. */
function orAborted<T>(wait: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    wait.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
