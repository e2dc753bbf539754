import type { MeterFormat } from '../format.ts';
import type { CsvColumn } from './csv/map.ts';
import { csvPortal, headingLike, type PortalTable } from './csv/portal.ts';

/** Columns by the names that DSMR-reader gives them, of hours and of days. */
function columnsOf(table: PortalTable, isDaily: boolean): CsvColumn[] {
  const name = (tariff: 1 | 2, isExport: boolean): RegExp =>
    isDaily
      ? new RegExp(`^electricity tariff ${tariff}${isExport ? ' returned' : ''} diff$`, 'i')
      : new RegExp(`^electricity ${tariff}${isExport ? ' returned' : ''} \\(`, 'i');
  const electricity = ([1, 2] as const).flatMap((tariff) =>
    (['import', 'export'] as const).map(
      (flow): CsvColumn => ({
        column: headingLike(table, name(tariff, flow === 'export')),
        commodity: 'electricity',
        flow,
        tariff,
        unit: 'kWh',
        kind: 'interval',
      }),
    ),
  );
  const gas = table.headings.find((heading) => (isDaily ? /^gas diff$/i : /^gas$/i).test(heading));
  return gas === undefined
    ? electricity
    : [...electricity, { column: gas, commodity: 'gas', flow: 'import', unit: 'm3', kind: 'interval' }];
}

/** The hours that DSMR-reader exports. */
export const dsmrReaderHoursFormat: MeterFormat = csvPortal({
  kind: 'dsmr-reader-hours',
  title: 'Hours that DSMR-reader exports as CSV, with English headings',
  proof: 'unproven',
  delimiter: ',',
  headings: ['hour start'],
  also: /^electricity 1 \(/i,
  zone: 'Europe/Amsterdam',
  map: (table) => ({
    decimal: '.',
    time: headingLike(table, /^hour start$/i),
    timeFormat: 'local',
    dateOrder: 'day-first',
    stamp: 'start',
    stepSeconds: 3600,
    columns: columnsOf(table, false),
  }),
});

/** The days that DSMR-reader exports. */
export const dsmrReaderDaysFormat: MeterFormat = csvPortal({
  kind: 'dsmr-reader-days',
  title: 'Days that DSMR-reader exports as CSV, with English headings',
  proof: 'unproven',
  delimiter: ',',
  headings: ['date', 'electricity tariff 1 diff', 'electricity tariff 2 diff'],
  zone: 'Europe/Amsterdam',
  map(table, issues) {
    issues.push({
      code: 'assumed',
      at: '$',
      message:
        'A day is what its first and its last telegram differ by, so that its last seconds are missing',
    });
    return {
      decimal: '.',
      time: headingLike(table, /^date$/i),
      timeFormat: 'local',
      dateOrder: 'day-first',
      stamp: 'start',
      stepSeconds: 86_400,
      columns: columnsOf(table, true),
    };
  },
});
