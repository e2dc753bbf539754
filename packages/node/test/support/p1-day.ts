import { zoneOf } from '@edmp/oehu-client';

/** Local day, in the zone of P1 meters, that the meters of the tests ran through: a winter Tuesday long ago. */
export const P1_DAY = '2024-01-16';
const zone = zoneOf('Europe/Amsterdam');
/** Start and end of {@link P1_DAY}, ms since the epoch. */
export const DAY_START = zone.midnight(P1_DAY);
export const DAY_END = zone.nextDay(DAY_START);
const SECOND = 1_000;

/** Watt hours that the meter has counted at a moment: low and high tariff, uneven, never standing still for long. */
export function countedWh(at: number): { readonly low: number; readonly high: number } {
  const minutes = Math.floor((at - DAY_START) / 60_000) + 60;
  const hour = Math.floor(minutes / 60);
  const used = minutes * 7 + hour * hour * 3 + (minutes % 15 === 0 ? 5 : 0);
  // The tariff changes at 7 and at 23 o'clock.
  const night = 7 * 60 + 60;
  const low = minutes <= night ? used : night * 7 + 8 * 8 * 3 + 5;
  return { low: 1_234_000 + low, high: 2_345_000 + (used - low) };
}

/** What the quarters of {@link P1_DAY} hold by {@link countedWh}, micro-kWh. */
export function expectedQuarters(): number[] {
  const total = (at: number): number => countedWh(at).low + countedWh(at).high;
  return Array.from({ length: (DAY_END - DAY_START) / 900_000 }, (_, i) => {
    const at = DAY_START + i * 900_000;
    return (total(at + 900_000) - total(at)) * 1_000;
  });
}

const kwh = (wh: number): string => `${(wh / 1000).toFixed(3).padStart(10, '0')}*kWh`;

/** A telegram of a DSMR 5 meter with a right checksum; its clock says `told`. */
export function telegramAt(at: number, watts = 543, told = at): string {
  const [date = '', time = ''] = new Date(told + 3_600_000).toISOString().slice(2, 19).split('T');
  return telegramOf(at, `${date.replaceAll('-', '')}${time.replaceAll(':', '')}W`, watts);
}

/** What the meter has counted at a moment, under a time as its clock writes it. */
export function telegramOf(at: number, stamp: string, watts = 543): string {
  const { low, high } = countedWh(at);
  const lines = [
    '/TST5\\METER-OF-THE-TESTS',
    '',
    '1-3:0.2.8(50)',
    `0-0:1.0.0(${stamp})`,
    '0-0:96.1.1(4530303331303033303031363939353135)',
    `1-0:1.8.1(${kwh(low)})`,
    `1-0:1.8.2(${kwh(high)})`,
    '1-0:2.8.1(000000.000*kWh)',
    '1-0:2.8.2(000000.000*kWh)',
    `1-0:1.7.0(${(watts / 1000).toFixed(3).padStart(6, '0')}*kW)`,
    '1-0:2.7.0(00.000*kW)',
    '!',
  ];
  const body = lines.join('\r\n');
  return `${body}${crc16(body).toString(16).toUpperCase().padStart(4, '0')}\r\n`;
}

/** The telegrams of {@link P1_DAY}, one every half minute, and the first of the next day. */
export function* telegramsOfDay(): Generator<string> {
  for (let at = DAY_START; at <= DAY_END; at += 30 * SECOND) yield telegramAt(at);
}

/** CRC-16/ARC by the book: reflected polynomial 0xA001, from 0. */
function crc16(text: string): number {
  let crc = 0;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}
