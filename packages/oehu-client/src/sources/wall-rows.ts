import { localMs } from './formats/csv/dates.ts';
import { type RepeatedTime, resolveRepeated, WallClock } from './formats/csv/wall-clock.ts';
import { isoInstant } from './iso-time.ts';
import type { SourceIssue } from './issues.ts';

/**
 * Instants of the times of a document's rows, in their order: ISO times with an offset as they are, others on the wall
 * clock of `zone`. In the repeated hour the order of the rows decides. Undefined for times that cannot be, which an issue
 * tells.
 */
export function rowInstants(
  texts: readonly string[],
  zone: string,
  where: (index: number) => string,
  issues: SourceIssue[],
): (number | undefined)[] {
  const clock = new WallClock(zone);
  const instants: (number | undefined)[] = [];
  const repeated: (RepeatedTime & { readonly index: number })[] = [];
  for (const [index, text] of texts.entries()) {
    const iso = isoInstant(text);
    const local = iso === undefined ? localMs(text, 'day-first') : undefined;
    const at = iso ?? (local === undefined ? undefined : clock.unique(local));
    if (at === undefined && local !== undefined && clock.pair(local) !== undefined) {
      repeated.push({ local, group: '', index });
    } else if (at === undefined) {
      const code = local === undefined ? 'bad-time' : 'skipped-time';
      const message = local === undefined ? 'Expected a time of the calendar' : 'This hour did not exist';
      issues.push({ code, at: where(index), message });
    }
    instants.push(at);
  }
  const first = instants.find((at) => at !== undefined) ?? 0;
  const last = instants.findLast((at) => at !== undefined) ?? 0;
  const halves = resolveRepeated(repeated, last < first);
  for (const [i, { local, index }] of repeated.entries())
    instants[index] = clock.pair(local)?.[halves[i] ?? 0];
  if (repeated.length > 0 && !halves.includes(1)) {
    const message = 'Of the hour that was repeated that night only one is there; it is taken as the first';
    issues.push({ code: 'ambiguous-time', at: where(repeated[0]?.index ?? 0), message });
  }
  return instants;
}
