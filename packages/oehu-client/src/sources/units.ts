import type { Commodity, EnergyUnit } from '@edmp/interface';
import { UNITS_OF_COMMODITY } from '@edmp/interface/dataset';

/** A unit as sources write it: which of ours it is a power of ten of. */
export interface SourceUnit {
  readonly unit: EnergyUnit;
  /** Value × 10^power is in kWh, m³ or GJ. */
  readonly power: number;
}

const UNITS: ReadonlyMap<string, SourceUnit> = new Map(
  Object.entries({
    wh: { unit: 'uKWh', power: -3 },
    kwh: { unit: 'uKWh', power: 0 },
    // As most sources write it, so that it is found at once.
    kWh: { unit: 'uKWh', power: 0 },
    mwh: { unit: 'uKWh', power: 3 },
    m3: { unit: 'uM3', power: 0 },
    'm³': { unit: 'uM3', power: 0 },
    dm3: { unit: 'uM3', power: -3 },
    l: { unit: 'uM3', power: -3 },
    mj: { unit: 'uGJ', power: -3 },
    gj: { unit: 'uGJ', power: 0 },
  }),
);

/** Our unit for a text such as `kWh`, `m3`, `GJ`, or undefined when it is no energy or volume. */
export function sourceUnit(text: string): SourceUnit | undefined {
  return UNITS.get(text) ?? UNITS.get(text.trim().toLowerCase());
}

const DISPLAY: Readonly<Record<EnergyUnit, string>> = { uKWh: 'kWh', uM3: 'm3', uGJ: 'GJ' };

/** Text of a unit for people and files: `kWh`, `m3` or `GJ`. */
export function unitText(unit: EnergyUnit): string {
  return DISPLAY[unit];
}

/** Unit that a commodity is usually counted in. */
export function usualUnit(commodity: Commodity): EnergyUnit {
  return UNITS_OF_COMMODITY[commodity][0];
}
