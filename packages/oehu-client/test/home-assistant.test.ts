import { formatReading, intervalSeries, readMeterFile, registersOf } from '@edmp/oehu-client';
import { describe, expect, it } from 'vitest';
import { sampleOptions, samples } from './support/samples.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 0, 10, 12);
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const sample = (name: string) => {
  const found = samples.find((one) => one.name === name);
  return readMeterFile(found?.bytes ?? new Uint8Array(0), sampleOptions(found?.kind ?? ''));
};
const rows = ({ readings }: ReturnType<typeof readMeterFile>): unknown[] =>
  readings.map(formatReading).map(({ at, value, flow, meter }) => [at?.slice(11, 19), flow, value, meter]);

describe('exports of Home Assistant', () => {
  it('of history are counters of their entities, powers left out', () => {
    const file = sample('home-assistant.json');
    expect(rows(file)).toEqual([
      ['11:00:00', 'import', '1234.567', 'state'],
      ['12:00:00', 'import', '1235.067', 'state'],
    ]);
    expect(file.issues).toContainEqual(expect.objectContaining({ code: 'skipped', at: 'sensor.p1_power' }));
  });

  it('of statistics are sums at the end of their period, over resets', () => {
    expect(rows(sample('home-assistant.statistics.json'))).toEqual([
      ['12:00:00', 'import', '200.25', 'sum'],
      ['13:00:00', 'import', '200.75', 'sum'],
      ['14:00:00', 'import', '201.5', 'sum'],
    ]);
  });

  it('without unit are read only when it was said what was metered', () => {
    const statistics = { 'sensor.a': [{ start: NOON, end: NOON + HOUR, sum: 1 }] };
    expect(() => readMeterFile(json(statistics))).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_SCHEMA' }),
    );
    const file = readMeterFile(json(statistics), { commodity: 'gas', flow: 'import' });
    expect(file.readings.map(formatReading)).toMatchObject([{ commodity: 'gas', value: '1', unit: 'm3' }]);
    expect(file.issues.map(({ code }) => code)).toEqual(['assumed']);
  });

  it('with a reset have a gap there, not a negative or an absurd hour', () => {
    const states = [
      [0, '10'],
      [1, '10.5'],
      [2, '0.25'],
      [3, '0.75'],
    ] as const;
    const list = states.map(([hour, state]) => ({
      entity_id: 'sensor.energy_today',
      state,
      attributes: { unit_of_measurement: 'kWh', device_class: 'energy' },
      last_changed: new Date(NOON + hour * HOUR).toISOString(),
    }));
    const file = readMeterFile(json([list]), { flow: 'import' });
    const series = intervalSeries(registersOf(file.readings), {
      from: NOON,
      to: NOON + 3 * HOUR,
      step: 'PT1H',
      zone: 'UTC',
      commodity: 'electricity',
      flow: 'import',
    });
    expect(series.values).toEqual([500_000, null, 500_000]);
  });

  it('as CSV tell the history or the energy dashboard', () => {
    const history = sample('home-assistant-csv.csv');
    expect(rows(history)).toEqual([
      ['11:00:00', 'import', '1234.567', 'state'],
      ['12:00:03', 'import', '1234.8', 'state'],
      ['13:00:00', 'import', '1235.1', 'state'],
      ['11:00:00', 'export', '55.5', 'state'],
    ]);
    const energy = sample('home-assistant-csv.energy.csv');
    expect(
      energy.readings
        .map(formatReading)
        .map(({ at, value, commodity, seconds }) => [at?.slice(11, 13), commodity, value, seconds]),
    ).toEqual([
      ['11', 'electricity', '0.233', 3600],
      ['12', 'electricity', '0.3', 3600],
      ['11', 'electricity', '0', 3600],
      ['12', 'electricity', '0', 3600],
      ['13', 'electricity', '0.5', 3600],
      ['11', 'gas', '0.1', 3600],
      ['13', 'gas', '0.2', 3600],
    ]);
    expect(energy.issues.filter(({ code }) => code === 'skipped')).toHaveLength(2);
    const power = new TextEncoder().encode(
      'entity_id,state,last_changed\nsensor.power,450,2026-01-10T11:00:00.000Z\n',
    );
    expect(() => readMeterFile(power, { commodity: 'electricity' })).toThrowError(/no counter/);
  });
});

describe('exports of DSMR-reader', () => {
  it('are hours in their order, the repeated one too, and days', () => {
    const hours = sample('dsmr-reader-hours.csv').readings.map(formatReading);
    expect(
      hours
        .filter(({ tariff }) => tariff === 1)
        .filter(({ flow }) => flow === 'import')
        .map(({ at, value }) => [at?.slice(8, 13), value]),
    ).toEqual([
      ['24T23', '0.2'],
      ['25T00', '0.3'],
      ['25T01', '0.35'],
      ['25T02', '0.4'],
    ]);
    const days = sample('dsmr-reader-days.csv');
    expect(days.readings).toHaveLength(10);
    expect(days.issues.map(({ code }) => code)).toContain('assumed');
  });
});

describe('HomeWizard meters besides the main one', () => {
  it('are gas and water with their serials and times, and the water meter alone', () => {
    const external = sample('homewizard.external.json').readings.map(formatReading);
    expect(external.filter(({ commodity }) => commodity === 'water')).toMatchObject([
      { value: '123.456', unit: 'm3', serial: '53414D504C4557', at: '2026-01-10T10:58:30.000Z' },
    ]);
    expect(sample('homewizard.water.json').readings.map(formatReading)).toMatchObject([
      { commodity: 'water', value: '123.456', unit: 'm3' },
    ]);
  });
});
