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
  const value = microOrNaN(text, power);
  if (Number.isNaN(value)) {
    throw new MeterError(
      'ERR_METER_FORMAT',
      `Expected a decimal number, got ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
  if (Math.abs(value) === Number.POSITIVE_INFINITY) {
    throw new MeterError(
      'ERR_METER_RANGE',
      `The value ${text.slice(0, 40)} is too large to be counted exactly`,
    );
  }
  return value;
}

const ZERO = 0x30;
const POINT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;

/**
 * As {@link microFromText} without throwing, for readers of millions of cells: NaN when it is no plain decimal number,
 * an infinity when it is too large.
 */
export function microOrNaN(text: string, power = 0): number {
  // Up to 15 digits everything is exact in a float too, and many times faster than with big integers.
  const first = text.charCodeAt(0);
  const start = first === MINUS || first === PLUS ? 1 : 0;
  const end = text.length;
  if (end - start > 16 || end === start) return slowly(text, power);
  let point = -1;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i) - ZERO;
    if (code >= 0 && code <= 9) digits = 10 * digits + code;
    else if (code === POINT - ZERO && point < 0 && i > start) point = i;
    else return Number.NaN;
  }
  const fraction = point < 0 ? 0 : end - point - 1;
  const scale = POWERS[6 + power - fraction];
  const value = scale === undefined ? Number.NaN : digits * scale;
  if (!(value <= Number.MAX_SAFE_INTEGER) || digits >= 1e15) return slowly(text, power);
  return first === MINUS && value !== 0 ? -value : value;
}

/** As {@link microOrNaN}, for any number of digits. */
function slowly(text: string, power: number): number {
  const match = DECIMAL.exec(text);
  if (match === null || !Number.isInteger(power) || Math.abs(power) > 24) return Number.NaN;
  const [, sign = '', whole = '', fraction = ''] = match;
  const shift = 6 + power - fraction.length;
  let digits = BigInt(whole + fraction);
  if (shift >= 0) digits *= 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    digits = (digits + divisor / 2n) / divisor;
  }
  if (digits > BigInt(Number.MAX_SAFE_INTEGER)) return Number.POSITIVE_INFINITY;
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
