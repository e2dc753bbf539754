import type { MeterFormat } from '../format.ts';
import type { CsvColumn } from './csv/map.ts';
import { csvPortal, headingLike } from './csv/portal.ts';

/** Texts of the column of registers, by direction and tariff: 1 is day in Belgium. */
const REGISTERS: readonly (readonly [flow: CsvColumn['flow'], tariff: number | 'total', texts: string[]])[] =
  [
    ['import', 1, ['Afname Dag', 'Offtake Day', 'Prélèvement Jour']],
    ['import', 2, ['Afname Nacht', 'Offtake Night', 'Prélèvement Nuit']],
    ['import', 'total', ['Afname Actief', 'Afname Totaal']],
    ['export', 1, ['Injectie Dag', 'Injection Day', 'Injection Jour']],
    ['export', 2, ['Injectie Nacht', 'Injection Night', 'Injection Nuit']],
    ['export', 'total', ['Injectie Actief', 'Injectie Totaal']],
  ];

/** The export of Mijn Fluvius: one row an interval and register, day and night taking turns. */
export const fluviusCsvFormat: MeterFormat = csvPortal({
  kind: 'be-fluvius-csv',
  title: 'Verbruikshistoriek of Mijn Fluvius (BE) as CSV: quarter hours or days of each register, gas in m³',
  proof: 'unproven',
  delimiter: ';',
  headings: ['van (datum)', 'van (tijdstip)', 'tot (datum)', 'tot (tijdstip)', 'volume', 'eenheid'],
  zone: 'Europe/Brussels',
  map(table) {
    const register = headingLike(table, /^regist/i);
    const volume = headingLike(table, /^volume$/i);
    const unit = headingLike(table, /^eenheid$/i);
    const base = { column: volume, unit: 'kWh', unitColumn: unit, kind: 'interval' } as const;
    const electricity = REGISTERS.map(
      ([flow, tariff, texts]): CsvColumn => ({
        ...base,
        commodity: 'electricity',
        flow,
        tariff,
        where: [
          { column: register, is: texts },
          { column: unit, is: ['kWh', 'Wh'] },
        ],
      }),
    );
    return {
      decimal: ',',
      time: headingLike(table, /^van \(datum\)$/i),
      clock: headingLike(table, /^van \(tijdstip\)$/i),
      end: headingLike(table, /^tot \(datum\)$/i),
      endClock: headingLike(table, /^tot \(tijdstip\)$/i),
      timeFormat: 'local',
      dateOrder: 'day-first',
      serial: headingLike(table, /^meter(?: nummer)?$/i),
      quality: headingLike(table, /^validatiestatus$/i),
      qualityWords: {
        uitgelezen: 'measured',
        gevalideerd: 'measured',
        geschat: 'estimated',
        berekend: 'edited',
      },
      columns: [
        ...electricity,
        { ...base, unit: 'm3', commodity: 'gas', flow: 'import', where: { column: unit, is: ['m³', 'm3'] } },
      ],
    };
  },
});
