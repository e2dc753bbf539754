import type { AbortOptions } from '../abort.ts';
import { AbortedError } from '../errors.ts';

/** Events that are kept for a reader that is behind: about a second of the busiest market. */
export const MAX_UNREAD_EVENTS = 4_096;

/** What an {@link EventReader} needs. */
export interface EventReaderOptions<T> {
  /** Told once when no more events are wanted. */
  readonly leave: (reader: EventReader<T>) => void;
  /** The error for a reader that fell more than {@link MAX_UNREAD_EVENTS} behind. */
  readonly lost: (text: string) => Error;
  readonly signal: AbortSignal | undefined;
}

/** One loop over events that somebody pushes. Ends when the loop is left, when it is finished, or when the signal fires. */
export class EventReader<T> implements AsyncIterableIterator<T> {
  readonly #unread: T[] = [];
  readonly #options: EventReaderOptions<T>;
  #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void } | undefined;
  #end: { readonly error: unknown } | 'done' | undefined;
  #forget: () => void = () => undefined;

  constructor(options: EventReaderOptions<T>) {
    const { signal } = options;
    this.#options = options;
    if (signal === undefined) return;
    const onAbort = (): void => this.finish({ error: new AbortedError(undefined, { cause: signal.reason }) });
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    this.#forget = () => signal.removeEventListener('abort', onAbort);
  }

  /** Hands an event over, or keeps it until it is read. */
  push(event: T): void {
    if (this.#end !== undefined) return;
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting.resolve({ done: false, value: event });
    } else if (this.#unread.length < MAX_UNREAD_EVENTS) {
      this.#unread.push(event);
    } else {
      const text = `A reader of events fell more than ${MAX_UNREAD_EVENTS} behind; read faster, or read the state anew`;
      this.finish({ error: this.#options.lost(text) });
    }
  }

  /** No more events; what is unread is still given out. */
  finish(end: { readonly error: unknown } | 'done'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#forget();
    this.#options.leave(this);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    this.#end = 'done';
    if (end === 'done') waiting.resolve({ done: true, value: undefined });
    else waiting.reject(end.error);
  }

  /** The next event. Throws `ERR_ABORTED`, and what `lost` gave. */
  next(): Promise<IteratorResult<T>> {
    const [event] = this.#unread;
    if (this.#unread.length > 0) {
      this.#unread.shift();
      return Promise.resolve({ done: false, value: event as T });
    }
    if (this.#end === 'done') return Promise.resolve({ done: true, value: undefined });
    if (this.#end !== undefined) {
      const { error } = this.#end;
      this.#end = 'done';
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Leaves the loop. */
  return(): Promise<IteratorResult<T>> {
    this.#unread.length = 0;
    this.finish('done');
    this.#end = 'done';
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }
}

/**
 * Events as a loop: listens by `on` until the loop is left or the signal fires (`ERR_ABORTED`). A reader that falls more
 * than {@link MAX_UNREAD_EVENTS} behind gets the error that `lost` makes, after what was kept.
 *
 * @example
 * ```ts
 * import { followEvents } from '@edmp/interface/bounded';
 *
 * const listeners = new Set<(event: string) => void>();
 * const on = (listener: (event: string) => void) => {
 *   listeners.add(listener);
 *   return () => void listeners.delete(listener);
 * };
 * const events = followEvents(on, (text) => new Error(text));
 * for (const tell of listeners) tell('listed');
 * for await (const event of events) {
 *   console.log(event); // listed
 *   break;
 * }
 * console.log(listeners.size); // 0
 * ```
 */
export function followEvents<T>(
  on: (listener: (event: T) => void) => () => void,
  lost: (text: string) => Error,
  options: AbortOptions = {},
): AsyncIterableIterator<T> {
  let end = (): void => undefined;
  const { signal } = options;
  const reader = new EventReader<T>({ leave: () => end(), lost, signal });
  if (signal?.aborted !== true) end = on((event) => reader.push(event));
  return reader;
}
