import type { SourceIssue } from './issues.ts';
import { type AnyReading, isIntervalReading, momentOf, NO_TIME } from './meter-file.ts';

/** What is known of one register while going through a file. */
export interface SeenRegister {
  readonly commodity: AnyReading['commodity'];
  readonly tariff: AnyReading['tariff'];
  readonly flow: AnyReading['flow'];
  readonly serial: string | undefined;
  readonly register: string | undefined;
  last: number;
  isAscending: boolean;
}

/**
 * Tells where a file gives the same moment of a register another value: the later one counts (`registersOf`).
 *
 * @param pieces - The readings of the file, as often as they are asked for.
 * @param registers - Its registers (`registersIn`).
 */
export function tellCorrections(
  pieces: () => Iterable<readonly AnyReading[]>,
  registers: ReadonlyMap<string, SeenRegister>,
  issues: SourceIssue[],
): void {
  const open = [...registers].filter(([, { isAscending }]) => !isAscending);
  if (open.length === 0) return;
  const changes = new Map(open.map(([key]) => [key, { values: new Map<string, number>(), changed: 0 }]));
  for (const piece of pieces()) {
    for (const reading of piece) {
      const at = momentOf(reading);
      const register = at === NO_TIME ? undefined : changes.get(keyOf(reading));
      if (register === undefined) continue;
      const moment = `${at}|${isIntervalReading(reading) ? reading.duration : 0}`;
      const before = register.values.get(moment);
      if (before !== undefined && before !== reading.value) register.changed++;
      register.values.set(moment, reading.value);
    }
  }
  for (const [key, { register }] of open) {
    const changed = changes.get(key)?.changed ?? 0;
    if (changed === 0) continue;
    const message = `${changed} values are told again with another amount; the last one counts`;
    issues.push({ code: 'corrected', at: register ?? '$', message });
  }
}

/** What tells registers apart. */
export const keyOf = ({ commodity, flow, tariff, serial, register }: AnyReading): string =>
  `${commodity}|${flow}|${tariff}|${serial ?? ''}|${register ?? ''}`;

/** The registers of a file, and whether their times only ever go on. */
export function registersIn(pieces: Iterable<readonly AnyReading[]>): ReadonlyMap<string, SeenRegister> {
  const registers = new Map<string, SeenRegister>();
  let seen: SeenRegister | undefined;
  for (const piece of pieces) {
    for (const reading of piece) {
      const { commodity, tariff, flow, serial, register } = reading;
      if (
        seen?.register !== register ||
        seen?.commodity !== commodity ||
        seen?.serial !== serial ||
        seen?.tariff !== tariff ||
        seen?.flow !== flow
      ) {
        const key = keyOf(reading);
        seen = registers.get(key);
        if (seen === undefined) {
          const last = Number.NEGATIVE_INFINITY;
          seen = { commodity, tariff, flow, serial, register, last, isAscending: true };
          registers.set(key, seen);
        }
      }
      const at = momentOf(reading);
      if (at === NO_TIME) continue;
      if (at <= seen.last) seen.isAscending = false;
      seen.last = at;
    }
  }
  return registers;
}
