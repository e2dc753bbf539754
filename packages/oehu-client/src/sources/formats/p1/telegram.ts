import { type Commodity, type EnergyUnit, Quality } from '@edmp/interface';
import { microFromText } from '../../../decimal.ts';
import { MeterError } from '../../../errors.ts';
import type { MeterReading } from '../../../reading.ts';
import type { SourceIssue } from '../../issues.ts';
import { isPlausibleTime } from '../../plausible-time.ts';
import { sourceUnit } from '../../units.ts';
import { crc16Arc } from './crc16.ts';
import { parseP1Time } from './time.ts';

/** One object of a telegram: an OBIS reference and the texts in its brackets. */
export interface P1Line {
  /** OBIS reference, e.g. `1-0:1.8.1`. */
  readonly reference: string;
  readonly values: readonly string[];
}

/** One meter on the M-Bus behind the port. */
export interface P1Channel {
  /** 1 … 4. */
  readonly channel: number;
  /** M-Bus device type (EN 13757-3): 3 gas, 7 water, 4 heat, 2 electricity. */
  readonly type: number | null;
  readonly commodity: Commodity | null;
  /** Equipment id as sent; personal data. */
  readonly equipment: string | null;
  /** Last value with the meter's own time. */
  readonly reading: {
    readonly reference: string;
    readonly at: number;
    readonly value: number;
    readonly unit: EnergyUnit;
  } | null;
}

/** A P1 telegram. */
export interface P1Telegram {
  /** Header after `/`, e.g. `ISk5\2MT382-1000`. */
  readonly identification: string;
  /** Version as sent (`42`, `50`, eMUCS `50217`), or null up to DSMR 3. */
  readonly version: string | null;
  /** Which tariff register is the cheap one: 1 in the Netherlands, 2 in Belgium. */
  readonly dialect: 'dsmr' | 'emucs';
  readonly checksum: 'valid' | 'absent';
  /** Time of the telegram, or null up to DSMR 3. */
  readonly at: number | null;
  readonly equipment: string | null;
  /** Every object in order, also those that nothing here understands. */
  readonly lines: readonly P1Line[];
  /** Lines that are no objects, as sent. */
  readonly unknown: readonly string[];
  readonly channels: readonly P1Channel[];
  /** Registers of the main meter and of gas, water and heat meters. Sub-meters for electricity are only in `channels`. */
  readonly readings: readonly MeterReading[];
  readonly issues: readonly SourceIssue[];
}

/** Options of {@link parseTelegram}. */
export interface P1Options {
  /** Zone of the meter's clock. Default `Europe/Amsterdam`. */
  readonly zone?: string;
  /** Winter offset from UTC of times with a letter. Default that of `zone`. */
  readonly standardOffsetMinutes?: number;
  /** When the telegram arrived, ms since the epoch; needed up to DSMR 3, whose telegrams tell no time. */
  readonly receivedAt?: number;
}

/** Most bytes of one telegram. */
export const MAX_TELEGRAM_BYTES: number = 32 * 1024;

const REFERENCE = /^\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:\.\d{1,3})?$/;
const REGISTER = /^1-\d{1,3}:([12])\.8\.(\d)$/;
const COMMODITIES: Readonly<Record<number, Commodity>> = {
  2: 'electricity',
  3: 'gas',
  4: 'heat',
  6: 'water',
  7: 'water',
  12: 'heat',
};

const latin1 = new TextDecoder('latin1');
const SLASH = 0x2f;
const BANG = 0x21;
const OPEN = 0x28;
const DASH = 0x2d;
const ZERO = 0x30;
const ONE = 0x31;

/**
 * Parses one telegram: bytes from `/` to the line with `!` (DSMR P1 companion standard 2.2 to 5, Fluvius eMUCS). The
 * CRC is checked where there is one; line ends changed to LF on the way are put back for that. Throws
 * `ERR_METER_FORMAT` when it is no telegram, `ERR_METER_CHECKSUM` when the CRC does not fit or is missing although the
 * version demands one, `ERR_METER_LIMIT` above 32 KiB. Values that cannot be read become `issues`.
 *
 * @param bytes - The telegram, 32 KiB at most; anything may be given.
 */
export function parseTelegram(bytes: Uint8Array, options: P1Options = {}): P1Telegram {
  const read = readTelegram(bytes, options);
  if ('lines' in read) return read;
  throw new MeterError(read.code, read.message);
}

/** Why bytes are no telegram. An error each, with its stack, would take a hundred times as long as finding that out. */
export interface TelegramFault {
  readonly code: 'ERR_METER_FORMAT' | 'ERR_METER_CHECKSUM' | 'ERR_METER_LIMIT';
  readonly message: string;
}

const formatFault = (message: string): TelegramFault => ({ code: 'ERR_METER_FORMAT', message });

/** As {@link parseTelegram}, without throwing. */
export function readTelegram(bytes: Uint8Array, options: P1Options): P1Telegram | TelegramFault {
  if (bytes.length > MAX_TELEGRAM_BYTES) {
    const message = `A telegram has at most ${MAX_TELEGRAM_BYTES} bytes, got ${bytes.length}`;
    return { code: 'ERR_METER_LIMIT', message };
  }
  if (bytes[0] === 0xdb) {
    return formatFault('This telegram is encrypted (as in Luxembourg); decrypt it first');
  }
  const bang = endOfBody(bytes);
  if (bytes[0] !== SLASH || bang < 0) {
    return formatFault('Expected a telegram from a line that starts with / to one that starts with !');
  }
  const issues: SourceIssue[] = [];
  const { lines, unknown, identification } = splitLines(latin1.decode(bytes.subarray(0, bang)));
  const sorted = sortLines(lines);
  const first = (reference: string): string | undefined =>
    sorted.device.find((line) => line.reference === reference)?.values[0];
  const emucs = first('0-0:96.1.4');
  const version = emucs ?? first('1-3:0.2.8') ?? null;
  const checksum = checkCrc(bytes, bang, version !== null, issues);
  if (typeof checksum === 'object') return checksum;
  const zone = options.zone ?? 'Europe/Amsterdam';
  const offset = options.standardOffsetMinutes;
  if (checksum === 'absent' && hasTwice(sorted.registers)) {
    return formatFault('Two telegrams run into each other: a register is told twice');
  }
  const told = telegramTime(first('0-0:1.0.0'), zone, offset, issues);
  const equipment = first('0-0:96.1.1') ?? first('1-0:96.1.1') ?? null;
  const newest = told ?? options.receivedAt;
  const channels = readChannels(sorted.channels, { zone, offset, newest, issues });
  const readings = mainReadings(
    sorted.registers,
    told,
    options.receivedAt,
    channels,
    equipment,
    identification,
    issues,
  );
  for (const { commodity, reading, equipment: own, channel } of channels) {
    if (reading === null || commodity === null || commodity === 'electricity') continue;
    const serial = serialOf(own);
    const facts = {
      commodity,
      flow: 'import',
      tariff: 'total',
      at: reading.at,
      value: reading.value,
      unit: reading.unit,
      trust: 'unsigned',
      record: `${own ?? `${equipment ?? ''}#${channel}`}@${reading.at}`,
      register: reading.reference,
    } as const;
    readings.push(serial === undefined ? facts : { ...facts, serial });
  }
  return {
    identification,
    version,
    dialect: emucs === undefined ? 'dsmr' : 'emucs',
    checksum,
    at: told ?? null,
    equipment,
    lines,
    unknown,
    channels,
    readings,
    issues,
  };
}

/** The telegram's own time; undefined when it tells none, or one that cannot be. */
function telegramTime(
  text: string | undefined,
  zone: string,
  offset: number | undefined,
  issues: SourceIssue[],
): number | undefined {
  if (text === undefined) return undefined;
  const at = '0-0:1.0.0';
  const time = parseP1Time(text, zone, offset);
  if (time === undefined) {
    issues.push({ code: 'bad-time', at, message: 'The telegram time is no calendar time' });
    return undefined;
  }
  if (!isPlausibleTime(time.at)) {
    const message = `The meter's clock says ${new Date(time.at).getUTCFullYear()}: it was never set`;
    issues.push({ code: 'impossible-time', at, message });
    return undefined;
  }
  if (time.isOdd) issues.push({ code: 'clock', at, message: ODD_CLOCK });
  return time.at;
}

const ODD_CLOCK = 'The summer-time letter is not what the zone has at that time; is the zone right?';

/** Whether a register of the main meter is told twice. */
function hasTwice(lines: readonly P1Line[]): boolean {
  const seen = new Set<string>();
  for (const { reference } of lines) {
    if (seen.has(reference)) return true;
    seen.add(reference);
  }
  return false;
}

const HEX_TEXT = /^(?:[2-7][0-9A-Fa-f])+$/;

/** Serial of a meter: the equipment id, which telegrams write as the hexadecimal codes of its characters. */
function serialOf(equipment: string | null): string | undefined {
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

/** Index of the `!` that starts a line, or −1. */
function endOfBody(bytes: Uint8Array): number {
  for (let i = bytes.indexOf(BANG); i >= 0; i = bytes.indexOf(BANG, i + 1)) {
    const before = bytes[i - 1];
    if (before === 0x0a || before === 0x0d) return i;
  }
  return -1;
}

function splitLines(text: string): { lines: P1Line[]; unknown: string[]; identification: string } {
  const lines: P1Line[] = [];
  const unknown: string[] = [];
  const rows = text.split(/\r\n|\n|\r/);
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i];
    if (row !== undefined && row !== '') addLine(row, lines, unknown);
  }
  return { lines, unknown, identification: (rows[0] ?? '').slice(1) };
}

function addLine(row: string, lines: P1Line[], unknown: string[]): void {
  const open = row.indexOf('(');
  const values = open < 0 ? undefined : bracketed(row, open);
  const last = lines[lines.length - 1];
  // Up to DSMR 3 the gas value stands alone on the line below its header.
  if (open === 0 && values !== undefined && last !== undefined) {
    lines[lines.length - 1] = { ...last, values: [...last.values, ...values] };
    return;
  }
  const reference = open < 0 ? row : row.slice(0, open);
  if (values !== undefined && REFERENCE.test(reference)) lines.push({ reference, values });
  else unknown.push(row);
}

/** The texts of the brackets that `row` consists of from `open` on; undefined when it does not. */
function bracketed(row: string, open: number): string[] | undefined {
  const values: string[] = [];
  for (let from = open; from < row.length; ) {
    const to = row.indexOf(')', from);
    if (row.charCodeAt(from) !== OPEN || to < 0) return undefined;
    const value = row.slice(from + 1, to);
    if (value.includes('(')) return undefined;
    values.push(value);
    from = to + 1;
  }
  return values;
}

/** The lines that readings come of. */
interface SortedLines {
  /** `0-0` and `1-3`: what the device tells of itself. And `1-x` objects that tell its serial. */
  readonly device: readonly P1Line[];
  /** Registers 1.8 and 2.8 of `1-x`, which are those of the main meter. */
  readonly registers: readonly P1Line[];
  /** By number of the channel, 1 to 4. */
  readonly channels: readonly (readonly P1Line[])[];
}

function sortLines(lines: readonly P1Line[]): SortedLines {
  const device: P1Line[] = [];
  const registers: P1Line[] = [];
  const channels: P1Line[][] = [[], [], [], [], []];
  for (const line of lines) {
    const { reference } = line;
    if (reference.charCodeAt(0) === ZERO && reference.charCodeAt(1) === DASH && reference[3] === ':') {
      const channel = reference.charCodeAt(2) - ZERO;
      (channel === 0 ? device : channels[channel])?.push(line);
    } else if (reference.endsWith('.8', reference.length - 2)) {
      if (REGISTER.test(reference)) registers.push(line);
    } else if (reference.startsWith('96.1.', 4) || reference === '1-3:0.2.8') device.push(line);
  }
  return { device, registers, channels };
}

function checkCrc(
  bytes: Uint8Array,
  bang: number,
  isRequired: boolean,
  issues: SourceIssue[],
): P1Telegram['checksum'] | TelegramFault {
  const tail = latin1.decode(bytes.subarray(bang + 1, bang + 8)).trim();
  if (tail === '') {
    if (!isRequired) return 'absent';
    return {
      code: 'ERR_METER_CHECKSUM',
      message: 'The telegram has no CRC although its version demands one',
    };
  }
  const told = /^[0-9A-Fa-f]{1,4}$/.test(tail) ? Number.parseInt(tail, 16) : -1;
  if (told === crc16Arc(bytes, 0, bang + 1)) return 'valid';
  // Editors and copy-paste turn CR LF into LF: the CRC is over the telegram as it was sent.
  if (
    !bytes.subarray(0, bang).includes(0x0d) &&
    told === crc16Arc(withCarriageReturns(bytes.subarray(0, bang + 1)))
  ) {
    issues.push({
      code: 'line-endings',
      at: '!',
      message: 'CR LF line ends were changed to LF; the CRC fits without that',
    });
    return 'valid';
  }
  return {
    code: 'ERR_METER_CHECKSUM',
    message: 'The CRC does not fit: the telegram was damaged or changed',
  };
}

function withCarriageReturns(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 2);
  let length = 0;
  for (const byte of bytes) {
    if (byte === 0x0a) out[length++] = 0x0d;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

function measured(text: string): { value: number; unit: EnergyUnit } | undefined {
  const star = text.indexOf('*');
  const number = star < 0 ? text : text.slice(0, star);
  const second = text.indexOf('*', star + 1);
  const known = sourceUnit(star < 0 ? '' : text.slice(star + 1, second < 0 ? text.length : second));
  if (known === undefined) return undefined;
  try {
    const value = microFromText(number, known.power);
    return value < 0 ? undefined : { value, unit: known.unit };
  } catch {
    return undefined;
  }
}

function mainReadings(
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

/** How the times of M-Bus meters are read and held against the telegram's own. */
interface ChannelTimes {
  readonly zone: string;
  readonly offset: number | undefined;
  /** When the telegram was made or arrived, if that is known, ms since the epoch. */
  readonly newest: number | undefined;
  readonly issues: SourceIssue[];
}

function readChannels(byChannel: SortedLines['channels'], times: ChannelTimes): P1Channel[] {
  const channels: P1Channel[] = [];
  for (const [channel, own] of byChannel.entries()) {
    if (own.length === 0) continue;
    const prefix = `0-${channel}:`;
    const value = (suffix: string): string | undefined =>
      own.find((line) => line.reference === prefix + suffix)?.values[0];
    const typeText = value('24.1.0');
    const type = typeText !== undefined && /^\d{1,3}$/.test(typeText) ? Number(typeText) : null;
    const equipment = value('96.1.0') ?? value('96.1.1') ?? value('96.1.2');
    channels.push({
      channel,
      type,
      commodity: type === null ? null : (COMMODITIES[type] ?? null),
      equipment: equipment === undefined || equipment === '' ? null : equipment,
      reading: channelReading(own, times),
    });
  }
  return channels;
}

/** The reading of an M-Bus meter: 24.2.x with time and value, or the two-line 24.3.0 of DSMR 2 and 3. */
function channelReading(lines: readonly P1Line[], times: ChannelTimes): P1Channel['reading'] {
  const { issues } = times;
  for (const { reference, values } of lines) {
    const isProfile = /:24\.3\.0$/.test(reference);
    if (!isProfile && !/:24\.2\.\d{1,2}$/.test(reference)) continue;
    // (time)(status)(minutes)(objects)(register)(unit)(value)
    const text = isProfile ? `${values[6] ?? ''}*${values[5] ?? ''}` : (values[1] ?? '');
    if (values.length < 2 || text === '') continue;
    const at = channelTime(values[0] ?? '', reference, times);
    const amount = measured(text);
    if (amount === undefined)
      issues.push({ code: 'bad-value', at: reference, message: 'Expected a number with m3 or GJ' });
    if (at !== undefined && amount !== undefined) {
      const named =
        isProfile && /^\d-\d{1,3}:\d/.test(values[4] ?? '') ? (values[4] ?? reference) : reference;
      return { reference: named, at, value: amount.value, unit: amount.unit };
    }
  }
  return null;
}

/** How far an M-Bus meter's clock may be ahead of the telegram before that is told, and before it is impossible. */
const AHEAD_TOLD = 3_600_000;
const AHEAD_MOST = 45 * 86_400_000;

function channelTime(text: string, reference: string, times: ChannelTimes): number | undefined {
  const { zone, offset, newest, issues } = times;
  const tell = (code: SourceIssue['code'], message: string): void => {
    issues.push({ code, at: reference, message });
  };
  const time = parseP1Time(text, zone, offset);
  if (time === undefined) {
    tell('bad-time', 'The reading has no calendar time');
    return undefined;
  }
  const ahead = newest === undefined ? 0 : time.at - newest;
  if (!isPlausibleTime(time.at) || ahead > AHEAD_MOST) {
    tell('impossible-time', `The reading says ${new Date(time.at).getUTCFullYear()}: its clock is wrong`);
    return undefined;
  }
  if (ahead > AHEAD_TOLD) tell('clock', 'The reading is from after the telegram: one of the clocks is wrong');
  if (time.isOdd) tell('clock', ODD_CLOCK);
  if (time.ambiguous) tell('ambiguous-time', 'The hour was repeated that night; the first is taken');
  return time.at;
}
