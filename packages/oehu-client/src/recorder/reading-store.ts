import type { AbortOptions, Commodity, Flow } from '@edmp/interface';
import type { AnyReading } from '../sources/meter-file.ts';

/** What a store did with readings that were handed to it. */
export interface StoredCount {
  /** New moments. */
  readonly added: number;
  /** Moments whose amount was told anew; the amount before is in the history. */
  readonly corrected: number;
  /** Told before with the same amount. */
  readonly duplicates: number;
  /** Told with an amount that another one replaced since: the other one stays, for an older file must undo no correction. */
  readonly outdated: number;
}

/** A period of one meter. */
export interface ReadingRange {
  readonly meter: string;
  /** First moment wanted, ms since the epoch, inclusive. */
  readonly from: number;
  /** First moment no longer wanted, ms since the epoch. */
  readonly to: number;
  /** Only this commodity. */
  readonly commodity?: Commodity;
  /** Only this direction. */
  readonly flow?: Flow;
}

/** An amount that a later one replaced. */
export interface ReplacedReading {
  /** The reading as it was told then. */
  readonly reading: AnyReading;
  /** When it was recorded and when it was replaced, ms since the epoch. */
  readonly recordedAt: number;
  readonly replacedAt: number;
}

/** A meter that readings were recorded of. */
export interface RecordedMeter {
  readonly meter: string;
  /** Moment of the oldest reading, ms since the epoch. */
  readonly oldest: number;
  /** Moment of the newest reading, ms since the epoch; the end of an interval. */
  readonly newest: number;
  /** What is metered, each once. */
  readonly kinds: readonly { readonly commodity: Commodity; readonly flow: Flow }[];
}

/** Most readings of one {@link ReadingStore.add}: one transaction, a few milliseconds in which nothing else runs. */
export const MAX_READINGS_AT_ONCE = 10_000;

/**
 * Where a recorder keeps readings, as they were told: registers and intervals each as what they are. A moment of a
 * register is kept once. All that {@link ReadingStore.add} resolved for outlives the end of the process at any point.
 * Throws `ERR_METER_STORE` when the disk fails or the store is closed.
 */
export interface ReadingStore extends AsyncDisposable {
  /**
   * Adds at most {@link MAX_READINGS_AT_ONCE} readings, all or none. Throws `ERR_METER_LIMIT` for more, and
   * `ERR_METER_FORMAT` when a meter, serial, register or record has no UTF-8 form.
   */
  add(meter: string, readings: readonly AnyReading[], recordedAt: number): Promise<StoredCount>;
  /**
   * The amounts that hold, by register and ascending in time, with one more of each register on both sides of the period.
   * Long periods are read in parts, between which others have their turn: of what is added meanwhile some may be there.
   */
  range(range: ReadingRange): Promise<readonly AnyReading[]>;
  /** The amounts of a period that were replaced, oldest replacement first. */
  replaced(range: ReadingRange): Promise<readonly ReplacedReading[]>;
  /** Every meter that has a reading. */
  meters(): Promise<readonly RecordedMeter[]>;
  /**
   * Forgets what was measured before `before`, ms since the epoch, with its history; tells how many readings went. Years
   * of readings go in parts, between which others have their turn: what is added meanwhile may go too. Throws
   * `ERR_ABORTED`, after which a part is gone.
   */
  forget(meter: string, before: number, options?: AbortOptions): Promise<number>;
  /** Frees what it holds; what was added stays. Idempotent. */
  close(): Promise<void>;
}
