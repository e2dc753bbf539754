import type { EnergyUnit } from '@edmp/interface';
import { microOrNaN } from '../../../decimal.ts';
import { sourceUnit } from '../../units.ts';

/** Micro-units of an amount such as `000123.456*kWh`; undefined when it is none, or negative. */
export function measured(text: string): { value: number; unit: EnergyUnit } | undefined {
  const star = text.indexOf('*');
  const number = star < 0 ? text : text.slice(0, star);
  const second = text.indexOf('*', star + 1);
  const known = sourceUnit(star < 0 ? '' : text.slice(star + 1, second < 0 ? text.length : second));
  if (known === undefined) return undefined;
  const value = microOrNaN(number, known.power);
  return value >= 0 && value < Number.POSITIVE_INFINITY ? { value, unit: known.unit } : undefined;
}
