import { isJsonObject, type Json } from '../oehu/json.ts';
import type { P1Telegram } from '../sources/formats/p1/telegram.ts';

/** Power of this moment as a meter tells it, whole watts; null where it does not tell. */
export interface LivePower {
  /** Taken from the grid. */
  readonly importW: number | null;
  /** Given to the grid. */
  readonly exportW: number | null;
}

/** No connection of a household carries more, W; what says so is no power. */
const MAX_WATTS = 10_000_000;

/** The power that a telegram tells: OBIS 1.7.0 and 2.7.0, else the sum of the phases (DSMR 5.0.2 §6.12). */
export function powerOfTelegram(telegram: P1Telegram): LivePower {
  const watts = (reference: string): number | null => {
    const text = telegram.lines.find((line) => line.reference === reference)?.values[0];
    const [, number, unit] = /^(\d{1,8}(?:\.\d{1,6})?)\*(k?W)$/.exec(text ?? '') ?? [];
    if (number === undefined) return null;
    return inRange(Math.round(Number(number) * (unit === 'kW' ? 1_000 : 1)));
  };
  const phases = (first: number): number | null => {
    const told = [first, first + 20, first + 40].map((value) => watts(`1-0:${value}.7.0`));
    const known = told.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  };
  return { importW: watts('1-0:1.7.0') ?? phases(21), exportW: watts('1-0:2.7.0') ?? phases(22) };
}

/**
 * The power that an answer of a HomeWizard meter tells: `active_power_w` (API v1) or `power_w` (v2), negative when
 * given.
 *
 * @param json - The parsed answer of `/api/v1/data` or `/api/measurement`; what tells no power gives null.
 */
export function powerOfHomeWizard(json: Json): LivePower {
  const told = isJsonObject(json) ? (json.active_power_w ?? json.power_w) : undefined;
  const power = typeof told === 'number' ? inRange(Math.round(told)) : null;
  if (power === null) return { importW: null, exportW: null };
  return { importW: Math.max(0, power), exportW: Math.max(0, -power) };
}

function inRange(watts: number): number | null {
  return Math.abs(watts) <= MAX_WATTS ? watts : null;
}
