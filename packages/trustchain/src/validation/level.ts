import type { ValidationLevel } from '@edmp/interface';

/**
 * How much of a block's neighbourhood is known, from the positions of the nearest known blocks of its author below
 * and above (null = none). `valid` says that both neighbours are there; whether the counterparty signed is the
 * pair's state, not the block's level.
 *
 * @param seq - Position of the block in its author's chain, from 1 up.
 * @param previous - Position of the nearest known block below; null when none is known.
 * @param next - Position of the nearest known block above; null when none is known.
 */
export function neighbourhoodLevel(
  seq: number,
  previous: number | null,
  next: number | null,
): Exclude<ValidationLevel, 'invalid'> {
  const previousKnown = seq === 1 || previous === seq - 1;
  const nextKnown = next === seq + 1;
  if (previousKnown) return nextKnown ? 'valid' : 'partial-next';
  if (nextKnown) return 'partial-previous';
  return previous === null && next === null ? 'no-info' : 'partial';
}
