import { Quality } from '@edmp/interface';
import { readMeterFile } from '@edmp/oehu-client';
import { type CsvMap, guessCsvMap, readCsv } from '@edmp/oehu-client/sources';
import { formatMicro } from '@edmp/oehu-client/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, codes, energy, HOUR, kwh, map, times } from './support/meter-readings.ts';

describe('dates (kind 8)', () => {
  const order = (rows: readonly string[], more: Partial<CsvMap> = {}) =>
    readCsv(
      ['t;v', ...rows.map((row) => `${row};1`)].join('\n'),
      map({ stepSeconds: 86_400, zone: 'UTC', ...more }),
    );

  it('are read in the order that other dates of the file tell', () => {
    expect(times(order(['01/02/2024', '13/02/2024']))[0]).toBe('2024-02-01T00:00:00.000Z');
    expect(times(order(['01/02/2024', '02/13/2024']))[0]).toBe('2024-01-02T00:00:00.000Z');
    const following = order(['01/02/2024', '01/03/2024', '01/04/2024']);
    expect([times(following)[2], codes(following)]).toEqual(['2024-01-04T00:00:00.000Z', ['assumed']]);
  });

  it('by the custom of the zone, which is told, else not at all', () => {
    expect(times(order(['04/10/2024'], { zone: 'America/Chicago' }))).toEqual(['2024-04-10T05:00:00.000Z']);
    expect(times(order(['04/10/2024'], { zone: 'Europe/Rome' }))).toEqual(['2024-10-03T22:00:00.000Z']);
    expect(codes(order(['04/10/2024'], { zone: 'Europe/Rome' }))).toEqual(['assumed']);
    expect(() => order(['04/10/2024'])).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_TIME', message: expect.stringContaining('dateOrder') }),
    );
  });

  it('need a month and a day of the calendar', () => {
    const file = order(['2024-02-30', '2024-13-01', '30.02.2024', '2024-02-29'], { zone: 'UTC' });
    expect([times(file), codes(file)]).toEqual([
      ['2024-02-29T00:00:00.000Z'],
      ['bad-time', 'bad-time', 'bad-time'],
    ]);
  });
});

describe('grouping marks (kind 9)', () => {
  const value = (cell: string, more: Partial<CsvMap> = {}): string | undefined => {
    try {
      const [reading] = readCsv(`t;v\n2024-01-01 00:00;${cell}\n`, map(more)).readings;
      return reading === undefined ? undefined : formatMicro(reading.value);
    } catch {
      return undefined;
    }
  };

  it('are taken where they are sure', () => {
    const comma = { decimal: ',' } as const;
    expect(value('1.234,5', comma)).toBe('1234.5');
    expect(value('1.234.567', comma)).toBe('1234567');
    expect(value('1.573', { ...comma, grouping: '.' })).toBe('1573');
    expect(value("1'234.5")).toBe('1234.5');
    expect(value('1,234.5')).toBe('1234.5');
    expect(value('1 234,5', comma)).toBe('1234.5');
    expect(value(',5', comma)).toBe('0.5');
  });

  it('are refused where they are not', () => {
    const comma = { decimal: ',' } as const;
    for (const cell of ['1.573', '1.57', '1.2345,5', '12.34,5', '1,2,3'])
      expect(value(cell, comma), cell).toBeUndefined();
    for (const cell of ['1,573', '1,5', '1.2.3']) expect(value(cell), cell).toBeUndefined();
  });

  it('never change a number that was written with them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999_999_999 }),
        fc.integer({ min: 0, max: 999 }),
        (whole, milli) => {
          const grouped = String(whole).replace(/\B(?=(?:\d{3})+$)/g, '.');
          const text = `${grouped},${String(milli).padStart(3, '0')}`;
          expect(value(text, { decimal: ',' })).toBe(formatMicro(whole * 1_000_000 + milli * 1000));
        },
      ),
    );
  });
});

describe('what a CSV map can say (kind 10)', () => {
  it('date and time in two columns, a unit and a quality a row, a row filter, a meter a row', () => {
    const text = [
      'Day;Time;Meter;What;Amount;Unit;State',
      '01.02.2024;00:00;A;use;1500;Wh;read',
      '01.02.2024;00:00;A;cost;9;EUR;read',
      '01.02.2024;24:00;B;use;2;kWh;guess',
      '01.02.2024;01:00;B;use;2;therm;read',
    ].join('\n');
    const file = readCsv(
      text,
      map({
        time: 'Day',
        clock: 'Time',
        serial: 'Meter',
        quality: 'State',
        qualityWords: { read: 'measured', guess: 'estimated' },
        rows: [{ column: 'What', is: 'use' }],
        columns: [{ column: 'Amount', ...energy, unitColumn: 'Unit' }],
      }),
    );
    expect(file.readings).toMatchObject([
      { serial: 'A', value: 1_500_000, quality: Quality.measured, start: Date.parse('2024-01-31T23:00:00Z') },
      {
        serial: 'B',
        value: 2_000_000,
        quality: Quality.estimated,
        start: Date.parse('2024-02-01T23:00:00Z'),
      },
    ]);
    expect(file.issues).toMatchObject([{ code: 'unknown-unit', message: expect.stringContaining('therm') }]);
  });

  it('power instead of energy, net amounts, rows of one register', () => {
    const text = 't;what;v\n2024-01-01 00:00;P;4\n2024-01-01 00:15;P;2\n2024-01-01 00:15;Q;9\n';
    const power = readCsv(
      text,
      map({
        stepSeconds: 900,
        columns: [{ column: 'v', ...energy, unit: 'kW', kind: 'power', where: { column: 'what', is: 'p' } }],
      }),
    );
    expect(power.readings.map((one) => formatMicro(one.value))).toEqual(['1', '0.5']);
    const net = readCsv('t;v\n2024-01-01 00:00;1.5\n2024-01-01 01:00;-0.5\n', {
      ...map(),
      columns: [{ column: 'v', ...energy, sign: 'both' }],
    });
    expect(net.readings.map((one) => `${one.flow} ${formatMicro(one.value)}`)).toEqual([
      'import 1.5',
      'export 0',
      'import 0',
      'export 0.5',
    ]);
  });

  it('exports that are written as negative amounts, but not one among positive ones', () => {
    const export_ = { columns: [{ column: 'v', ...energy, flow: 'export' as const }] };
    const all = readCsv('t;v\n2024-01-01 00:00;-1\n2024-01-01 01:00;-2\n', map(export_));
    expect([all.readings.map((one) => one.value), codes(all)]).toEqual([[1_000_000, 2_000_000], ['assumed']]);
    const one = readCsv('t;v\n2024-01-01 00:00;-1\n2024-01-01 01:00;2\n', map(export_));
    expect([one.readings.map((each) => each.value), codes(one)]).toEqual([[2_000_000], ['bad-value']]);
  });

  it('UTF-16 and Latin-1', () => {
    const text = 't;Zähler\n2024-01-01 00:00;1\n';
    const csv = map({ columns: [{ column: 'Zähler', ...energy }] });
    const utf16 = new Uint8Array(text.length * 2 + 2);
    utf16.set([0xff, 0xfe]);
    for (const [i, character] of [...text].entries()) utf16.set([character.charCodeAt(0), 0], 2 + i * 2);
    expect(readMeterFile(utf16, { csv }).readings).toHaveLength(1);
    expect(readMeterFile(utf16.subarray(2), { csv }).readings).toHaveLength(1);
    const latin1 = readMeterFile(bytesOf(text), { csv });
    expect([latin1.readings.length, codes(latin1)]).toEqual([1, ['assumed']]);
    expect(codes(readMeterFile(bytesOf(text), { csv: { ...csv, encoding: 'windows-1252' } }))).toEqual([]);
  });

  it('lines before the headings', () => {
    const text = 'Report for\nA. Nobody;;\n\nt;v\n2024-01-01 00:00;1\n';
    expect(readCsv(text, map({ startsAt: ['t', 'v'] })).readings).toHaveLength(1);
    expect(readCsv(text, map({ skipLines: 3 })).readings).toHaveLength(1);
  });

  it('a day a row, an interval a column, also on the days of the clock change', () => {
    const hours = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);
    const row = (date: string, skip: readonly number[] = []) =>
      [date, ...hours.map((_, hour) => (skip.includes(hour) ? '' : `0,${hour + 10}`))].join(';');
    const text = [
      ['Giorno', ...hours].join(';'),
      row('30/03/2024'),
      row('31/03/2024', [2]),
      row('27/10/2024'),
    ].join('\n');
    const file = readCsv(text, {
      delimiter: ';',
      decimal: ',',
      time: 'Giorno',
      timeFormat: 'local',
      zone: 'Europe/Rome',
      stepSeconds: 3600,
      columns: [],
      matrix: { first: '00:00', cells: energy },
    });
    expect(file.readings).toHaveLength(24 + 23 + 23);
    const from = Date.parse('2024-03-29T23:00:00Z');
    const values = kwh(file.readings, { from, to: from + 47 * HOUR, step: 'PT1H', zone: 'Europe/Rome' });
    expect(values).not.toContain(null);
    expect(values.slice(24, 28)).toEqual(['0.1', '0.11', '0.13', '0.14']);
    expect(codes(file)).toEqual(['ambiguous-time']);
  });

  it('is proposed from the file, with what has to be confirmed', () => {
    const rows = Array.from(
      { length: 8 },
      (_, i) => `14.02.2024;${String(i).padStart(2, '0')}:00;0,${i + 5};0,1`,
    );
    const text = ['Bericht;;;', 'Datum;Zeit;Verbrauch (kWh);Einspeisung (kWh)', ...rows].join('\r\n');
    const { map: guess, questions } = guessCsvMap(bytesOf(text), { zone: 'Europe/Vienna' });
    expect(guess).toMatchObject({
      delimiter: ';',
      decimal: ',',
      time: 'Datum',
      clock: 'Zeit',
      skipLines: 1,
      stepSeconds: 3600,
      columns: [
        { column: 'Verbrauch (kWh)', flow: 'import', unit: 'kWh' },
        { column: 'Einspeisung (kWh)', flow: 'export', unit: 'kWh' },
      ],
    });
    expect(questions.length).toBeGreaterThan(2);
    expect(readCsv(text, guess).readings).toHaveLength(16);
  });

  describe('is proposed from a table that is easily misread:', () => {
    const clock = (i: number): string =>
      new Date(Date.UTC(2026, 9, 1) + i * 900_000).toISOString().slice(0, 16);
    const table = (heading: string, cells: (i: number) => string, isNewestFirst = false) => {
      const rows = Array.from({ length: 12 }, (_, i) => `${clock(isNewestFirst ? 11 - i : i)};${cells(i)}`);
      return guessCsvMap(bytesOf([`Time;${heading}`, ...rows].join('\n')), { zone: 'Europe/Vienna' });
    };
    const brief = ({ map: guess }: ReturnType<typeof table>) =>
      guess.columns.map(({ column, commodity, unit, kind }) => [column, commodity, unit, kind]);

    it('a mark that may group digits is asked about, one that cannot is not', () => {
      const isAsked = (cells: (i: number) => string): boolean =>
        table('Stand kWh', cells).questions.some((one) => one.includes('decimal mark?'));
      expect(isAsked((i) => `12.${100 + i}`)).toBe(true);
      expect(isAsked((i) => `12,${100 + i}`)).toBe(true);
      expect(isAsked((i) => `0,${100 + i}`)).toBe(false);
      expect(isAsked((i) => `12.${10 + i}`)).toBe(false);
      expect(isAsked((i) => String(12_000 + i))).toBe(false);
    });

    it('a register whose newest row comes first is one', () => {
      expect(brief(table('Zählerstand (kWh)', (i) => String(9000 - i), true))).toEqual([
        ['Zählerstand (kWh)', 'electricity', 'kWh', 'register'],
      ]);
      const falling = table('Zählerstand (kWh)', (i) => String(9000 - i));
      expect(falling.questions.join()).toContain('is called like a register and falls');
    });

    it('what is told for each unit is no amount of it', () => {
      const others = [
        'Price (EUR/kWh)',
        'ct/kWh',
        'CO2 g/kWh',
        'Cost per kWh',
        'Preis pro kWh',
        'Reactive (kvarh)',
        'Temperature (°C)',
        'Spannung V',
        'Total (1/1000 kWh)',
      ];
      for (const other of others) {
        const guess = table(`${other};Usage (kWh)`, (i) => `${i}.5;1.25`);
        expect(brief(guess), other).toEqual([['Usage (kWh)', 'electricity', 'kWh', 'interval']]);
      }
      for (const fine of ['Verbrauch/kWh', 'From grid kWh', 'Mean usage kWh'])
        expect(brief(table(fine, () => '1.25'))[0]?.slice(0, 3)).toEqual([fine, 'electricity', 'kWh']);
    });

    it('a phase is no litre, and megawatts are no watts', () => {
      expect(brief(table('Import L1 (kWh)', () => '1'))[0]?.slice(1, 3)).toEqual(['electricity', 'kWh']);
      expect(brief(table('Water (l)', () => '1'))[0]?.slice(1, 3)).toEqual(['water', 'l']);
      expect(brief(table('Leistung MW', () => '1'))[0]?.slice(2)).toEqual(['MW', 'power']);
      expect(
        readCsv(`Time;Leistung MW\n${clock(0)};1`, table('Leistung MW', () => '1').map).readings[0]?.value,
      ).toBe(250_000_000);
    });

    it('the time is the column that changes, and is asked for where there are others', () => {
      const rows = Array.from({ length: 6 }, (_, i) => `2026-11-01 00:00;${clock(i)};1.5`);
      const guess = guessCsvMap(bytesOf(['Printed;Start;kWh', ...rows].join('\n')), { zone: 'UTC' });
      expect(guess.map).toMatchObject({ time: 'Start', stepSeconds: 900 });
      expect(guess.questions.join()).toContain('Is column "Start" the time?');
    });

    it('amounts of both signs flow both ways, which is asked', () => {
      const guess = table('Net kWh', (i) => (i % 2 === 0 ? '1.5' : '-0.5'));
      expect(guess.map.columns[0]?.sign).toBe('both');
      expect(guess.questions.join()).toContain('flow the other way');
    });

    it('columns of which only one would count are asked about', () => {
      const { questions } = table('L1 kWh;L2 kWh', () => '1.5;2.5');
      expect(questions.join()).toContain('one of them would count');
    });
  });

  it('of registers that say they are the same and are not tells so, before one of them vanishes', () => {
    const column = (name: string, tariff?: number) =>
      ({
        column: name,
        commodity: 'electricity',
        flow: 'import',
        unit: 'kWh',
        kind: 'interval',
        ...(tariff === undefined ? {} : { tariff }),
      }) as const;
    const csv = { time: 't', timeFormat: 'iso', stepSeconds: 900 } as const;
    const read = (b: number, columns: readonly ReturnType<typeof column>[]) =>
      codes(readMeterFile(bytesOf(`t,a,b\n2026-01-10T00:00:00Z,1.5,${b}`), { csv: { ...csv, columns } }));
    expect(read(2.5, [column('a'), column('b')])).toEqual(['overlap']);
    expect(read(1.5, [column('a'), column('b')])).toEqual([]);
    expect(read(2.5, [column('a', 1), column('b', 2)])).toEqual([]);
  });

  it('gives readings or a typed error for any text', () => {
    const cell = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        '2024-01-01 00:00',
        '31/12/2024',
        'ct/kWh',
        'L1 kWh',
        '1.234',
        '1,5',
        '-3',
        '"',
        '24:00',
        '25.10.2026 02:30',
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 12 }), (rows) => {
        const text = ['t;v', ...rows.map((row) => row.join(';'))].join('\n');
        for (const attempt of [
          () => readCsv(text, map()),
          () => guessCsvMap(bytesOf(text), { zone: 'UTC' }),
        ]) {
          try {
            attempt();
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_METER_/) });
          }
        }
      }),
    );
  });
});
