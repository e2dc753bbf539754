import { microFromNumber, microFromText } from '../decimal.ts';
import type { Json } from '../oehu/json.ts';

/** Micro-units of a JSON number or decimal text in units of 10^`power`; undefined when it is none or negative. */
export function jsonAmount(value: Json | undefined, power: number): number | undefined {
  try {
    const micro =
      typeof value === 'number'
        ? microFromNumber(value * 10 ** power).value
        : typeof value === 'string'
          ? microFromText(value.trim(), power)
          : -1;
    return micro < 0 ? undefined : micro;
  } catch {
    return undefined;
  }
}

const DURATION = /^PT(?:(\d{1,2})H)?(?:(\d{1,4})M)?$/;

/** Ms of an ISO 8601 duration of hours and minutes, at most a day; undefined for anything else. */
export function durationMs(text: unknown): number | undefined {
  const match = typeof text === 'string' ? DURATION.exec(text) : null;
  if (match === null) return undefined;
  const ms = (Number(match[1] ?? 0) * 60 + Number(match[2] ?? 0)) * 60_000;
  return ms > 0 && ms <= 86_400_000 ? ms : undefined;
}
