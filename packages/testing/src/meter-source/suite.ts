import { ATTESTATION_LEVELS, COMMODITIES, FLOWS, type RegisterReading } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { collectAll, rejection } from '../support.ts';
import { type MeterSourceSuiteOptions, withSource } from './harness.ts';

/** What every {@link @edmp/interface!index.MeterSource} must do. Registers vitest cases; call it at the top of a test file. */
export function meterSourceSuite(options: MeterSourceSuiteOptions): void {
  describe(`meter source suite: ${options.name}`, () => {
    deviceCases(options);
    readingCases(options);
    refusalCases(options);
  });
}

const registerOf = ({ commodity, flow, tariff }: RegisterReading): string => `${commodity}|${flow}|${tariff}`;

/** What makes two readings one: a source may make the objects anew. */
const factsOf = (reading: RegisterReading): string =>
  [registerOf(reading), reading.at, reading.value, reading.unit, reading.trust, reading.record].join('|');

/** How many readings of one register `readings` holds at most. */
const mostOfARegister = (readings: readonly RegisterReading[]): number => {
  const counts = new Map<string, number>();
  for (const reading of readings) {
    counts.set(registerOf(reading), (counts.get(registerOf(reading)) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
};

function deviceCases(options: MeterSourceSuiteOptions): void {
  it('lists its devices once each, under its own kind', () =>
    withSource(options, async ({ source, device }) => {
      const devices = await source.devices();
      const ids = devices.map(({ id }) => id);
      expect(ids).toContain(device);
      expect(new Set(ids).size, 'every id once').toBe(ids.length);
      for (const { id, source: kind, location, lastUpdate } of devices) {
        expect(id).not.toBe('');
        expect(kind).toBe(source.kind);
        expect(lastUpdate === null || Number.isSafeInteger(lastUpdate), 'lastUpdate in ms').toBe(true);
        if (location === null) continue;
        expect(Math.abs(location.latitude)).toBeLessThanOrEqual(90);
        expect(Math.abs(location.longitude)).toBeLessThanOrEqual(180);
        expect(location.accuracyMetres).toBeGreaterThanOrEqual(0);
      }
    }));
}

function readingCases(options: MeterSourceSuiteOptions): void {
  it('gives sound readings in ascending time', () =>
    withSource(options, async ({ source, device, from, to }) => {
      const readings = await collectAll(source.readings(device, { from, to }));
      const inside = readings.filter(({ at }) => at >= from && at < to);
      expect(mostOfARegister(inside), 'readings of one register in the period').toBeGreaterThanOrEqual(4);
      let last = Number.NEGATIVE_INFINITY;
      for (const reading of readings) {
        expect(Number.isSafeInteger(reading.at), 'time in ms').toBe(true);
        expect(reading.at).toBeGreaterThanOrEqual(last);
        last = reading.at;
        expect(Number.isSafeInteger(reading.value) && reading.value >= 0, 'a cumulative integer').toBe(true);
        expect(COMMODITIES).toContain(reading.commodity);
        expect(FLOWS).toContain(reading.flow);
        expect(ATTESTATION_LEVELS).toContain(reading.trust);
        const { tariff } = reading;
        expect(tariff === 'total' || (Number.isSafeInteger(tariff) && tariff > 0), `tariff ${tariff}`).toBe(
          true,
        );
        expect(reading.record).not.toBe('');
      }
    }));

  it('counts one commodity in one unit', () =>
    withSource(options, async ({ source, device, from, to }) => {
      const units = new Map<string, string>();
      for (const { commodity, unit } of await collectAll(source.readings(device, { from, to }))) {
        expect(units.get(commodity) ?? unit, commodity).toBe(unit);
        units.set(commodity, unit);
      }
    }));

  it('reaches over the period by at most one reading of each register', () =>
    withSource(options, async ({ source, device, from, to }) => {
      const middle = Math.floor((from + to) / 2);
      const readings = await collectAll(source.readings(device, { from, to: middle }));
      expect(mostOfARegister(readings.filter(({ at }) => at < from))).toBeLessThanOrEqual(1);
      expect(mostOfARegister(readings.filter(({ at }) => at > middle))).toBeLessThanOrEqual(1);
    }));

  it('gives the same readings again, and the same in halves', () =>
    withSource(options, async ({ source, device, from, to }) => {
      const read = async (a: number, b: number): Promise<string[]> => {
        const readings = await collectAll(source.readings(device, { from: a, to: b }));
        return readings.filter(({ at }) => at >= a && at < b).map(factsOf);
      };
      const whole = await read(from, to);
      expect(await read(from, to)).toEqual(whole);
      const middle = from + Math.floor((to - from) / 2);
      const halves = [...(await read(from, middle)), ...(await read(middle, to))];
      expect(halves.sort()).toEqual([...whole].sort());
    }));
}

function refusalCases(options: MeterSourceSuiteOptions): void {
  it('refuses an unknown device', () =>
    withSource(options, async ({ source, from, to }) => {
      await rejection(collectAll(source.readings('nobody', { from, to })), 'ERR_METER_UNKNOWN_DEVICE');
    }));

  it('refuses a period that is empty or runs backwards', () =>
    withSource(options, async ({ source, device, from, to }) => {
      await rejection(collectAll(source.readings(device, { from: to, to: from })), 'ERR_METER_RANGE');
      await rejection(collectAll(source.readings(device, { from, to: from })), 'ERR_METER_RANGE');
      await rejection(collectAll(source.readings(device, { from: Number.NaN, to })), 'ERR_METER_RANGE');
    }));

  it('stops when aborted, before and while it reads', () =>
    withSource(options, async ({ source, device, from, to }) => {
      const signal = AbortSignal.abort();
      await rejection(source.devices({ signal }), 'ERR_ABORTED');
      await rejection(collectAll(source.readings(device, { from, to, signal })), 'ERR_ABORTED');
      const controller = new AbortController();
      const half = async (): Promise<void> => {
        for await (const _ of source.readings(device, { from, to, signal: controller.signal })) {
          controller.abort();
        }
      };
      // What was fetched already may still be told; an error is `ERR_ABORTED` and nothing else.
      await half().catch((error: unknown) => rejection(Promise.reject(error), 'ERR_ABORTED'));
    }));
}
