import type { SourceIssue } from './issues.ts';
import { type AnyReading, isIntervalReading, momentOf, NO_TIME } from './meter-file.ts';
import { EARLIEST, isPlausibleTime } from './plausible-time.ts';

/** A clock may be this far ahead of the time of arrival before it is told, and before the time is impossible. */
const AHEAD_TOLD = 120_000;
const AHEAD_MOST = 26 * 3_600_000;

/**
 * Looks for readings whose time cannot be: long before smart meters, or more than a day after the file was taken. They
 * are told, and to be left out. A smaller lead, as a wrong zone gives, is told. Gives the test that finds the others;
 * undefined when all are possible.
 */
export function possibleTimes(
  pieces: Iterable<readonly AnyReading[]>,
  receivedAt: number | undefined,
  issues: SourceIssue[],
): ((reading: AnyReading) => boolean) | undefined {
  // A file that says it is older than all meters was copied without its time.
  const arrival = receivedAt !== undefined && receivedAt >= EARLIEST ? receivedAt : Number.POSITIVE_INFINITY;
  let impossible = 0;
  let example = 0;
  let ahead = 0;
  const endOf = (reading: AnyReading, at: number): number =>
    isIntervalReading(reading) ? at + Math.min(reading.duration, 3_600_000) : at;
  const isPossible = (reading: AnyReading): boolean => {
    const at = momentOf(reading);
    return at === NO_TIME || (isPlausibleTime(at) && !(endOf(reading, at) > arrival + AHEAD_MOST));
  };
  for (const piece of pieces) {
    for (const reading of piece) {
      const at = momentOf(reading);
      if (!isPossible(reading)) {
        impossible++;
        example = at;
      } else if (at !== NO_TIME && endOf(reading, at) > arrival + AHEAD_TOLD) ahead++;
    }
  }
  if (impossible > 0) {
    const year =
      Number.isFinite(example) && Math.abs(example) < 8e15 ? new Date(example).getUTCFullYear() : 'none';
    const message = `${impossible} readings have a time that cannot be (year ${year}) and are left out`;
    issues.push({ code: 'impossible-time', at: '$', message });
  }
  if (ahead > 0) {
    const message = `${ahead} readings are from after the file was taken; is the zone right, or a clock wrong?`;
    issues.push({ code: 'clock', at: '$', message });
  }
  return impossible > 0 ? isPossible : undefined;
}
