import { geohash, geohashBounds, type Point } from './geohash.ts';

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

/** Smallest cell that is ever published, km²: what 5 characters cover at 60° of latitude, half as much as at the equator. */
export const SMALLEST_CELL_KM2 = 12;

/** Others who must sell in a cell finer than a region before somebody is put there (k of the k-rule). */
export const OTHERS_IN_CELL = 5;

/** Lengths of geohashes that are published, finest first. The last is a region of 156 km and less. */
const LENGTHS = [5, 4, 3] as const;
const EARTH_RADIUS_KM = 6371;

/** What {@link coarseCell} is to know besides the wanted accuracy. */
export interface CoarseCellOptions {
  /** How many others sell within a cell; without it the k-rule is not applied. */
  readonly othersIn?: (cell: string) => number;
}

/**
 * Area of a geohash cell on a sphere, km². Cells of one length shrink towards the poles. Throws `ERR_METER_FORMAT` for
 * what is no geohash.
 *
 * @param cell - A geohash of 12 characters at most.
 *
 * @example
 * ```ts
 * import { cellArea } from '@edmp/oehu-client/privacy';
 *
 * console.log(Math.round(cellArea('u15pm')), Math.round(cellArea('s0000'))); // 15 24
 * ```
 */
export function cellArea(cell: string): number {
  const { south, west, north, east } = geohashBounds(cell);
  const radians = Math.PI / 180;
  const band = Math.sin(north * radians) - Math.sin(south * radians);
  return EARTH_RADIUS_KM ** 2 * (east - west) * radians * band;
}

/**
 * The coarse cell that may be published for a point: the finest geohash of 5 to 3 characters whose area is at least that
 * of a circle of the wanted accuracy and at least {@link SMALLEST_CELL_KM2}, and in which, if it is finer than a region,
 * at least {@link OTHERS_IN_CELL} others sell. Null when the place is hidden or out of range, wanted from
 * {@link HIDDEN_ACCURACY_METRES} on, or no cell is large enough.
 *
 * @param accuracyMetres - Wanted accuracy, metres; what is no number hides the place.
 */
export function coarseCell(
  point: Point | null,
  accuracyMetres: number,
  { othersIn }: CoarseCellOptions = {},
): string | null {
  if (point === null || isHiddenPoint(point) || !(accuracyMetres < HIDDEN_ACCURACY_METRES)) return null;
  if (!(Math.abs(point.latitude) <= 90) || !(Math.abs(point.longitude) <= 180)) return null;
  const wanted = Math.max(SMALLEST_CELL_KM2, Math.PI * (Math.max(0, accuracyMetres) / 1000) ** 2);
  for (const length of LENGTHS) {
    const cell = geohash(point, length);
    if (cellArea(cell) < wanted) continue;
    if (length === 3 || othersIn === undefined || othersIn(cell) >= OTHERS_IN_CELL) return cell;
  }
  return null;
}
