import Papa from 'papaparse';
import { formatReading } from '../sources/format-reading.ts';
import { RECORDED_CSV_HEADER } from '../sources/formats/csv/own-header.ts';
import type { AnyReading } from '../sources/meter-file.ts';

/**
 * Readings as lines of CSV (RFC 4180, without line ends), a heading first. `seconds` is the length of an interval and
 * empty for registers; values are exact decimals. What a meter calls itself never becomes a formula of a spreadsheet.
 * `readMeterFile` reads the file back.
 *
 * @param readings - Registers and interval amounts, also mixed; one line for each, in their order.
 */
export function* readingsToCsv(readings: Iterable<AnyReading>): Generator<string> {
  yield RECORDED_CSV_HEADER;
  for (const reading of readings) {
    const { meter, serial, ...row } = formatReading(reading);
    yield Papa.unparse([
      [
        row.at,
        row.seconds,
        row.commodity,
        row.flow,
        row.tariff,
        row.value,
        row.unit,
        asText(meter),
        asText(serial ?? ''),
        row.quality,
        row.trust,
      ],
    ]);
  }
}

/**
 * Readings as lines of JSON, one object each, as `formatReading` shows them.
 *
 * @param readings - Registers and interval amounts, also mixed; one line for each, in their order.
 */
export function* readingsToJson(readings: Iterable<AnyReading>): Generator<string> {
  for (const reading of readings) yield JSON.stringify(formatReading(reading));
}

/** Text that a spreadsheet would calculate gets an apostrophe in front (OWASP, CSV injection). */
function asText(cell: string): string {
  return /^['=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
}
