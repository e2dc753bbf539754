import {
  type AbortOptions,
  type Environment,
  isEdmpError,
  sleep,
  TimeoutError,
  throwIfAborted,
} from '@edmp/interface';
import { historyError } from '../../chain/errors.ts';

/** Time that a sync may take whatever it brings, ms. */
const GRACE_MS = 60_000;
/** Slowest rate at which a sync may go on after that, bytes a second. */
const MIN_BYTES_PER_SECOND = 4_096;
/** First wait for a peer whose quota is used up, ms; each further wait is twice as long. */
const WAIT_MS = 1_000;
/** Waits in a row that bring nothing before the peer's refusal is passed on. */
const MAX_WAITS = 5;

/** Watches that a sync gets on. */
export interface SyncProgress {
  /** A frame came. Throws `ERR_TIMEOUT` when too little has come for the time that has passed. */
  came(bytes: number): void;
  /** Asks, and once something has come asks again after a while when the peer's quota is used up. */
  patiently<T>(ask: () => Promise<T>): Promise<T>;
}

const isBusy = (error: unknown): boolean =>
  isEdmpError(error, 'ERR_NETWORK_BUSY') ||
  (isEdmpError(error, 'ERR_NETWORK_REMOTE') &&
    (error.details as { readonly code?: unknown } | undefined)?.code === 'ERR_CHAIN_BUSY');

/** The {@link SyncProgress} of one sync that begins now. */
export function syncProgress(environment: Environment, options: AbortOptions): SyncProgress {
  let allowedUntil = environment.now() + GRACE_MS;
  let total = 0;
  return {
    came(bytes) {
      total += bytes;
      allowedUntil += (bytes * 1_000) / MIN_BYTES_PER_SECOND;
      if (environment.now() > allowedUntil) {
        throw new TimeoutError(
          `A sync brings less than ${MIN_BYTES_PER_SECOND} bytes a second: ${total} bytes so far`,
        );
      }
    },
    async patiently(ask) {
      for (let waits = 0; ; waits++) {
        throwIfAborted(options.signal);
        const before = total;
        try {
          return await ask();
        } catch (error) {
          // What came before the refusal would come again: only a refusal at once is waited for.
          if (!isBusy(error) || total === 0 || total > before || waits >= MAX_WAITS) throw error;
          const ms = WAIT_MS << waits;
          allowedUntil += ms;
          await sleep(environment, ms, options);
        }
      }
    },
  };
}

/** A {@link SyncProgress} that ends with `ERR_CHAIN_HISTORY` (`too-large`) once more than `maxBytes` have come. */
export function boundedProgress(inner: SyncProgress, maxBytes: number): SyncProgress {
  let left = maxBytes;
  return {
    came(bytes) {
      left -= bytes;
      if (left < 0) {
        throw historyError('too-large', [], `The history has more than ${maxBytes} bytes: it is not fetched`);
      }
      inner.came(bytes);
    },
    patiently: inner.patiently,
  };
}
