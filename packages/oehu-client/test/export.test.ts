import { type Commodity, type IntervalSeries, Quality } from '@edmp/interface';
import { formatReading, type IntervalReading, type MeterReading, readMeterFile } from '@edmp/oehu-client';
import {
  EXPORT_FORMATS,
  type ExportOptions,
  exportReadings,
  exportSeries,
  recordedBatches,
} from '@edmp/oehu-client/export';
import { isIntervalReading } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { allOf } from '../../../scripts/lib/all-of.ts';

type Reading = MeterReading | IntervalReading;
const about = { meter: 'hall', zone: 'Europe/Amsterdam' };
const START = Date.UTC(2026, 0, 10);

async function fileOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await allOf(pieces)));
}
const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const written = (readings: readonly Reading[], format: ExportOptions['format']): Promise<Uint8Array> =>
  fileOf(exportReadings([readings], { ...about, format }));

function register(at: number, value: number, more: Partial<MeterReading> = {}): MeterReading {
  const common = {
    commodity: 'electricity',
    flow: 'import',
    tariff: 1,
    unit: 'uKWh',
    trust: 'unsigned',
  } as const;
  return { ...common, at, value, record: `r@${at}`, register: '1-0:1.8.1', serial: 'E0042/7', ...more };
}
function interval(start: number, value: number, more: Partial<IntervalReading> = {}): IntervalReading {
  const common = {
    commodity: 'gas',
    flow: 'import',
    tariff: 'total',
    unit: 'uM3',
    trust: 'unsigned',
  } as const;
  const quality = Quality.measured;
  return {
    ...common,
    start,
    duration: 900_000,
    value,
    record: `i@${start}`,
    register: 'ch1',
    quality,
    ...more,
  };
}
const series: IntervalSeries = {
  commodity: 'electricity',
  flow: 'import',
  unit: 'uKWh',
  start: START,
  step: 'PT15M',
  zone: 'Europe/Amsterdam',
  values: [125_000, null, 0, 2_500_001],
  quality: Uint8Array.of(Quality.measured, Quality.missing, Quality.measured, Quality.estimated),
  trust: 'signed',
  verified: 4,
};

/** Rows of a Parquet file, moments as ms and amounts as micro-units. */
async function rowsOf(file: Uint8Array): Promise<Record<string, unknown>[]> {
  const rows = await parquetReadObjects({ file: file.slice().buffer });
  return rows.map((row) => ({ ...row, at: row.at === null ? null : (row.at as Date).getTime() }));
}

/** Any readings that a store could hold. */
const anyReading: fc.Arbitrary<Reading> = fc
  .record({
    isInterval: fc.boolean(),
    at: fc.integer({ min: START, max: START + 4e10 }),
    value: fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    commodity: fc.constantFrom<Commodity>('electricity', 'gas', 'water', 'heat'),
    flow: fc.constantFrom('import' as const, 'export' as const),
    tariff: fc.constantFrom(1, 2, 'total' as const),
    register: fc.string({ unit: 'grapheme', maxLength: 12 }),
    serial: fc.option(fc.string({ unit: 'binary', maxLength: 12 }), { nil: undefined }),
  })
  .map(({ isInterval, at, serial, ...rest }) => {
    const unit = rest.commodity === 'electricity' ? 'uKWh' : rest.commodity === 'heat' ? 'uGJ' : 'uM3';
    const more = { ...rest, unit, ...(serial === undefined ? {} : { serial }) } as const;
    if (isInterval) {
      const { serial: _, ...plain } = interval(at, 0);
      return { ...plain, ...more };
    }
    const { serial: _, ...plain } = register(at, 0);
    return { ...plain, ...more };
  });

describe('readings as Parquet', () => {
  it('keeps every moment, amount and name exactly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyReading, { maxLength: 30 }), async (readings) => {
        const rows = await parquetReadObjects({ file: (await written(readings, 'parquet')).slice().buffer });
        expect(rows).toHaveLength(readings.length);
        for (const [i, row] of rows.entries()) {
          const told = readings[i] as Reading;
          const { value, unit, quality } = formatReading(told);
          const at = isIntervalReading(told) ? told.start : told.at;
          expect((row.at as Date).getTime()).toBe(at);
          expect(row.end === null ? null : (row.end as Date).getTime()).toBe(
            isIntervalReading(told) ? told.start + told.duration : null,
          );
          // The reader makes a float of a decimal.
          expect(Math.abs(Number(row.value) - Number(value))).toBeLessThan(2e-6);
          expect(row).toMatchObject({ commodity: told.commodity, flow: told.flow, unit, quality });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('has UTC timestamps, a 64-bit decimal and the zone, for any reader to see', async () => {
    const file = await written([register(START, 1_234_567)], 'parquet');
    const metadata = await parquetMetadataAsync(file.slice().buffer);
    const of = (name: string) => metadata.schema.find((element) => element.name === name);
    expect(of('at')).toMatchObject({
      type: 'INT64',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true },
    });
    expect(of('value')).toMatchObject({ type: 'INT64', precision: 18, scale: 6 });
    const told = Object.fromEntries(
      (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value]),
    );
    expect(told).toMatchObject({
      'edmp.meter': 'hall',
      'edmp.zone': 'Europe/Amsterdam',
      'edmp.units': 'kWh',
      'edmp.commodities': 'electricity',
    });
  });

  it('has null where a series has no data', async () => {
    const rows = await rowsOf(await fileOf(exportSeries(series, { ...about, format: 'parquet' })));
    expect(rows.map(({ at, value, quality }) => [at, value, quality])).toEqual([
      [START, 0.125, 'measured'],
      [START + 900_000, null, 'missing'],
      [START + 1_800_000, 0, 'measured'],
      [START + 2_700_000, expect.closeTo(2.500001, 9), 'estimated'],
    ]);
  });

  it('writes what it was given before it asks for the next 10 000', async () => {
    let asked = 0;
    function* batches(): Generator<readonly Reading[]> {
      for (let n = 0; n < 5; n++) {
        asked++;
        yield Array.from({ length: 5_000 }, (_, i) => register(START + (n * 5_000 + i) * 1000, i));
      }
    }
    const pieces = exportReadings(batches(), { ...about, format: 'parquet' });
    const before: number[] = [];
    const all: Uint8Array[] = [];
    for await (const piece of pieces) {
      before.push(asked);
      all.push(piece);
    }
    expect(before).toEqual([2, 4, 5, 5]);
    const file = new Uint8Array(Buffer.concat(all)).buffer;
    const rows = await parquetReadObjects({ file, columns: ['at'], rowStart: 24_999 });
    expect(rows).toEqual([{ at: new Date(START + 24_999_000) }]);
    expect((await parquetMetadataAsync(file)).row_groups.map(({ num_rows }) => num_rows)).toEqual([
      10_000n,
      10_000n,
      5_000n,
    ]);
  });

  it('is a whole file when there is nothing to write', async () => {
    expect(await rowsOf(await written([], 'parquet'))).toEqual([]);
  });
});

describe('readings as SenML', () => {
  it('reads back as the same registers and amounts', async () => {
    const readings = [
      register(START, 1_234_567),
      register(START, 7, { tariff: 2, register: '1-0:1.8.2' }),
      register(START + 60_000, 1_234_568),
      register(START + 60_500, 99_000_000, {
        commodity: 'gas',
        unit: 'uM3',
        tariff: 'total',
        register: '0-1:24.2.1',
        serial: 'G1',
      }),
    ];
    const file = readMeterFile(await written(readings, 'senml'));
    expect(file.kind).toBe('senml');
    expect(file.issues).toEqual([]);
    expect(
      file.readings.map((one) => [(one as MeterReading).at, one.value, one.commodity, one.flow, one.tariff]),
    ).toEqual(readings.map((one) => [one.at, one.value, one.commodity, one.flow, one.tariff]));
    expect(file.readings.map(({ register }) => register).slice(0, 2)).toEqual(['1-0:1.8.1', '1-0:1.8.2']);
  });

  it('is by the rules of RFC 8428 whatever a meter is called', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyReading, { minLength: 1, maxLength: 20 }), async (readings) => {
        const records = JSON.parse(text(await written(readings, 'senml'))) as Record<string, unknown>[];
        let [base, time, unit] = ['', Number.NaN, ''];
        const names = new Set<string>();
        for (const record of records) {
          base = typeof record.bn === 'string' ? record.bn : base;
          time = typeof record.bt === 'number' ? record.bt : time;
          unit = typeof record.bu === 'string' ? record.bu : unit;
          names.add(`${base}${String(record.n)}`);
          expect(['J', 'm3']).toContain(unit);
          expect(time + ((record.t as number | undefined) ?? 0)).toBeGreaterThan(2 ** 28);
          expect(record.v).toBeTypeOf('number');
          expect(Object.keys(record).every((key) => ['bn', 'bt', 'bu', 'n', 't', 'v'].includes(key))).toBe(
            true,
          );
        }
        for (const name of names) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on counting from one piece to the next, and begins anew after a gap', async () => {
    const at = (n: number): number => START + n * 900_000;
    const pieces = exportReadings(
      [
        [interval(at(0), 1_000_000), interval(at(1), 2_000_000)],
        [interval(at(2), 3_000_000)],
        [interval(at(5), 4_000_000)],
      ],
      { ...about, format: 'senml' },
    );
    const records = JSON.parse(text(await fileOf(pieces))) as { readonly v: number; readonly bn?: string }[];
    expect(records.map(({ v }) => v)).toEqual([0, 1, 3, 6, 0, 4]);
    expect(records.flatMap(({ bn }) => bn ?? [])).toEqual([
      'meter:hall/since:2026-01-10T00:00:00Z:900s/',
      'meter:hall/since:2026-01-10T01:15:00Z:900s/',
    ]);
  });
});

describe('readings as CIM', () => {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    isArray: (name) => ['MeterReading', 'IntervalBlocks', 'IntervalReadings', 'Readings'].includes(name),
  });
  const parsed = async (pieces: AsyncIterable<Uint8Array>) => {
    const document = parser.parse(text(await fileOf(pieces)));
    return document.MeterReadings;
  };

  it('names reading types as IEC 61968-9 does and stamps intervals with their end', async () => {
    const root = await parsed(
      exportReadings(
        [
          [
            register(START, 1_234_567),
            interval(START, 250_000),
            interval(START, 9_000_000, { duration: 86_400_000 }),
          ],
        ],
        { ...about, format: 'cim' },
      ),
    );
    expect(root['@xmlns']).toBe('http://iec.ch/TC57/2011/MeterReadings#');
    const [electricity, gas] = root.MeterReading;
    expect(electricity.Meter.Names).toEqual([
      { name: 'E0042/7' },
      { name: '1-0:1.8.1', NameType: { name: 'register' } },
    ]);
    expect(electricity.Readings).toEqual([
      {
        timeStamp: '2026-01-10T00:00:00Z',
        value: '1.234567',
        ReadingQualities: { ReadingQualityType: { '@ref': '1.0.0' } },
        ReadingType: { '@ref': '0.0.0.1.1.1.12.0.0.0.0.1.0.0.0.3.72.0' },
      },
    ]);
    expect(gas.Meter.Names).toEqual([{ name: 'hall' }, { name: 'ch1', NameType: { name: 'register' } }]);
    expect(
      gas.IntervalBlocks.map((block: Record<string, Record<string, string>>) => block.ReadingType?.['@ref']),
    ).toEqual(['0.0.2.4.1.7.58.0.0.0.0.0.0.0.0.0.42.0', '11.0.0.4.1.7.58.0.0.0.0.0.0.0.0.0.42.0']);
    expect(gas.IntervalBlocks[0].IntervalReadings).toEqual([
      {
        timeStamp: '2026-01-10T00:15:00Z',
        value: '0.25',
        ReadingQualities: { ReadingQualityType: { '@ref': '1.0.0' } },
        timePeriod: { end: '2026-01-10T00:15:00Z', start: '2026-01-10T00:00:00Z' },
      },
    ]);
    expect(gas.valuesInterval).toEqual({ end: '2026-01-11T00:00:00Z', start: '2026-01-10T00:00:00Z' });
  });

  it('has the elements in the order of the schema', async () => {
    const both = { serial: 'E0042/7', register: 'r' };
    const xml = text(await written([register(START, 1, both), interval(START, 2, both)], 'cim'));
    const order = [
      '<IntervalBlocks>',
      '<IntervalReadings>',
      '<ReadingType ref',
      '<Meter>',
      '<Readings>',
      '<valuesInterval>',
    ];
    const places = order.map((tag) => xml.indexOf(tag));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
  });

  it('keeps registers of one reading type apart', async () => {
    const phases = ['1-0:21.8.0', '1-0:41.8.0'].flatMap((name, i) => [
      interval(START, (i + 1) * 1_000_000, { register: name }),
      interval(START + 900_000, (i + 1) * 2_000_000, { register: name }),
    ]);
    const root = await parsed(exportReadings([phases], { ...about, format: 'cim' }));
    const told = root.MeterReading.map(
      (one: {
        readonly Meter: { readonly Names: readonly { readonly name: string }[] };
        readonly IntervalBlocks: readonly {
          readonly IntervalReadings: readonly { readonly value: string }[];
        }[];
      }) => [
        one.Meter.Names.map(({ name }) => name),
        one.IntervalBlocks.map(({ IntervalReadings }) => IntervalReadings.map(({ value }) => value)),
      ],
    );
    expect(told).toEqual([
      [['hall', '1-0:21.8.0'], [['1', '2']]],
      [['hall', '1-0:41.8.0'], [['2', '4']]],
    ]);
  });

  it('tells a missing interval without a value', async () => {
    const root = await parsed(exportSeries(series, { ...about, format: 'cim' }));
    const readings = root.MeterReading[0].IntervalBlocks[0].IntervalReadings;
    expect(readings.map((one: { value?: string }) => one.value)).toEqual([
      '0.125',
      undefined,
      '0',
      '2.500001',
    ]);
    expect(readings[1].ReadingQualities).toEqual({
      comment: 'missing',
      ReadingQualityType: { '@ref': '2.5.259' },
    });
  });

  it('is well-formed whatever a meter is called', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyReading, { minLength: 1, maxLength: 10 }), async (readings) => {
        const root = await parsed(exportReadings([readings], { ...about, format: 'cim' }));
        let count = 0;
        for (const meter of root.MeterReading) {
          count += meter.Readings?.length ?? 0;
          for (const block of meter.IntervalBlocks ?? []) count += block.IntervalReadings.length;
        }
        expect(count).toBe(readings.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('all formats', () => {
  it('take no readings, and stop when they are told to', async () => {
    for (const format of EXPORT_FORMATS) {
      await expect(fileOf(exportReadings([], { ...about, format }))).resolves.toBeInstanceOf(Uint8Array);
      const signal = AbortSignal.abort();
      await expect(
        fileOf(exportReadings([[register(START, 1)]], { ...about, format, signal })),
      ).rejects.toMatchObject({
        code: 'ERR_ABORTED',
      });
    }
    const format = 'xlsx' as 'csv';
    await expect(fileOf(exportReadings([], { ...about, format }))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  it('have one heading in CSV, and one object a line in JSON, over all pieces', async () => {
    const batches = [[register(START, 1)], [register(START + 1000, 2)]];
    const csv = text(await fileOf(exportReadings(batches, { ...about, format: 'csv' }))).split('\r\n');
    expect(csv).toHaveLength(4);
    expect(csv.filter((line) => line.startsWith('at,'))).toHaveLength(1);
    const json = text(await fileOf(exportReadings(batches, { ...about, format: 'json' })))
      .trim()
      .split('\n');
    expect(json.map((line) => JSON.parse(line).value)).toEqual(['0.000001', '0.000002']);
    expect(text(await fileOf(exportSeries(series, { ...about, format: 'json' })))).toContain('"value":null');
    expect(text(await fileOf(exportSeries(series, { ...about, format: 'csv' })))).toContain(',,kWh,missing');
  });
});

describe('what a recorder has', () => {
  it('comes in pieces of a size, each reading once, whatever the meter told', async () => {
    // A second a reading for two hours, then one a day for three years.
    const dense = Array.from({ length: 7_200 * 4 }, (_, i) => register(START + i * 250, i));
    const sparse = Array.from({ length: 1_000 }, (_, i) =>
      register(START + 86_400_000 * (i + 1), 50_000 + i),
    );
    const all = [...dense, ...sparse];
    let calls = 0;
    const store = {
      range: async ({ from, to }: { readonly from: number; readonly to: number }) => {
        calls++;
        const first = all.findIndex(({ at }) => at >= from);
        return first < 0
          ? all.slice(-1)
          : all.slice(Math.max(0, first - 1)).filter(({ at }, i) => i === 0 || at <= to);
      },
    };
    const range = { meter: 'hall', from: START, to: START + 86_400_000 * 1_001 };
    const batches = await allOf(recordedBatches(store, range));
    expect(batches.flat()).toEqual(all);
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThan(30_000);
    expect(calls).toBeLessThan(60);
    const aborted = recordedBatches(store, range, { signal: AbortSignal.abort() });
    await expect(aborted.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});
