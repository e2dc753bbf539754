/** No smart meter told a time before this: what says so has a clock that was never set. */
export const EARLIEST: number = Date.UTC(2005, 0, 1);

/** No file of today tells a time after this. */
export const LATEST: number = Date.UTC(2050, 0, 1);

/** Whether a moment can be one that a meter measured at, ms since the epoch. */
export function isPlausibleTime(at: number): boolean {
  return at >= EARLIEST && at < LATEST;
}
