import { QUALITY_NAMES } from '@edmp/interface/dataset';
import type { DeliveryView } from '../service.ts';
import { intervalStarts, localTime } from './interval-starts.ts';

const UNIT: Readonly<Record<string, string>> = { uKWh: 'kWh', uM3: 'm3', uGJ: 'GJ' };

/**
 * Integer micro-units as an exact decimal of whole units, e.g. 1500000 → `1.500000`.
 *
 * @param micro - Integer millionths, negative ones too.
 */
export function microDecimal(micro: number): string {
  const digits = String(Math.abs(micro)).padStart(7, '0');
  return `${micro < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/**
 * Name of a unit of micro-units, e.g. `uKWh` → `kWh`.
 *
 * @param unit - A unit with its `u` before it, as documents carry it.
 */
export function unitName(unit: string): string {
  return UNIT[unit] ?? unit;
}

/**
 * Bought data as CSV (RFC 4180: CRLF, header line): `start` (UTC), `local` (with offset), value in whole units with
 * six decimals, and quality. An interval without data has an empty value.
 */
export function deliveryCsv(delivery: DeliveryView): string {
  const { curve, consumption } = delivery;
  const starts = intervalStarts(curve.start, curve.step, curve.zone, consumption.values.length);
  const local = localTime(curve.zone);
  const lines = [`start,local,${unitName(curve.unit)},quality`];
  for (const [i, start] of starts.entries()) {
    const value = consumption.values[i] ?? null;
    const quality = QUALITY_NAMES[consumption.quality[i] ?? 5] ?? 'missing';
    lines.push(
      `${new Date(start).toISOString()},${local(start)},${value === null ? '' : microDecimal(value)},${quality}`,
    );
  }
  return `${lines.join('\r\n')}\r\n`;
}
