/**
 * Seeds that once showed a bug (README.md): run before every change goes in,
 * whatever else is drawn.
 */
export const KNOWN_SEEDS: readonly number[] = [
  2, 5, 9, 50, 121, 409, 1101, 1110, 1167, 10_061, 10_558, 20_043, 500_034, 500_499, 500_506, 500_874,
  501_159, 501_451, 501_788, 502_143, 502_406, 502_662, 503_444, 503_536, 503_544, 503_651, 503_838, 504_069,
  504_439, 504_471, 504_853, 505_999, 506_014, 506_275,
];
