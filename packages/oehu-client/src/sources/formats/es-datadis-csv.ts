import type { MeterFormat } from '../format.ts';
import type { CsvColumn } from './csv/map.ts';
import { csvPortal, decimalIn, headingLike } from './csv/portal.ts';

/** Hours of Datadis, of the CNMC and of the Spanish distributors: the hour is told by its end or by its number. */
export const datadisCsvFormat: MeterFormat = csvPortal({
  kind: 'es-datadis-csv',
  title:
    'Hourly consumption of Datadis and Spanish distributors as CSV: CUPS, Fecha, Hora 1 to 25 or 01:00 to 24:00',
  proof: 'unproven',
  delimiter: ';',
  headings: ['cups', 'fecha', 'hora'],
  zone: 'Europe/Madrid',
  map(table) {
    const { headings, firstRow } = table;
    const amount = headingLike(table, /^(?:consumo(?:_kwh)?|ae_kwh)$/i);
    const surplus = headings.find((name) => /^(?:energia_?vertida_kwh|as_kwh)$/i.test(name));
    const method = headings.find((name) => /^(?:metodo_?obtencion|real\/estimado)$/i.test(name));
    const clock = headingLike(table, /^hora$/i);
    const base = { commodity: 'electricity', unit: 'kWh', kind: 'interval' } as const;
    const columns: CsvColumn[] = [{ ...base, column: amount, flow: 'import' }];
    if (surplus !== undefined) columns.push({ ...base, column: surplus, flow: 'export' });
    // A number counts the hours of the day, 25 of them when the clock goes back; a time is the end of its hour.
    const isOrdinal = /^\d{1,2}$/.test(firstRow[headings.indexOf(clock)] ?? '');
    return {
      decimal: decimalIn(firstRow[headings.indexOf(amount)]),
      time: headingLike(table, /^fecha$/i),
      clock,
      timeFormat: 'local',
      dateOrder: 'day-first',
      ...(isOrdinal ? { isOrdinal } : { stamp: 'end' as const }),
      stepSeconds: 3600,
      serial: headingLike(table, /^cups$/i),
      ...(method === undefined ? {} : { quality: method }),
      qualityWords: {
        r: 'measured',
        real: 'measured',
        e: 'estimated',
        estimada: 'estimated',
        estimado: 'estimated',
      },
      columns,
    };
  },
});
