/** What a meter measures. */
export type Commodity = 'electricity' | 'gas' | 'water' | 'heat';
/** Direction seen from the household: `import` = taken from the grid, `export` = fed into it. */
export type Flow = 'import' | 'export';
/** Integer micro-units: 10⁻⁶ kWh, 10⁻⁶ m³, 10⁻⁶ GJ. */
export type EnergyUnit = 'uKWh' | 'uM3' | 'uGJ';
/** Length of one interval. `P1D` is a local calendar day of 23, 24 or 25 hours. */
export type IntervalStep = 'PT1M' | 'PT5M' | 'PT15M' | 'PT30M' | 'PT1H' | 'P1D';
/** How far a reading's origin was checked (facts of BigchainDB transactions, OEHU). */
export type AttestationLevel = 'unsigned' | 'intact' | 'signed' | 'linked' | 'anchored';

/** Quality of one interval value. */
export const Quality = {
  measured: 0,
  interpolated: 1,
  estimated: 2,
  edited: 3,
  reset: 4,
  missing: 5,
} as const;
/** One of the values of {@link Quality}. */
export type QualityCode = (typeof Quality)[keyof typeof Quality];

/** The private part of a series (the seed report's Figure 11): values only, nothing that says whose or where. */
export interface Consumption {
  /** Energy or volume per interval in micro-units; null = no data, 0 = measured zero. Integers. */
  readonly values: readonly (number | null)[];
  /** One {@link QualityCode} per value. */
  readonly quality: Uint8Array;
  /** Start of the first interval, minutes after local midnight of the descriptor's first day. */
  readonly offsetMinutes: number;
}

/** The public part of a series: what a buyer may know before paying (DESIGN §5.1). */
export interface Descriptor {
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly unit: EnergyUnit;
  readonly step: IntervalStep;
  /** IANA time zone, e.g. `Europe/Amsterdam`. */
  readonly zone: string;
  /** First local day covered, `YYYY-MM-DD`. */
  readonly from: string;
  /** Last local day covered, inclusive, `YYYY-MM-DD`. */
  readonly to: string;
  /** Number of intervals, gaps included. */
  readonly count: number;
  /** Number of intervals without data. */
  readonly gaps: number;
  /** Coarse place as a geohash of at most 5 characters; null = withheld. */
  readonly cell: string | null;
  /** Household class and occupants bucket; null = withheld. */
  readonly household: {
    readonly kind: 'house' | 'office' | 'storage' | 'factory' | 'other';
    readonly occupants: '1' | '2' | '3-4' | '5+' | null;
  } | null;
  /** Lowest attestation level of the readings behind the series, as checked by the seller. */
  readonly attestation: AttestationLevel;
  /** Number of readings that reached that level. */
  readonly verified: number;
  /** Per-listing pseudonym of the meter: 16 bytes that say nothing across listings. */
  readonly pseudonym: Uint8Array;
  /** Licence identifier, e.g. `EDMP-personal-1`. */
  readonly licence: string;
  /** Purposes the owner consented to, e.g. `research`. */
  readonly purposes: readonly string[];
  /** SHA-256 of the salted consent receipt; null = none given. */
  readonly consent: Uint8Array | null;
  /** Free text for people and search, at most 200 characters. */
  readonly title: string;
}

/** What a data asset names: descriptor and commitment. Its CID, after `EW`, is the asset id. */
export interface DatasetDocument {
  readonly v: 1;
  readonly descriptor: Descriptor;
  /** Root of the RFC 9162 tree over the salted leaves of the private chunks, 32 bytes. */
  readonly dataRoot: Uint8Array;
  /** Number of private chunks, 1 … 10 900. */
  readonly chunks: number;
}

/** Text id of something that can be traded: a currency such as `DUM1`, or `EW` + CID of a {@link DatasetDocument}. */
export type AssetId = string;
