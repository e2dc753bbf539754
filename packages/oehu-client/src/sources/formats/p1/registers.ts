import { Quality } from '@edmp/interface';
import type { MeterReading } from '../../../reading.ts';
import type { SourceIssue } from '../../issues.ts';
import { measured } from './amount.ts';
import type { P1Channel } from './channels.ts';
import type { P1Line } from './lines.ts';

const ZERO = 0x30;
const ONE = 0x31;
const HEX_TEXT = /^(?:[2-7][0-9A-Fa-f])+$/;

/** Serial of a meter: the equipment id, which telegrams write as the hexadecimal codes of its characters. */
export function serialOf(equipment: string | null): string | undefined {
  if (equipment === null || equipment === '') return undefined;
  if (!HEX_TEXT.test(equipment)) return equipment;
  let serial = '';
  for (let i = 0; i < equipment.length; i += 2) {
    serial += String.fromCharCode(16 * hexDigit(equipment, i) + hexDigit(equipment, i + 1));
  }
  return serial;
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return (code & 15) + (code > 57 ? 9 : 0);
}

/** Registers of the main meter, at the time that is told, else at that of arrival, else at that of its newest M-Bus meter. */
export function mainReadings(
  lines: readonly P1Line[],
  told: number | undefined,
  receivedAt: number | undefined,
  channels: readonly P1Channel[],
  equipment: string | null,
  identification: string,
  issues: SourceIssue[],
): MeterReading[] {
  const serial = serialOf(equipment);
  const newest = channels.reduce(
    (at, channel) => Math.max(at, channel.reading?.at ?? at),
    Number.NEGATIVE_INFINITY,
  );
  const at = told ?? receivedAt ?? (Number.isFinite(newest) ? newest : undefined);
  const isGuess = told === undefined && receivedAt === undefined;
  const record = `${equipment ?? identification}@${at}`;
  const readings: MeterReading[] = [];
  for (const { reference, values } of lines) {
    const isImport = reference.charCodeAt(reference.length - 5) === ONE;
    const amount = measured(values[0] ?? '');
    if (amount === undefined || amount.unit !== 'uKWh') {
      issues.push({ code: 'bad-value', at: reference, message: 'Expected a number of kWh' });
      continue;
    }
    if (at === undefined) continue;
    const tariff = reference.charCodeAt(reference.length - 1) - ZERO;
    const facts = {
      commodity: 'electricity',
      flow: isImport ? 'import' : 'export',
      tariff: tariff === 0 ? 'total' : tariff,
      at,
      value: amount.value,
      unit: amount.unit,
      trust: 'unsigned',
      record,
      register: reference,
    } as const;
    const named = serial === undefined ? facts : { ...facts, serial };
    readings.push(isGuess ? { ...named, quality: Quality.estimated } : named);
  }
  if (isGuess) {
    const what = at === undefined ? 'its electricity registers are left out' : "its gas meter's time is used";
    issues.push({
      code: 'no-time',
      at: '0-0:1.0.0',
      message: `The telegram tells no time and none was given: ${what}`,
    });
  }
  return readings;
}
