import { Quality } from '@edmp/interface';
import { formatReading } from '@edmp/oehu-client';
import { readingsToCsv, readingsToJson } from '@edmp/oehu-client/recorder';
import { csvRows } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interval } from './support/meter-readings.ts';
import { registerAt, START } from './support/recorder-workload.ts';

describe('recorded readings leave', () => {
  it('as CSV: registers without a length, intervals with theirs', () => {
    const lines = [
      ...readingsToCsv([
        registerAt(START, 1_234_567),
        interval(START, 0.25, { quality: Quality.estimated, duration: 900_000 }),
      ]),
    ];
    expect(lines).toEqual([
      'at,seconds,commodity,flow,tariff,value,unit,register,serial,quality,trust',
      '2026-01-15T00:00:00.000Z,,electricity,import,1,1.234567,kWh,1-0:1.8.1,E1,measured,unsigned',
      '2026-01-15T00:00:00.000Z,900,electricity,import,total,0.25,kWh,m,,estimated,unsigned',
    ]);
  });

  it('as JSON, one object a line, as they are shown elsewhere', () => {
    const readings = [registerAt(START, 5), interval(START, 1)];
    expect([...readingsToJson(readings)].map((line) => JSON.parse(line))).toEqual(
      readings.map(formatReading),
    );
  });

  it('whatever a meter calls itself: one row of eleven cells, none of them a formula', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'binary' }),
        fc.constantFrom('', '=', '+', '-', '@'),
        (name, mark) => {
          const [, line = ''] = readingsToCsv([registerAt(START, 5, { serial: mark + name })]);
          const rows = [...csvRows(line, ',')];
          expect(rows).toHaveLength(1);
          const cells = rows[0] ?? [];
          expect(cells).toHaveLength(11);
          expect(cells[8]).not.toMatch(/^[=+\-@\t\r]/);
          expect(cells[8]?.endsWith(name)).toBe(true);
        },
      ),
    );
  });
});
