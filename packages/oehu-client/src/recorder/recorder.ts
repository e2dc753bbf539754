import type { AbortOptions, Environment } from '@edmp/interface';
import { followEvents } from '@edmp/interface/bounded';
import { MeterError } from '../errors.ts';
import type { MeterReading } from '../reading.ts';
import { registersOf } from '../series/registers-of.ts';
import { type AnyReading, momentOf, NO_TIME } from '../sources/meter-file.ts';
import { isPlausibleTime } from '../sources/plausible-time.ts';
import {
  MAX_READINGS_AT_ONCE,
  type ReadingRange,
  type ReadingStore,
  type StoredCount,
} from './reading-store.ts';

/** What became of readings that were recorded. */
export interface RecordedCount extends StoredCount {
  /** Left out: nobody told their moment, or it cannot be (before smart meters, or more than a day ahead). */
  readonly impossible: number;
}

/** Something that a recorder noticed. */
export type RecorderEvent =
  | { readonly type: 'recorded'; readonly meter: string; readonly count: RecordedCount }
  /** Nothing new came for as long as the meter was given. */
  | { readonly type: 'silent'; readonly meter: string; readonly since: number };

/** Options of {@link createRecorder}. */
export interface RecorderOptions {
  readonly store: ReadingStore;
  readonly environment: Environment;
  /** How long readings are kept, ms; forever when not given. */
  readonly retentionMs?: number;
}

/** Keeps what meters tell, and tells when one falls silent. */
export interface Recorder extends AsyncDisposable {
  /**
   * Keeps readings in the order that they were told: a moment told anew with another amount replaces the first. Resolves
   * when they are durable; of very many at once a beginning may be kept already when a later part fails. Throws
   * `ERR_METER_STORE`, `ERR_METER_LIMIT` for too many registers, and `ERR_METER_FORMAT` for a text without a UTF-8 form.
   */
  record(meter: string, readings: readonly AnyReading[]): Promise<RecordedCount>;
  /** Registers of a period, ascending in time; intervals are counted up. Throws `ERR_METER_STORE`. */
  registers(range: ReadingRange): Promise<readonly MeterReading[]>;
  /** From now on tells once when nothing came for `afterMs`; again after it had come back. Undefined: no longer. */
  expect(meter: string, afterMs: number | undefined): void;
  /** Listens until the returned function is called. */
  on(listener: (event: RecorderEvent) => void): () => void;
  /** All events from now on, until the loop is left. Throws `ERR_ABORTED`, `ERR_METER_LIMIT` (a reader far behind). */
  events(options?: AbortOptions): AsyncIterableIterator<RecorderEvent>;
  /** Stops the clocks; the store stays open. Idempotent. */
  stop(): Promise<void>;
}

/** A clock of a meter or gateway may be this far ahead before its times are impossible. */
const AHEAD_MOST = 26 * 3_600_000;

/** A recorder over a store, which stays the caller's to close. */
export function createRecorder(options: RecorderOptions): Recorder {
  return new StoreRecorder(options);
}

/** The watch over one meter. */
interface Watch {
  readonly afterMs: number;
  cancel: () => void;
}

class StoreRecorder implements Recorder {
  readonly #store: ReadingStore;
  readonly #environment: Environment;
  readonly #retentionMs: number | undefined;
  readonly #listeners = new Set<(event: RecorderEvent) => void>();
  readonly #watches = new Map<string, Watch>();

  constructor({ store, environment, retentionMs }: RecorderOptions) {
    this.#store = store;
    this.#environment = environment;
    this.#retentionMs = retentionMs;
  }

  async record(meter: string, readings: readonly AnyReading[]): Promise<RecordedCount> {
    const now = this.#environment.now();
    const possible = readings.filter((reading) => {
      const at = momentOf(reading);
      return at !== NO_TIME && isPlausibleTime(at) && at <= now + AHEAD_MOST;
    });
    const impossible = readings.length - possible.length;
    const count = { added: 0, corrected: 0, duplicates: 0, outdated: 0, impossible };
    for (let from = 0; from < possible.length; from += MAX_READINGS_AT_ONCE) {
      const part = await this.#store.add(meter, possible.slice(from, from + MAX_READINGS_AT_ONCE), now);
      count.added += part.added;
      count.corrected += part.corrected;
      count.duplicates += part.duplicates;
      count.outdated += part.outdated;
    }
    if (this.#retentionMs !== undefined) await this.#store.forget(meter, now - this.#retentionMs);
    if (count.added > 0) this.#rewind(meter);
    this.#tell({ type: 'recorded', meter, count });
    return count;
  }

  async registers(range: ReadingRange): Promise<readonly MeterReading[]> {
    return registersOf(oneMeter(await this.#store.range(range))).sort((a, b) => a.at - b.at);
  }

  expect(meter: string, afterMs: number | undefined): void {
    this.#watches.get(meter)?.cancel();
    this.#watches.delete(meter);
    if (afterMs === undefined) return;
    this.#watches.set(meter, { afterMs, cancel: () => {} });
    this.#rewind(meter);
  }

  on(listener: (event: RecorderEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  events(options?: AbortOptions): AsyncIterableIterator<RecorderEvent> {
    return followEvents(
      (listener) => this.on(listener),
      (text) => new MeterError('ERR_METER_LIMIT', text),
      options,
    );
  }

  async stop(): Promise<void> {
    for (const meter of [...this.#watches.keys()]) this.expect(meter, undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Starts a meter's time of silence anew. */
  #rewind(meter: string): void {
    const watch = this.#watches.get(meter);
    if (watch === undefined) return;
    watch.cancel();
    const since = this.#environment.now();
    watch.cancel = this.#environment.schedule(watch.afterMs, () =>
      this.#tell({ type: 'silent', meter, since }),
    );
  }

  #tell(event: RecorderEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/**
 * Files often leave out which meter they are of. Where all others of a commodity name one serial they are of that one:
 * beside the live readings they would count as a second meter, and every value twice.
 */
function oneMeter(readings: readonly AnyReading[]): readonly AnyReading[] {
  const serials = new Map<string, Set<string>>();
  let isTold = true;
  for (const { commodity, serial } of readings) {
    if (serial === undefined) isTold = false;
    else {
      const known = serials.get(commodity);
      if (known === undefined) serials.set(commodity, new Set([serial]));
      else known.add(serial);
    }
  }
  if (isTold) return readings;
  return readings.map((reading) => {
    const known = serials.get(reading.commodity);
    const [serial] = known ?? [];
    return reading.serial !== undefined || serial === undefined || known?.size !== 1
      ? reading
      : { ...reading, serial };
  });
}
