import {
  type EdmpError,
  type Environment,
  type IncomingRequest,
  type PublicKey,
  TimeoutError,
} from '@edmp/interface';
import type { ByteBudget } from './byte-budget.ts';
import { NetworkError } from './errors.ts';
import type { FrameStream } from './frame-stream.ts';
import type { FrameKind } from './framing.ts';

/** How long a {@link ServedRequest} waits for its peer, ms. */
export interface ServedTimes {
  /** For the request of a stream that the peer opened. */
  readonly requestTimeoutMs: number;
  /** For a peer that does not take the next answer frame. */
  readonly writeTimeoutMs: number;
}

/** One stream that is answered: what it waits for, and how it is called off. */
export class ServedRequest {
  readonly stream: FrameStream;
  readonly #peer: string;
  readonly #environment: Environment;
  readonly #times: ServedTimes;
  readonly #answers: ByteBudget;
  #controller: AbortController | undefined;
  #failure: EdmpError | undefined;
  #onFailure: (() => void) | undefined;

  /** `peer`: its name in `answers`, the bytes that wait for slow readers. */
  constructor(
    stream: FrameStream,
    peer: string,
    environment: Environment,
    times: ServedTimes,
    answers: ByteBudget,
  ) {
    this.stream = stream;
    this.#peer = peer;
    this.#environment = environment;
    this.#times = times;
    this.#answers = answers;
  }

  /** Why the request was called off; undefined while it was not. */
  get failure(): EdmpError | undefined {
    return this.#failure;
  }

  /** What the handler is told. The signal is made when the handler asks for it, which most never do. */
  incoming(from: PublicKey, body: Uint8Array): IncomingRequest {
    const signal = (): AbortSignal => {
      if (this.#controller === undefined) {
        this.#controller = new AbortController();
        if (this.#failure !== undefined) this.#controller.abort(this.#failure);
      }
      return this.#controller.signal;
    };
    return {
      from,
      body,
      get signal() {
        return signal();
      },
    };
  }

  /** Tells whoever answers that nobody waits for it any more. Only the first reason counts. */
  callOff(error: EdmpError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#controller?.abort(error);
    this.#onFailure?.();
  }

  /**
   * Settles as `wait` does, or with the reason when the request is called off first; `settled` is told when `wait` has
   * settled in any case. One wait at a time.
   */
  unlessCalledOff<T>(wait: Promise<T>, settled: () => void = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const off = (): void => reject(this.#failure);
      this.#onFailure = off;
      if (this.#failure !== undefined) off();
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
    });
  }

  /** The wait for a request. */
  requested<T>(wait: Promise<T>): Promise<T> {
    return this.#within(this.#times.requestTimeoutMs, 'A request', wait);
  }

  /** Sends a part of an answer, counting it while the peer does not take it. */
  sendData(payload: Uint8Array): undefined | Promise<void> {
    const blocked = this.#send('data', payload);
    if (blocked === undefined) return undefined;
    const giveBack = this.#answers.take(this.#peer, Math.max(payload.length, this.stream.unsent));
    // What waits for slow readers is bounded; the reader that comes too many loses its stream.
    if (giveBack === undefined) {
      this.stream.abort(new NetworkError('ERR_NETWORK_BUSY', 'Too many bytes wait for peers to read them'));
    }
    return blocked.finally(giveBack);
  }

  /** Sends the last frame, and nothing after it. */
  finish(kind: FrameKind, payload: Uint8Array): undefined | Promise<void> {
    const blocked = this.#send(kind, payload);
    return blocked === undefined ? this.#close() : blocked.then(() => this.#close());
  }

  #close(): undefined | Promise<void> {
    const closing = this.stream.closeWrite();
    return closing && this.#within(this.#times.writeTimeoutMs, 'Closing a stream', closing);
  }

  #send(kind: FrameKind, payload: Uint8Array): undefined | Promise<void> {
    const blocked = this.stream.send(kind, payload);
    return blocked && this.#within(this.#times.writeTimeoutMs, 'Sending an answer', blocked);
  }

  #within<T>(ms: number, what: string, wait: Promise<T>): Promise<T> {
    const cancel = this.#environment.schedule(ms, () =>
      this.stream.abort(
        new TimeoutError(`${what} took longer than ${ms} ms`, { details: { timeoutMs: ms } }),
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
