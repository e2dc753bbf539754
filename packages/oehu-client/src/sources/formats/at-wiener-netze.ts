import type { MeterFormat } from '../format.ts';
import { csvPortal, headingLike } from './csv/portal.ts';

/** Wiener Netze and others with their table: date, start and end of each quarter hour. */
export const wienerNetzeFormat: MeterFormat = csvPortal({
  kind: 'at-wiener-netze',
  title: 'Quarter hours of Wiener Netze (AT) as CSV: Datum, Zeit von, Zeit bis, Verbrauch',
  proof: 'unproven',
  delimiter: ';',
  headings: ['datum', 'zeit von', 'zeit bis'],
  zone: 'Europe/Vienna',
  map: (table) => ({
    decimal: ',',
    time: headingLike(table, /^datum$/i),
    clock: headingLike(table, /^zeit von$/i),
    endClock: headingLike(table, /^zeit bis$/i),
    timeFormat: 'local',
    columns: [
      {
        column: headingLike(table, /verbrauch.*kwh/i),
        commodity: 'electricity',
        flow: 'import',
        unit: 'kWh',
        kind: 'interval',
      },
    ],
  }),
});
