import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Quality, virtualEnvironment } from '@edmp/interface';
import { intervalSeries } from '@edmp/oehu-client';
import {
  createRecorder,
  MAX_READINGS_AT_ONCE,
  type ReadingStore,
  type RecorderEvent,
  recordedSource,
} from '@edmp/oehu-client/recorder';
import type { AnyReading } from '@edmp/oehu-client/sources';
import { sqliteReadingStore } from '@edmp/oehu-client/sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, interval } from './support/meter-readings.ts';
import { registerAt, START } from './support/recorder-workload.ts';

let folder = '';
let store: ReadingStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-recorder-'));
  store = sqliteReadingStore({ path: join(folder, 'meters.sqlite') });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const IMPORT = { commodity: 'electricity', flow: 'import' };
const DAY = { meter: 'home', from: START, to: START + 24 * HOUR };
const MINUTE = 60_000;

/** A recorder whose clock stands a day after the readings begin. */
function recorderAt(now = START + 24 * HOUR, retentionMs?: number) {
  const environment = virtualEnvironment({ start: now });
  return {
    environment,
    recorder: createRecorder({ store, environment, ...(retentionMs === undefined ? {} : { retentionMs }) }),
  };
}

describe('the store of readings', () => {
  it('gives registers and intervals back as they were told', async () => {
    const readings: AnyReading[] = [
      registerAt(START, 1_000_000),
      registerAt(START, 3_000_000, {
        tariff: 'total',
        register: '1-0:1.8.0',
        record: 'tx 7',
        trust: 'anchored',
      }),
      interval(START, 0.25, { quality: Quality.estimated }),
    ];
    expect(await store.add('home', readings, START)).toEqual({
      added: 3,
      corrected: 0,
      duplicates: 0,
      outdated: 0,
    });
    const found = await store.range(DAY);
    expect(found).toHaveLength(3);
    for (const reading of readings) expect(found).toContainEqual(reading);
  });

  it('keeps a moment once, lets a later amount replace it and keeps the first', async () => {
    const first = registerAt(START, 1_000);
    await store.add('home', [first], 10);
    expect(await store.add('home', [first], 11)).toMatchObject({ duplicates: 1, added: 0 });
    expect(await store.add('home', [registerAt(START, 1_200)], 12)).toMatchObject({ corrected: 1 });
    expect(await store.range(DAY)).toEqual([registerAt(START, 1_200, { quality: Quality.edited })]);
    expect(await store.replaced(DAY)).toEqual([{ reading: first, recordedAt: 10, replacedAt: 12 }]);
    // An old export, imported once more, does not undo the correction.
    // Told, for whoever knows that the correction was wrong: it is no repetition.
    expect(await store.add('home', [first], 13)).toMatchObject({ outdated: 1, duplicates: 0, corrected: 0 });
    expect(await store.range(DAY)).toMatchObject([{ value: 1_200 }]);
  });

  it('keeps registers apart whatever their names hold, and refuses a name that no UTF-8 can hold', async () => {
    const named = (serial: string, register: string, value: number) =>
      registerAt(START, value, { serial, register });
    const names = [
      ['a|b', 'c'],
      ['a', 'b|c'],
      ['a\0b', 'c'],
      ['a\0', 'bc'],
      ['\u{1f600}', 'c'],
    ] as const;
    const readings = names.map(([serial, register], i) => named(serial, register, i + 1));
    expect(await store.add('home', readings, 1)).toMatchObject({ added: names.length });
    const found = await store.range(DAY);
    expect(found).toHaveLength(names.length);
    for (const { serial, register, value } of readings)
      expect(found).toContainEqual(expect.objectContaining({ serial, register, value }));

    const before = registerAt(START + HOUR, 1);
    for (const bad of [{ serial: 'E\ud800' }, { register: '\udc00' }, { record: '\ud83dx' }]) {
      await expect(store.add('home', [before, registerAt(START + HOUR, 2, bad)], 2)).rejects.toMatchObject({
        code: 'ERR_METER_FORMAT',
      });
    }
    await expect(store.add('home\udfff', [before], 2)).rejects.toMatchObject({ code: 'ERR_METER_FORMAT' });
    // None of a batch is kept when one is refused.
    expect(await store.range(DAY)).toHaveLength(names.length);
  });

  it('leaves nothing of deleted readings in its files, the log included', async () => {
    const path = join(folder, 'meters.sqlite');
    const holds = (text: string): boolean =>
      [path, `${path}-wal`].some((file) => readFileSync(file).includes(text));
    await store.add('home', [registerAt(START, 1, { serial: 'E-SERIAL-7' })], START);
    expect(holds('E-SERIAL-7')).toBe(true);
    expect(await store.forget('home', Number.MAX_SAFE_INTEGER)).toBe(1);
    expect(holds('E-SERIAL-7')).toBe(false);
  });

  it('keeps meters, forgets periods with their history, refuses too much at once and foreign files', async () => {
    await store.add('home', [registerAt(START, 1), registerAt(START + HOUR, 2)], 1);
    await store.add('home', [registerAt(START, 5)], 2);
    await store.add('shed', [registerAt(START, 9)], 3);
    expect(await store.meters()).toEqual([
      { meter: 'home', oldest: START, newest: START + HOUR, kinds: [IMPORT] },
      { meter: 'shed', oldest: START, newest: START, kinds: [IMPORT] },
    ]);
    expect(await store.forget('home', START + 1)).toBe(1);
    expect(await store.replaced(DAY)).toEqual([]);
    expect(await store.range({ ...DAY, meter: 'shed' })).toHaveLength(1);
    const many = Array.from({ length: MAX_READINGS_AT_ONCE + 1 }, (_, i) => registerAt(START + i, i));
    await expect(store.add('home', many, 1)).rejects.toMatchObject({ code: 'ERR_METER_LIMIT' });
    await store.close();
    await expect(store.meters()).rejects.toMatchObject({ code: 'ERR_METER_STORE' });
    writeFileSync(
      join(folder, 'other'),
      'this is no database, and long enough to be told from an empty file',
    );
    expect(() => sqliteReadingStore({ path: join(folder, 'other') })).toThrow(/store of readings failed/);
  });

  it('holds the newest amount of each moment whatever the order and cut of what is told', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.record({ minute: fc.nat(20), value: fc.nat(4) }), { maxLength: 8 }), {
          maxLength: 6,
        }),
        async (parts) => {
          const meter = `m${run++}`;
          // The stated rule: an amount that was replaced once does not come back.
          const model = new Map<number, { value: number; gone: Set<number> }>();
          for (const part of parts) {
            for (const { minute, value } of part) {
              const known = model.get(minute);
              if (known === undefined) model.set(minute, { value, gone: new Set() });
              else if (known.value !== value && !known.gone.has(value)) {
                known.gone.add(known.value);
                known.value = value;
              }
            }
            const told = part.map(({ minute, value }) => registerAt(START + minute * MINUTE, value));
            await store.add(meter, told, START);
          }
          const found = await store.range({ ...DAY, meter });
          const expected = [...model].sort(([a], [b]) => a - b).map(([, { value }]) => value);
          expect(found.map(({ value }) => value)).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a recorder', () => {
  it('takes years of history beside live readings: the newest stays, values add up, gaps stay', async () => {
    const { recorder } = recorderAt();
    const live = [20, 21, 23].map((hour, i) => registerAt(START + hour * HOUR, 5_000_000 + i * 100_000));
    await recorder.record('home', live);
    // An export of the portal: hours before and beside the live ones, without a serial.
    const hours = Array.from({ length: 21 }, (_, hour) => interval(START + hour * HOUR, 0.1, { tariff: 1 }));
    await recorder.record('home', hours);
    expect(await store.meters()).toMatchObject([{ meter: 'home', newest: START + 23 * HOUR }]);
    const series = intervalSeries(await recorder.registers(DAY), {
      commodity: 'electricity',
      flow: 'import',
      step: 'PT1H',
      zone: 'UTC',
      from: DAY.from,
      to: DAY.to,
      bridge: 1,
    });
    expect(series.values.slice(0, 20)).toEqual(new Array(20).fill(100_000));
    // The hour that both tell is counted once; the two-hour hole of the live meter and the end are no data.
    expect(series.values[20]).toBe(100_000);
    expect(series.values.slice(21)).toEqual([null, null, null]);
  });

  it('leaves out what has no possible time, and tells what it did', async () => {
    const { recorder } = recorderAt();
    const events: RecorderEvent[] = [];
    recorder.on((event) => events.push(event));
    const count = await recorder.record('home', [
      registerAt(0, 1),
      registerAt(Date.UTC(1999, 0, 1), 1),
      registerAt(START + 72 * HOUR, 1),
      registerAt(START, 1),
    ]);
    expect(count).toEqual({ added: 1, corrected: 0, duplicates: 0, outdated: 0, impossible: 3 });
    expect(events).toEqual([{ type: 'recorded', meter: 'home', count }]);
  });

  it('tells once that a meter fell silent, and again after it had come back', async () => {
    const { recorder, environment } = recorderAt();
    const silent: number[] = [];
    recorder.on((event) => event.type === 'silent' && silent.push(event.since));
    recorder.expect('home', 10 * MINUTE);
    const begin = environment.now();
    await environment.advance(9 * MINUTE);
    await recorder.record('home', [registerAt(START, 1)]);
    await environment.advance(9 * MINUTE);
    // What was known already is no sign of life.
    await recorder.record('home', [registerAt(START, 1)]);
    expect(silent).toEqual([]);
    await environment.advance(30 * MINUTE);
    expect(silent).toEqual([begin + 9 * MINUTE]);
    await recorder.record('home', [registerAt(START + 1, 1)]);
    await environment.advance(11 * MINUTE);
    expect(silent).toHaveLength(2);
    await recorder.stop();
    await environment.advance(HOUR);
    expect(silent).toHaveLength(2);
  });

  it('keeps for as long as it was told', async () => {
    const { recorder } = recorderAt(START + 24 * HOUR, 4 * HOUR);
    await recorder.record('home', [registerAt(START + 19 * HOUR, 1), registerAt(START + 21 * HOUR, 2)]);
    expect(await store.range(DAY)).toMatchObject([{ value: 2 }]);
  });

  it('is a source: devices by name, one reading more on both sides, typed refusals', async () => {
    const { recorder } = recorderAt();
    await recorder.record(
      'home',
      [0, 1, 2, 3].map((hour) => registerAt(START + hour * HOUR, hour)),
    );
    const source = recordedSource({ store, recorder });
    expect(await source.devices()).toMatchObject([{ id: 'home', lastUpdate: START + 3 * HOUR }]);
    const found: number[] = [];
    for await (const { value } of source.readings('home', { from: START + HOUR, to: START + 2 * HOUR }))
      found.push(value);
    expect(found).toEqual([0, 1, 2]);
    const read = async (device: string, to: number) => {
      for await (const _ of source.readings(device, { from: START, to }));
    };
    await expect(read('shed', START + 1)).rejects.toMatchObject({ code: 'ERR_METER_UNKNOWN_DEVICE' });
    await expect(read('home', START)).rejects.toMatchObject({ code: 'ERR_METER_RANGE' });
  });
});
