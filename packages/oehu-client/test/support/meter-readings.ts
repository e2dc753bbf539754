import { Quality } from '@edmp/interface';
import {
  formatReading,
  type IntervalReading,
  type IntervalSeriesOptions,
  intervalSeries,
  type MeterFile,
  type ReadMeterFileOptions,
  readMeterFile,
  registersOf,
} from '@edmp/oehu-client';
import type { AnyReading, CsvMap } from '@edmp/oehu-client/sources';
import { formatMicro } from '@edmp/oehu-client/time';
import { crc16Arc } from '../../src/sources/formats/p1/crc16.ts';

/** An hour, ms. */
export const HOUR = 3_600_000;
/** Bytes of a text of Latin-1 characters. */
export const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));
/** Reads a text as a meter file. */
export const read = (text: string, options: ReadMeterFileOptions = {}): MeterFile =>
  readMeterFile(bytesOf(text), options);
/** Codes of the issues of a file. */
export const codes = (file: MeterFile): string[] => file.issues.map((issue) => issue.code);
/** Times of the readings of a file; null where nobody told. */
export const times = (file: MeterFile): (string | null)[] =>
  file.readings.map((one) => formatReading(one).at);
/** A series of the readings, electricity import unless told, as decimal text. */
export const kwh = (
  readings: readonly AnyReading[],
  options: Partial<IntervalSeriesOptions> & Pick<IntervalSeriesOptions, 'from' | 'to' | 'step' | 'zone'>,
): (string | null)[] =>
  intervalSeries(registersOf(readings), { commodity: 'electricity', flow: 'import', ...options }).values.map(
    (value) => (value === null ? null : formatMicro(value)),
  );

/** A telegram with its CRC when `version` is given. */
export function telegram(lines: readonly string[], version?: string): string {
  const all = version === undefined ? lines : [`1-3:0.2.8(${version})`, ...lines];
  const body = `/TST5\\METER\r\n\r\n${all.join('\r\n')}\r\n!`;
  const crc = version === undefined ? '' : crc16Arc(bytesOf(body)).toString(16).padStart(4, '0');
  return `${body}${crc}\r\n`;
}

/** An interval of electricity. */
export const interval = (
  start: number,
  value: number,
  more: Partial<IntervalReading> = {},
): IntervalReading => ({
  commodity: 'electricity',
  flow: 'import',
  tariff: 'total',
  start,
  duration: HOUR,
  value: value * 1_000_000,
  unit: 'uKWh',
  trust: 'unsigned',
  record: `${start}`,
  register: 'm',
  quality: Quality.measured,
  ...more,
});

/** What a column of drawn kWh holds. */
export const energy = { commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' } as const;
/** A map of the columns `t` and `v`, hours of Berlin unless told. */
export const map = (more: Partial<CsvMap> = {}): CsvMap => ({
  delimiter: ';',
  time: 't',
  timeFormat: 'local',
  zone: 'Europe/Berlin',
  stepSeconds: 3600,
  columns: [{ column: 'v', ...energy }],
  ...more,
});
