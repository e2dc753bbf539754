import { type IntervalSeries, Quality } from '@edmp/interface';
import { intervalSeries, readMeterFile, registersOf } from '@edmp/oehu-client';
import {
  seriesBounds,
  seriesToCim,
  seriesToCsv,
  seriesToJson,
  seriesToSenml,
} from '@edmp/oehu-client/series';
import { parseTelegram } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { descendants, parseXml, textAt } from '../src/sources/xml.ts';

const series: IntervalSeries = {
  commodity: 'electricity',
  flow: 'export',
  unit: 'uKWh',
  start: Date.UTC(2026, 2, 28, 23),
  step: 'PT1H',
  zone: 'Europe/Amsterdam',
  values: [1_000_000, null, 0, 2_500_001],
  quality: Uint8Array.of(Quality.measured, Quality.missing, Quality.measured, Quality.interpolated),
  trust: 'linked',
  verified: 240,
};
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

it('writes CSV and JSON with decimal text and honest gaps', () => {
  expect(seriesToCsv(series).split('\r\n').slice(0, 4)).toEqual([
    'start,seconds,commodity,flow,tariff,value,unit,quality',
    '2026-03-28T23:00:00Z,3600,electricity,export,total,1,kWh,measured',
    '2026-03-29T00:00:00Z,3600,electricity,export,total,,kWh,missing',
    '2026-03-29T01:00:00Z,3600,electricity,export,total,0,kWh,measured',
  ]);
  const json = seriesToJson(series);
  expect(json).toMatchObject({
    start: '2026-03-28T23:00:00Z',
    end: '2026-03-29T03:00:00Z',
    unit: 'kWh',
    trust: 'linked',
  });
  expect(json.values[3]).toEqual({
    start: '2026-03-29T02:00:00Z',
    value: '2.500001',
    quality: 'interpolated',
  });
  expect(json.values[1]?.value).toBeNull();
});

it('comes back unchanged through its own CSV', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 0, max: 1e9 })), { minLength: 1, maxLength: 60 }),
      fc.constantFrom('PT15M' as const, 'PT1H' as const, 'P1D' as const),
      (values, step) => {
        if (values.every((value) => value === null)) return;
        const quality = Uint8Array.from(values, (value) =>
          value === null ? Quality.missing : Quality.measured,
        );
        const one: IntervalSeries = { ...series, step, values, quality };
        const file = readMeterFile(bytesOf(seriesToCsv(one)));
        expect(file.kind).toBe('csv');
        const bounds = seriesBounds(one);
        const back = intervalSeries(registersOf(file.readings), {
          commodity: 'electricity',
          flow: 'export',
          from: one.start,
          to: bounds[bounds.length - 1] ?? 0,
          step,
          zone: one.zone,
          maxPerHour: 1e12,
        });
        expect(back.values).toEqual(values);
        expect([...back.quality]).toEqual([...quality]);
      },
    ),
    { numRuns: 100 },
  );
});

it('writes SenML whose counters read back as the same series, the missing interval missing', () => {
  const records = seriesToSenml(series, '1a2b');
  expect(records[0]).toEqual({
    bn: 'meter:1a2b/since:2026-03-28T23:00:00Z:3600s/',
    bt: 1_774_738_800,
    bu: 'J',
    n: 'electricity/export/total',
    v: 0,
  });
  expect(records.map(({ v }) => v)).toEqual([0, 3_600_000, 0, 0, 9_000_003.6]);
  const file = readMeterFile(bytesOf(JSON.stringify(records)));
  expect(file.kind).toBe('senml');
  const { step, zone } = series;
  const to = seriesBounds(series).at(-1) ?? 0;
  const back = intervalSeries(registersOf(file.readings), {
    commodity: 'electricity',
    flow: 'export',
    from: series.start,
    to,
    step,
    zone,
  });
  expect(back.values).toEqual(series.values);
});

it('writes a CIM document with every point, and escapes ids', () => {
  const text = seriesToCim(series, { document: 'a<b>&"c', meteringPoint: 'p', createdAt: 0 });
  const root = parseXml(text);
  expect(root.name).toBe('ValidatedHistoricalData_MarketDocument');
  expect(textAt(root, 'mRID')).toBe('a<b>&"c');
  const points = descendants(root, 'Point');
  expect(
    points.map((point) => [
      textAt(point, 'position'),
      textAt(point, 'energy_Quantity.quantity'),
      textAt(point, 'energy_Quantity.quality'),
    ]),
  ).toEqual([
    ['1', '1', 'A04'],
    ['2', undefined, 'A02'],
    ['3', '0', 'A04'],
    ['4', '2.500001', 'A01'],
  ]);
  expect(() => seriesToCim(series, { document: '\0', meteringPoint: 'p', createdAt: 0 })).toThrowError(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
  );
  expect(() => parseTelegram(bytesOf(text))).toThrowError(
    expect.objectContaining({ code: 'ERR_METER_FORMAT' }),
  );
});
