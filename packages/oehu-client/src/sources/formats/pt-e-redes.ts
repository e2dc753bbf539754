import type { MeterFormat } from '../format.ts';
import type { CsvColumn } from './csv/map.ts';
import { csvPortal } from './csv/portal.ts';

/** Columns of mean power by direction, the one at the grid first: what is registered may hold shares of a community. */
const COLUMNS: readonly (readonly [CsvColumn['flow'], readonly RegExp[]])[] = [
  [
    'import',
    [
      /^consumo medido na ic, ativa \(kW\)$/i,
      /^consumo registado, ativa \(kW\)$/i,
      /^consumo registado \(kW\)$/i,
    ],
  ],
  [
    'export',
    [
      /^injeção na rede medida na ic, ativa \(kW\)$/i,
      /^injeção registada, ativa \(kW\)$/i,
      /^injeção registada \(kW\)$/i,
    ],
  ],
];

/** The quarter hours of E-REDES, the distributor of Portugal: mean power, stamped with the end of each quarter. */
export const eRedesFormat: MeterFormat = csvPortal({
  kind: 'pt-e-redes',
  title: 'Quarter hours of E-REDES (PT), Balcão Digital, as XLSX or CSV: mean power, stamped with its end',
  proof: 'unproven',
  delimiter: ';',
  headings: ['data', 'hora', 'estado'],
  also: /^consumo (?:medido na ic|registado).*\(kW\)$/i,
  zone: 'Europe/Lisbon',
  map({ headings, firstRow }) {
    const found = COLUMNS.flatMap(([flow, patterns]) => {
      const column = patterns
        .map((pattern) => headings.findIndex((heading) => pattern.test(heading)))
        .find((index) => index >= 0);
      return column === undefined ? [] : [{ flow, column }];
    });
    // Its texts have a comma; a first row such as 0 does not show it.
    const hasPoint = found.some(({ column }) => /\d\.\d/.test(firstRow[column] ?? ''));
    return {
      decimal: hasPoint ? '.' : ',',
      time: headings.findIndex((name) => name.toLowerCase() === 'data'),
      clock: headings.findIndex((name) => name.toLowerCase() === 'hora'),
      timeFormat: 'local',
      dateOrder: 'day-first',
      stamp: 'end',
      stepSeconds: 900,
      quality: headings.findIndex((name) => name.toLowerCase() === 'estado'),
      qualityWords: { real: 'measured', estimado: 'estimated' },
      columns: found.map(({ flow, column }) => ({
        column,
        commodity: 'electricity',
        flow,
        unit: 'kW',
        kind: 'power',
      })),
    };
  },
});
