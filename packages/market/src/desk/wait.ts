import type { AbortOptions } from '@edmp/interface';
import { AbortedError } from '@edmp/interface';
import { MarketError } from '../errors.ts';

/** What {@link waitUntil} needs. */
export interface WaitNeeds<T> {
  /** The thing as it is now. Throws when there is none. */
  readonly current: () => T;
  readonly reached: (value: T) => boolean;
  /** Calls `look` whenever the thing may have changed, until the returned function is called. */
  readonly onChange: (look: () => void) => () => void;
  /** Fires when the market stops. */
  readonly stopping: AbortSignal;
}

/** The thing as soon as it is as wanted. Throws `ERR_ABORTED`, `ERR_MARKET_STOPPED`, and what `current` throws. */
export function waitUntil<T>(needs: WaitNeeds<T>, { signal }: AbortOptions = {}): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let leave = (): void => {};
    const finish = (settle: () => void): void => {
      leave();
      signal?.removeEventListener('abort', onAbort);
      needs.stopping.removeEventListener('abort', onStop);
      settle();
    };
    const onAbort = (): void => finish(() => reject(new AbortedError(undefined, { cause: signal?.reason })));
    const onStop = (): void =>
      finish(() => reject(new MarketError('ERR_MARKET_STOPPED', 'The market was stopped')));
    const look = (): void => {
      try {
        const value = needs.current();
        if (needs.reached(value)) finish(() => resolve(value));
      } catch (error) {
        finish(() => reject(error));
      }
    };
    if (needs.stopping.aborted) return onStop();
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    needs.stopping.addEventListener('abort', onStop, { once: true });
    leave = needs.onChange(look);
    look();
  });
}
