import type { SourceIssue } from './issues.ts';
import { type AnyReading, isIntervalReading, momentOf, NO_TIME } from './meter-file.ts';

/** What is known of one register while going through a file. */
interface Seen {
  readonly tariff: AnyReading['tariff'];
  readonly flow: AnyReading['flow'];
  readonly serial: string | undefined;
  readonly register: string | undefined;
  readonly values: { at: number; value: number; duration: number }[];
  isAscending: boolean;
}

/** Tells where a file gives the same moment of a register another value: the later one counts (`registersOf`). */
export function tellCorrections(readings: readonly AnyReading[], issues: SourceIssue[]): void {
  const registers = new Map<string, Seen>();
  let seen: Seen | undefined;
  for (const reading of readings) {
    const { tariff, flow, serial, register } = reading;
    if (
      seen?.register !== register ||
      seen?.serial !== serial ||
      seen?.tariff !== tariff ||
      seen?.flow !== flow
    ) {
      const key = `${reading.commodity}|${flow}|${tariff}|${serial ?? ''}|${register ?? ''}`;
      seen = registers.get(key);
      if (seen === undefined) {
        seen = { tariff, flow, serial, register, values: [], isAscending: true };
        registers.set(key, seen);
      }
    }
    const at = momentOf(reading);
    if (at === NO_TIME) continue;
    const last = seen.values[seen.values.length - 1];
    if (last !== undefined && at <= last.at) seen.isAscending = false;
    seen.values.push({
      at,
      value: reading.value,
      duration: isIntervalReading(reading) ? reading.duration : 0,
    });
  }
  for (const { values, isAscending, register } of registers.values()) {
    if (isAscending) continue;
    const byTime = new Map<string, number>();
    let changed = 0;
    for (const { at, value, duration } of values) {
      const key = `${at}|${duration}`;
      const before = byTime.get(key);
      if (before !== undefined && before !== value) changed++;
      byTime.set(key, value);
    }
    if (changed > 0) {
      const message = `${changed} values are told again with another amount; the last one counts`;
      issues.push({ code: 'corrected', at: register ?? '$', message });
    }
  }
}
