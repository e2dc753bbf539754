import { Quality } from '@edmp/interface';
import { formatReading, intervalSeries, readMeterFile, registersOf } from '@edmp/oehu-client';
import { type AnyReading, readCsv } from '@edmp/oehu-client/sources';
import { formatMicro } from '@edmp/oehu-client/time';
import { describe, expect, it } from 'vitest';
import { fixture, hasFixtures } from './support/fixtures.ts';
import {
  bytesOf,
  codes,
  energy,
  HOUR,
  interval,
  kwh,
  map,
  read,
  telegram,
  times,
} from './support/meter-readings.ts';

describe('zone and clock (kind 1)', () => {
  it('are those of the option, with and without a summer-time letter', () => {
    const summer = telegram(['0-0:1.0.0(240701120000S)', '1-0:1.8.0(1*kWh)'], '50');
    expect(times(read(summer, { zone: 'Europe/Helsinki' }))).toEqual(['2024-07-01T09:00:00.000Z']);
    expect(times(read(summer, { zone: 'Europe/London' }))).toEqual(['2024-07-01T11:00:00.000Z']);
    const bare = telegram(['0-0:1.0.0(240701120000)', '1-0:1.8.0(1*kWh)'], '50');
    expect(times(read(bare, { zone: 'Europe/Vilnius' }))).toEqual(['2024-07-01T09:00:00.000Z']);
  });

  it('are checked: a letter that the zone does not have, readings after the file was taken', () => {
    const winterInJuly = telegram(['0-0:1.0.0(240701120000W)', '1-0:1.8.0(1*kWh)'], '50');
    expect(codes(read(winterInJuly))).toEqual(['clock']);
    const early = telegram(['0-0:1.0.0(240701120000S)', '1-0:1.8.0(1*kWh)'], '50');
    expect(codes(read(early, { receivedAt: Date.UTC(2024, 6, 1, 9) }))).toEqual(['clock']);
    expect(codes(read(early, { receivedAt: Date.UTC(2024, 6, 1, 10) }))).toEqual([]);
  });

  it('of a Green Button file in local time are taken from the option', () => {
    const text = greenButton({ readings: [[1_710_028_800, 3600, 1000]] });
    const local = read(text, { greenButton: { clock: 'local' }, zone: 'America/New_York' });
    expect(times(local)).toEqual(['2024-03-10T05:00:00.000Z']);
  });
});

describe('impossible times (kind 2)', () => {
  it('of an M-Bus meter are left out, of one that is a little ahead told', () => {
    const gas = (time: string) =>
      read(
        telegram(
          ['0-0:1.0.0(240701120000S)', '1-0:1.8.0(1*kWh)', '0-1:24.1.0(003)', `0-1:24.2.1(${time})(1.5*m3)`],
          '50',
        ),
      );
    expect([codes(gas('680701120000S')), gas('680701120000S').readings.length]).toEqual([
      ['impossible-time'],
      1,
    ]);
    expect([codes(gas('240701150000S')), gas('240701150000S').readings.length]).toEqual([['clock'], 2]);
  });

  it('are left out of any file', () => {
    const file = readMeterFile(bytesOf('t;v\n1970-01-02 00:00;1\n2024-01-02 00:00;2\n2032-01-02 00:00;3\n'), {
      csv: map(),
      receivedAt: Date.UTC(2025, 0, 1),
    });
    expect(times(file)).toEqual(['2024-01-01T23:00:00.000Z']);
    expect(file.issues).toMatchObject([
      { code: 'impossible-time', message: expect.stringContaining('2 readings') },
    ]);
  });

  it('of a HomeWizard meter with a clock that was never set are told', () => {
    const answer = { unique_id: 'h', energy_import_kwh: 1, power_w: 0, timestamp: '2000-01-01T00:00:00' };
    const file = read(JSON.stringify(answer));
    expect(codes(file)).toEqual(['impossible-time', 'no-time']);
    expect(times(file)).toEqual([null]);
    expect(registersOf(file.readings)).toEqual([]);
  });
});

describe('a log whose telegrams tell no time (kind 3)', () => {
  const log = [1, 2, 3].map((value) => telegram([`1-0:1.8.1(${value}*kWh)`])).join('');
  const receivedAt = Date.UTC(2024, 0, 1, 12);

  it('is timed by the declared spacing', () => {
    expect(times(read(log, { receivedAt, spacingSeconds: 10 }))).toEqual([
      '2024-01-01T11:59:40.000Z',
      '2024-01-01T11:59:50.000Z',
      '2024-01-01T12:00:00.000Z',
    ]);
  });

  it('else measures only the last one at the time of arrival', () => {
    const file = read(log, { receivedAt });
    expect(codes(file)).toEqual(['no-time']);
    expect(times(file)).toEqual([null, null, '2024-01-01T12:00:00.000Z']);
    expect(registersOf(file.readings)).toHaveLength(1);
  });

  it('takes the time of the gas meter for one telegram alone', () => {
    const gas = ['0-1:24.1.0(03)', '0-1:24.3.0(240101110000)(00)(60)(1)(0-1:24.2.1)(m3)', '(00001.000)'];
    const file = read([1, 2].map((value) => telegram([`1-0:1.8.1(${value}*kWh)`, ...gas])).join(''));
    expect(file.readings.filter((one) => one.commodity === 'electricity')).toHaveLength(1);
    expect(codes(file)).toContain('no-time');
  });
});

describe('the identity of a meter (kind 4)', () => {
  const at = (hour: number): number => Date.UTC(2024, 0, 1, hour);
  const day = { from: at(0), to: at(6), step: 'PT1H', zone: 'UTC' } as const;

  it('adds meters that run side by side and knows no sum where one of them is absent', () => {
    const house = [0, 1, 2, 3, 4, 5].map((hour) => interval(at(hour), 1, { serial: 'house' }));
    const car = [0, 1, 2].map((hour) => interval(at(hour), 2, { serial: 'car' }));
    expect(kwh([...house, ...car], day)).toEqual(['3', '3', '3', null, null, null]);
  });

  it('lets one meter follow another within the hour without an absurd difference', () => {
    const registers = (serial: string, first: number, from: number, to: number): AnyReading[] =>
      Array.from({ length: to - from + 1 }, (_, i) => ({
        commodity: 'electricity',
        flow: 'import',
        tariff: 1,
        at: at(from + i),
        value: (first + i) * 1_000_000,
        unit: 'uKWh',
        trust: 'unsigned',
        record: `${serial}${i}`,
        serial,
        register: '1-0:1.8.1',
      }));
    expect(kwh([...registers('old', 50_000, 0, 2), ...registers('new', 3, 3, 6)], day)).toEqual([
      '1',
      '1',
      null,
      '1',
      '1',
      '1',
    ]);
  });

  it('takes the finer of two resolutions where it tells, and the coarser where it does not', () => {
    const hours = Array.from({ length: 24 }, (_, hour) => interval(at(hour), 1, { register: 'hours' }));
    const days = [interval(at(0), 24, { duration: 24 * HOUR, register: 'days' })];
    const two = { from: at(0), to: at(24), step: 'P1D', zone: 'UTC' } as const;
    expect(kwh([...hours, ...days], two)).toEqual(['24']);
    expect(kwh([...hours.slice(3), ...days], two)).toEqual(['24']);
    expect(kwh([...hours.slice(3), ...days], { ...two, to: at(6), step: 'PT1H' }).slice(3)).toEqual([
      '1',
      '1',
      '1',
    ]);
    // Both under one name, as a file of several resolutions has them.
    const oneName = [...hours, ...days].map((one) => ({ ...one, register: 'm' }));
    expect(kwh(oneName, two)).toEqual(['24']);
  });
});

describe('tariffs that take turns (kind 5)', () => {
  it('give a series over three tiers, and a gap where no tier tells', () => {
    const start = Date.UTC(2024, 0, 1);
    const tiers = [3, 3, 2, 1, 1, 2];
    const all = tiers.map((tariff, hour) => interval(start + hour * HOUR, tariff, { tariff }));
    const period = { from: start, to: start + 6 * HOUR, step: 'PT1H', zone: 'UTC' } as const;
    expect(kwh(all, period)).toEqual(['3', '3', '2', '1', '1', '2']);
    expect(kwh(all.toSpliced(3, 1), period)).toEqual(['3', '3', '2', null, '1', '2']);
  });

  it('that are told side by side are no zeros where one is missing', () => {
    const start = Date.UTC(2024, 0, 1);
    const both = [0, 1, 2].flatMap((hour) =>
      [1, 2].map((tariff) => interval(start + hour * HOUR, 1, { tariff })),
    );
    const period = { from: start, to: start + 3 * HOUR, step: 'PT1H', zone: 'UTC' } as const;
    expect(kwh(both, period)).toEqual(['2', '2', '2']);
    expect(kwh(both.toSpliced(3, 1), period)).toEqual(['2', null, '2']);
  });
});

describe('corrections (kind 6)', () => {
  it('replace what was told before, for intervals as for registers, and are told', () => {
    const text = 't;v\n2024-01-01 00:00;1\n2024-01-01 01:00;1\n2024-01-01 00:00;5\n';
    for (const kind of ['interval', 'register'] as const) {
      const file = readMeterFile(bytesOf(text), {
        csv: map({ columns: [{ column: 'v', ...energy, kind }] }),
      });
      expect(file.issues).toMatchObject([{ code: 'corrected', at: 'v' }]);
    }
    const file = readMeterFile(bytesOf(text), { csv: map() });
    const from = Date.parse('2023-12-31T23:00:00Z');
    const series = intervalSeries(registersOf(file.readings), {
      commodity: 'electricity',
      flow: 'import',
      from,
      to: from + 2 * HOUR,
      step: 'PT1H',
      zone: 'Europe/Berlin',
    });
    expect(series.values).toEqual([5_000_000, 1_000_000]);
    expect(series.quality[0]).toBe(Quality.edited);
  });
});

describe('days of a clock change (kind 7)', () => {
  it('written as 86 400 s end at midnight, also the last one of a file', () => {
    const zone = 'Europe/Berlin';
    const autumn = Date.parse('2024-10-25T22:00:00Z');
    const day = { duration: 24 * HOUR };
    const days = [
      interval(autumn, 10, day),
      interval(autumn + 24 * HOUR, 11, day),
      interval(autumn + 49 * HOUR, 12, day),
    ];
    const period = { from: autumn, to: autumn + 73 * HOUR, step: 'P1D', zone } as const;
    expect(kwh(days, period)).toEqual(['10', '11', '12']);
    expect(kwh(days.slice(0, 2), { ...period, to: autumn + 49 * HOUR })).toEqual(['10', '11']);
    const spring = Date.parse('2024-03-29T23:00:00Z');
    const last = [interval(spring, 10, day), interval(spring + 24 * HOUR, 11, day)];
    expect(kwh(last, { from: spring, to: spring + 47 * HOUR, step: 'P1D', zone })).toEqual(['10', '11']);
  });

  it('give the repeated hour its two halves in descending files', () => {
    const ascending = ['01:30', '02:00', '02:30', '02:00', '02:30', '03:00'];
    const rows = ascending.map((clock, i) => `27.10.2024 ${clock};${i}`);
    const half = map({ stepSeconds: 1800 });
    const up = readCsv(['t;v', ...rows].join('\n'), half);
    const down = readCsv(['t;v', ...rows.toReversed()].join('\n'), half);
    expect(times(up)).toEqual([
      '2024-10-26T23:30:00.000Z',
      '2024-10-27T00:00:00.000Z',
      '2024-10-27T00:30:00.000Z',
      '2024-10-27T01:00:00.000Z',
      '2024-10-27T01:30:00.000Z',
      '2024-10-27T02:00:00.000Z',
    ]);
    expect(times(down)).toEqual(times(up).toReversed());
    expect([codes(up), codes(down)]).toEqual([[], []]);
  });

  it('tell that only one of the two hours is there', () => {
    const file = readCsv('t;v\n27.10.2024 01:00;1\n27.10.2024 02:00;2\n27.10.2024 03:00;3\n', map());
    expect(codes(file)).toEqual(['ambiguous-time']);
  });

  it('of files stamped at the end keep the last hour before the jump', () => {
    const rows = ['00:00;9', '01:00;1', '02:00;2', '03:00;0', '04:00;4'].map((row) => `31.03.2024 ${row}`);
    const file = readCsv(['t;v', ...rows].join('\n'), map({ stamp: 'end' }));
    expect(file.readings.map((one) => [formatReading(one).at, formatReading(one).value])).toEqual([
      ['2024-03-30T22:00:00.000Z', '9'],
      ['2024-03-30T23:00:00.000Z', '1'],
      ['2024-03-31T00:00:00.000Z', '2'],
      ['2024-03-31T01:00:00.000Z', '4'],
    ]);
    expect(codes(file)).toEqual(['skipped-time']);
  });
});

/** A Green Button file of one usage point. */
function greenButton(options: {
  readonly readings: readonly (readonly [start: number, duration: number, value: number])[];
  readonly uom?: number;
  readonly flow?: number;
  readonly accumulation?: number;
  readonly power?: number;
  readonly service?: number;
}): string {
  const { readings, uom = 72, flow = 1, accumulation = 4, power = 0, service = 0 } = options;
  const intervals = readings.map(
    ([start, duration, value]) =>
      `<IntervalReading><timePeriod><duration>${duration}</duration><start>${start}</start></timePeriod><value>${value}</value></IntervalReading>`,
  );
  return `<feed><entry><link rel="self" href="/UsagePoint/1"/><content><UsagePoint><ServiceCategory><kind>${service}</kind></ServiceCategory></UsagePoint></content></entry><entry><link rel="self" href="/ReadingType/1"/><content><ReadingType><accumulationBehaviour>${accumulation}</accumulationBehaviour><flowDirection>${flow}</flowDirection><powerOfTenMultiplier>${power}</powerOfTenMultiplier><uom>${uom}</uom></ReadingType></content></entry><entry><link rel="up" href="/UsagePoint/1/MeterReading/1/IntervalBlock"/><content><IntervalBlock>${intervals.join('')}</IntervalBlock></content></entry></feed>`;
}

describe('codes (kind 11) and what a refusal says (kind 12)', () => {
  const one = [[1_710_028_800, 3600, 1000]] as const;

  it('ESPI: only import and export, only amounts and registers', () => {
    expect(read(greenButton({ readings: one, flow: 19 })).readings[0]?.flow).toBe('export');
    for (const [more, words] of [
      [{ flow: 4 }, /flowDirection 4 \(net\)/],
      [{ accumulation: 12 }, /accumulationBehaviour "12"/],
      [{ uom: 169, service: 1 }, /unit 169 \(therm\)/],
      [{ uom: 38 }, /unit 38 \(W\)/],
    ] as const) {
      expect(() => read(greenButton({ readings: one, ...more }))).toThrowError(
        expect.objectContaining({ code: 'ERR_METER_SCHEMA', message: expect.stringMatching(words) }),
      );
    }
    expect('duration' in (read(greenButton({ readings: one, accumulation: 2 })).readings[0] ?? {})).toBe(
      false,
    );
  });

  it('ESPI: cubic feet, gallons and joules by their exact size', () => {
    const value = (more: { uom: number; service?: number; power?: number }): string =>
      formatMicro(read(greenButton({ readings: one, ...more })).readings[0]?.value ?? -1);
    expect(value({ uom: 119, service: 1 })).toBe('28.316847');
    expect(value({ uom: 119, service: 1, power: -3 })).toBe('0.028317');
    expect(value({ uom: 128, service: 2 })).toBe('3.785412');
    expect(value({ uom: 31, power: 3 })).toBe('0.277778');
  });

  it('EDA: a surplus beside the whole generation is not added to it, a share is no export', () => {
    const block = (code: string, value: string) =>
      `<EnergyData MeterCode="${code}" UOM="KWH"><EP><DTF>2024-01-01T00:00:00+01:00</DTF><DTT>2024-01-01T00:15:00+01:00</DTT><MM>L1</MM><BQ>${value}</BQ></EP></EnergyData>`;
    const eda = (...blocks: string[]) =>
      read(`<ConsumptionRecord><ProcessDirectory>${blocks.join('')}</ProcessDirectory></ConsumptionRecord>`);
    const producer = eda(
      block('1-1:2.9.0 G.01', '1'),
      block('1-1:2.9.0 P.01', '0.4'),
      block('1-1:2.9.0 G.01T', '9'),
    );
    expect(producer.readings.map((each) => each.value)).toEqual([1_000_000]);
    expect(codes(producer)).toEqual(['skipped', 'unknown-code']);
    expect(eda(block('1-1:2.9.0 P.01', '0.4')).readings).toHaveLength(1);
    expect(() => eda(block('1-1:2.9.0 G.03', '1'))).toThrowError(
      expect.objectContaining({ message: expect.stringContaining('G.03') }),
    );
  });

  it('name the line and the cell of a CSV file in which nothing could be read', () => {
    expect(() => readCsv('t;v\n2024-01-01 00:00;abc\n', map())).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_SCHEMA', message: expect.stringMatching(/row 2, v.*abc/) }),
    );
    expect(() => readCsv('a;b\n1;2\n', map())).toThrowError(
      expect.objectContaining({
        message: expect.stringMatching(/Expected a column "t", found 2 others: "a", "b"/),
      }),
    );
  });

  it('are counted, not repeated without end', () => {
    const rows = Array.from({ length: 3000 }, () => '2024-01-01 00:00;x');
    const file = readMeterFile(bytesOf(['t;v', '2024-01-01 00:00;1', ...rows].join('\n')), { csv: map() });
    expect(file.issues).toHaveLength(1001);
    expect(file.issues.at(-1)).toEqual({ code: 'more', at: '$', message: '2000 more like these' });
  });
});

describe('a damaged stream', () => {
  it('of telegrams without a CRC does not read two as one', () => {
    const cut = telegram(['0-0:1.0.0(240701120000S)', '1-0:1.8.1(1*kWh)', '1-0:1.8.2(2*kWh)']).slice(0, 70);
    const whole = telegram(['0-0:1.0.0(240701120010S)', '1-0:1.8.1(3*kWh)', '1-0:1.8.2(4*kWh)']);
    const file = read(cut + whole);
    expect(file.readings.map((one) => formatMicro(one.value))).toEqual(['3', '4']);
    expect(codes(file)).toEqual(['unreadable']);
  });
});

describe('half an hour of summer time (kind 14)', () => {
  it('lets no hours drift: whole hours over the change are refused, half hours and days are right', () => {
    const zone = 'Australia/Lord_Howe';
    const from = Date.parse('2024-04-05T13:00:00Z');
    const halves = Array.from({ length: 96 }, (_, i) =>
      interval(from + i * (HOUR / 2), 1, { duration: HOUR / 2 }),
    );
    expect(() => kwh(halves, { from, to: from + 40 * HOUR, step: 'PT1H', zone })).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_RANGE', message: expect.stringContaining('PT30M') }),
    );
    expect(kwh(halves, { from, to: from + 20 * HOUR, step: 'PT1H', zone })).toEqual(Array(20).fill('2'));
    expect(kwh(halves, { from, to: from + 48 * HOUR, step: 'PT30M', zone })).toEqual(Array(96).fill('1'));
    // 6 April has 24 hours, 7 April 24 and a half.
    expect(
      kwh([...halves, interval(from + 48 * HOUR, 1, { duration: HOUR / 2 })], {
        from,
        to: from + 49 * HOUR,
        step: 'P1D',
        zone,
      }),
    ).toEqual(['48', '49']);
  });
});

describe.skipIf(!hasFixtures)('the seconds counter of SML (fixtures beside the repository)', () => {
  it('times the frames of a log', () => {
    const file = readMeterFile(fixture('sml-ttyUSB0-2.dump') ?? new Uint8Array(), {
      receivedAt: Date.UTC(2024, 0, 1),
    });
    expect(new Set(times(file))).toEqual(new Set(['2023-12-31T23:59:56.000Z', '2024-01-01T00:00:00.000Z']));
    expect(codes(file)).toEqual(['truncated']);
  });
});
