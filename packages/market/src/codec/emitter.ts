import type { AbortOptions } from '@edmp/interface';
import { EventReader, MAX_UNREAD_EVENTS } from '@edmp/interface/bounded';
import { MarketError } from '../errors.ts';

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
      const reader = new EventReader<T>({
        leave: (done) => readers.delete(done),
        lost: (text) => new MarketError('ERR_MARKET_EVENTS_LOST', text),
        signal: options.signal,
      });
      if (options.signal?.aborted !== true) readers.add(reader);
      return reader;
    },
    end() {
      listeners.clear();
      for (const reader of [...readers]) reader.finish('done');
    },
  };
}
