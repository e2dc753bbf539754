/**
 * Seeds that once showed a bug (README.md): run before every change goes in,
 * whatever else is drawn.
 */
export const KNOWN_SEEDS: readonly number[] = [
  2, 5, 9, 50, 121, 409, 1101, 1110, 1167, 10_061, 10_558, 20_043, 502_143, 504_471, 504_853, 502_406,
  503_444, 500_558, 501_108, 502_799, 503_119, 503_917, 503_536, 503_544, 504_069,
];
