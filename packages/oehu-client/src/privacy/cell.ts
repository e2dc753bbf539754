import { geohash, type Point } from './geohash.ts';

/** Coordinates that OEHU's set-up page stored for "hidden": a point in the North Sea. */
export const OEHU_HIDDEN_POINT: Point = { latitude: 52.31877224455515, longitude: 2.973580237523761 };

/** From this accuracy on, in metres, no place is published at all. */
export const HIDDEN_ACCURACY_METRES = 50_000;

/** Whether a point is OEHU's stand-in for "no location". */
export function isHiddenPoint(point: Point): boolean {
  return (
    Math.abs(point.latitude - OEHU_HIDDEN_POINT.latitude) < 1e-6 &&
    Math.abs(point.longitude - OEHU_HIDDEN_POINT.longitude) < 1e-6
  );
}

/**
 * Length of the geohash that may be published for a wanted accuracy: 5 characters (about 4.9 × 4.9 km) up to 1 km,
 * 4 (39 × 20 km) up to 15 km, 3 (156 × 156 km) up to 50 km, and none from there.
 *
 * @param accuracyMetres - Wanted accuracy, metres; what is no number hides the place.
 */
export function cellLength(accuracyMetres: number): 0 | 3 | 4 | 5 {
  if (!(accuracyMetres < HIDDEN_ACCURACY_METRES)) return 0;
  if (accuracyMetres <= 1000) return 5;
  return accuracyMetres <= 15_000 ? 4 : 3;
}

/**
 * The coarse cell that may be published for a point, or null when it is hidden, out of range or wanted coarser than
 * any cell. Never finer than 5 characters, however small the accuracy.
 *
 * @param accuracyMetres - Wanted accuracy, metres, as {@link cellLength} takes it.
 */
export function coarseCell(point: Point | null, accuracyMetres: number): string | null {
  if (point === null || isHiddenPoint(point)) return null;
  if (!(Math.abs(point.latitude) <= 90) || !(Math.abs(point.longitude) <= 180)) return null;
  const length = cellLength(accuracyMetres);
  return length === 0 ? null : geohash(point, length);
}
