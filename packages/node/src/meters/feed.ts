import type { Environment } from '@edmp/interface';
import type { LivePower } from '@edmp/oehu-client/live';
import type { AnyReading } from '@edmp/oehu-client/sources';
import type { MeterReader } from './reading/meter-reader.ts';
import type { MeterSettings } from './settings.ts';

/** Where a feed hands on what it hears. */
export interface FeedSink {
  /** The source was heard: keeps its readings, if any, in the order that they were told; resolves when they are durable. Throws `ERR_METER_STORE`. */
  readings(readings: readonly AnyReading[]): Promise<void>;
  /** The power of this moment. */
  power(power: LivePower): void;
  /** Something came that is no reading; the text is for the owner and holds nothing secret. */
  damaged(text: string): void;
  /** Connected, and nothing came yet; the text is forgotten once something is heard. */
  waiting(text: string): void;
  /** More came than is taken in or kept; the owner is told, by an event too, at most once an hour. */
  flooded(text: string): void;
}

/** One source that runs: what it is connected to, and how it is read. */
export interface MeterFeed {
  /**
   * Reads until the source ends or the signal fires. Throws `MeterError`s: the caller connects again after a pause.
   * What was handed on before stays.
   */
  run(sink: FeedSink, signal: AbortSignal): Promise<void>;
  /** After the last run, when the meter was removed: asks the source to keep nothing for this node any more. May throw. */
  forget?(signal: AbortSignal): Promise<void>;
}

/** What a feed is made of. */
export interface FeedParts {
  readonly settings: MeterSettings;
  readonly environment: Environment;
  /** IANA zone of times that tell none. */
  readonly zone: string;
  /** Reads files on a thread of its own. */
  readonly reader: MeterReader;
}
