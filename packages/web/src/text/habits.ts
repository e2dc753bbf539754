import { type Day, energyOf } from './slots.ts';

/** Share of a usual day below which a day counts as quiet. */
const QUIET = 0.5;
/** Days that must be whole before any of them is called quiet. */
const ENOUGH = 7;

/** Share of a day that must have been measured for it to count. */
const WHOLE = 0.9;

const isWhole = (day: Day): boolean =>
  day.slots.filter((slot) => slot.bought !== null).length >= WHOLE * day.slots.length;
const isWeekend = (day: Day): boolean => [0, 6].includes(new Date(`${day.date}T00:00:00Z`).getUTCDay());

/** The hour in which most was bought on most days, of days given in hours. */
export function busiestHour(
  days: readonly Day[],
): { readonly hour: number; readonly days: number; readonly of: number } | undefined {
  const counts = new Map<number, number>();
  const whole = days.filter(isWhole);
  for (const { slots } of whole) {
    const top = slots.reduce((best, slot) => ((slot.bought ?? 0) > (best.bought ?? 0) ? slot : best), {
      ...slots[0],
      minute: slots[0]?.minute ?? 0,
    } as Day['slots'][number]);
    const hour = Math.floor(top.minute / 60);
    counts.set(hour, (counts.get(hour) ?? 0) + 1);
  }
  const [first] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return first === undefined ? undefined : { hour: first[0], days: first[1], of: whole.length };
}

/** What is bought in the quietest hour in twenty, kW: what never sleeps. */
export function baseLoad(days: readonly Day[]): number | undefined {
  const powers = days
    .flatMap((day) => day.slots)
    .flatMap((slot) => (slot.bought === null || slot.bought === 0 ? [] : [slot.bought]))
    .sort((a, b) => a - b);
  return powers.length < 24 ? undefined : powers[Math.floor(powers.length / 20)];
}

/** Whole days with less than half of what is bought on a usual one. */
export function quietDays(days: readonly Day[]): readonly string[] {
  const sums = days.filter(isWhole).map((day) => ({ date: day.date, sum: energyOf(day.slots, 'bought') }));
  if (sums.length < ENOUGH) return [];
  const usual = [...sums].sort((a, b) => a.sum - b.sum)[Math.floor(sums.length / 2)]?.sum ?? 0;
  return sums.filter(({ sum }) => sum < QUIET * usual).map(({ date }) => date);
}

/** Mean power per hour of working days and of weekends, kW; null where none was measured whole. */
export function usualDay(days: readonly Day[]): {
  readonly work: readonly number[] | null;
  readonly weekend: readonly number[] | null;
} {
  const mean = (some: readonly Day[]): readonly number[] | null =>
    some.length === 0
      ? null
      : Array.from({ length: 24 }, (_, hour) => {
          const powers = some.flatMap((day) =>
            day.slots.flatMap((slot) =>
              Math.floor(slot.minute / 60) === hour && slot.bought !== null ? [slot.bought] : [],
            ),
          );
          return powers.reduce((sum, power) => sum + power, 0) / Math.max(1, powers.length);
        });
  const whole = days.filter(isWhole);
  return { work: mean(whole.filter((day) => !isWeekend(day))), weekend: mean(whole.filter(isWeekend)) };
}
