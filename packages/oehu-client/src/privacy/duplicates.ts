import type { RegisterReading } from '@edmp/interface';

/** Two devices that seem to be one meter. */
export interface DuplicateMeter {
  readonly a: string;
  readonly b: string;
  /** Why, from weakest to strongest. */
  readonly reason: 'continues' | 'same-registers';
  /** Registers (commodity, direction, tariff) that agree. */
  readonly registers: number;
}

/** Registers of one device at one moment. */
export interface MeterSnapshot {
  readonly device: string;
  readonly readings: readonly RegisterReading[];
}

const keyOf = (reading: RegisterReading): string => `${reading.commodity}|${reading.flow}|${reading.tariff}`;
/** Registers at or below this say nothing: many meters show zero or nearly so. */
const TELLING = 500_000;
/** Fastest that a household register moves, micro-units an hour. */
const MAX_PER_HOUR = 20_000_000;

/** Newest reading of each register. */
function newest(readings: readonly RegisterReading[]): Map<string, RegisterReading> {
  const last = new Map<string, RegisterReading>();
  for (const reading of readings) {
    const known = last.get(keyOf(reading));
    if (known === undefined || known.at <= reading.at) last.set(keyOf(reading), reading);
  }
  return last;
}

/**
 * Finds devices that are probably one meter under two ids, by their absolute registers (as in the seed
 * report's own two figures). `same-registers`: two or more telling registers are equal. `continues`: one is equal, at
 * least two others go on from one device to the other at a household's pace, and none contradicts. A strong hint, not a
 * proof. Only meters that share an exact value are compared, so thousands of them take milliseconds.
 *
 * @param snapshots - What each device shows; only the newest reading of each register counts.
 */
export function findDuplicateMeters(snapshots: readonly MeterSnapshot[]): DuplicateMeter[] {
  const meters = snapshots.map((snapshot) => ({
    device: snapshot.device,
    registers: newest(snapshot.readings),
  }));
  const candidates = new Map<string, readonly [number, number]>();
  const byValue = new Map<string, number[]>();
  for (const [index, { registers }] of meters.entries()) {
    for (const [key, reading] of registers) {
      if (reading.value <= TELLING) continue;
      const place = `${key}|${reading.value}`;
      const known = byValue.get(place);
      if (known === undefined) byValue.set(place, [index]);
      else known.push(index);
    }
  }
  for (const group of byValue.values()) {
    for (const [i, a] of group.entries()) {
      for (const b of group.slice(i + 1, i + 50)) candidates.set(`${a}|${b}`, [a, b]);
    }
  }
  const found: DuplicateMeter[] = [];
  for (const [a, b] of candidates.values()) {
    const first = meters[a];
    const second = meters[b];
    if (first === undefined || second === undefined || first.device === second.device) continue;
    let same = 0;
    let continuing = 0;
    let contradicting = 0;
    for (const [key, one] of first.registers) {
      const other = second.registers.get(key);
      if (other === undefined || (one.value <= TELLING && other.value <= TELLING)) continue;
      const [early, late] = one.at <= other.at ? [one, other] : [other, one];
      const moved = late.value - early.value;
      const most = (MAX_PER_HOUR * (late.at - early.at)) / 3_600_000 + 2000;
      if (moved === 0) same++;
      else if (moved > 0 && moved <= most) continuing++;
      else contradicting++;
    }
    if (contradicting > 0) continue;
    if (same >= 2 || (same === 1 && continuing >= 2)) {
      const reason = same >= 2 ? 'same-registers' : 'continues';
      found.push({ a: first.device, b: second.device, reason, registers: same + continuing });
    }
  }
  return found;
}
