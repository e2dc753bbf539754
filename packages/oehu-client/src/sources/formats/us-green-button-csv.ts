import type { MeterFormat } from '../format.ts';
import type { CsvColumn } from './csv/map.ts';
import { csvPortal, headingLike } from './csv/portal.ts';

/** The table that US utilities offer beside Green Button XML. */
export const usGreenButtonCsvFormat: MeterFormat = csvPortal({
  kind: 'us-green-button-csv',
  title:
    'Green Button "Download my data" as CSV (PG&E, ComEd and others): lines of the account, then TYPE, DATE, START TIME',
  proof: 'unproven',
  declare: 'the zone',
  delimiter: ',',
  headings: ['type', 'date', 'start time', 'end time'],
  zone: undefined,
  map(table) {
    const type = headingLike(table, /^type$/i);
    const columns: CsvColumn[] = [];
    for (const name of table.headings) {
      const match = /^(usage|import|export)(?:\s*\((\w+)\))?$/i.exec(name);
      if (match === null) continue;
      const unit = match[2];
      columns.push({
        column: name,
        commodity: 'electricity',
        flow: match[1]?.toLowerCase() === 'export' ? 'export' : 'import',
        kind: 'interval',
        unit: unit ?? 'kWh',
        ...(unit === undefined ? { unitColumn: headingLike(table, /^units$/i) } : {}),
        where: { column: type, is: ['Electric usage', 'Electric', 'Electricity'] },
      });
    }
    const notes = table.headings.find((name) => /^notes$/i.test(name));
    return {
      time: headingLike(table, /^date$/i),
      clock: headingLike(table, /^start time$/i),
      endClock: headingLike(table, /^end time$/i),
      endInclusive: true,
      timeFormat: 'local',
      dateOrder: 'month-first',
      // A note says that an amount was estimated; without one it was read.
      ...(notes === undefined ? {} : { quality: notes }),
      columns,
    };
  },
});
