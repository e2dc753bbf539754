import { MeterError } from '../../../errors.ts';
import type { MeterReading } from '../../../reading.ts';
import type { SourceIssue } from '../../issues.ts';
import { isPlausibleTime } from '../../plausible-time.ts';
import { type P1Channel, readChannels } from './channels.ts';
import { checkCrc, type TelegramFault } from './checksum.ts';
import { hasTwice, type P1Line, sortLines, splitLines } from './lines.ts';
import { mainReadings, serialOf } from './registers.ts';
import { ODD_CLOCK, parseP1Time } from './time.ts';

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

const latin1 = new TextDecoder('latin1');
const SLASH = 0x2f;
const BANG = 0x21;

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

export /** Index of the `!` that starts a line, or −1. */
function endOfBody(bytes: Uint8Array): number {
  for (let i = bytes.indexOf(BANG); i >= 0; i = bytes.indexOf(BANG, i + 1)) {
    const before = bytes[i - 1];
    if (before === 0x0a || before === 0x0d) return i;
  }
  return -1;
}
