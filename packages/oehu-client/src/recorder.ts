/**
 * Keeps what meters tell: readings as they came, each moment once, corrections with their history, gaps as gaps.
 *
 * @packageDocumentation
 */
export { readingsToCsv, readingsToJson } from './recorder/export.ts';
export {
  MAX_READINGS_AT_ONCE,
  type ReadingRange,
  type ReadingStore,
  type RecordedMeter,
  type ReplacedReading,
  type StoredCount,
} from './recorder/reading-store.ts';
export { type RecordedSourceOptions, recordedSource } from './recorder/recorded-source.ts';
export {
  createRecorder,
  type RecordedCount,
  type Recorder,
  type RecorderEvent,
  type RecorderOptions,
} from './recorder/recorder.ts';
