import { Quality } from '@edmp/interface';
import { formatReading, readMeterFile } from '@edmp/oehu-client';
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

  it('and come back from CSV as they were, unsigned', () => {
    const amount = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const word = fc.string({ minLength: 1, maxLength: 12 });
    const one = fc.oneof(
      fc.record({
        value: amount,
        serial: word,
        register: word,
        tariff: fc.constantFrom(1, 2, 'total' as const),
      }),
      fc.record({ value: amount, duration: fc.integer({ min: 1, max: 86_400_000 }), register: word }),
    );
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), (rows) => {
        const readings = rows.map((row, i) => {
          const at = START + i * 3_600_000;
          return 'duration' in row
            ? { ...interval(at, 0), ...row, record: '' }
            : registerAt(at, row.value, { ...row });
        });
        const text = [...readingsToCsv(readings)].join('\r\n');
        const file = readMeterFile(new TextEncoder().encode(text), { receivedAt: START + 86_400_000 });
        const plain = readings.map((reading) => ({ ...formatReading(reading), trust: 'unsigned' }));
        expect(file.readings.map(formatReading)).toEqual(plain);
      }),
      // A name that looks as if it had been kept from a spreadsheet already.
      {
        examples: [
          [[{ value: 0, serial: "'", register: "'- ", tariff: 1 }]],
          [[{ value: 0, serial: "''=", register: "'", tariff: 1 }]],
        ],
      },
    );
  });

  it('and a file that claims to be signed, or counts electricity in joules, is not believed', () => {
    const head = 'at,seconds,commodity,flow,tariff,value,unit,register,serial,quality,trust';
    const read = (...rows: string[]) =>
      readMeterFile(new TextEncoder().encode([head, ...rows].join('\n')), { receivedAt: START + 86_400_000 });
    const file = read(
      '2026-01-15T00:00:00Z,,electricity,import,1,1.5,kWh,r,E1,measured,linked',
      '2026-01-15T01:00:00Z,,electricity,import,1,1.5,GJ,r,E1,measured,unsigned',
      '2026-01-15T02:00:00Z,,gas,import,1,1.5,kWh,r,E1,measured,unsigned',
      '2026-01-15T03:00:00Z,,electricity,import,low,1.5,kWh,r,E1,measured,unsigned',
      '2026-01-15T04:00:00Z,0x10,electricity,import,1,1.5,kWh,r,E1,measured,unsigned',
    );
    expect(file.readings).toMatchObject([{ trust: 'unsigned', value: 1_500_000, serial: 'E1' }]);
    expect(file.issues.map(({ code }) => code)).toEqual([
      'bad-value',
      'bad-value',
      'bad-value',
      'bad-value',
      'unverified',
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
