import { type CurveView, intervalStarts, localTime } from '@edmp/node/client';

/** One interval of a local day, as pictures draw it. */
export interface Slot {
  /** Minute of the local day at which it starts, and its length in minutes. */
  readonly minute: number;
  readonly length: number;
  /** Start, ms since the epoch. */
  readonly start: number;
  /** Mean power, kW (of gas: m³/h); null: nothing received. */
  readonly bought: number | null;
  readonly given: number | null;
}

/** A local day with its slots. */
export interface Day {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly slots: readonly Slot[];
}

/** The days of a curve and of the one the other way, which starts at the same moment and has the same step. */
export function daysOf(bought: CurveView, given: CurveView | undefined): readonly Day[] {
  const starts = intervalStarts(bought.start, bought.step, bought.zone, bought.values.length + 1);
  const local = localTime(bought.zone);
  const days = new Map<string, Slot[]>();
  for (const [i, value] of bought.values.entries()) {
    const start = starts[i] ?? 0;
    const length = ((starts[i + 1] ?? start) - start) / 60_000;
    const text = local(start);
    const date = text.slice(0, 10);
    const back = given?.values[i] ?? null;
    const slot: Slot = {
      minute: Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16)),
      length,
      start,
      bought: powerOf(value, length),
      given: powerOf(back, length),
    };
    const day = days.get(date);
    if (day === undefined) days.set(date, [slot]);
    else day.push(slot);
  }
  return [...days].map(([date, slots]) => ({ date, slots }));
}

/** Micro-units of an interval as mean power, units an hour. */
function powerOf(micro: number | null, minutes: number): number | null {
  return micro === null || minutes <= 0 ? null : (micro / 1_000_000) * (60 / minutes);
}

/** Energy of slots, kWh (of gas: m³). */
export function energyOf(slots: readonly Slot[], way: 'bought' | 'given'): number {
  return slots.reduce((sum, slot) => sum + ((slot[way] ?? 0) * slot.length) / 60, 0);
}

/** Stretches without readings, by the minute of their start and end, up to `until` (ms since the epoch). */
export function gapsOf(
  slots: readonly Slot[],
  until: number,
): readonly { readonly from: number; readonly to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  for (const slot of slots) {
    const end = slot.minute + slot.length;
    if (slot.bought !== null || slot.given !== null || slot.start + slot.length * 60_000 > until) continue;
    const last = gaps.at(-1);
    if (last?.to === slot.minute) last.to = end;
    else gaps.push({ from: slot.minute, to: end });
  }
  return gaps;
}

/** `08:15` of a minute of the day. */
export function clockOf(minute: number): string {
  const within = minute % 1_440;
  return `${String(Math.floor(within / 60)).padStart(2, '0')}:${String(Math.round(within % 60)).padStart(2, '0')}`;
}

/** Slots joined to longer ones of `minutes`; one with a piece missing is missing. */
export function joined(slots: readonly Slot[], minutes: number): readonly Slot[] {
  const out = new Map<number, Slot[]>();
  for (const slot of slots) {
    const at = Math.floor(slot.minute / minutes) * minutes;
    const group = out.get(at);
    if (group === undefined) out.set(at, [slot]);
    else group.push(slot);
  }
  return [...out].map(([minute, group]) => {
    const length = group.reduce((sum, slot) => sum + slot.length, 0);
    const mean = (way: 'bought' | 'given'): number | null =>
      group.some((slot) => slot[way] === null) ? null : energyOf(group, way) / (length / 60);
    return { minute, length, start: group[0]?.start ?? 0, bought: mean('bought'), given: mean('given') };
  });
}
