import { Quality } from '@edmp/interface';
import { formatReading, type MeterFile, type ReadMeterFileOptions, readMeterFile } from '@edmp/oehu-client';
import { formatMicro } from '@edmp/oehu-client/time';
import { describe, expect, it } from 'vitest';
import { ticChecksum } from '../src/sources/formats/fr-linky.ts';

const read = (text: string, options: ReadMeterFileOptions = {}): MeterFile =>
  readMeterFile(new TextEncoder().encode(text), options);
const codes = (file: MeterFile): string[] => file.issues.map((issue) => issue.code);
/** `flow tariff time value` of each reading. */
const rows = (file: MeterFile): string[] =>
  file.readings
    .map(formatReading)
    .map(
      ({ flow, tariff, at, value, unit }) =>
        `${flow} ${tariff} ${at?.replace('.000Z', 'Z')} ${value} ${unit}`,
    );

describe('Fluvius CSV', () => {
  const HEAD =
    'Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus';
  const row = (register: string, volume: string, unit: string): string =>
    `01-02-2026;10:00:00;01-02-2026;11:00:00;="5414";M1;Digitale meter;${register};${volume};${unit};Uitgelezen`;

  it('reads gas in m³ and leaves the same gas in kWh out, which it tells', () => {
    const file = read([HEAD, row('Afname', '1,5', 'm³'), row('Afname', '16,2', 'kWh')].join('\n'));
    expect(rows(file)).toEqual(['import total 2026-02-01T09:00:00Z 1.5 m3']);
    expect(file.issues).toMatchObject([{ code: 'skipped', at: 'row 3' }]);
  });

  it('reads the variant with the register elsewhere', () => {
    const text = [
      'EAN;Meter nummer;Metertype;Registratie;Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);Volume;Eenheid;Validatiestatus',
      '5414;M1;Digitale meter;Injectie Nacht;29-03-2026;01:45:00;29-03-2026;03:00:00;0,5;kWh;Geschat',
    ].join('\n');
    const file = read(text);
    expect(rows(file)).toEqual(['export 2 2026-03-29T00:45:00Z 0.5 kWh']);
    expect(file.readings[0]).toMatchObject({ duration: 900_000, quality: Quality.estimated, serial: 'M1' });
  });
});

describe('US Green Button CSV', () => {
  const head = 'TYPE,DATE,START TIME,END TIME,IMPORT (kWh),EXPORT (kWh),COST,NOTES';

  it('asks for the zone, and reads both directions', () => {
    const text = `Name,X\n\n${head}\nElectric usage,3/8/2026,1:00,1:59,0.5,0.1,$0.1,\nElectric usage,3/8/2026,2:00,2:59,0,0,$0,\nElectric usage,3/8/2026,3:00,3:59,0.7,0,$0.1,\n`;
    expect(() => read(text)).toThrowError(expect.objectContaining({ code: 'ERR_METER_TIME' }));
    const file = read(text, { zone: 'America/New_York' });
    expect(rows(file)).toEqual([
      'import total 2026-03-08T06:00:00Z 0.5 kWh',
      'export total 2026-03-08T06:00:00Z 0.1 kWh',
      'import total 2026-03-08T07:00:00Z 0.7 kWh',
      'export total 2026-03-08T07:00:00Z 0 kWh',
    ]);
    expect(codes(file)).toEqual(['skipped-time']);
  });

  it('names therms when it refuses gas', () => {
    const text =
      'TYPE,DATE,START TIME,END TIME,USAGE (therms),COST\nNatural gas usage,01/10/2026,00:00,23:59,1.04,$2\n';
    expect(() => read(text, { zone: 'America/Los_Angeles' })).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_SCHEMA', message: expect.stringContaining('therms') }),
    );
  });
});

describe('Enedis', () => {
  const curve = (...lines: string[]): string =>
    [
      'Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite',
      '00000000000001;Courbe de charge;x;y;Energie active;Production;Comptage Brut;W',
      'Horodate;Valeur',
      ...lines,
    ].join('\n');

  it('takes the step from the time before, and none where the file has several', () => {
    const file = read(
      curve(
        '2026-01-10T00:30:00+01:00;600',
        '2026-01-10T00:40:00+01:00;600',
        '2026-01-10T01:10:00+01:00;600',
      ),
    );
    expect(rows(file)).toEqual([
      'export total 2026-01-09T23:30:00Z 0.1 kWh',
      'export total 2026-01-09T23:40:00Z 0.3 kWh',
    ]);
    expect(codes(file)).toEqual(['bad-time']);
    const even = read(curve('2026-01-10T00:30:00+01:00;600', '2026-01-10T01:00:00+01:00;600'));
    expect(even.readings.map((one) => formatMicro(one.value))).toEqual(['0.3', '0.3']);
  });

  it('tells when times of the load curve look like starts', () => {
    const json = (dates: readonly string[]): string =>
      JSON.stringify({
        reading_type: { unit: 'W' },
        interval_reading: dates.map((date) => ({ date, value: '100', interval_length: 'PT30M' })),
      });
    expect(codes(read(json(['2026-01-10 00:00:00', '2026-01-10 00:30:00']), { flow: 'import' }))).toEqual([
      'clock',
    ]);
    expect(codes(read(json(['2026-01-10 00:30:00', '2026-01-11 00:00:00']), { flow: 'export' }))).toEqual([]);
  });

  it('refuses apparent power and names it', () => {
    const json = JSON.stringify({
      reading_type: { unit: 'VA' },
      interval_reading: [{ date: '2026-01-10', value: '1' }],
    });
    expect(() => read(json)).toThrowError(
      expect.objectContaining({ message: expect.stringContaining('VA') }),
    );
  });
});

describe('Linky', () => {
  const frame = (day: number): string => {
    const groups = [
      ['ADCO', '000000000001'],
      ['BASE', String(1_000_000 + day * 1000).padStart(9, '0')],
    ];
    return `${groups.map(([label, value]) => `${label} ${value} ${ticChecksum(`${label} ${value}`)}`).join('\r\n')}\r\n`;
  };
  const receivedAt = Date.UTC(2026, 0, 10, 12);

  it('places the frames of a log by their spacing, or only the last', () => {
    expect(rows(read(frame(1) + frame(2), { receivedAt, spacingSeconds: 60 }))).toEqual([
      'import total 2026-01-10T11:59:00Z 1001 kWh',
      'import total 2026-01-10T12:00:00Z 1002 kWh',
    ]);
    const file = read(frame(1) + frame(2), { receivedAt });
    expect([file.readings.map((one) => formatReading(one).at), codes(file)]).toEqual([
      [null, '2026-01-10T12:00:00.000Z'],
      ['no-time'],
    ]);
  });

  it('leaves out a group whose check character does not fit', () => {
    const file = read(frame(1) + frame(2).replace('001002000', '009002000'), {
      receivedAt,
      spacingSeconds: 60,
    });
    expect(file.readings).toHaveLength(1);
    expect(codes(file)).toEqual(['unreadable']);
  });

  it('reads the repeated hour by the season letter', () => {
    const standard = (season: string): string => {
      const lines = [
        ['ADSC', '000000000001'],
        ['DATE', `${season}251026023000`, ''],
        ['EAST', '000001000'],
      ].map((fields) => `${fields.join('\t')}\t`);
      return `${lines.map((line) => line + ticChecksum(line)).join('\r\n')}\r\n`;
    };
    expect(rows(read(standard('E')))).toEqual(['import total 2025-10-26T00:30:00Z 1 kWh']);
    expect(rows(read(standard('H')))).toEqual(['import total 2025-10-26T01:30:00Z 1 kWh']);
  });
});

describe('D0', () => {
  it('needs a time for a meter without a clock, and a whole data set', () => {
    const set = '/ESY5Q3\r\n1.8.0(000123.4*kWh)\r\n1.8.0*01(5*kWh)\r\n2.8.1(7)\r\n!\r\n';
    expect(rows(read(set, { receivedAt: Date.UTC(2026, 0, 10) }))).toEqual([
      'import total 2026-01-10T00:00:00Z 123.4 kWh',
      'export 1 2026-01-10T00:00:00Z 7 kWh',
    ]);
    expect(codes(read(set))).toEqual(['no-time']);
    const cut = read(`${set}/ESY5Q3\r\n1.8.0(999`, { receivedAt: Date.UTC(2026, 0, 10) });
    expect(cut.readings).toHaveLength(2);
  });
});

describe('answers that do not say what was metered', () => {
  it('take it from the options', () => {
    const page = {
      results: [
        { consumption: 1.5, interval_start: '2026-01-10T00:00:00Z', interval_end: '2026-01-10T00:30:00Z' },
      ],
    };
    const text = JSON.stringify(page);
    expect(rows(read(text, { commodity: 'electricity', flow: 'export' }))).toEqual([
      'export total 2026-01-10T00:00:00Z 1.5 kWh',
    ]);
    expect(codes(read(text, { commodity: 'electricity' }))).toEqual([]);
    const gas = read(text, { commodity: 'gas' });
    expect([rows(gas), codes(gas)]).toEqual([['import total 2026-01-10T00:00:00Z 1.5 m3'], ['assumed']]);
  });

  it('Eloverblik: production, missing points, an unknown business type', () => {
    const series = (businessType: string, quality: string) => ({
      mRID: '57',
      businessType,
      'measurement_Unit.name': 'KWH',
      Period: [
        {
          resolution: 'PT15M',
          timeInterval: { start: '2026-01-09T23:00:00Z' },
          Point: [{ position: '2', 'out_Quantity.quantity': '0.5', 'out_Quantity.quality': quality }],
        },
      ],
    });
    const answer = (...list: unknown[]): string =>
      JSON.stringify({ result: [{ MyEnergyData_MarketDocument: { TimeSeries: list } }] });
    const file = read(answer(series('A01', 'A01'), series('A04', 'A02'), series('A64', 'A04')));
    expect(rows(file)).toEqual(['export total 2026-01-09T23:15:00Z 0.5 kWh']);
    expect(file.readings[0]?.quality).toBe(Quality.edited);
    expect(codes(file)).toEqual(['unknown-code']);
  });
});

describe('n3rgy JSON', () => {
  const answer = (more: object): string =>
    JSON.stringify({
      resource: '/electricity/consumption/1',
      start: '202601100000',
      end: '202601100100',
      granularity: 'halfhour',
      values: [
        { timestamp: '2026-01-10 00:30', value: 0.1 },
        { timestamp: '2026-01-10 01:00', value: 0.2 },
      ],
      availableCacheRange: {},
      unit: 'kWh',
      ...more,
    });

  it('finds out from the asked period whether times begin or end their half hours', () => {
    expect(rows(read(answer({})))[0]).toBe('import total 2026-01-10T00:00:00Z 0.1 kWh');
    const begins = answer({ end: '202601100200', start: '202601100030' });
    expect(rows(read(begins))[0]).toBe('import total 2026-01-10T00:30:00Z 0.1 kWh');
    const open = read(answer({ start: null, end: null }));
    expect(rows(open)[0]).toBe('import total 2026-01-10T00:30:00Z 0.1 kWh');
    expect(open.issues.map(({ message }) => message)).toEqual([
      expect.stringContaining('read as UTC'),
      expect.stringContaining('begin or end'),
    ]);
  });

  it('reads production and gas, takes a zone, and tells what it has to assume', () => {
    const production = read(answer({ resource: '/electricity/production/1' }), { zone: 'Europe/Berlin' });
    expect(rows(production)[0]).toBe('export total 2026-01-09T23:00:00Z 0.1 kWh');
    expect(codes(production)).toEqual([]);
    expect(rows(read(answer({ resource: '/gas/consumption/1', unit: 'm3' })))[0]).toMatch(/0\.1 m3$/);
    expect(codes(read(answer({ resource: 7 })))).toEqual(['assumed', 'assumed']);
  });

  it.each([
    [{ resource: '/gas/consumption/1' }, 'Expected m3 of gas, got "kWh"'],
    [{ granularity: 'minute' }, 'Expected halfhour or hour, got "minute"'],
    [{ values: [{ timestamp: '2026-02-30 00:30', value: 1 }] }, 'Expected a time such as'],
    [{ values: [{ timestamp: '2026-01-10 00:30', value: -1 }] }, 'not negative'],
  ])('refuses %j and says why', (more, why) => {
    expect(() => read(answer(more))).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_SCHEMA', message: expect.stringContaining(why) }),
    );
  });
});
