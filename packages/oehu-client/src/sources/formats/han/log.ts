import { MeterError } from '../../../errors.ts';
import { arrivalOf } from '../../arrival.ts';
import type { FormatOptions, MeterFormat } from '../../format.ts';
import { issueList, MAX_ISSUES, nothingRead } from '../../issues.ts';
import { type MeterFile, NO_TIME } from '../../meter-file.ts';
import { linkAt } from './links.ts';
import { DamagedMessage } from './messages.ts';
import { type HanEvent, type HanTelegram, hanStream, onTheHour } from './stream.ts';

const HOUR = 3_600_000;
/** Bytes in which the first frame of a capture must begin. */
const HEAD_BYTES = 4096;
/** Looked for, because a group that repeats over a large log would overflow the stack. */
const NO_DIGIT = /[^0-9A-Fa-f]/;
const MAX_TELEGRAMS = 1_000_000;
/** Telegrams after which a log of nothing but damaged ones, or under another key, is given up. */
const MAX_DAMAGED = 100_000;
const PIECE_BYTES = 65_536;

/** The bytes of a capture: as they are, or written as hexadecimal digits, as many programs log them. */
function captured(bytes: Uint8Array, isWhole: boolean): Uint8Array {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 64)).trimStart();
  if (!/^(?:7[eE]|68|[dD][bB])[\s:]*[0-9A-Fa-f]{2}[\s:]*[0-9A-Fa-f]{2}/.test(text)) return bytes;
  const all = new TextDecoder('latin1').decode(isWhole ? bytes : bytes.subarray(0, 2 * HEAD_BYTES));
  const digits = all.replace(/[\s:]+/g, '');
  if (digits.length < 2 || NO_DIGIT.test(digits)) {
    if (isWhole)
      throw new MeterError('ERR_METER_FORMAT', 'Expected hexadecimal digits, found something else');
    return bytes;
  }
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** Whether a whole frame with fitting checks, or a ciphered telegram, begins near the start. */
function isHan(bytes: Uint8Array): boolean {
  const head = captured(bytes, false);
  const end = Math.min(head.length, HEAD_BYTES);
  for (let at = 0; at < end; at++) if (linkAt(head, at).kind === 'piece') return true;
  return false;
}

/**
 * Reads a capture of a customer port (HAN): DLMS push lists in HDLC or M-Bus frames, or ciphered telegrams, one or a log.
 * What is damaged or cannot be opened is an issue. Registers of lists that are sent once an hour belong to the full
 * hour. Throws `ERR_METER_FORMAT` or `ERR_METER_CHECKSUM` when no telegram can be read, `ERR_METER_SCHEMA` when none
 * tells a register and `ERR_METER_LIMIT` when there are too many.
 *
 * @param bytes - The bytes of the port, or their hexadecimal digits; anything may be given.
 */
export function readHan(bytes: Uint8Array, options: FormatOptions = {}): MeterFile {
  const { zone, keys } = options;
  const stream = hanStream({
    ...(zone === undefined ? {} : { zone }),
    ...(keys === undefined ? {} : { keys }),
  });
  const data = captured(bytes, true);
  const issues = issueList();
  const telegrams: { telegram: HanTelegram; where: string }[] = [];
  /** By what is wrong: the first such telegram, and how many more there are. */
  const damaged = new Map<string, { readonly first: number; more: number }>();
  let error: MeterError | undefined;
  let count = 0;
  const take = (events: readonly HanEvent[]): void => {
    for (const event of events) {
      const number = count++;
      if (number >= MAX_TELEGRAMS)
        throw new MeterError('ERR_METER_LIMIT', `A log has at most ${MAX_TELEGRAMS} telegrams`);
      if (event.ok) {
        telegrams.push({ telegram: event.telegram, where: `telegram ${number}` });
        continue;
      }
      error ??= event.error;
      if (telegrams.length === 0 && number >= MAX_DAMAGED) throw error;
      const message = event instanceof DamagedMessage ? event.message : event.error.message;
      const kind = damaged.get(message);
      if (kind !== undefined) kind.more++;
      else if (damaged.size < MAX_ISSUES) damaged.set(message, { first: number, more: 0 });
    }
  };
  // In pieces: of a file of nothing but damaged frames there would be millions of events at once.
  for (let from = 0; from < data.length; from += PIECE_BYTES)
    take(stream.push(data.subarray(from, from + PIECE_BYTES)));
  take(stream.end());
  for (const [message, { first, more }] of damaged) {
    const others = more === 0 ? '' : ` (and ${more} more telegrams)`;
    issues.push({ code: 'unreadable', at: `telegram ${first}`, message: `${message}${others}` });
  }
  if (telegrams.length === 0) {
    throw (
      error ?? new MeterError('ERR_METER_FORMAT', 'Expected a frame of a customer port (HAN), found none')
    );
  }
  const full = telegrams.filter(({ telegram }) => telegram.readings.length > 0);
  const isHourly = full.length < telegrams.length || areHoursApart(full.map(({ telegram }) => telegram));
  let untimed = 0;
  const readings = full.flatMap(({ telegram, where }, i) => {
    for (const issue of telegram.issues) issues.push({ ...issue, at: `${where}, ${issue.at}` });
    const arrival = arrivalOf(i, full.length, options);
    if (telegram.at === null && arrival === NO_TIME) untimed++;
    const timed = isHourly ? onTheHour(telegram) : telegram;
    return timed.readings.map((one) => (one.at === NO_TIME ? { ...one, at: arrival } : one));
  });
  if (untimed > 0) {
    const message = `${untimed} telegrams tell no time; give the time of arrival and, for a log, the seconds between them`;
    issues.push({ code: 'no-time', at: '$', message });
  }
  if (readings.length === 0) throw nothingRead('lists with registers of energy', issues);
  return { kind: 'han-dlms', readings, issues };
}

function areHoursApart(telegrams: readonly HanTelegram[]): boolean {
  if (telegrams.length < 2) return false;
  return telegrams.every(({ at }, i) => {
    const before = telegrams[i - 1]?.at;
    if (i === 0) return at !== null;
    return at !== null && before !== null && before !== undefined && Math.abs(at - before) > HOUR - 60_000;
  });
}

/** The customer port of Nordic, Austrian and Luxembourgish meters. */
export const hanFormat: MeterFormat = {
  kind: 'han-dlms',
  title:
    'Customer port (HAN) of Aidon, Kaifa and Kamstrup meters (NO, SE, DK, FI), and encrypted of those of AT and LU: DLMS lists in HDLC or M-Bus frames, one or a log, also as hexadecimal digits',
  proof: 'unproven',
  declare: 'the key, when the meter encrypts; zone outside Central Europe',
  looksLike: ({ bytes }) => isHan(bytes),
  read: ({ bytes }, options) => readHan(bytes, options),
};
