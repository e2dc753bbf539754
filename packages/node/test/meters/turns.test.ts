import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemEnvironment } from '@edmp/interface';
import { EXPORT_FORMATS } from '@edmp/oehu-client/export';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { type MeterMounts, openMeterMounts } from '../../src/meters/meter-mounts.ts';
import { createMeterReader } from '../../src/meters/reading/meter-reader.ts';
import { eventually } from '../e2e/support/two-nodes.ts';
import { longestStand } from '../support/longest-stand.ts';
import { DAY_END, DAY_START } from '../support/p1-day.ts';

/** Longest that a task of a meter keeps others waiting, ms of processor time. */
const MOST_MS = 100;
const ROWS = 200_000;
const zone = 'Europe/Amsterdam';
const column = { column: 'kWh', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'register' };
const csvMap = JSON.stringify({ time: 'time', timeFormat: 'iso', columns: [column] });
const rows = (count: number): Uint8Array =>
  Buffer.from(
    ['time,kWh', ...Array.from({ length: count }, (_, i) => `${isoAt(i)},${i / 1_000}`)].join('\n'),
  );
const isoAt = (i: number): string => new Date(DAY_START - (ROWS - i) * 60_000).toISOString();

const bytesOf = async (file: Promise<AsyncIterable<Uint8Array>>): Promise<number> => {
  let bytes = 0;
  for await (const piece of await file) bytes += piece.length;
  return bytes;
};

let folder: string;
let mounts: MeterMounts;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edmp-turns-'));
  mounts = openMeterMounts({
    folder: { readingsFile: join(folder, 'readings.sqlite'), metersFile: join(folder, 'meters.json') },
    environment: systemEnvironment(),
    zone,
  });
});
afterEach(async () => {
  await mounts.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('others have their turn', () => {
  it(
    'while years are read, recorded, read out again and deleted',
    async () => {
      await mounts.addMeter({ name: 'files' });
      const file = rows(ROWS);
      const preview = await longestStand(() => mounts.previewReadings(file, { csvMap }));
      expect(preview.result.count).toBe(ROWS);
      expect(preview.longestMs).toBeLessThan(MOST_MS);
      const taken = await longestStand(() =>
        mounts.importReadings('files', file, { csvMap, takenAt: DAY_END }),
      );
      expect(taken.result).toMatchObject({ format: 'csv', added: ROWS });
      expect(taken.longestMs).toBeLessThan(MOST_MS);
      expect(taken.turns).toBeGreaterThan(ROWS / 2_000);
      const sold = await longestStand(async () => {
        const range = { from: 0, to: DAY_END, commodity: 'electricity', flow: 'import' } as const;
        return mounts.registers('files', range);
      });
      expect(sold.result).toHaveLength(ROWS);
      expect(sold.longestMs).toBeLessThan(MOST_MS);
      for (const format of EXPORT_FORMATS) {
        const days = { meter: 'files', from: '2023-08-01', to: '2024-01-31', format };
        const written = await longestStand(() => bytesOf(mounts.exportReadings(days)));
        expect(written.result).toBeGreaterThan(ROWS);
        expect(written.longestMs, format).toBeLessThan(MOST_MS);
      }
      const gone = await longestStand(() => mounts.removeMeter('files', { readings: true }));
      expect(gone.longestMs).toBeLessThan(MOST_MS);
      expect(gone.turns).toBeGreaterThan(ROWS / 5_000);
      await mounts.addMeter({ name: 'files' });
      expect((await mounts.mounts())[0]).toMatchObject({ oldest: null, newest: null });
    },
    bounds.long,
  );

  it(
    'while the files of a folder are read',
    async () => {
      const watched = join(folder, 'watched');
      await mkdir(watched);
      const head = 'at,seconds,commodity';
      const lines = Array.from({ length: 60_000 }, (_, i) => `{"i":${i}}`);
      await writeFile(join(watched, 'a.json'), `{"bpk":"x","rows":[${lines.join(',')}]}`);
      await writeFile(join(watched, 'b.txt'), `${head}${'x'.repeat(4 << 20)}`);
      const { longestMs } = await longestStand(async () => {
        await mounts.addMeter({ address: watched, name: 'folder', every: 1 });
        await eventually('complaint', async () => {
          const [view] = await mounts.mounts();
          return view?.problem === null ? undefined : view;
        });
      });
      expect(longestMs).toBeLessThan(MOST_MS);
    },
    bounds.long,
  );
});

describe('a reader of meter files', () => {
  const environment = systemEnvironment();

  it('stops at once when nobody waits any more, and reads the next file', async () => {
    await using reader = createMeterReader({ environment });
    const stop = new AbortController();
    const reading = reader.preview(rows(ROWS), { zone, csv: JSON.parse(csvMap) }, { signal: stop.signal });
    const waiting = reader.preview(rows(10), { zone, csv: JSON.parse(csvMap) }, { signal: stop.signal });
    const next = reader.preview(rows(10), { zone, csv: JSON.parse(csvMap) });
    setImmediate(() => stop.abort());
    await expect(reading).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect((await next).count).toBe(10);
  });

  it('hands on what readings it has until it is left, and nothing of one file in another', async () => {
    await using reader = createMeterReader({ environment });
    const options = { zone, csv: JSON.parse(csvMap) };
    const left = reader.read(rows(30_000), options, async ({ readings }) => {
      for await (const some of readings) return some.length;
      return 0;
    });
    const whole = reader.read(rows(5_000), options, async ({ readings }) => {
      const all = [];
      for await (const some of readings) all.push(...some);
      return all.map(({ value }) => value);
    });
    expect(await left).toBe(2_000);
    expect(await whole).toEqual(Array.from({ length: 5_000 }, (_, i) => i * 1_000));
    const failing = reader.read(rows(10), options, () => Promise.reject(new Error('disk full')));
    await expect(failing).rejects.toThrow('disk full');
  });

  it('says of a file that takes too much memory, is damaged or no file at all what is wrong, and lives on', async () => {
    await using reader = createMeterReader({ environment, maxHeapMb: 24 });
    const json = Buffer.from(`[${'{"a":[]},'.repeat(600_000)}{}]`);
    await expect(reader.preview(json, { zone })).rejects.toMatchObject({ code: 'ERR_METER_LIMIT' });
    for (const text of ['', '<feed><entry>', '{"a":', '/ABC5x\r\n\r\n1-0:1.8.0(1*kWh)\r\n!0000\r\n'])
      await expect(reader.preview(Buffer.from(text), { zone })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_METER_/),
      });
    const bytes = rows(10);
    expect((await reader.preview(bytes, { zone, csv: JSON.parse(csvMap) })).count).toBe(10);
    // The bytes stay the caller's.
    expect(bytes.length).toBeGreaterThan(100);
  });

  it('refuses more files than it may hold, and all when it was stopped', async () => {
    const reader = createMeterReader({ environment });
    const all = Array.from({ length: 12 }, () => reader.preview(rows(10), { zone, csv: JSON.parse(csvMap) }));
    const codes = await Promise.allSettled(all);
    const refused = codes.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(4);
    expect(refused[0]?.reason).toMatchObject({ code: 'ERR_METER_LIMIT', retryable: true });
    const late = reader.preview(rows(ROWS), { zone, csv: JSON.parse(csvMap) });
    const refusal = expect(late).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await reader.stop();
    await refusal;
    await expect(reader.preview(rows(1), { zone })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});
