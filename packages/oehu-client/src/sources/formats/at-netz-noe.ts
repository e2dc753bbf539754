import type { MeterFormat } from '../format.ts';
import { csvPortal, headingLike } from './csv/portal.ts';

/** Netz Niederösterreich: quarter hours told by their end. */
export const netzNoeFormat: MeterFormat = csvPortal({
  kind: 'at-netz-noe',
  title: 'Quarter hours of Netz NÖ (AT) as CSV: Messzeitpunkt is the end of each',
  proof: 'unproven',
  delimiter: ';',
  headings: ['messzeitpunkt'],
  zone: 'Europe/Vienna',
  map: (table) => ({
    decimal: ',',
    time: headingLike(table, /^messzeitpunkt$/i),
    timeFormat: 'local',
    stamp: 'end',
    stepSeconds: 900,
    columns: [
      {
        // Of an energy community's columns only what the meter counted.
        column: headingLike(table, /^(?:gemessener )?verbrauch \(kwh\)$|^gemessene menge laut messpunkt/i),
        commodity: 'electricity',
        flow: 'import',
        unit: 'kWh',
        kind: 'interval',
      },
    ],
  }),
});
