import type { Zone } from '../time/zone.ts';
import { type HouseholdParameters, simulateDay } from './household.ts';

/** Registers of one household at one moment, as its P1 port shows them. */
export interface EmulatedRegisters {
  /** Import in the low tariff (NL tariff 1: nights and weekends), Wh. */
  readonly import1: number;
  /** Import in the normal tariff (NL tariff 2), Wh. */
  readonly import2: number;
  readonly export1: number;
  readonly export2: number;
  /** Gas, litres, as of the last full hour; null without a gas meter. */
  readonly gas: number | null;
}

/** The meters of one household over time. */
export interface EmulatedMeter {
  /** Registers at an instant from `start` on. */
  at(instant: number): EmulatedRegisters;
}

interface Counters {
  readonly start: number;
  /** mWh. */
  readonly import1: number;
  readonly import2: number;
  readonly export1: number;
  readonly export2: number;
  /** Litres. */
  readonly gas: number;
}

interface DayRegisters {
  readonly start: number;
  readonly end: number;
  /** Registers in mWh at the start of each minute, one more entry than minutes. */
  readonly import1: Float64Array;
  readonly import2: Float64Array;
  readonly export1: Float64Array;
  readonly export2: Float64Array;
  /** Gas in litres at the start of each hour. */
  readonly gas: Float64Array;
}

/** Days whose minutes stay in memory for one household. */
const KEPT_DAYS = 3;

/** Integrates a household's simulated days into registers from local midnight `start` on. Tariffs add up exactly. */
export function emulatedMeter(household: HouseholdParameters, zone: Zone, start: number): EmulatedMeter {
  const { seed, solarWatts } = household;
  const hasExport = solarWatts > 0 ? 1 : 0;
  const openings: Counters[] = [
    {
      start,
      import1: 1000 * (seed % 9_000_000),
      import2: 1000 * (Math.floor(seed / 7) % 9_000_000),
      export1: hasExport * 1000 * (Math.floor(seed / 11) % 3_000_000),
      export2: hasExport * 1000 * (Math.floor(seed / 13) % 3_000_000),
      gas: Math.floor(seed / 17) % 5_000_000,
    },
  ];
  const kept: DayRegisters[] = [];

  /** Integrates the day with number `index`, whose opening counters are known. */
  const integrate = (index: number): DayRegisters => {
    const opening = openings[index];
    if (opening === undefined) throw new RangeError('Days are integrated in order');
    const day = simulateDay(household, zone, opening.start);
    const size = day.load.length + 1;
    const registers: DayRegisters = {
      start: opening.start,
      end: opening.start + day.load.length * 60_000,
      import1: new Float64Array(size),
      import2: new Float64Array(size),
      export1: new Float64Array(size),
      export2: new Float64Array(size),
      gas: new Float64Array(day.gas.length + 1),
    };
    let { import1, import2, export1, export2, gas } = opening;
    for (let minute = 0; minute < size; minute++) {
      registers.import1[minute] = import1;
      registers.import2[minute] = import2;
      registers.export1[minute] = export1;
      registers.export2[minute] = export2;
      if (minute + 1 === size) break;
      const net = (day.load[minute] ?? 0) - (day.solar[minute] ?? 0);
      const energy = Math.round((Math.abs(net) * 1000) / 60);
      const isNormal = isNormalTariff(zone, opening.start + minute * 60_000);
      if (net >= 0) {
        if (isNormal) import2 += energy;
        else import1 += energy;
      } else if (isNormal) export2 += energy;
      else export1 += energy;
    }
    for (let hour = 0; hour <= day.gas.length; hour++) {
      registers.gas[hour] = gas;
      gas += day.gas[hour] ?? 0;
    }
    if (index + 1 === openings.length) {
      openings.push({ start: registers.end, import1, import2, export1, export2, gas });
    }
    kept.push(registers);
    if (kept.length > KEPT_DAYS) kept.shift();
    return registers;
  };

  const dayOf = (instant: number): DayRegisters => {
    const known = kept.find((day) => day.start <= instant && instant < day.end);
    if (known !== undefined) return known;
    for (;;) {
      const last = openings.length - 1;
      const index = openings.findLastIndex((opening) => opening.start <= instant);
      const day = integrate(Math.max(0, index));
      if (index < last || instant < day.end) return day;
    }
  };

  return {
    at(instant) {
      const day = dayOf(Math.max(start, instant));
      const minute = Math.max(0, Math.floor((instant - day.start) / 60_000));
      const wattHours = (values: Float64Array): number => Math.floor((values[minute] ?? 0) / 1000);
      return {
        import1: wattHours(day.import1),
        import2: wattHours(day.import2),
        export1: wattHours(day.export1),
        export2: wattHours(day.export2),
        gas: household.gas ? (day.gas[Math.floor(minute / 60)] ?? 0) : null,
      };
    },
  };
}

/** Whether the Dutch normal tariff applies: working days from 07:00 to 23:00. */
export function isNormalTariff(zone: Zone, at: number): boolean {
  const local = new Date(at + zone.offsetAt(at));
  const weekday = local.getUTCDay();
  const hour = local.getUTCHours();
  return weekday >= 1 && weekday <= 5 && hour >= 7 && hour < 23;
}
