import { boundedMap } from '@edmp/interface/bounded';
import type { AnyReading } from '../sources/meter-file.ts';
import { isIntervalReading, momentOf } from '../sources/meter-file.ts';

/** Chooses which readings of a running meter are kept. */
export interface MinuteThinner {
  /** Those of the readings that are the first of their register in their minute; every interval. */
  keep(readings: readonly AnyReading[]): readonly AnyReading[];
}

/** Registers of one meter that are told apart; more is no household's meter. */
const MAX_REGISTERS = 1000;
const MINUTE = 60_000;

/**
 * Keeps the first reading of each register in each minute. A P1 port tells its registers every second, a recorder needs
 * them where quarters and hours begin, and the first of a minute lies there.
 */
export function minuteThinner(): MinuteThinner {
  const minutes = boundedMap<string, number>({ max: MAX_REGISTERS });
  return {
    keep: (readings) =>
      readings.filter((reading) => {
        if (isIntervalReading(reading)) return true;
        const { commodity, flow, tariff, serial = '', register = '' } = reading;
        const key = `${commodity}|${flow}|${tariff}|${serial}|${register}`;
        const minute = Math.floor(momentOf(reading) / MINUTE);
        if (minutes.get(key) === minute) return false;
        minutes.set(key, minute);
        return true;
      }),
  };
}
