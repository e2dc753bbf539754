import { type Environment, sleep } from '@edmp/interface';
import { type Rate, tokenBuckets } from '@edmp/interface/bounded';

/**
 * Bytes that a P1 port may tell: 115 200 bit/s, the fastest, are 11.5 kB a second. What comes faster is left in the line,
 * so that a sender without end takes neither the processor nor the disk; a day that comes at once is taken at once.
 */
const BYTES: Rate = { burst: 4 << 20, perSecond: 64 * 1024 };
/** Telegrams of new minutes that are kept: a minute has one. Two days of them may come at once. */
const MINUTES: Rate = { burst: 2_880, perSecond: 1 / 20 };
/** Pause between two looks whether there is room again, ms. */
const PAUSE_MS = 250;

/** How much a P1 port may tell; one for all its connections. */
export interface P1Budget {
  /** Waits until that many bytes may be read. Throws `ERR_ABORTED`. */
  take(bytes: number, signal: AbortSignal | undefined): Promise<void>;
  /** Whether one more minute may be kept: a clock that runs wild would fill the disk. */
  mayKeep(): boolean;
}

/** A full {@link P1Budget}. */
export function p1Budget(environment: Environment): P1Budget {
  const bytes = tokenBuckets(BYTES, () => environment.now());
  const minutes = tokenBuckets(MINUTES, () => environment.now());
  return {
    async take(count, signal) {
      // A piece is 64 KiB at most, far below the burst.
      while (!bytes.take('', Math.min(count, BYTES.burst))) await sleep(environment, PAUSE_MS, { signal });
    },
    mayKeep: () => minutes.take(''),
  };
}
