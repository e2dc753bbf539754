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
} from '@edmp/interface';
import { type ByteBudget, type ByteBudgetOptions, byteBudget } from './byte-budget.ts';
import { byteCount, checkName, numberIn } from './checks.ts';
import { NetworkError } from './errors.ts';
import { encodeFailure, encodeHandlerError } from './failure.ts';
import type { FrameStream } from './frame-stream.ts';
import type { Frame } from './framing.ts';
import { openWork } from './open-work.ts';
import { ServedRequest, type ServedTimes } from './served-request.ts';

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
  return new StreamServer(options);
}

class StreamServer implements RequestServer {
  readonly #environment: Environment;
  readonly #times: ServedTimes;
  readonly #handlers = new Map<string, Served>();
  readonly #work = openWork();
  readonly #requests: ByteBudget;
  readonly #answers: ByteBudget;

  constructor(options: RequestServerOptions) {
    const { environment, requestTimeoutMs = 10_000, writeTimeoutMs = 60_000 } = options;
    this.#environment = environment;
    this.#times = { requestTimeoutMs, writeTimeoutMs };
    this.#requests = byteBudget(options.requestBudget ?? REQUEST_BUDGET);
    this.#answers = byteBudget(options.answerBudget ?? ANSWER_BUDGET);
  }

  handle(protocol: string, handler: RequestHandler, options: HandleOptions = {}): () => void {
    checkName('protocol', protocol);
    if (this.#handlers.has(protocol)) {
      throw new InvalidArgumentError(
        `${protocol} has a handler already; take it back before setting another`,
      );
    }
    const served: Served = {
      protocol,
      handler,
      maxRequestBytes: byteCount('maxRequestBytes', options.maxRequestBytes, DEFAULT_MAX_REQUEST_BYTES),
      maxConcurrentPerPeer: numberIn('maxConcurrentPerPeer', options.maxConcurrentPerPeer, 32, 1, 10_000),
      running: new Map(),
    };
    this.#handlers.set(protocol, served);
    return () => {
      if (this.#handlers.get(protocol) === served) this.#handlers.delete(protocol);
    };
  }

  protocols(): readonly ServedProtocol[] {
    return [...this.#handlers.values()];
  }

  endAll(error: EdmpError): void {
    this.#work.failAll(error);
  }

  serve(protocol: string, from: PublicKey, stream: FrameStream): Promise<void> {
    const peer = publicKeyToHex(from);
    const open = new ServedRequest(stream, peer, this.#environment, this.#times, this.#answers);
    const served = this.#handlers.get(protocol);
    if (served === undefined) {
      const error = new NetworkError('ERR_NETWORK_PROTOCOL', `${protocol} is not spoken here`);
      return refuseUnread(open, error);
    }
    const running = served.running.get(peer) ?? 0;
    if (running >= served.maxConcurrentPerPeer) {
      const text = `${running} requests of this peer are open already`;
      return refuseUnread(open, new NetworkError('ERR_NETWORK_BUSY', text));
    }
    return this.#serveIn(new Place(served, peer, this.#requests), from, open);
  }

  async #serveIn(place: Place, from: PublicKey, open: ServedRequest): Promise<void> {
    const { stream } = open;
    const remove = this.#work.add((error) => {
      open.callOff(error);
      stream.abort(error);
    });
    stream.onClose(() => {
      // When the handler is over there is nothing to call off; an error for every answered request would be dear.
      if (place.isTaken)
        open.callOff(new NetworkError('ERR_NETWORK_UNREACHABLE', 'The peer that asked went away'));
    });
    try {
      let frame: Frame | undefined;
      try {
        const next = stream.receive(place.served.maxRequestBytes, (bytes) => place.reserve(bytes));
        frame = next instanceof Promise ? await open.requested(next) : next;
        expectRequest(frame);
      } catch (error) {
        place.release();
        const refused = REFUSED.find((code) => isEdmpError(error, code));
        if (refused === undefined) throw error;
        await refuse(open, new NetworkError(refused, (error as Error).message));
        return;
      }
      // A stream carries one request: whatever follows it would be held and never read.
      stream.ignoreRest();
      const answered = await this.#answer(place, open.incoming(from, frame.payload), open);
      const finishing = open.failure === undefined ? finish(open, answered) : stream.abort(open.failure);
      if (finishing instanceof Promise) await finishing;
    } catch (error) {
      abortFor(stream, error);
    } finally {
      remove();
    }
  }

  /** Has the handler answer; what it throws is the result. */
  #answer(place: Place, request: IncomingRequest, open: ServedRequest): Promise<Answered> {
    let result: ReturnType<RequestHandler>;
    try {
      result = place.served.handler(request);
    } catch (error) {
      place.release();
      return Promise.resolve({ error });
    }
    if (Symbol.asyncIterator in result) return sendFrames(result[Symbol.asyncIterator](), open, place);
    return sendOne(result, open, place);
  }
}

/** What went wrong while a request was answered; undefined when nothing did. */
type Answered = { readonly error: unknown } | undefined;

/** The place of a running handler among those of its peer, and the bytes of its request. */
class Place {
  readonly served: Served;
  readonly #peer: string;
  readonly #requests: ByteBudget;
  #isTaken = true;
  #giveBack: (() => void) | undefined;

  constructor(served: Served, peer: string, requests: ByteBudget) {
    this.served = served;
    this.#peer = peer;
    this.#requests = requests;
    served.running.set(peer, (served.running.get(peer) ?? 0) + 1);
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Takes the bytes that a request is announced with. Throws `ERR_NETWORK_BUSY`. */
  reserve(bytes: number): void {
    this.#giveBack = this.#requests.take(this.#peer, bytes);
    if (this.#giveBack !== undefined) return;
    const text = `A request of ${bytes} bytes is more than what is left for this peer; try later`;
    throw new NetworkError('ERR_NETWORK_BUSY', text);
  }

  /** Gives everything back, once. */
  release(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#giveBack?.();
    const { running } = this.served;
    const left = (running.get(this.#peer) ?? 1) - 1;
    if (left === 0) running.delete(this.#peer);
    else running.set(this.#peer, left);
  }
}

/** Throws `ERR_NETWORK_PROTOCOL` unless a frame is a request. */
function expectRequest(frame: Frame | undefined): asserts frame is Frame {
  if (frame === undefined) throw new NetworkError('ERR_NETWORK_PROTOCOL', 'A stream begins with its request');
  if (frame.kind !== 'request') {
    throw new NetworkError(
      'ERR_NETWORK_PROTOCOL',
      `A stream begins with its request, not with ${frame.kind}`,
    );
  }
}

const finish = (open: ServedRequest, answered: Answered): undefined | Promise<void> =>
  answered === undefined
    ? open.finish('end', EMPTY)
    : open.finish('error', encodeHandlerError(answered.error));

async function refuse(open: ServedRequest, error: NetworkError): Promise<void> {
  await open.finish('refused', encodeFailure(error.code, error.message));
  // The asker may still be sending a request that nobody will read.
  open.stream.abort(error);
}

/** Refuses a stream whose request was not read yet, once its first bytes are here. Never rejects. */
async function refuseUnread(open: ServedRequest, error: NetworkError): Promise<void> {
  // Not sooner: an asker that still negotiates the protocol would lose an answer that ends the stream.
  try {
    const next = open.stream.receive(0);
    if (next instanceof Promise) await open.requested(next);
  } catch (cause) {
    if (!isEdmpError(cause, 'ERR_NETWORK_LIMIT')) {
      abortFor(open.stream, cause);
      return;
    }
  }
  try {
    await refuse(open, error);
  } catch (cause) {
    abortFor(open.stream, cause);
  }
}

/** Ends a stream that could not be answered. */
function abortFor(stream: FrameStream, error: unknown): void {
  stream.abort(isEdmpError(error) ? error : new AbortedError('Answering a request failed', { cause: error }));
}

/** Sends the one frame of a handler; resolves when it is over or the request was called off. */
async function sendOne(result: Promise<Uint8Array>, open: ServedRequest, place: Place): Promise<Answered> {
  // A place stays taken until the handler is really over: else a peer that opens and resets streams in a loop would
  // have any number of handlers run at once.
  const over = (): void => place.release();
  try {
    const blocked = open.sendData(checked(await open.unlessCalledOff(result, over)));
    if (blocked !== undefined) await blocked;
  } catch (error) {
    return { error };
  }
  return undefined;
}

/** Sends the frames of a handler that answers with many; resolves when it is over or the request was called off. */
async function sendFrames(
  frames: AsyncIterator<Uint8Array>,
  open: ServedRequest,
  place: Place,
): Promise<Answered> {
  try {
    for (;;) {
      const next = await open.unlessCalledOff(frames.next());
      if (next.done === true) return undefined;
      const blocked = open.sendData(checked(next.value));
      if (blocked !== undefined) await blocked;
    }
  } catch (error) {
    return { error };
  } finally {
    const release = (): void => place.release();
    // Its place stays taken until then here, too.
    const over = Promise.resolve(frames.return?.()).then(release, release);
    if (open.failure === undefined) await over;
  }
}

function checked(frame: Uint8Array): Uint8Array {
  if (!(frame instanceof Uint8Array)) throw new TypeError('a handler must answer with bytes');
  return frame;
}
