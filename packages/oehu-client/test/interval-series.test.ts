import { type EnergyUnit, Quality } from '@edmp/interface';
import { intervalSeries, type MeterReading } from '@edmp/oehu-client';
import { seriesBounds } from '@edmp/oehu-client/series';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 12, 23); // midnight in Amsterdam
const unit: EnergyUnit = 'uKWh';

const reading = (minutes: number, value: number, extra: Partial<MeterReading> = {}): MeterReading => ({
  commodity: 'electricity',
  flow: 'import',
  tariff: 1,
  at: START + minutes * MINUTE,
  value,
  unit,
  trust: 'linked',
  record: `r${minutes}`,
  ...extra,
});
const quarterHours = (readings: readonly MeterReading[], minutes: number) =>
  intervalSeries(readings, {
    commodity: 'electricity',
    flow: 'import',
    from: START,
    to: START + minutes * MINUTE,
    step: 'PT15M',
    zone: 'Europe/Amsterdam',
  });

describe('interval series', () => {
  it('subtracts registers at the bounds and keeps measured zeros apart from gaps', () => {
    const series = quarterHours([reading(0, 1000), reading(15, 1000), reading(30, 4000)], 45);
    expect(series.values).toEqual([0, 3000, null]);
    expect([...series.quality]).toEqual([Quality.measured, Quality.measured, Quality.missing]);
    expect(series.report.gaps).toEqual([{ first: 2, count: 1, total: null, reason: 'no-data' }]);
    expect(series).toMatchObject({ start: START, trust: 'linked', verified: 3 });
  });

  it('sums tariffs as integers and never adds a total on top', () => {
    const readings = [0, 15].flatMap((at) => [
      reading(at, 100 + at, { tariff: 1 }),
      reading(at, 200 + 2 * at, { tariff: 2 }),
      reading(at, 300 + 3 * at, { tariff: 'total' }),
    ]);
    const series = quarterHours(readings, 15);
    expect(series.values).toEqual([45]);
    expect(series.report.notes).toEqual([]);
    const wrong = quarterHours(
      readings.map((one) => (one.tariff === 'total' ? { ...one, value: one.value + 5000 } : one)),
      15,
    );
    expect(wrong.values).toEqual([45]);
    expect(wrong.report.notes.map((note) => note.kind)).toEqual(['total-mismatch', 'total-mismatch']);
  });

  it('bridges a stretch of at most two steps and marks it, and keeps the total of a longer one', () => {
    const bridged = quarterHours([reading(0, 0), reading(30, 3000), reading(45, 4000)], 45);
    expect(bridged.values).toEqual([1500, 1500, 1000]);
    expect([...bridged.quality]).toEqual([Quality.interpolated, Quality.interpolated, Quality.measured]);
    const gap = quarterHours([reading(0, 0), reading(15, 1000), reading(75, 9000), reading(90, 9500)], 90);
    expect(gap.values).toEqual([1000, null, null, null, null, 500]);
    expect(gap.report.gaps).toEqual([{ first: 1, count: 4, total: 8000, reason: 'no-data' }]);
  });

  it('leaves a single zero out and does not catch up after it', () => {
    const series = quarterHours(
      [reading(0, 5_000_000), reading(15, 5_001_000), reading(20, 0), reading(30, 5_002_000)],
      30,
    );
    expect(series.values).toEqual([1000, 1000]);
    expect(series.report.notes).toEqual([{ kind: 'glitch', at: START + 20 * MINUTE }]);
  });

  it('leaves a single spike out', () => {
    const series = quarterHours(
      [reading(0, 5_000_000), reading(15, 5_001_000), reading(20, 905_001_000), reading(30, 5_002_000)],
      30,
    );
    expect(series.values).toEqual([1000, 1000]);
    expect(series.report.notes.map((note) => note.kind)).toEqual(['glitch']);
  });

  it('starts again after a meter was replaced, without a negative and without a spike', () => {
    const readings = [0, 15, 30].map((at) => reading(at, 800_000_000 + at * 100));
    readings.push(...[45, 60, 75, 90].map((at) => reading(at, at * 100)));
    const series = quarterHours(readings, 90);
    expect(series.values).toEqual([1500, 1500, null, 1500, 1500, 1500]);
    expect(series.quality[2]).toBe(Quality.reset);
    expect(series.report.gaps).toEqual([{ first: 2, count: 1, total: null, reason: 'reset' }]);
  });

  it('continues a register that rolls over', () => {
    const top = 1_000_000_000_000; // 999 999.999 999 kWh and then 0
    const series = quarterHours([reading(0, top - 1000), reading(15, 500), reading(30, 1500)], 30);
    expect(series.values).toEqual([1500, 1000]);
    expect(series.report.notes.map((note) => note.kind)).toEqual(['rollover']);
  });

  it('quarantines an impossible jump that stays', () => {
    const readings = [0, 15].map((at) => reading(at, at * 100));
    readings.push(...[30, 45, 60].map((at) => reading(at, 900_000_000 + at * 100)));
    const series = quarterHours(readings, 60);
    expect(series.values).toEqual([1500, null, 1500, 1500]);
    expect(series.report.gaps[0]?.reason).toBe('implausible');
  });

  it('takes a late correction and says so', () => {
    const series = quarterHours([reading(0, 0), reading(15, 1000), reading(30, 3000), reading(15, 2000)], 30);
    expect(series.values).toEqual([2000, 1000]);
    expect([...series.quality]).toEqual([Quality.edited, Quality.edited]);
    expect(series.report.notes.map((note) => note.kind)).toEqual(['conflict']);
  });

  it('makes days of 23, 24 and 25 hours', () => {
    const from = Date.UTC(2026, 2, 27, 23);
    const readings = Array.from({ length: 24 * 5 }, (_, hour) =>
      reading(0, hour * 1000, { at: from + hour * 3_600_000, record: `h${hour}` }),
    );
    const series = intervalSeries(readings, {
      commodity: 'electricity',
      flow: 'import',
      from,
      to: Date.UTC(2026, 2, 30, 22),
      step: 'P1D',
      zone: 'Europe/Amsterdam',
    });
    expect(series.values).toEqual([24_000, 23_000, 24_000]);
    expect(seriesBounds(series)).toHaveLength(4);
  });

  it('goes on with a new gas meter on another channel, losing only the hour of the change', () => {
    const gas = (minutes: number, value: number, register: string): MeterReading =>
      reading(minutes, value, { commodity: 'gas', unit: 'uM3', tariff: 'total', register });
    const readings = [
      ...[0, 15, 30].map((at) => gas(at, 900_000 + at * 100, '0-1:24.2.1')),
      ...[45, 60, 75].map((at) => gas(at, at * 100, '0-2:24.2.1')),
    ];
    const options = {
      from: START,
      to: START + 75 * MINUTE,
      step: 'PT15M',
      zone: 'Europe/Amsterdam',
    } as const;
    const series = intervalSeries(readings, { ...options, commodity: 'gas', flow: 'import' });
    expect(series.values).toEqual([1500, 1500, null, 1500, 1500]);
    // A dead meter that goes on showing its last value adds nothing and takes nothing.
    const dead = [...readings, ...[45, 60, 75].map((at) => gas(at, 903_000, '0-1:24.2.1'))];
    const both = intervalSeries(dead, { ...options, commodity: 'gas', flow: 'import' });
    expect(both.values.slice(3)).toEqual([1500, 1500]);
  });

  it('is trusted no more than the readings that close its ends', () => {
    const levels = (first: MeterReading['trust'], last: MeterReading['trust']) =>
      quarterHours(
        [
          reading(-100, 0, { trust: 'unsigned' }),
          reading(0, 5, { trust: first }),
          reading(15, 9),
          reading(30, 12, { trust: last }),
          reading(60, 15, { trust: 'unsigned' }),
        ],
        30,
      );
    expect(levels('linked', 'linked')).toMatchObject({ trust: 'linked', verified: 2 });
    expect(levels('linked', 'unsigned')).toMatchObject({ trust: 'unsigned', verified: 0 });
    expect(levels('signed', 'linked')).toMatchObject({ trust: 'signed', verified: 2 });
  });

  it('refuses mixed units', () => {
    expect(() => quarterHours([reading(0, 0), reading(15, 1, { unit: 'uGJ' })], 15)).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_RANGE' }),
    );
  });
});

describe('conservation', () => {
  /** A history of one register: moves, holes, resets. */
  const history = fc.record({
    moves: fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 2, maxLength: 60 }),
    spacing: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 60, maxLength: 60 }),
    reset: fc.option(fc.integer({ min: 1, max: 59 }), { nil: undefined }),
    tariff: fc.constantFrom(1, 2),
  });

  it('sums to the register difference wherever that is defined', () => {
    fc.assert(
      fc.property(
        fc.array(history, { minLength: 1, maxLength: 2 }),
        fc.constantFrom(1, 7, 15),
        (list, bridge) => {
          const readings: MeterReading[] = [];
          for (const [tariff, { moves, spacing, reset }] of list.entries()) {
            let minutes = 0;
            let value = 500_000_000;
            for (const [i, move] of moves.entries()) {
              if (i === reset) value = 0;
              else value += move;
              readings.push(reading(minutes, value, { tariff: tariff + 1, record: `${tariff}-${i}` }));
              minutes += spacing[i] ?? 1;
            }
          }
          const end = readings.reduce((last, one) => Math.max(last, one.at), START);
          const series = intervalSeries(readings, {
            commodity: 'electricity',
            flow: 'import',
            from: START,
            to: end + 15 * MINUTE,
            step: 'PT15M',
            zone: 'Europe/Amsterdam',
            bridge,
            maxPerHour: 1e9,
          });
          for (const value of series.values) {
            if (value !== null) expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
          }
          // The truth at a bound, by the straight line between the two readings around it, tariff by tariff.
          const bounds = seriesBounds(series);
          const truth = (b: number): number | undefined => {
            let sum = 0;
            for (const tariff of list.keys()) {
              const own = readings.filter((one) => one.tariff === tariff + 1);
              const exact = own.findLast((one) => one.at <= b);
              const next = own.find((one) => one.at > b);
              if (exact === undefined) return undefined;
              if (exact.at === b) sum += exact.value;
              else if (next === undefined) return undefined;
              else
                sum +=
                  exact.value +
                  Math.floor((next.value - exact.value) * ((b - exact.at) / (next.at - exact.at)));
            }
            return sum;
          };
          const gapAt = new Map(series.report.gaps.map((gap) => [gap.first, gap]));
          // Walk from one bound to another; every stretch without a reset between closes exactly.
          let from = 0;
          let sum: number | null = 0;
          for (let i = 0; i < series.values.length; ) {
            const gap = gapAt.get(i);
            const amount = gap === undefined ? (series.values[i] ?? null) : gap.total;
            i += gap?.count ?? 1;
            if (amount === null) {
              from = i;
              sum = 0;
              continue;
            }
            sum += amount;
            const a = truth(bounds[from] ?? 0);
            const b = truth(bounds[i] ?? 0);
            if (a !== undefined && b !== undefined) expect(sum).toBe(b - a);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
