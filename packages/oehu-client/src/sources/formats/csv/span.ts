import { isoInstant } from '../../iso-time.ts';
import { MAX_INTERVAL_MS } from '../../json-objects.ts';
import { localMs } from './dates.ts';
import type { Moment } from './moment.ts';
import { type Progress, type RowFacts, rowName } from './progress.ts';

const DAY = 86_400_000;

/** The moment of a row, and the interval that its amounts belong to. */
export interface Span {
  readonly at: number;
  readonly start: number;
  readonly duration: number;
}

/** The span of a row; undefined when it has an end that cannot be. What waits for its hour is put right at the end. */
export function spanOf(
  progress: Progress,
  moment: Exclude<Moment, { kind: 'none' }>,
  facts: RowFacts,
): Span | undefined {
  const at = moment.kind === 'at' ? moment.at : moment.local;
  if (facts.end === undefined && facts.endTime === undefined) return intervalAt(progress, at, moment.local);
  const duration = toldDuration(progress, moment, facts);
  if (duration !== undefined && duration > 0 && duration <= MAX_INTERVAL_MS)
    return { at, start: at, duration };
  progress.issues.push({ code: 'bad-time', at: rowName(facts), message: 'Expected an end after the start' });
  return undefined;
}

/** Length of the interval of a row that tells its end. */
function toldDuration(
  { map, layout, clock }: Progress,
  moment: Exclude<Moment, { kind: 'none' }>,
  facts: RowFacts,
): number | undefined {
  if (moment.local === undefined) {
    const end = isoInstant(facts.end);
    return end === undefined || moment.kind !== 'at' ? undefined : end - moment.at;
  }
  let local = localMs(
    facts.end ?? facts.date,
    layout.order,
    facts.endTime ?? (facts.end === undefined ? facts.time : undefined),
  );
  if (local === undefined) return undefined;
  if (map.endInclusive === true && Math.floor(local / 60_000) % 5 === 4) local += 60_000;
  if (facts.end === undefined && local <= moment.local) local += DAY;
  if (moment.kind === 'repeated') {
    const wall = local - moment.local;
    return wall > 0 ? wall : wall + 3_600_000;
  }
  const end = clock.bound(local);
  // An end in the repeated hour is the first of the two that comes after the start.
  return end > moment.at ? end - moment.at : (clock.pair(local)?.[1] ?? end) - moment.at;
}

/** The interval that begins or ends at `at`; whole days are those of the calendar. */
export function intervalAt({ map, layout, clock }: Progress, at: number, local: number | undefined): Span {
  const step = (map.stepSeconds ?? 0) * 1000;
  const isEnd = layout.stamp === 'end';
  if (local === undefined || step % DAY !== 0) return { at, start: isEnd ? at - step : at, duration: step };
  const other = clock.bound(isEnd ? local - step : local + step);
  return isEnd ? { at, start: other, duration: at - other } : { at, start: at, duration: other - at };
}
