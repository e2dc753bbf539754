import type { MeterReading } from '../reading.ts';

/**
 * Gives gas readings of a gateway the time that the gas meter took them.
 *
 * A P1 port repeats the gas value of the last full period (an hour up to DSMR 4, five minutes from DSMR 5) until the
 * next one arrives, and OEHU stamped every repeat with its own clock. The last value seen in a period is the meter's
 * value at the start of that period (a value stamped 17:00 is use up to 17:00). Other readings pass as
 * they are. `readings` must be in ascending time.
 *
 * @param periodMs - How often the gas meter tells a value, ms: an hour by default, 300 000 from DSMR 5.
 */
export function settleGasTimes(readings: readonly MeterReading[], periodMs = 3_600_000): MeterReading[] {
  const settled: MeterReading[] = [];
  let pending: MeterReading | undefined;
  for (const reading of readings) {
    if (reading.commodity !== 'gas') {
      settled.push(reading);
      continue;
    }
    const at = Math.floor(reading.at / periodMs) * periodMs;
    if (pending !== undefined && pending.at !== at) settled.push(pending);
    pending = { ...reading, at, observedAt: reading.at };
  }
  if (pending !== undefined) settled.push(pending);
  return settled.sort((a, b) => a.at - b.at);
}
