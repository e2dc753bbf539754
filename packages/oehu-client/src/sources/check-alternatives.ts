import { keyOf, type SeenRegister } from './check-corrections.ts';
import type { SourceIssue } from './issues.ts';
import { type AnyReading, isIntervalReading, momentOf, NO_TIME } from './meter-file.ts';

/** Registers named in one issue. */
const MOST_NAMES = 4;

/** What a series takes one register of. */
const sameOf = ({
  commodity,
  flow,
  tariff,
  serial,
}: Omit<SeenRegister, 'register' | 'last' | 'isAscending'>): string =>
  `${commodity}|${flow}|${tariff}|${serial ?? ''}`;

/** The readings of one moment that say the same of one meter. */
interface Moment {
  readonly register: string | undefined;
  readonly value: number;
}

/**
 * Tells where several registers of one meter say that they are the same amount and tell different ones, such as the
 * columns of three phases: a series counts one of them, and the others would vanish without a word.
 */
export function tellAlternatives(
  pieces: () => Iterable<readonly AnyReading[]>,
  registers: ReadonlyMap<string, SeenRegister>,
  issues: SourceIssue[],
): void {
  const groups = new Map<string, string[]>();
  for (const seen of registers.values()) {
    const same = sameOf(seen);
    const names = groups.get(same);
    if (names === undefined) groups.set(same, [seen.register ?? '']);
    else names.push(seen.register ?? '');
  }
  const several = new Map([...groups].filter(([, names]) => names.length > 1));
  if (several.size === 0) return;
  const sameByKey = new Map([...registers].map(([key, seen]) => [key, sameOf(seen)] as const));
  const first = new Map<string, Moment>();
  const differing = new Map<string, number>();
  for (const piece of pieces()) {
    for (const reading of piece) {
      const at = momentOf(reading);
      const same = at === NO_TIME ? undefined : sameByKey.get(keyOf(reading));
      if (same === undefined || !several.has(same)) continue;
      const moment = `${same}|${at}|${isIntervalReading(reading) ? reading.duration : 0}`;
      const { register, value } = reading;
      const before = first.get(moment);
      if (before === undefined) first.set(moment, { register, value });
      else if (before.register !== register && before.value !== value)
        differing.set(same, (differing.get(same) ?? 0) + 1);
    }
  }
  for (const [same, count] of differing) {
    const names = several.get(same) ?? [];
    const at = names.slice(0, MOST_NAMES).join(', ');
    const message = `${count} amounts differ between ${names.length} registers that say they are the same; one of them counts. If they add up, they need tariffs of their own`;
    issues.push({ code: 'overlap', at, message });
  }
}
