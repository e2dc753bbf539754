import { ATTESTATION_LEVELS, type AttestationLevel, type RegisterReading } from '@edmp/interface';

/** Whether `level` is at least `wanted`. */
export function atLeast(level: AttestationLevel, wanted: AttestationLevel): boolean {
  return ATTESTATION_LEVELS.indexOf(level) >= ATTESTATION_LEVELS.indexOf(wanted);
}

/**
 * Lowest level among readings, and how many source records reach it. No readings: `unsigned`, 0.
 *
 * @param readings - Readings of any registers; those of one source record count once.
 */
export function lowestLevel(readings: readonly RegisterReading[]): {
  readonly trust: AttestationLevel;
  readonly verified: number;
} {
  const trust = lowestTrust(readings);
  return { trust, verified: verifiedRecords(readings) };
}

/** Lowest level among the readings from one moment to another, both inclusive; no readings: `unsigned`. */
export function lowestTrust(
  readings: readonly RegisterReading[],
  first: number = Number.NEGATIVE_INFINITY,
  last: number = Number.POSITIVE_INFINITY,
): AttestationLevel {
  let lowest = ATTESTATION_LEVELS.length - 1;
  let before: AttestationLevel | undefined;
  for (const { at, trust } of readings) {
    if (trust === before || !(at >= first && at <= last)) continue;
    before = trust;
    lowest = Math.min(lowest, ATTESTATION_LEVELS.indexOf(trust));
  }
  return before === undefined ? 'unsigned' : (ATTESTATION_LEVELS[lowest] ?? 'unsigned');
}

/** Places of a table that are looked at for one record, before a `Set` is trusted more. */
const MOST_STEPS = 64;

/**
 * How many source records the readings from `from` on and before `to` are of; 0 when one of them is unsigned. A table of
 * places instead of a `Set` takes a third of its time, and gives the collector nothing to do. Records that somebody chose
 * to fall on the same place are counted by a `Set` after all.
 */
export function verifiedRecords(
  readings: readonly RegisterReading[],
  from: number = Number.NEGATIVE_INFINITY,
  to: number = Number.POSITIVE_INFINITY,
): number {
  let size = 16;
  while (size < 2 * readings.length) size *= 2;
  /** 1 + the place of the first reading of a record; 0: free. */
  const table = new Uint32Array(size);
  const marks = new Uint32Array(readings.length);
  let count = 0;
  let before: string | undefined;
  let isCrowded = false;
  for (let i = 0; i < readings.length; i++) {
    const reading = readings[i];
    if (reading === undefined || !(reading.at >= from && reading.at < to)) continue;
    if (reading.trust === 'unsigned') return 0;
    const { record } = reading;
    // Readings of one record follow each other.
    if (record === before || isCrowded) continue;
    before = record;
    const mark = markOf(record);
    marks[i] = mark;
    let slot = mark & (size - 1);
    for (let steps = 0; !isCrowded; steps++, slot = (slot + 1) & (size - 1)) {
      const place = table[slot] ?? 0;
      if (place === 0) {
        table[slot] = i + 1;
        count++;
        break;
      }
      if (marks[place - 1] === mark && readings[place - 1]?.record === record) break;
      isCrowded = steps > MOST_STEPS;
    }
  }
  if (!isCrowded) return count;
  const records = new Set<string>();
  for (const { at, record } of readings) if (at >= from && at < to) records.add(record);
  return records.size;
}

/** A number for a text (FNV-1a over its characters, then Murmur3's finalizer). */
function markOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
