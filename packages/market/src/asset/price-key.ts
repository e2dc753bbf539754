import type { Price } from './price.ts';

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function bitLength(value: bigint): number {
  return value.toString(16).length * 4;
}

/**
 * The double nearest to `amount / per`, ties to even.
 *
 * Rounding to nearest is monotonic, so two keys that differ order two prices correctly; equal keys need
 * {@link compareExact}. IEEE 754 division does it for safe integers; larger ones keep 64 or more quotient bits and a
 * sticky bit, which the conversion to a double then rounds once, correctly.
 */
export function priceKey(amount: bigint, per: bigint): number {
  if (amount <= SAFE && per <= SAFE) return Number(amount) / Number(per);
  const shift = BigInt(Math.max(0, 72 - bitLength(amount) + bitLength(per)));
  const numerator = amount << shift;
  const quotient = numerator / per;
  const sticky = numerator % per === 0n ? 0n : 1n;
  return Number(quotient | sticky) / 2 ** Number(shift);
}

/** A ratio that a double does not hold exactly; null for whole prices up to 2⁵³−1, which it does. */
export type ExactRatio = { readonly amount: bigint; readonly per: bigint } | null;

/** The exact form of a price where its key alone is not enough. */
export function exactRatio(unit: Pick<Price, 'amount' | 'per'>): ExactRatio {
  return unit.per === 1n && unit.amount <= SAFE ? null : { amount: unit.amount, per: unit.per };
}

/** Order of two prices whose keys are equal to `key`, by cross-multiplication. */
export function compareExact(key: number, a: ExactRatio, b: ExactRatio): number {
  if (a === null && b === null) return 0;
  // A null ratio is a whole number ≤ 2⁵³−1, so the key itself is its exact value.
  const left = (a === null ? BigInt(key) : a.amount) * (b === null ? 1n : b.per);
  const right = (b === null ? BigInt(key) : b.amount) * (a === null ? 1n : a.per);
  return left < right ? -1 : left > right ? 1 : 0;
}
