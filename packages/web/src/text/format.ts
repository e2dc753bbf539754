const DIGITS = '0123456789bcdefghjkmnpqrstuvwxyz';

/** Both ends of a key or id: 64 bits of a key, which nobody finds another key for. */
export function shortId(id: string): string {
  return id.length <= 18 ? id : `${id.slice(0, 8)}…${id.slice(-8)}`;
}

/** Text with long asset ids cut to what tells them apart. */
export function shortAssets(text: string): string {
  return text.replaceAll(/EW[a-z0-9]{20,}/g, shortId);
}

/** Date and time in the reader's own words and zone. */
export function formatTime(moment: number): string {
  const text = new Date(moment).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return text.replace(/\s(?=[AP]M$)/, '\u00a0');
}

/** Time of the day with seconds. */
export function formatClock(moment: number): string {
  return new Date(moment).toLocaleTimeString();
}

/** `Mon, 5 Jan 2026` of `2026-01-05`. */
export function formatDay(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(undefined, {
    timeZone: 'UTC',
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
}

/** One day, or first to last. */
export function formatDays(from: string, to: string): string {
  return from === to ? formatDay(from) : `${formatDay(from)} to ${formatDay(to)}`;
}

/** Micro-units as whole units for people, e.g. `12.3 kWh`. */
export function formatEnergy(micro: number, unit: string): string {
  const value = micro / 1_000_000;
  const decimals = value >= 100 ? 0 : value >= 1 ? 1 : 3;
  return `${value.toFixed(decimals)}\u00a0${unit === 'm3' ? 'm³' : unit}`;
}

/** The rectangle of a geohash, degrees; undefined for text that is none. */
export function geohashBox(
  hash: string,
):
  | { readonly south: number; readonly north: number; readonly west: number; readonly east: number }
  | undefined {
  let [south, north, west, east] = [-90, 90, -180, 180];
  let longitude = true;
  for (const character of hash) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0) return undefined;
    for (let bit = 16; bit >= 1; bit /= 2) {
      const high = (digit & bit) !== 0;
      if (longitude) {
        const middle = (west + east) / 2;
        if (high) west = middle;
        else east = middle;
      } else {
        const middle = (south + north) / 2;
        if (high) south = middle;
        else north = middle;
      }
      longitude = !longitude;
    }
  }
  return { south, north, west, east };
}

/** Middle of a geohash cell, degrees, and how far from it the cell reaches, km; undefined when no place is told. */
export function placeOf(
  cell: string | null,
): { readonly latitude: number; readonly longitude: number; readonly radius: number } | undefined {
  const box = cell === null || cell === '' ? undefined : geohashBox(cell);
  if (box === undefined) return undefined;
  const latitude = (box.south + box.north) / 2;
  const longitude = (box.west + box.east) / 2;
  const height = (box.north - box.south) * 111;
  const width = (box.east - box.west) * 111 * Math.cos((latitude * Math.PI) / 180);
  return { latitude, longitude, radius: Math.max(1, Math.round(Math.max(height, width) / 2)) };
}

/** Approximate place of a geohash cell, e.g. `Near 51.9° N, 4.5° E, within 20 km`. */
export function formatPlace(cell: string | null): string {
  const place = placeOf(cell);
  if (place === undefined) return 'Not told';
  const { latitude, longitude, radius } = place;
  const decimals = radius < 5 ? 2 : radius < 50 ? 1 : 0;
  const text = (value: number, plus: string, minus: string): string =>
    `${Math.abs(value).toFixed(decimals)}°\u00a0${value < 0 ? minus : plus}`;
  return `Near ${text(latitude, 'N', 'S')}, ${text(longitude, 'E', 'W')}, within ${radius}\u00a0km`;
}
