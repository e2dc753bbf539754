import type { Progress } from './progress.ts';
import { lastOfNights, resolveRepeated } from './wall-clock.ts';

/** Gives the times of the repeated hour their half. */
export function settleRepeated({ clock, layout, map, repeated, readings, issues }: Progress): void {
  if (repeated.length === 0) return;
  const halves = resolveRepeated(repeated, layout.isDescending);
  const last = lastOfNights(repeated, layout.isDescending);
  for (const [i, { local, isEdge, first, count }] of repeated.entries()) {
    // Its end is that of the first half only when more of the night follows.
    const half = isEdge && last.has(i) ? 1 : (halves[i] ?? 0);
    const at = (clock.pair(local)?.[half] ?? local) + (isEdge ? 1 : 0);
    readings.settle(first, count, at, layout.stamp === 'end' ? (map.stepSeconds ?? 0) * 1000 : 0);
  }
  if (!halves.includes(1) && repeated.some(({ isEdge }) => !isEdge)) {
    const message = 'Of the hour that was repeated that night only one is there; it is taken as the first';
    issues.push({ code: 'ambiguous-time', at: '$', message });
  }
}

/** Takes back negative amounts of exports, unless all amounts of the column are. */
export function settleNegative({ negative, positive, readings, issues }: Progress): void {
  for (const [column, indexes] of negative) {
    if (!positive.has(column)) {
      const message =
        'All exports are written as negative amounts and are read without the sign; say sign to confirm';
      issues.push({ code: 'assumed', at: column.name, message });
      continue;
    }
    for (const index of indexes) readings.drop(index);
    const message = `${indexes.length} negative amounts among positive ones are left out`;
    issues.push({ code: 'bad-value', at: column.name, message });
  }
}
