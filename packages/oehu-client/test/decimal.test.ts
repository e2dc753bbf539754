import { formatMicro, microFromNumber, microFromText } from '@edmp/oehu-client/time';
import fc from 'fast-check';
import { expect, it } from 'vitest';

it('reads decimal text exactly, whatever the unit', () => {
  expect(microFromText('000565.971')).toBe(565_971_000);
  expect(microFromText('10000', -6)).toBe(10_000);
  expect(microFromText('0.0000005')).toBe(1);
  expect(microFromText('-1.5')).toBe(-1_500_000);
  expect(Object.is(microFromText('-0'), 0)).toBe(true);
});

it('refuses what is no decimal number and what cannot be counted exactly', () => {
  for (const text of ['', '1e5', '.5', '1,5', 'NaN', '0x10', '1.2.3', ' 1']) {
    expect(() => microFromText(text), text).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_FORMAT' }),
    );
  }
  expect(() => microFromText('99999999999')).toThrowError(
    expect.objectContaining({ code: 'ERR_METER_RANGE' }),
  );
  expect(() => microFromNumber(Number.NaN)).toThrowError(
    expect.objectContaining({ code: 'ERR_METER_RANGE' }),
  );
});

it('rounds float noise away and says so', () => {
  expect(microFromNumber(352.35699999999997)).toEqual({ value: 352_357_000, noisy: true });
  expect(microFromNumber(184.085)).toEqual({ value: 184_085_000, noisy: false });
});

it('writes and reads back every amount', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9e15, max: 9e15 }), (value) => {
      expect(microFromText(formatMicro(value))).toBe(value);
    }),
  );
  expect(formatMicro(4_426_000)).toBe('4.426');
  expect(formatMicro(0)).toBe('0');
});
