/** What a meter measures. */
export const COMMODITIES = ['electricity', 'gas', 'water', 'heat'] as const;
/** One of {@link COMMODITIES}. */
export type Commodity = (typeof COMMODITIES)[number];

/** Directions seen from the household: `import` = taken from the grid, `export` = fed into it. */
export const FLOWS = ['import', 'export'] as const;
/** One of {@link FLOWS}. */
export type Flow = (typeof FLOWS)[number];

/** Integer micro-units: 10⁻⁶ kWh, 10⁻⁶ m³, 10⁻⁶ GJ. */
export const ENERGY_UNITS = ['uKWh', 'uM3', 'uGJ'] as const;
/** One of {@link ENERGY_UNITS}. */
export type EnergyUnit = (typeof ENERGY_UNITS)[number];

/** Units that each commodity is measured and sold in; the usual one first. */
export const UNITS_OF_COMMODITY: Readonly<Record<Commodity, readonly [EnergyUnit, ...EnergyUnit[]]>> = {
  electricity: ['uKWh'],
  gas: ['uM3'],
  water: ['uM3'],
  heat: ['uGJ', 'uKWh'],
};

/** Lengths of one interval, finest first (ISO 8601). `P1D` is a local calendar day of 23, 24 or 25 hours. */
export const INTERVAL_STEPS = ['PT1M', 'PT5M', 'PT15M', 'PT30M', 'PT1H', 'P1D'] as const;
/** One of {@link INTERVAL_STEPS}. */
export type IntervalStep = (typeof INTERVAL_STEPS)[number];

/** How far a reading's origin was checked, weakest first (facts of BigchainDB transactions, OEHU). */
export const ATTESTATION_LEVELS = ['unsigned', 'intact', 'signed', 'linked', 'anchored'] as const;
/** One of {@link ATTESTATION_LEVELS}. */
export type AttestationLevel = (typeof ATTESTATION_LEVELS)[number];

/** Kinds of households that a descriptor tells apart, where the owner lets it. */
export const HOUSEHOLD_KINDS = ['house', 'office', 'storage', 'factory', 'other'] as const;
/** One of {@link HOUSEHOLD_KINDS}. */
export type HouseholdKind = (typeof HOUSEHOLD_KINDS)[number];

/** Coarse numbers of occupants. */
export const OCCUPANT_BUCKETS = ['1', '2', '3-4', '5+'] as const;
/** One of {@link OCCUPANT_BUCKETS}. */
export type OccupantBucket = (typeof OCCUPANT_BUCKETS)[number];

/** Quality of one interval value, and its code. */
export const Quality = {
  measured: 0,
  interpolated: 1,
  estimated: 2,
  edited: 3,
  reset: 4,
  missing: 5,
} as const;
/** Name of a {@link Quality}. */
export type QualityName = keyof typeof Quality;
/** One of the values of {@link Quality}. */
export type QualityCode = (typeof Quality)[QualityName];
/** Names of {@link Quality}; the place in the list is the code. */
export const QUALITY_NAMES: readonly QualityName[] = Object.keys(Quality) as QualityName[];
