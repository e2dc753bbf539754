import type { MeterFormat } from '../format.ts';
import { csvPortal, headingLike } from './csv/portal.ts';

/** Half hours of Octopus Energy, exported from its web page. */
export const octopusCsvFormat: MeterFormat = csvPortal({
  kind: 'gb-octopus-csv',
  title: 'Half hours of Octopus Energy (GB) as CSV: Consumption, Start and End with their offset',
  proof: 'unproven',
  delimiter: ',',
  headings: ['start', 'end'],
  zone: 'Europe/London',
  map(table, issues) {
    const column = headingLike(table, /^consumption \((?:kwh|m3|m³|m\u00b3)\)$/i);
    const isVolume = !/kwh/i.test(column);
    if (!isVolume) {
      const message =
        'The file does not say what was metered; kWh are read as electricity drawn from the grid';
      issues.push({ code: 'assumed', at: column, message });
    }
    return {
      time: headingLike(table, /^start$/i),
      end: headingLike(table, /^end$/i),
      timeFormat: 'iso',
      columns: [
        {
          column,
          commodity: isVolume ? 'gas' : 'electricity',
          flow: 'import',
          unit: isVolume ? 'm3' : 'kWh',
          kind: 'interval',
        },
      ],
    };
  },
});
