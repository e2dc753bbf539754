/** Parts of a series that a told number of gaps counts in: twentieths, 5 %. */
const PARTS = 20;

/**
 * The number of gaps that a descriptor tells for `gaps` intervals without data among `count`: the next multiple of a
 * twentieth of the intervals (`⌈count / 20⌉`), never more than `count`. None stays none. A buyer is never given more
 * gaps than were told, and nobody learns from a listing how often exactly a household's meter was silent.
 *
 * @example
 * ```ts
 * import { toldGaps } from '@edmp/interface/dataset';
 *
 * console.log(toldGaps(96, 1), toldGaps(96, 7), toldGaps(96, 0)); // 5 10 0
 * ```
 */
export function toldGaps(count: number, gaps: number): number {
  const part = Math.max(1, Math.ceil(count / PARTS));
  return Math.min(count, Math.ceil(gaps / part) * part);
}

/**
 * Whether a descriptor that tells `told` gaps of `count` intervals is true of a series that has `gaps`: rounded as
 * {@link toldGaps} does it, or exact, as descriptors were before they were rounded. Nothing else, so that every verifier
 * of a delivery comes to the same answer.
 */
export function areGapsTold(count: number, told: number, gaps: number): boolean {
  return told === gaps || told === toldGaps(count, gaps);
}
