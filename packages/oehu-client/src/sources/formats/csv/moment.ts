import { isoInstant } from '../../iso-time.ts';
import type { SourceIssue } from '../../issues.ts';
import { localMs } from './dates.ts';
import { type Progress, type RowFacts, rowName } from './progress.ts';

const DAY = 86_400_000;

/** When something of a row was measured; a time of the repeated hour waits for the other rows. */
export type Moment =
  | { readonly kind: 'at'; readonly at: number; readonly local: number | undefined }
  /** `isEdge`: the end of the repeated hour, which its first half may end with too. */
  | { readonly kind: 'repeated'; readonly local: number; readonly isEdge?: true }
  | { readonly kind: 'none' };

/** When the time cells of a row say; what cannot be is told. */
export function momentOf(progress: Progress, facts: RowFacts): Moment {
  const { map, issues } = progress;
  const fail = (message: string): Moment => {
    issues.push({
      code: 'bad-time',
      at: rowName(facts),
      message: `${message}, got ${JSON.stringify(facts.date.slice(0, 40))}`,
    });
    return { kind: 'none' };
  };
  switch (map.timeFormat) {
    case 'iso': {
      const at = isoInstant(facts.date);
      return at === undefined
        ? fail('Expected an ISO 8601 time with its offset')
        : { kind: 'at', at, local: undefined };
    }
    case 'epoch-s':
      return /^\d{1,11}$/.test(facts.date)
        ? { kind: 'at', at: Number(facts.date) * 1000, local: undefined }
        : fail('Expected seconds since the epoch');
    case 'epoch-ms':
      return /^\d{1,14}$/.test(facts.date)
        ? { kind: 'at', at: Number(facts.date), local: undefined }
        : fail('Expected milliseconds since the epoch');
    case 'local': {
      if (map.isOrdinal === true)
        return ordinalMoment(progress, facts) ?? fail('Expected a date and an interval of that day');
      const local = localMs(facts.date, progress.layout.order, facts.time);
      if (local === undefined)
        return fail('Expected a local time such as 2026-03-29 13:15 that the calendar has');
      return localMoment(progress, local, facts);
    }
  }
}

/** The start of the n-th interval of a local day; undefined when the day has none such. */
function ordinalMoment({ map, layout, clock }: Progress, { date, time = '' }: RowFacts): Moment | undefined {
  const midnight = localMs(date, layout.order, '');
  if (midnight === undefined || !/^\d{1,4}$/.test(time)) return undefined;
  const at = clock.bound(midnight) + (Number(time) - 1) * (map.stepSeconds ?? 0) * 1000;
  const isInDay = Number(time) > 0 && at < clock.bound(midnight + DAY);
  return isInDay ? { kind: 'at', at, local: undefined } : undefined;
}

function localMoment(progress: Progress, local: number, facts: RowFacts): Moment {
  const { clock, layout, map, jumped, issues } = progress;
  const at = clock.unique(local);
  if (at !== undefined) {
    // The last interval of an hour that did not exist ends at the moment that the clock jumped to.
    if (layout.stamp === 'end' && jumped.has(at)) return skipped(issues, facts);
    const isWithinDay = Number(map.stepSeconds) * 1000 < DAY;
    if (layout.stamp === 'end' && isWithinDay && clock.isRepeated(local - 1))
      return { kind: 'repeated', local, isEdge: true };
    return { kind: 'at', at, local };
  }
  if (clock.pair(local) !== undefined) return { kind: 'repeated', local };
  // An interval that ends when the clock jumps is stamped with the time that it jumped from.
  if (layout.stamp === 'end' && clock.unique(local - 1) !== undefined) {
    const jump = clock.bound(local);
    jumped.add(jump);
    return { kind: 'at', at: jump, local };
  }
  return skipped(issues, facts);
}

function skipped(issues: SourceIssue[], facts: RowFacts): Moment {
  issues.push({
    code: 'skipped-time',
    at: rowName(facts),
    message: 'This hour did not exist; the row is left out',
  });
  return { kind: 'none' };
}
