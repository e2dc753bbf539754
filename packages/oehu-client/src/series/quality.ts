import { Quality, type QualityCode } from '@edmp/interface';

/** From best to worst. */
const ORDER: readonly QualityCode[] = [
  Quality.measured,
  Quality.edited,
  Quality.interpolated,
  Quality.estimated,
  Quality.reset,
  Quality.missing,
];

/** The worse of two qualities: measured < edited < interpolated < estimated < reset < missing. */
export function worseQuality(a: QualityCode, b: QualityCode): QualityCode {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

const NAMES = Object.entries(Quality) as [keyof typeof Quality, QualityCode][];

/**
 * Name of a quality code, e.g. 1 → `interpolated`; an unknown code reads as `missing`.
 *
 * @param code - One of the codes of `Quality`; anything may be given.
 */
export function qualityName(code: number): keyof typeof Quality {
  return NAMES.find(([, value]) => value === code)?.[0] ?? 'missing';
}
