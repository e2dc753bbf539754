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
  const records = new Set<string>();
  for (const reading of readings) records.add(reading.record);
  return { trust, verified: trust === 'unsigned' ? 0 : records.size };
}

/** Lowest level among readings; no readings: `unsigned`. */
export function lowestTrust(readings: readonly RegisterReading[]): AttestationLevel {
  let lowest = ATTESTATION_LEVELS.length - 1;
  let last: AttestationLevel | undefined;
  for (const { trust } of readings) {
    if (trust === last) continue;
    last = trust;
    lowest = Math.min(lowest, ATTESTATION_LEVELS.indexOf(trust));
  }
  return readings.length === 0 ? 'unsigned' : (ATTESTATION_LEVELS[lowest] ?? 'unsigned');
}
