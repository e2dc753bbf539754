import { intervalSeries, type MeterReading, oehuSource } from '@edmp/oehu-client';
import { DEVICE_FAULTS, type EmulatedFault, SIGNATURE_FAULTS } from '@edmp/oehu-client/emulator';
import { describe, expect, it } from 'vitest';
import { emulated } from './support/emulated.ts';

const collect = async (readings: AsyncIterable<MeterReading>): Promise<MeterReading[]> => {
  const list: MeterReading[] = [];
  for await (const reading of readings) list.push(reading);
  return list;
};

/** History and hourly import of the first device of an emulator with these faults. */
async function withFaults(faults: readonly EmulatedFault[], index = 0) {
  const { emulator, client } = await emulated({
    households: 2,
    days: 1,
    readingEverySeconds: 300,
    faults,
    seed: 8,
  });
  const device = emulator.devices[index];
  if (device === undefined) throw new Error('there is a device');
  const period = { from: emulator.start, to: emulator.now() };
  const history = await client.history(device.ormId, period);
  const readings = await collect(oehuSource(client).readings(device.ormId, period));
  const series = intervalSeries(readings, {
    ...period,
    commodity: 'electricity',
    flow: 'import',
    step: 'PT1H',
    zone: 'Europe/Amsterdam',
  });
  const a = device.registersAt(period.from);
  const b = device.registersAt(period.to);
  const truth = 1000 * (b.import1 + b.import2 - a.import1 - a.import2);
  const sum = series.values.reduce<number>((total, value) => total + (value ?? 0), 0);
  return { emulator, client, device, history, readings, series, truth, sum };
}

describe('device faults, signed as wrong as they are', () => {
  it.each(DEVICE_FAULTS)('%s: every value that comes out is sound', async (kind) => {
    const { series, readings, truth, sum } = await withFaults([{ kind, rate: 0.1 }]);
    for (const value of series.values) if (value !== null) expect(value).toBeGreaterThanOrEqual(0);
    if (kind !== 'toy-device') expect(sum).toBeLessThanOrEqual(truth);
    for (const reading of readings) expect(['linked', 'anchored', 'signed']).toContain(reading.trust);
  });

  it.each([
    'duplicate-reading',
    'gas-null',
    'mixed-types',
    'float-noise',
    'unknown-fields',
    'tariff-typo',
    'timestamp-field',
    'hidden-location',
    'swapped-coordinates',
  ] as const)('%s: loses nothing', async (kind) => {
    const { series, truth, sum } = await withFaults([{ kind, rate: 0.05 }]);
    expect([series.report.missing, sum]).toEqual([0, truth]);
  });

  it('single zeros are left out; one at the very edge costs its hour and nothing more', async () => {
    const { series, truth, sum } = await withFaults([{ kind: 'zero-glitch', rate: 0.05 }]);
    expect(series.report.notes.filter((note) => note.kind === 'glitch').length).toBeGreaterThan(10);
    expect(series.report.missing).toBeLessThanOrEqual(2);
    expect(sum).toBeLessThanOrEqual(truth);
    expect(sum).toBeGreaterThan(0.9 * truth);
  });

  it('a replaced meter gives one reset hour and no spike', async () => {
    const { series } = await withFaults([{ kind: 'meter-replaced' }]);
    expect(series.report.gaps).toMatchObject([{ count: 1, total: null, reason: 'reset' }]);
  });

  it('wrong clocks are caught by the clock of the node that stored the reading', async () => {
    for (const kind of ['clock-fast', 'clock-1970'] as const) {
      const { history, emulator } = await withFaults([{ kind, rate: 0.3 }]);
      const times = history.records.map(({ record }) => record.storedAt ?? 0);
      expect(Math.max(...times)).toBeLessThanOrEqual(emulator.now() + 60_000);
      expect(Math.min(...times)).toBeGreaterThanOrEqual(emulator.start);
    }
  });

  it('a twin has the registers of its neighbour', async () => {
    const { emulator } = await withFaults([{ kind: 'twin', devices: [1] }], 1);
    const [first, second] = emulator.devices;
    expect(second?.registersAt(emulator.now())).toEqual(first?.registersAt(emulator.now()));
    expect(second?.publicKey).not.toBe(first?.publicKey);
  });

  it('burned readings are isolated with their reason', async () => {
    const { history } = await withFaults([{ kind: 'burned' }]);
    expect(history.malformed.length).toBeGreaterThan(0);
    for (const entry of history.malformed) {
      expect(entry.ok === false && entry.issues[0]?.code).toBe('burned');
    }
  });
});

describe('signature faults', () => {
  it.each(SIGNATURE_FAULTS)('%s: what was changed is never called signed', async (kind) => {
    const { emulator, client } = await emulated({ households: 2, days: 1, readingEverySeconds: 300 });
    const id = emulator.devices[0]?.ormId ?? '';
    const period = { from: emulator.start, to: emulator.now() };
    const clean = await client.history(id, period);
    const values = new Map(
      clean.records.map(({ record }) => [record.id, JSON.stringify(record.transaction)]),
    );
    emulator.setFaults([{ kind, rate: 0.1 }]);
    const { records, verification, malformed } = await client.history(id, period);
    let changed = kind === 'fork' ? malformed.length : 0;
    if (kind === 'fork') {
      // An altered copy beside the genuine reading is refused, and costs nothing.
      expect(records.map(({ record }) => record.id)).toEqual(clean.records.map(({ record }) => record.id));
      expect(verification.level).toBe('anchored');
    }
    for (const { record, verification: one } of records) {
      const isGenuine = values.get(record.id) === JSON.stringify(record.transaction);
      if (isGenuine) expect(['signed', 'linked', 'anchored']).toContain(one.level);
      else {
        changed++;
        expect(['unsigned', 'intact']).toContain(one.level);
        expect(one.reasons.length).toBeGreaterThan(0);
      }
    }
    expect(changed).toBeGreaterThan(0);
    if (kind !== 'fork') expect(['unsigned', 'intact']).toContain(verification.level);
  });
});
