import { isEdmpError, Quality } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { formatReading, intervalSeries, type MeterFile, readMeterFile, registersOf } from '@edmp/oehu-client';
import {
  type AnyReading,
  isIntervalReading,
  parseTelegram,
  readCsv,
  readGreenButton,
  readHomeWizard,
  readSenml,
} from '@edmp/oehu-client/sources';
import { describe, expect, it } from 'vitest';
import { fixture, fixtureText, hasFixtures } from './support/fixtures.ts';

const RECEIVED = Date.UTC(2026, 0, 1);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (name: string): MeterFile =>
  readMeterFile(fixture(name) ?? new Uint8Array(), { receivedAt: RECEIVED });
/** `commodity flow tariff ISO-time value unit` of each reading. */
const rows = (readings: readonly AnyReading[]): string[] =>
  readings
    .map(formatReading)
    .map(({ commodity, flow, tariff, at, value, unit }) =>
      [commodity, flow, tariff, at?.replace('.000Z', 'Z'), value, unit].join(' '),
    );

describe.skipIf(!hasFixtures)('P1 telegrams (fixtures beside the repository)', () => {
  it('reads DSMR 2.2: two-line gas, no telegram time', () => {
    const file = readMeterFile(fixture('dsmr-v2.2.txt') ?? new Uint8Array());
    expect(file.kind).toBe('dsmr-p1');
    expect(rows(file.readings)).toEqual([
      'electricity import 1 2016-11-07T18:00:00Z 1.001 kWh',
      'electricity import 2 2016-11-07T18:00:00Z 1.001 kWh',
      'electricity export 1 2016-11-07T18:00:00Z 1.001 kWh',
      'electricity export 2 2016-11-07T18:00:00Z 1.001 kWh',
      'gas import total 2016-11-07T18:00:00Z 1.001 m3',
    ]);
    expect(file.readings[0]?.quality).toBe(Quality.estimated);
    expect(file.issues.map((issue) => issue.code)).toEqual(['no-time']);
    const timed = read('dsmr-v2.2.txt');
    expect(timed.readings.map((one) => (isIntervalReading(one) ? 0 : one.at)).slice(0, 4)).toEqual(
      Array(4).fill(RECEIVED),
    );
    expect(timed.issues).toEqual([]);
    expect(parseTelegram(fixture('dsmr-v2.2.txt') ?? new Uint8Array()).checksum).toBe('absent');
  });

  it('reads DSMR 4.2: winter time, CRC, power-failure log kept', () => {
    const telegram = parseTelegram(fixture('dsmr-v4.2.txt') ?? new Uint8Array());
    expect(telegram).toMatchObject({
      identification: 'KFM5KAIFA-METER',
      version: '42',
      checksum: 'valid',
      dialect: 'dsmr',
    });
    expect(telegram.at).toBe(Date.parse('2016-11-13T19:57:57Z'));
    expect(rows(telegram.readings)).toEqual([
      'electricity import 1 2016-11-13T19:57:57Z 1581.123 kWh',
      'electricity import 2 2016-11-13T19:57:57Z 1435.706 kWh',
      'electricity export 1 2016-11-13T19:57:57Z 0 kWh',
      'electricity export 2 2016-11-13T19:57:57Z 0 kWh',
      'gas import total 2016-11-29T19:00:00Z 981.443 m3',
    ]);
    const log = telegram.lines.find((line) => line.reference === '1-0:99.97.0');
    expect(log?.values).toHaveLength(8);
    expect(telegram.lines).toHaveLength(33);
    expect(telegram.unknown).toEqual([]);
  });

  it('reads DSMR 5: five-minute gas, a second gas meter without a value', () => {
    const telegram = parseTelegram(fixture('dsmr-v5.txt') ?? new Uint8Array());
    expect(telegram).toMatchObject({ version: '50', checksum: 'valid' });
    expect(rows(telegram.readings)).toEqual([
      'electricity import 1 2017-01-02T18:20:02Z 4.426 kWh',
      'electricity import 2 2017-01-02T18:20:02Z 2.399 kWh',
      'electricity export 1 2017-01-02T18:20:02Z 2.444 kWh',
      'electricity export 2 2017-01-02T18:20:02Z 0 kWh',
      'gas import total 2017-01-02T15:10:05Z 0.107 m3',
    ]);
    expect(telegram.channels).toMatchObject([
      { channel: 1, type: 3, commodity: 'gas' },
      { channel: 2, type: 3, commodity: 'gas', equipment: null, reading: null },
    ]);
  });

  it('reads eMUCS: summer time, gas on 24.2.3, water, monthly peaks kept', () => {
    const telegram = parseTelegram(fixture('emucs-fluvius-1.7.1.txt') ?? new Uint8Array());
    expect(telegram).toMatchObject({ dialect: 'emucs', version: '50217', checksum: 'valid' });
    expect(rows(telegram.readings)).toEqual([
      'electricity import 1 2020-05-12T11:54:09Z 0.034 kWh',
      'electricity import 2 2020-05-12T11:54:09Z 15.758 kWh',
      'electricity export 1 2020-05-12T11:54:09Z 0 kWh',
      'electricity export 2 2020-05-12T11:54:09Z 0.011 kWh',
      'gas import total 2020-05-12T11:45:58Z 112.384 m3',
      'water import total 2020-05-12T11:45:58Z 872.234 m3',
    ]);
    expect(telegram.readings.map((reading) => reading.register).slice(4)).toEqual([
      '0-1:24.2.3',
      '0-2:24.2.1',
    ]);
    const value = (reference: string) => telegram.lines.find((line) => line.reference === reference)?.values;
    expect(value('1-0:1.6.0')).toEqual(['200509134558S', '02.589*kW']);
    expect(value('0-0:98.1.0')).toHaveLength(12);
  });

  it('restores line ends for the CRC and refuses a telegram whose digits changed', () => {
    const text = fixtureText('dsmr-v5.txt');
    const unix = parseTelegram(bytesOf(text.replaceAll('\r\n', '\n')));
    expect(unix).toMatchObject({ checksum: 'valid', issues: [{ code: 'line-endings' }] });
    const forged = bytesOf(text.replace('000004.426', '000003.426'));
    expect(() => parseTelegram(forged)).toThrowError(expect.objectContaining({ code: 'ERR_METER_CHECKSUM' }));
    expect(() => readMeterFile(forged)).toThrowError(expect.objectContaining({ code: 'ERR_METER_CHECKSUM' }));
    const cut = bytesOf(text.replace(/!6EEE/, '!'));
    expect(() => parseTelegram(cut)).toThrowError(expect.objectContaining({ code: 'ERR_METER_CHECKSUM' }));
  });
});

describe.skipIf(!hasFixtures)('other meter files (fixtures beside the repository)', () => {
  it('reads HomeWizard API v1', () => {
    const file = read('homewizard-p1-v1-data.json');
    expect(file.kind).toBe('homewizard');
    expect(rows(file.readings)).toEqual([
      'electricity import 1 2026-01-01T00:00:00Z 10830.511 kWh',
      'electricity import 2 2026-01-01T00:00:00Z 2948.827 kWh',
      'electricity import 3 2026-01-01T00:00:00Z 2948.827 kWh',
      'electricity import 4 2026-01-01T00:00:00Z 2948.827 kWh',
      'electricity import total 2026-01-01T00:00:00Z 13779.338 kWh',
      'electricity export 1 2026-01-01T00:00:00Z 4321.333 kWh',
      'electricity export 2 2026-01-01T00:00:00Z 8765.444 kWh',
      'electricity export 3 2026-01-01T00:00:00Z 8765.444 kWh',
      'electricity export 4 2026-01-01T00:00:00Z 8765.444 kWh',
      'electricity export total 2026-01-01T00:00:00Z 13086.777 kWh',
      'gas import total 2021-03-14T10:22:33Z 1122.333 m3',
      'water import total 2026-01-01T00:00:00Z 1234.567 m3',
    ]);
  });

  it('reads Green Button: export in Wh × 10⁻³, quarter hours', () => {
    const file = read('greenbutton-batch-eddie.xml');
    expect([file.kind, file.readings.length, file.issues]).toEqual(['green-button', 67, []]);
    expect(formatReading(file.readings[0] as AnyReading)).toMatchObject({
      commodity: 'electricity',
      flow: 'export',
      at: '2024-09-03T00:00:00.000Z',
      seconds: 900,
      value: '0.01',
      unit: 'kWh',
    });
    const local = readGreenButton(fixtureText('greenbutton-batch-eddie.xml'), {
      localZone: 'America/New_York',
    });
    expect(formatReading(local.readings[0] as AnyReading).at).toBe('2024-09-03T04:00:00.000Z');
    const total = file.readings.reduce((sum, one) => sum + one.value, 0);
    const values = [...fixtureText('greenbutton-batch-eddie.xml').matchAll(/<value>(\d+)</g)];
    expect(total).toBe(values.reduce((sum, [, value]) => sum + Number(value), 0));
  });

  it('reads the Dutch portal: daily registers of two electricity tariffs and gas', () => {
    const file = read('nl-mijn-aansluiting-daily-registers.json');
    expect([file.kind, file.readings.length, file.issues]).toEqual(['nl-mijn-aansluiting', 140, []]);
    const all = rows(file.readings);
    expect(all[0]).toBe('electricity import 1 2023-04-30T22:00:00Z 9838.65 kWh');
    expect(
      new Set(
        file.readings.map(
          (one) => `${one.commodity} ${one.tariff} ${one.serial}:${(one as { register?: string }).register}`,
        ),
      ),
    ).toEqual(
      new Set([
        'electricity 1 E0003000007083514:1.8.1',
        'electricity 2 E0003000007083514:1.8.2',
        'gas total G0019340150611414:1.8.0',
      ]),
    );
    const days = intervalSeries(registersOf(file.readings), {
      commodity: 'electricity',
      flow: 'import',
      from: Date.parse('2023-05-01T00:00:00+02:00'),
      to: Date.parse('2023-05-08T00:00:00+02:00'),
      step: 'P1D',
      zone: 'Europe/Amsterdam',
    });
    expect(days.values).toHaveLength(7);
    expect(days.report.missing).toBe(0);
  });

  it('reads Fluvius: quarter hours of the head point, estimated', () => {
    const file = read('be-fluvius-quarter-hourly.json');
    expect(rows(file.readings)).toEqual([
      'electricity import total 2024-12-01T00:00:00Z 0.009 kWh',
      'electricity import total 2024-12-01T00:15:00Z 0.01 kWh',
    ]);
    expect(file.readings.map((one) => one.quality)).toEqual([Quality.estimated, Quality.estimated]);
    expect(file.issues.map((issue) => issue.code)).toEqual(['skipped']);
  });

  it('reads the Austrian consumption record: a day of 96 quarters', () => {
    const file = read('at-eda-consumptionrecord-15min.xml');
    expect([file.kind, file.readings.length, file.issues]).toEqual(['at-eda', 96, []]);
    expect(rows(file.readings)[0]).toBe('electricity export total 2024-03-31T22:00:00Z 0.001 kWh');
    const start = Date.parse('2024-04-01T00:00:00+02:00');
    const series = intervalSeries(registersOf(file.readings), {
      commodity: 'electricity',
      flow: 'export',
      from: start,
      to: start + 86_400_000,
      step: 'PT15M',
      zone: 'Europe/Vienna',
    });
    expect(series.values).toHaveLength(96);
    const amounts = [...fixtureText('at-eda-consumptionrecord-15min.xml').matchAll(/<ns0:BQ>([\d.]+)</g)];
    expect(series.values).toEqual(amounts.map(([, text]) => Math.round(Number(text) * 1e6)));
  });

  it('reads SML: CRC of each frame, tariff registers in tenths of a watt hour, a cut-off last frame', () => {
    const file = read('sml-ttyUSB0-2.dump');
    expect(file.kind).toBe('sml');
    expect(rows(file.readings).slice(0, 3)).toEqual([
      // The meter's seconds counter tells that this frame came four seconds before the last one.
      'electricity export total 2025-12-31T23:59:56Z 4.373 kWh',
      'electricity export 1 2025-12-31T23:59:56Z 4.373 kWh',
      'electricity export 2 2025-12-31T23:59:56Z 0 kWh',
    ]);
    expect(file.readings).toHaveLength(6);
    expect(rows(file.readings)[3]).toContain('2026-01-01T00:00:00Z');
    expect(file.issues).toMatchObject([{ code: 'truncated', at: 'frame 2' }]);
    expect(() => readMeterFile(fixture('sml-ttyUSB0-2.dump') ?? new Uint8Array())).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_TIME' }),
    );
    const bytes = (fixture('sml-ttyUSB0-2.dump') ?? new Uint8Array()).slice();
    bytes[0x9c] = 1;
    expect(readMeterFile(bytes, { receivedAt: RECEIVED }).issues[0]).toMatchObject({
      code: 'unreadable',
      at: 'frame 0',
    });
  });

  it('reads saved OEHU answers of both shapes, verified when it can', () => {
    const crypto = nodeCrypto();
    const saved = (name: string) => readMeterFile(fixture(name) ?? new Uint8Array(), { crypto });
    const raw = saved('oehu-transactions-raw-signed.synthetic.json');
    expect([raw.kind, raw.readings.length]).toEqual(['oehu', 15]);
    expect(new Set(raw.readings.map((one) => one.trust))).toEqual(new Set(['linked']));
    const devices = saved('oehu-devices-signed.synthetic.json');
    expect(devices.readings[0]?.trust).toBe('signed');
    expect(rows(devices.readings)[4]).toBe('gas import total 2019-01-27T00:03:03Z 173.974 m3');
    const figure9 = saved('oehu-devices-fig9.transcribed.json');
    expect(figure9.readings[0]?.trust).toBe('unsigned');
    expect(figure9.issues).toMatchObject([{ code: 'unverified', at: '[0]' }]);
    expect(figure9.issues[0]?.message).toContain('signature cannot be checked');
    const figure13 = saved('oehu-devices-fig13.transcribed.json');
    expect(rows(figure13.readings)[0]).toBe('electricity import 1 2019-01-07T12:48:26.274Z 149.125 kWh');
  });
});

describe('HomeWizard API v2', () => {
  const answer = {
    protocol_version: 50,
    meter_model: 'ISKRA 2M550T-101',
    unique_id: '00112233445566778899AABBCCDDEEFF',
    timestamp: '2026-06-28T14:12:34',
    tariff: 2,
    energy_import_kwh: 13779.338,
    energy_import_t1_kwh: 10830.511,
    energy_import_t2_kwh: 2948.827,
    energy_export_kwh: 0,
    power_w: -543,
    external: [
      { unique_id: 'A', type: 'gas_meter', timestamp: '2026-06-28T14:00:00', value: 2569.646, unit: 'm3' },
      { unique_id: 'B', type: 'heat_meter', timestamp: '2026-06-28T14:00:00', value: 5.5, unit: 'GJ' },
      { unique_id: 'C', type: 'crystal_ball', value: 1, unit: 'm3' },
    ],
  };

  it('reads local times, tariffs and external meters', () => {
    const file = readHomeWizard(answer);
    expect(rows(file.readings)).toEqual([
      'electricity import 1 2026-06-28T12:12:34Z 10830.511 kWh',
      'electricity import 2 2026-06-28T12:12:34Z 2948.827 kWh',
      'electricity import total 2026-06-28T12:12:34Z 13779.338 kWh',
      'electricity export total 2026-06-28T12:12:34Z 0 kWh',
      'gas import total 2026-06-28T12:00:00Z 2569.646 m3',
      'heat import total 2026-06-28T12:00:00Z 5.5 GJ',
    ]);
    expect(file.issues.map((issue) => issue.at)).toEqual(['external[2]']);
  });

  it('marks the repeated hour as ambiguous', () => {
    const file = readHomeWizard({ ...answer, timestamp: '2026-10-25T02:30:00', external: [] });
    expect(file.issues).toMatchObject([{ code: 'ambiguous-time', at: 'timestamp' }]);
  });
});

describe('SenML', () => {
  it('resolves base fields and understands OBIS codes, words and units', () => {
    const file = readSenml([
      { bn: 'urn:dev:mac:0024befffe804ff1/', bt: 1_780_000_000, bu: 'Wh', n: '1-0:1.8.1', v: 4426 },
      { n: 'electricity/export/2', v: 1000, t: 60 },
      { n: 'gas', u: 'm3', v: 1.5 },
      { n: '1-0:1.8.0', u: 'J', v: 3_600_000 },
      { n: 'temperature', u: 'Cel', v: 21 },
    ]);
    expect(rows(file.readings)).toEqual([
      'electricity import 1 2026-05-28T20:26:40Z 4.426 kWh',
      'electricity export 2 2026-05-28T20:27:40Z 1 kWh',
      'gas import total 2026-05-28T20:26:40Z 1.5 m3',
      'electricity import total 2026-05-28T20:26:40Z 1 kWh',
    ]);
    expect(file.issues).toMatchObject([{ code: 'skipped', at: '[4]' }]);
  });

  it('takes relative times only from a known arrival', () => {
    const json = [{ n: 'electricity', u: 'kWh', v: 1, t: -60 }];
    expect(() => readSenml(json)).toThrowError(expect.objectContaining({ code: 'ERR_METER_SCHEMA' }));
    expect(rows(readSenml(json, { receivedAt: RECEIVED }).readings)).toEqual([
      'electricity import total 2025-12-31T23:59:00Z 1 kWh',
    ]);
  });
});

describe('mapped CSV', () => {
  it('reads local times through the repeated hour, decimal commas and gaps', () => {
    const text = [
      'Meter;Zeit;Bezug (kWh);Status',
      '"Haus ""A""";25.10.2026 02:30;1.234,5;measured',
      ';25.10.2026 02:45;0,25;',
      ';25.10.2026 02:00;0,5;estimated',
      ';25.10.2026 02:15;;',
      ';29.02.2026 02:15;1;',
      ';25.10.2026 03:00;x;',
    ].join('\r\n');
    const file = readCsv(text, {
      delimiter: ';',
      decimal: ',',
      time: 'Zeit',
      timeFormat: 'local',
      zone: 'Europe/Berlin',
      stepSeconds: 900,
      quality: 'Status',
      columns: [
        { column: 'Bezug (kWh)', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' },
      ],
    });
    expect(rows(file.readings)).toEqual([
      'electricity import total 2026-10-25T00:30:00Z 1234.5 kWh',
      'electricity import total 2026-10-25T00:45:00Z 0.25 kWh',
      'electricity import total 2026-10-25T01:00:00Z 0.5 kWh',
    ]);
    expect(file.readings[2]?.quality).toBe(Quality.estimated);
    expect(file.issues.map((issue) => [issue.code, issue.at])).toEqual([
      ['bad-time', 'row 6'],
      ['bad-value', 'row 7, Bezug (kWh)'],
    ]);
  });

  it('reads registers with ISO times and refuses an unknown column', () => {
    const text = 'at,t1,t2\n2026-01-01T00:00:00Z,1.5,2\n';
    const map = {
      time: 'at',
      timeFormat: 'iso',
      columns: [
        { column: 't2', commodity: 'electricity', flow: 'export', tariff: 2, unit: 'kWh', kind: 'register' },
      ],
    } as const;
    expect(rows(readCsv(text, map).readings)).toEqual(['electricity export 2 2026-01-01T00:00:00Z 2 kWh']);
    expect(() => readCsv(text, { ...map, time: 'when' })).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_SCHEMA' }),
    );
    expect(() => readCsv('"open', map)).toThrowError(expect.objectContaining({ code: 'ERR_METER_FORMAT' }));
  });
});

describe('interval amounts as registers', () => {
  it('keep a missing interval missing instead of making it zero', () => {
    const hour = 3_600_000;
    const interval = (index: number, value: number): AnyReading => ({
      commodity: 'electricity',
      flow: 'import',
      tariff: 'total',
      start: RECEIVED + index * hour,
      duration: hour,
      value,
      unit: 'uKWh',
      trust: 'unsigned',
      record: String(index),
      register: 'm',
      quality: Quality.measured,
    });
    const series = intervalSeries(registersOf([0, 1, 3, 4].map((i) => interval(i, 1000 * (i + 1)))), {
      commodity: 'electricity',
      flow: 'import',
      from: RECEIVED,
      to: RECEIVED + 5 * hour,
      step: 'PT1H',
      zone: 'UTC',
    });
    expect(series.values).toEqual([1000, 2000, null, 4000, 5000]);
    expect(series.report.gaps).toEqual([{ first: 2, count: 1, total: null, reason: 'no-data' }]);
  });
});

describe('unknown and hostile files', () => {
  it('are refused with a typed error', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['', 'ERR_METER_FORMAT'],
      ['hello', 'ERR_METER_FORMAT'],
      ['{"a":1}', 'ERR_METER_FORMAT'],
      ['<html></html>', 'ERR_METER_FORMAT'],
      ['<!DOCTYPE feed [<!ENTITY a "b">]><feed>&a;</feed>', 'ERR_METER_FORMAT'],
      ['<feed><entry></feed>', 'ERR_METER_FORMAT'],
      [`<feed>${'<a>'.repeat(100)}`, 'ERR_METER_LIMIT'],
      [`${'['.repeat(100)}`, 'ERR_METER_LIMIT'],
      [`/ABC5\r\n1-0:1.8.1(1*kWh)\r\n${'x'.repeat(40_000)}`, 'ERR_METER_LIMIT'],
    ];
    for (const [text, code] of cases) {
      expect(() => readMeterFile(bytesOf(text)), text.slice(0, 40)).toThrowError(
        expect.objectContaining({ code }),
      );
    }
    expect(() => readMeterFile(new Uint8Array(10), { maxBytes: 5 })).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_LIMIT' }),
    );
    expect(() => parseTelegram(Uint8Array.of(0xdb, 1, 2))).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_FORMAT', message: expect.stringContaining('encrypted') }),
    );
    expect(isEdmpError(new Error('x'))).toBe(false);
  });
});

describe('a HomeWizard meter in the repeated hour', () => {
  const local = '2026-10-25T02:30:00';
  const [first, second] = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)];
  const read = (receivedAt: number) => {
    const answer = {
      protocol_version: 50,
      unique_id: 'x',
      timestamp: local,
      energy_import_kwh: 5,
      power_w: 1,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(answer));
    const { readings, issues } = readMeterFile(bytes, { receivedAt, zone: 'Europe/Amsterdam' });
    return [readings.map((one) => ('at' in one ? one.at : 0)), issues.map(({ code }) => code)];
  };

  it('is heard when it is: the newest moment that is not to come', () => {
    expect(read(first + 1_000)).toEqual([[first], []]);
    expect(read(first - 60_000)).toEqual([[first], []]);
    expect(read(second + 1_000)).toEqual([[second], []]);
    expect(read(second + 3_600_000)).toEqual([[second], []]);
  });

  it('is the first of the two, and told, when it was heard long ago', () => {
    expect(read(second + 86_400_000)).toEqual([[first], ['ambiguous-time']]);
  });
});
