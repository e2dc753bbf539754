import { type FieldFailure, unexpected } from './failure.ts';

/** Largest amount in anything signed: 2⁶³−1. */
const MAX_INT64 = 2n ** 63n - 1n;

/** Integers: counts, times and amounts. */
export interface NumberReaders {
  /** A safe integer in [min, max]. */
  integerOf(value: unknown, min: number, max: number, where: string): number;
  /** An amount in [min, 2⁶³−1] of either integer form. */
  amountOf(value: unknown, min: bigint, where: string): bigint;
}

/** {@link NumberReaders} that throw what `fail` makes. */
export function numberReaders(fail: FieldFailure): NumberReaders {
  return {
    integerOf(value, min, max, where) {
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
        return value;
      throw unexpected(fail, where, `an integer between ${min} and ${max}`, value);
    },
    amountOf(value, min, where) {
      if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
        const amount = BigInt(value);
        if (amount >= min && amount <= MAX_INT64) return amount;
      }
      throw unexpected(fail, where, `an integer between ${min} and 2⁶³−1`, value);
    },
  };
}

/**
 * An amount in the form that encodes it: a number while it is safe, as decoding gives it back.
 *
 * @param amount - Minor units of money, or another integer within 64 bits.
 */
export function amountToTx(amount: bigint): number | bigint {
  return amount <= BigInt(Number.MAX_SAFE_INTEGER) && amount >= BigInt(Number.MIN_SAFE_INTEGER)
    ? Number(amount)
    : amount;
}
