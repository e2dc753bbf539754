import { boundedMap } from '@edmp/interface/bounded';
import { type AnyReading, isIntervalReading } from '@edmp/oehu-client/sources';

/** A reading told this close to its own time may have been timed by this computer, ms. */
const ARRIVAL_MS = 2_000;
/** Smaller steps back are those of a clock that is kept right, and are not worth a word. */
const TOLD_MS = 60_000;
/** A clock that was further ahead than this was never right: what it timed is far away, and hides nothing. */
const LARGEST_MS = 26 * 3_600_000;
/** Registers that are told apart. */
const MAX_REGISTERS = 1_000;

/** What an {@link ArrivalGuard} let through. */
export interface GuardedReadings {
  readonly readings: readonly AnyReading[];
  /** Until when nothing that this computer times is kept, ms since the epoch; undefined when nothing was held back. */
  readonly heldUntil: number | undefined;
}

/**
 * Holds back readings that were timed by this computer after its clock was set back, until it has passed their newest
 * again: else a counter would have two values at one time, and go backwards. What a meter times itself passes.
 */
export class ArrivalGuard {
  readonly #newest = boundedMap<string, number>({ max: MAX_REGISTERS });

  take(readings: readonly AnyReading[], now: number): GuardedReadings {
    let heldUntil: number | undefined;
    const kept = readings.filter((reading) => {
      if (isIntervalReading(reading) || Math.abs(now - reading.at) > ARRIVAL_MS) return true;
      const { commodity, flow, tariff, serial = '', register = '' } = reading;
      const key = `${commodity}|${flow}|${tariff}|${serial}|${register}`;
      const newest = this.#newest.get(key) ?? Number.NEGATIVE_INFINITY;
      const back = newest - reading.at;
      if (back <= 0 || back > LARGEST_MS) {
        this.#newest.set(key, reading.at);
        return true;
      }
      if (back > TOLD_MS) heldUntil = Math.max(heldUntil ?? 0, newest);
      return false;
    });
    return { readings: kept, heldUntil };
  }
}
