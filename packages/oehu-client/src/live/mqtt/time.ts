import type { Json } from '../../oehu/json.ts';
import { isCalendarDay, isoInstant } from '../../sources/iso-time.ts';
import { isPlausibleTime } from '../../sources/plausible-time.ts';
import { zoneOf } from '../../time/zone.ts';
import type { MqttTimeFormat } from './map.ts';

/** When a message came, and whether it was new then. */
export interface Arrival {
  /** Ms since the epoch. */
  readonly at: number;
  /** Whether the broker kept the message and nobody knows since when. */
  readonly isRetained: boolean;
}

/** A moment, or why there is none. */
export type ToldTime =
  | { readonly at: number }
  | {
      readonly code: 'bad-time' | 'impossible-time' | 'skipped-time' | 'ambiguous-time' | 'clock';
      readonly message: string;
    };

/** How far the clock of a device may be ahead, and how far one on the wall of a zone may be off, before it is wrong. */
const OFF_MS = 10 * 60_000;
const LOCAL = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?$/;

/** The moment that a device tells, in one of `formats`; wall-clock times are those of `zone`. Never guesses. */
export function toldTime(
  value: Json | undefined,
  formats: readonly MqttTimeFormat[],
  zone: string,
  arrival: Arrival,
): ToldTime {
  for (const format of formats) {
    if (format === 'local') {
      const local = localMs(value);
      if (local !== undefined) return onTheWall(local, zone, arrival);
      continue;
    }
    const at = format === 'iso' ? isoInstant(value) : epoch(value, format === 'epoch-s' ? 1000 : 1);
    if (at === undefined) continue;
    if (!isPlausibleTime(at)) return neverSet(at);
    if (at > arrival.at + OFF_MS)
      return {
        code: 'clock',
        message: 'The time is ahead of this computer’s clock: one of the two is wrong',
      };
    return { at };
  }
  return { code: 'bad-time', message: `Expected a time (${formats.join(' or ')})` };
}

/**
 * A time without an offset is held against the arrival: that tells which half of the repeated hour it is of, and whether
 * the zone is right. Of what the broker kept nobody knows when it was told.
 */
function onTheWall(local: number, zone: string, { at, isRetained }: Arrival): ToldTime {
  if (!isPlausibleTime(local)) return neverSet(local);
  if (isRetained)
    return {
      code: 'ambiguous-time',
      message: 'The broker kept this message, and its time tells no offset; the next one is read',
    };
  const { earlier, later, kind } = zoneOf(zone).fromLocal(local);
  if (kind === 'skipped')
    return { code: 'skipped-time', message: `This hour does not exist in ${zone}; is the zone right?` };
  const moment = Math.abs(at - earlier) <= Math.abs(at - later) ? earlier : later;
  if (Math.abs(at - moment) > OFF_MS) {
    const minutes = Math.round((moment - at) / 60_000);
    return {
      code: 'clock',
      message: `The device’s clock is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'ahead' : 'behind'} on the wall of ${zone}; is the zone right?`,
    };
  }
  return { at: moment };
}

function neverSet(at: number): ToldTime {
  const date = new Date(at);
  const year = Number.isNaN(date.getTime()) ? 'no time' : date.getUTCFullYear();
  return { code: 'impossible-time', message: `The clock says ${year}: it was never set` };
}

function localMs(value: Json | undefined): number | undefined {
  const match = typeof value === 'string' ? LOCAL.exec(value) : null;
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (!isCalendarDay(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function epoch(value: Json | undefined, unit: number): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}(?:\.\d{1,9})?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 0) || number > 1e16) return undefined;
  return Math.floor(number * unit);
}
