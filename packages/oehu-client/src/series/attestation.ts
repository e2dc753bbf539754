import { ATTESTATION_LEVELS, type AttestationLevel, type RegisterReading } from '@edmp/interface';

/** Whether `level` is at least `wanted`. */
export function atLeast(level: AttestationLevel, wanted: AttestationLevel): boolean {
  return ATTESTATION_LEVELS.indexOf(level) >= ATTESTATION_LEVELS.indexOf(wanted);
}

/** Lowest level among readings, and how many source records reach it. No readings: `unsigned`, 0. */
export function lowestLevel(readings: readonly RegisterReading[]): {
  readonly trust: AttestationLevel;
  readonly verified: number;
} {
  let lowest = ATTESTATION_LEVELS.length - 1;
  for (const reading of readings) lowest = Math.min(lowest, ATTESTATION_LEVELS.indexOf(reading.trust));
  const trust = readings.length === 0 ? 'unsigned' : (ATTESTATION_LEVELS[lowest] ?? 'unsigned');
  const records = new Set<string>();
  for (const reading of readings) records.add(reading.record);
  return { trust, verified: trust === 'unsigned' ? 0 : records.size };
}
