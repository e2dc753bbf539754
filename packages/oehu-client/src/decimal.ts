import { MeterError } from './errors.ts';

/** Micro-units in one unit (kWh, m³, GJ). */
export const MICRO = 1_000_000;

const POWERS: readonly number[] = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
const DECIMAL = /^([+-]?)(\d{1,18})(?:\.(\d{0,18}))?$/;

/**
 * Integer micro-units of a decimal `text` in units of 10^`power` (kWh: 0, Wh: −3), read from its digits, never through a
 * float. Digits below one micro-unit are rounded half away from zero. Throws `ERR_METER_FORMAT` when it is no plain
 * decimal number and `ERR_METER_RANGE` above 2⁵³−1 micro-units.
 *
 * @example
 * ```ts
 * import { microFromText } from '@edmp/oehu-client/time';
 *
 * console.log(microFromText('1.5')); // 1500000
 * ```
 */
export function microFromText(text: string, power = 0): number {
  const match = DECIMAL.exec(text);
  if (match === null || !Number.isInteger(power) || Math.abs(power) > 24) {
    throw new MeterError(
      'ERR_METER_FORMAT',
      `Expected a decimal number, got ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
  const [, sign = '', whole = '', fraction = ''] = match;
  const shift = 6 + power - fraction.length;
  // Up to 15 digits everything below is exact in a float too, and several times faster than with big integers.
  if (shift >= 0 && whole.length + fraction.length + shift <= 15) {
    const fast = Number(whole + fraction) * (POWERS[shift] ?? 1);
    return sign === '-' && fast !== 0 ? -fast : fast;
  }
  let digits = BigInt(whole + fraction);
  if (shift >= 0) digits *= 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    digits = (digits + divisor / 2n) / divisor;
  }
  if (digits > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new MeterError(
      'ERR_METER_RANGE',
      `The value ${text.slice(0, 40)} is too large to be counted exactly`,
    );
  }
  const value = Number(digits);
  return sign === '-' && value !== 0 ? -value : value;
}

/** A JSON number in micro-units, and whether it carried float noise below one micro-unit (such as 352.35699999999997). */
export interface MicroNumber {
  readonly value: number;
  readonly noisy: boolean;
}

/**
 * Micro-units of a JSON number, rounded to the nearest one. Throws `ERR_METER_RANGE` when not finite or too large.
 *
 * @param number - An amount in whole units, such as kWh or m³.
 */
export function microFromNumber(number: number): MicroNumber {
  const value = Math.round(number * MICRO);
  if (!Number.isSafeInteger(value)) {
    throw new MeterError('ERR_METER_RANGE', `Expected a finite number below 9·10⁹, got ${number}`);
  }
  return { value: value === 0 ? 0 : value, noisy: value / MICRO !== number };
}

/**
 * Shortest decimal text of integer micro-units in whole units, e.g. 4426000 → `4.426`.
 *
 * @param value - A whole number of micro-units, which may be negative.
 *
 * @example
 * ```ts
 * import { formatMicro } from '@edmp/oehu-client/time';
 *
 * console.log(formatMicro(1_500_000)); // 1.5
 * ```
 */
export function formatMicro(value: number): string {
  const magnitude = Math.abs(value);
  const whole = Math.floor(magnitude / MICRO);
  const fraction = String(magnitude % MICRO)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${value < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
