import type { MeterFormat } from '../format.ts';
import { csvPortal, headingLike } from './csv/portal.ts';

/** The load curve of e-distribuzione: a day a row, a quarter hour a column. */
export const eDistribuzioneFormat: MeterFormat = csvPortal({
  kind: 'it-e-distribuzione',
  title:
    'Load curve of e-distribuzione (IT) as CSV: a day a row, a quarter hour a column, kWh drawn from the grid',
  proof: 'unproven',
  delimiter: ';',
  headings: ['giorno', '00:00-00:15'],
  zone: 'Europe/Rome',
  map: (table) => ({
    decimal: ',',
    time: headingLike(table, /^giorno$/i),
    timeFormat: 'local',
    dateOrder: 'day-first',
    stepSeconds: 900,
    columns: [],
    matrix: {
      first: '00:00-00:15',
      cells: { commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' },
    },
  }),
});
