import { minuteThinner, powerOfHomeWizard, powerOfTelegram } from '@edmp/oehu-client/live';
import { isIntervalReading, parseTelegram } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, HOUR, interval, telegram } from './support/meter-readings.ts';

const START = Date.UTC(2024, 0, 16);
const powerOf = (...lines: readonly string[]) =>
  powerOfTelegram(parseTelegram(bytesOf(telegram(lines)), { receivedAt: START }));

describe('the power of this moment', () => {
  it('is that of the whole connection, else the sum of its phases, in whole watts', () => {
    expect(powerOf('1-0:1.7.0(01.193*kW)', '1-0:2.7.0(00.000*kW)')).toEqual({ importW: 1193, exportW: 0 });
    expect(powerOf('1-0:1.7.0(0000543*W)')).toEqual({ importW: 543, exportW: null });
    expect(powerOf('1-0:21.7.0(00.100*kW)', '1-0:41.7.0(00.020*kW)', '1-0:61.7.0(00.003*kW)')).toEqual({
      importW: 123,
      exportW: null,
    });
  });

  it('is not told where nothing tells it, or what cannot be', () => {
    expect(powerOf('1-0:1.8.1(000001.000*kWh)')).toEqual({ importW: null, exportW: null });
    expect(powerOf('1-0:1.7.0(99999999*kW)')).toEqual({ importW: null, exportW: null });
    expect(powerOf('1-0:1.7.0(abc*kW)')).toEqual({ importW: null, exportW: null });
  });

  it('of a HomeWizard meter flows the other way when it is negative', () => {
    expect(powerOfHomeWizard({ active_power_w: 543.4 })).toEqual({ importW: 543, exportW: 0 });
    expect(powerOfHomeWizard({ power_w: -250 })).toEqual({ importW: 0, exportW: 250 });
    for (const odd of [null, [], 'x', {}, { power_w: '1' }, { power_w: 1e12 }])
      expect(powerOfHomeWizard(odd)).toEqual({ importW: null, exportW: null });
  });
});

describe('a minute thinner', () => {
  const register = (at: number, name = '1-0:1.8.1') => ({
    commodity: 'electricity' as const,
    flow: 'import' as const,
    tariff: 1,
    at,
    value: at - START,
    unit: 'uKWh' as const,
    trust: 'unsigned' as const,
    record: `${name}@${at}`,
    register: name,
  });

  it('keeps the first of each register in each minute, whatever the pieces that they come in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(600), { minLength: 1, maxLength: 200 }),
        fc.array(fc.nat(20), { maxLength: 40 }),
        (seconds, cuts) => {
          const all = [...seconds].sort((a, b) => a - b).map((s) => register(START + s * 1000));
          const whole = minuteThinner().keep(all);
          const minutes = whole.map((one) => (isIntervalReading(one) ? 0 : Math.floor(one.at / 60_000)));
          expect(new Set(minutes).size).toBe(minutes.length);
          expect(new Set(minutes)).toEqual(new Set(all.map(({ at }) => Math.floor(at / 60_000))));
          const pieces = minuteThinner();
          const rest = [...all];
          const kept = cuts.flatMap((cut) => pieces.keep(rest.splice(0, cut)));
          expect([...kept, ...pieces.keep(rest)]).toEqual(whole);
        },
      ),
    );
  });

  it('keeps registers apart, and every interval', () => {
    const thinner = minuteThinner();
    const two = [register(START), register(START, '1-0:1.8.2'), register(START + 1_000)];
    expect(thinner.keep(two)).toEqual(two.slice(0, 2));
    const intervals = [interval(START, 1), interval(START + HOUR, 2)];
    expect(thinner.keep(intervals)).toEqual(intervals);
  });
});
