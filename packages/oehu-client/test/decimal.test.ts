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

it('rounds half away from zero and never counts through a float, whatever the digits', () => {
  const digits = (minLength: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength: 18 });
  const number = fc.record({
    sign: fc.constantFrom('', '+', '-'),
    whole: digits(1),
    fraction: fc.option(digits(0)),
    power: fc.integer({ min: -12, max: 6 }),
  });
  fc.assert(
    fc.property(number, ({ sign, whole, fraction, power }) => {
      const text = `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`;
      // In units of 10^-24 of a micro-unit everything is whole.
      const exact = BigInt(whole + (fraction ?? '')) * 10n ** BigInt(30 + power - (fraction ?? '').length);
      const micro = (exact + 10n ** 24n / 2n) / 10n ** 24n;
      if (micro > BigInt(Number.MAX_SAFE_INTEGER))
        expect(() => microFromText(text, power)).toThrowError(
          expect.objectContaining({ code: 'ERR_METER_RANGE' }),
        );
      else
        expect(microFromText(text, power)).toBe(sign === '-' && micro > 0n ? -Number(micro) : Number(micro));
    }),
    { numRuns: 2_000 },
  );
});
