import type { MeterSource, RegisterReading } from '@edmp/interface';
import { intervalSeries } from '@edmp/oehu-client';
import { expect, it } from 'vitest';

/** A source with something to read in a period. */
export interface SourceUnderTest {
  readonly source: MeterSource;
  readonly device: string;
  readonly from: number;
  readonly to: number;
}

/** What every `MeterSource` has to do, whatever is behind it. */
export function meterSourceSuite(create: () => Promise<SourceUnderTest>): void {
  const collect = async (readings: AsyncIterable<RegisterReading>): Promise<RegisterReading[]> => {
    const list: RegisterReading[] = [];
    for await (const reading of readings) list.push(reading);
    return list;
  };

  it('lists its device with its own kind', async () => {
    const { source, device } = await create();
    const devices = await source.devices();
    expect(devices.map((one) => one.id)).toContain(device);
    for (const one of devices) expect(one.source).toBe(source.kind);
  });

  it('gives sound readings in ascending time', async () => {
    const { source, device, from, to } = await create();
    const readings = await collect(source.readings(device, { from, to }));
    expect(readings.length).toBeGreaterThan(0);
    let last = Number.NEGATIVE_INFINITY;
    for (const reading of readings) {
      expect(reading.at).toBeGreaterThanOrEqual(last);
      last = reading.at;
      expect(Number.isSafeInteger(reading.value) && reading.value >= 0).toBe(true);
      expect(reading.record).not.toBe('');
    }
  });

  it('reaches over the period by at most one reading of each register', async () => {
    const { source, device, from, to } = await create();
    const middle = Math.floor((from + to) / 2);
    const readings = await collect(source.readings(device, { from, to: middle }));
    const outside = (test: (at: number) => boolean): number => {
      const counts = new Map<string, number>();
      for (const reading of readings.filter((one) => test(one.at))) {
        const key = `${reading.commodity}|${reading.flow}|${reading.tariff}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return Math.max(0, ...counts.values());
    };
    expect(outside((at) => at < from)).toBeLessThanOrEqual(1);
    expect(outside((at) => at > middle)).toBeLessThanOrEqual(1);
  });

  it('gives the same series whether it is read at once or in halves', async () => {
    const { source, device, from, to } = await create();
    const middle = from + 900_000 * Math.floor((to - from) / 1_800_000);
    const series = async (a: number, b: number) => {
      const readings = await collect(source.readings(device, { from: a, to: b }));
      const first = readings.find((reading) => reading.commodity === 'electricity');
      const { commodity, flow } = first ?? { commodity: 'electricity', flow: 'import' };
      const options = {
        commodity,
        flow,
        from: a,
        to: b,
        step: 'PT15M',
        zone: 'UTC',
        maxPerHour: 1e12,
      } as const;
      return intervalSeries(readings, options).values;
    };
    const whole = await series(from, to);
    expect([...(await series(from, middle)), ...(await series(middle, to))]).toEqual(whole);
    expect(whole.some((value) => value !== null)).toBe(true);
  });

  it('refuses an unknown device and an empty period, and stops when aborted', async () => {
    const { source, device, from, to } = await create();
    await expect(collect(source.readings('nobody', { from, to }))).rejects.toMatchObject({
      code: 'ERR_METER_UNKNOWN_DEVICE',
    });
    await expect(collect(source.readings(device, { from: to, to: from }))).rejects.toMatchObject({
      code: 'ERR_METER_RANGE',
    });
    const signal = AbortSignal.abort();
    await expect(collect(source.readings(device, { from, to, signal }))).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
    await expect(source.devices({ signal })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
}
