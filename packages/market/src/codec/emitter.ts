import { AbortedError, type AbortOptions } from '@edmp/interface';
import { MarketError } from '../errors.ts';

/** Events that an iterator keeps for a reader that is behind: about a second of the busiest market. */
export const MAX_UNREAD_EVENTS = 4_096;

/** Tells events to listeners that strangers wrote: one that throws, or whose promise rejects, hurts nobody else. */
export interface SafeEmitter<T> {
  /** Tells all listeners and iterators, in the order in which they came. Never throws. */
  emit(event: T): void;
  /** Listens until the returned function is called. The same function twice counts as two listeners. */
  on(listener: (event: T) => void): () => void;
  /**
   * All events from now on, until the loop is left, the emitter ends, or the signal fires (`ERR_ABORTED`). A reader
   * that falls more than {@link MAX_UNREAD_EVENTS} behind gets `ERR_MARKET_EVENTS_LOST` after what was kept.
   */
  events(options?: AbortOptions): AsyncIterableIterator<T>;
  /** Ends all iterations and forgets all listeners. */
  end(): void;
}

/** Whether `value` is what an async function returned. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/** One loop over the events of an emitter. */
class EventReader<T> implements AsyncIterableIterator<T> {
  readonly #unread: T[] = [];
  readonly #leave: (reader: EventReader<T>) => void;
  #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void } | undefined;
  #end: { readonly error: unknown } | 'done' | undefined;
  #forget: () => void = () => undefined;

  constructor(leave: (reader: EventReader<T>) => void, signal: AbortSignal | undefined) {
    this.#leave = leave;
    if (signal === undefined) return;
    const onAbort = (): void => this.finish({ error: new AbortedError(undefined, { cause: signal.reason }) });
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    this.#forget = () => signal.removeEventListener('abort', onAbort);
  }

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
      this.finish({ error: new MarketError('ERR_MARKET_EVENTS_LOST', text) });
    }
  }

  /** No more events; what is unread is still given out. */
  finish(end: { readonly error: unknown } | 'done'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#forget();
    this.#leave(this);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    this.#end = 'done';
    if (end === 'done') waiting.resolve({ done: true, value: undefined });
    else waiting.reject(end.error);
  }

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

/** An emitter without listeners. `onFailure` hears what listeners threw, e.g. for a log; what it throws is dropped. */
export function safeEmitter<T>(onFailure: (error: unknown) => void = () => undefined): SafeEmitter<T> {
  /** Wrapped, so that one function can listen twice. */
  const listeners = new Set<{ readonly listener: (event: T) => unknown }>();
  const readers = new Set<EventReader<T>>();
  const report = (error: unknown): void => {
    try {
      onFailure(error);
    } catch {
      // Whoever writes the log has a bug too; there is nobody left to tell.
    }
  };
  return {
    emit(event) {
      for (const { listener } of [...listeners]) {
        try {
          const result = listener(event);
          if (isThenable(result)) result.then(undefined, report);
        } catch (error) {
          report(error);
        }
      }
      for (const reader of [...readers]) reader.push(event);
    },
    on(listener) {
      const entry = { listener };
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
      };
    },
    events(options = {}) {
      const reader = new EventReader<T>((done) => readers.delete(done), options.signal);
      if (options.signal?.aborted !== true) readers.add(reader);
      return reader;
    },
    end() {
      listeners.clear();
      for (const reader of [...readers]) reader.finish('done');
    },
  };
}
