import { MeterError } from '../errors.ts';

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';

/** A point in degrees. */
export interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

/** A rectangle in degrees. */
export interface CellBounds {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

/** Geohash of `length` characters of the cell that holds a point. Throws `ERR_METER_RANGE` outside ±90°/±180°. */
export function geohash(point: Point, length: number): string {
  const { latitude, longitude } = point;
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180) || !(length >= 1 && length <= 12)) {
    throw new MeterError('ERR_METER_RANGE', 'Expected latitude ±90°, longitude ±180° and 1 to 12 characters');
  }
  let [south, north, west, east] = [-90, 90, -180, 180];
  let text = '';
  for (let bit = 0, index = 0; text.length < length; bit++) {
    if (bit % 2 === 0) {
      const middle = (west + east) / 2;
      index = index * 2 + (longitude >= middle ? 1 : 0);
      if (longitude >= middle) west = middle;
      else east = middle;
    } else {
      const middle = (south + north) / 2;
      index = index * 2 + (latitude >= middle ? 1 : 0);
      if (latitude >= middle) south = middle;
      else north = middle;
    }
    if (bit % 5 === 4) {
      text += ALPHABET[index] ?? '';
      index = 0;
    }
  }
  return text;
}

/**
 * Bounds of a geohash cell. Throws `ERR_METER_FORMAT` on other characters.
 *
 * @param cell - A geohash of 12 characters at most; an empty one is the whole earth.
 */
export function geohashBounds(cell: string): CellBounds {
  let [south, north, west, east] = [-90, 90, -180, 180];
  let bit = 0;
  for (const character of cell) {
    const index = ALPHABET.indexOf(character);
    if (index < 0 || cell.length > 12) {
      throw new MeterError(
        'ERR_METER_FORMAT',
        `Expected a geohash, got ${JSON.stringify(cell.slice(0, 20))}`,
      );
    }
    for (let shift = 4; shift >= 0; shift--, bit++) {
      const upper = (index >> shift) & 1;
      if (bit % 2 === 0) {
        if (upper === 1) west = (west + east) / 2;
        else east = (west + east) / 2;
      } else if (upper === 1) south = (south + north) / 2;
      else north = (south + north) / 2;
    }
  }
  return { south, west, north, east };
}
