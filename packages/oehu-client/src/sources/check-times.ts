import type { SourceIssue } from './issues.ts';
import { type AnyReading, isIntervalReading, momentOf, NO_TIME } from './meter-file.ts';
import { EARLIEST, isPlausibleTime } from './plausible-time.ts';

/** A clock may be this far ahead of the time of arrival before it is told, and before the time is impossible. */
const AHEAD_TOLD = 120_000;
const AHEAD_MOST = 26 * 3_600_000;

/**
 * Leaves out readings whose time cannot be: long before smart meters, or more than a day after the file was taken. A
 * smaller lead, as a wrong zone gives, is told.
 */
export function withPossibleTimes(
  readings: readonly AnyReading[],
  receivedAt: number | undefined,
  issues: SourceIssue[],
): readonly AnyReading[] {
  // A file that says it is older than all meters was copied without its time.
  const arrival = receivedAt !== undefined && receivedAt >= EARLIEST ? receivedAt : Number.POSITIVE_INFINITY;
  let impossible = 0;
  let example = 0;
  let ahead = 0;
  const isPossible = (reading: AnyReading): boolean => {
    const at = momentOf(reading);
    if (at === NO_TIME) return true;
    const end = isIntervalReading(reading) ? at + Math.min(reading.duration, 3_600_000) : at;
    if (!isPlausibleTime(at) || end > arrival + AHEAD_MOST) {
      impossible++;
      example = at;
      return false;
    }
    if (end > arrival + AHEAD_TOLD) ahead++;
    return true;
  };
  const possible = readings.filter(isPossible);
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
  return possible;
}
