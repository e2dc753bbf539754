import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IntervalSeries, Quality, seededRandom } from '../packages/interface/src/index.ts';
import {
  EXPORT_FILES,
  EXPORT_FORMATS,
  exportReadings,
  exportSeries,
} from '../packages/oehu-client/src/export.ts';
import type { IntervalReading, MeterReading } from '../packages/oehu-client/src/index.ts';
import { formatReading } from '../packages/oehu-client/src/index.ts';
import { allOf } from './lib/all-of.ts';
import { main } from './lib/run.ts';

const START = Date.UTC(2026, 2, 28, 22);
const REGISTERS = 120_000;
const about = { meter: 'Zähler <1> & "hall"', zone: 'Europe/Amsterdam' };
const random = seededRandom(12);

/** Registers of two tariffs and of gas, second by second, so that a file has several row groups. */
function registers(): MeterReading[] {
  const counters = [9_007_199_254, 12_345_678, 1_000_000];
  return Array.from({ length: REGISTERS }, (_, i): MeterReading => {
    const which = i % 3;
    counters[which] = (counters[which] ?? 0) + random.below(5_000);
    const at = START + Math.floor(i / 3) * 1000;
    const common = {
      flow: 'import',
      at,
      value: counters[which] ?? 0,
      trust: 'unsigned',
      record: `${i}`,
    } as const;
    return which === 2
      ? { ...common, commodity: 'gas', tariff: 'total', unit: 'uM3', register: '0-1:24.2.1', serial: 'G/7 ü' }
      : {
          ...common,
          commodity: 'electricity',
          tariff: which + 1,
          unit: 'uKWh',
          register: `1-0:1.8.${which + 1}`,
          serial: 'E_1',
        };
  });
}

/** Quarter hours over the change to summer time, some of them missing. */
function quarterHours(): IntervalSeries {
  const values = Array.from({ length: 92 * 2 }, () =>
    random.below(9) === 0 ? null : random.below(2_000_000),
  );
  return {
    commodity: 'electricity',
    flow: 'export',
    unit: 'uKWh',
    start: START + 3_600_000,
    step: 'PT15M',
    zone: about.zone,
    values,
    quality: Uint8Array.from(values, (value) => (value === null ? Quality.missing : Quality.measured)),
    trust: 'signed',
    verified: 1,
  };
}

async function written(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  writeFileSync(path, Buffer.concat(await allOf(pieces)));
}

/** `export-oracles FOLDER`: writes exports of every format and what must be in them, for `check_exports.py`. */
await main('export-oracles', async () => {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Expected a folder to write to');
  const readings: readonly (MeterReading | IntervalReading)[] = registers();
  const series = quarterHours();
  for (const format of EXPORT_FORMATS) {
    const { extension } = EXPORT_FILES[format];
    const batches = Array.from({ length: 12 }, (_, n) => readings.slice(n * 10_000, (n + 1) * 10_000));
    await written(join(folder, `readings.${extension}`), exportReadings(batches, { ...about, format }));
    await written(join(folder, `series.${extension}`), exportSeries(series, { ...about, format }));
  }
  const sums: Record<string, string> = {};
  for (const name of ['1-0:1.8.1', '1-0:1.8.2', '0-1:24.2.1']) {
    const sum = readings.reduce((all, one) => (one.register === name ? all + BigInt(one.value) : all), 0n);
    sums[name] = String(sum);
  }
  const expected = {
    ...about,
    count: readings.length,
    sums,
    last: readings.slice(-3).map(formatReading),
    series: { start: series.start, values: series.values },
  };
  writeFileSync(join(folder, 'exports.json'), JSON.stringify(expected));
});
