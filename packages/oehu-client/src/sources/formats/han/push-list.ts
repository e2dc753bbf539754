import type { Flow } from '@edmp/interface';
import { microFromText } from '../../../decimal.ts';
import { MeterError } from '../../../errors.ts';
import type { LivePower } from '../../../live/power.ts';
import type { SourceIssue } from '../../issues.ts';
import { AxdrReader, type DlmsValue } from './axdr.ts';
import { clockOf, type HanClock } from './clock.ts';
import { lengthAt } from './length.ts';

/** A register of energy in a list. */
interface HanRegister {
  /** OBIS code, e.g. `1-0:1.8.0`. */
  readonly obis: string;
  readonly flow: Flow;
  readonly tariff: number | 'total';
  /** Micro-kWh. */
  readonly value: number;
}

/** What a meter pushes: a list of values, with those that are of use here. */
export interface PushList {
  /** Name and version of the list, e.g. `KFM_001`, when it tells one. */
  readonly name: string | undefined;
  readonly serial: string | undefined;
  readonly clock: HanClock | undefined;
  readonly registers: readonly HanRegister[];
  readonly power: LivePower;
  readonly issues: readonly SourceIssue[];
}

const DATA_NOTIFICATION = 0x0f;
const WATT_HOURS = 30n;
const WATTS = 27n;
/** Objects that name the meter: device identifiers of the Blue Book, GS1 number of Kamstrup, logical device name. */
const SERIALS = ['1-1:0.0.5', '0-0:96.1.0', '0-0:42.0.0'];
const CLOCKS = ['0-0:1.0.0', '0-1:1.0.0'];

/** Unit and power of ten of a value. */
interface Scale {
  readonly unit: bigint;
  readonly power: number;
}

/** A value with the OBIS code that stands before it and the unit that stands after it. */
interface Entry {
  readonly obis: string;
  readonly value: DlmsValue;
  readonly scale: Scale | undefined;
}

/**
 * Reads a data-notification APDU (Green Book 9.3.10): the push lists of Aidon, Kaifa and Kamstrup as the Norwegian grid
 * operators published them (NVE, HAN-NEK), and lists that tell OBIS code, value and unit of everything. Throws
 * `ERR_METER_FORMAT` when it is none and `ERR_METER_LIMIT` when it holds too much.
 */
export function readPushList(apdu: Uint8Array): PushList {
  if (apdu[0] !== DATA_NOTIFICATION) {
    throw new MeterError(
      'ERR_METER_FORMAT',
      `Expected a data notification, found the tag ${apdu[0] ?? 'of nothing'}`,
    );
  }
  // Some meters write the tag of an octet string before the time, which the standard leaves out.
  const time = lengthAt(apdu, apdu[5] === 0x09 ? 6 : 5);
  if (time === undefined || (time.length !== 0 && time.length !== 12)) {
    throw new MeterError('ERR_METER_FORMAT', 'Expected a notification with a time or none');
  }
  const own = time.length === 12 ? clockOf(apdu.slice(time.from, time.from + 12)) : undefined;
  const reader = new AxdrReader(apdu, time.from + time.length);
  const leaves: DlmsValue[] = [];
  while (!reader.isAtEnd) flatten(reader.value(), leaves);
  const issues: SourceIssue[] = [];
  const entries = entriesOf(leaves);
  const name = leaves
    .map(textOf)
    .find((text) => text !== undefined && /^[A-Za-z]{3,8}_V?\d{3,4}$/.test(text));
  const list = entries.length === 0 ? positional(leaves, name) : entries;
  const clock = list.find(({ obis }) => CLOCKS.includes(obis));
  const clockBytes = clock?.value.type === 'bytes' ? clock.value.bytes : leadingClock(leaves);
  return {
    name,
    serial: serialOf(list),
    clock: (clockBytes === undefined ? undefined : clockOf(clockBytes)) ?? own,
    registers: list.flatMap((entry) => registerIn(entry, name, issues)),
    power: { importW: wattsOf(list, '1.7.0', name), exportW: wattsOf(list, '2.7.0', name) },
    issues,
  };
}

/** Leaves of a list in their order; a pair of scaler and unit stays together. */
function flatten(value: DlmsValue, leaves: DlmsValue[]): void {
  if (value.type !== 'list' || scaleOf(value) !== undefined) leaves.push(value);
  else for (const item of value.items) flatten(item, leaves);
}

/** A structure of a scaler (integer) and a unit (enum). */
function scaleOf(value: DlmsValue | undefined): Scale | undefined {
  if (value?.type !== 'list' || value.items.length !== 2) return undefined;
  const [scaler, unit] = value.items;
  if (scaler?.type !== 'integer' || scaler.tag !== 0x0f || unit?.type !== 'integer' || unit.tag !== 0x16)
    return undefined;
  return { unit: unit.value, power: Number(scaler.value) };
}

function obisOf(value: DlmsValue | undefined): string | undefined {
  if (value?.type !== 'bytes' || value.bytes.length !== 6) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f] = value.bytes;
  // F is 255 in everything that a meter pushes; a text of six characters does not end so.
  return f === 255 && a <= 9 ? `${a}-${b}:${c}.${d}.${e}` : undefined;
}

function entriesOf(leaves: readonly DlmsValue[]): Entry[] {
  return leaves.flatMap((leaf, i) => {
    const obis = obisOf(leaf);
    const value = leaves[i + 1];
    if (obis === undefined || value === undefined || obisOf(value) !== undefined) return [];
    return [{ obis, value, scale: scaleOf(leaves[i + 2]) }];
  });
}

/** Norwegian lists of Kaifa tell no codes (OBIS list KFM_001): what a value is follows from their number. */
function positional(leaves: readonly DlmsValue[], name: string | undefined): Entry[] {
  const entry = (obis: string, value: DlmsValue | undefined): Entry[] =>
    value === undefined ? [] : [{ obis, value, scale: undefined }];
  const count = leaves.length;
  if (count === 1)
    return [{ obis: '1-0:1.7.0', value: leaves[0] ?? { type: 'null' }, scale: { unit: WATTS, power: 0 } }];
  if (name === undefined || !name.startsWith('KFM') || ![9, 13, 14, 18].includes(count)) return [];
  const hasRegisters = count === 14 || count === 18;
  return [
    ...entry('0-0:96.1.0', leaves[1]),
    ...entry('1-0:1.7.0', leaves[3]),
    ...entry('1-0:2.7.0', leaves[4]),
    ...(hasRegisters
      ? [
          ...entry('0-0:1.0.0', leaves[count - 5]),
          ...entry('1-0:1.8.0', leaves[count - 4]),
          ...entry('1-0:2.8.0', leaves[count - 3]),
        ]
      : []),
  ];
}

/** Austrian lists begin with the time. */
function leadingClock(leaves: readonly DlmsValue[]): Uint8Array | undefined {
  const [first] = leaves;
  return first?.type === 'bytes' && first.bytes.length === 12 ? first.bytes : undefined;
}

function textOf(value: DlmsValue): string | undefined {
  if (value.type !== 'bytes' || value.bytes.length === 0 || value.bytes.length > 64) return undefined;
  const text = String.fromCharCode(...value.bytes);
  return /^[!-~]+$/.test(text) ? text : undefined;
}

function serialOf(entries: readonly Entry[]): string | undefined {
  for (const code of SERIALS) {
    const found = entries.find(({ obis }) => obis === code);
    const text = found === undefined ? undefined : textOf(found.value);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Unit of a value that tells none, by its list: Kamstrup counts in 10 Wh, Kaifa in Wh. */
function knownScale(name: string | undefined, unit: bigint): Scale | undefined {
  if (name?.startsWith('Kamstrup')) return { unit, power: unit === WATT_HOURS ? 1 : 0 };
  return name?.startsWith('KFM') ? { unit, power: 0 } : undefined;
}

const isCount = (value: DlmsValue): boolean =>
  value.type === 'integer' && [0x05, 0x06, 0x10, 0x12, 0x14, 0x15].includes(value.tag);

function registerIn(
  { obis, value, scale }: Entry,
  name: string | undefined,
  issues: SourceIssue[],
): HanRegister[] {
  const [, c, e] = /^1-[01]:([12])\.8\.(\d{1,2})$/.exec(obis) ?? [];
  if (c === undefined || value.type === 'null') return [];
  if (value.type !== 'integer' || !isCount(value)) {
    issues.push({ code: 'bad-value', at: obis, message: 'Expected a counter' });
    return [];
  }
  const { unit, power } = scale ?? knownScale(name, WATT_HOURS) ?? {};
  if (unit !== WATT_HOURS || power === undefined || Math.abs(power) > 12) {
    const message = unit === undefined ? 'The list tells no unit' : `Expected Wh, got the unit ${unit}`;
    issues.push({ code: 'unknown-unit', at: obis, message });
    return [];
  }
  let micro = -1;
  try {
    micro = microFromText(String(value.value), power - 3);
  } catch {
    // Told below.
  }
  if (micro < 0) {
    issues.push({ code: 'bad-value', at: obis, message: 'Expected a counter that is not negative' });
    return [];
  }
  const tariff = Number(e) === 0 ? 'total' : Number(e);
  return [{ obis, flow: c === '1' ? 'import' : 'export', tariff, value: micro }];
}

/** No connection of a household carries more, W. */
const MAX_WATTS = 10_000_000;

function wattsOf(entries: readonly Entry[], code: string, name: string | undefined): number | null {
  const found = entries.find(({ obis }) => obis === `1-0:${code}` || obis === `1-1:${code}`);
  if (found?.value.type !== 'integer' || !isCount(found.value)) return null;
  const { unit, power } = found.scale ?? knownScale(name, WATTS) ?? {};
  if (unit !== WATTS || power === undefined || Math.abs(power) > 6) return null;
  const watts = Math.round(Number(found.value.value) * 10 ** power);
  return watts >= 0 && watts <= MAX_WATTS ? watts : null;
}
