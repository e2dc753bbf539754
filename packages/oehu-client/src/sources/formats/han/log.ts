import { MeterError } from '../../../errors.ts';
import { arrivalOf } from '../../arrival.ts';
import type { FormatOptions, MeterFormat } from '../../format.ts';
import { nothingRead, type SourceIssue } from '../../issues.ts';
import { type MeterFile, NO_TIME } from '../../meter-file.ts';
import { linkAt } from './links.ts';
import { type HanTelegram, hanStream, onTheHour } from './stream.ts';

const HOUR = 3_600_000;
/** Bytes in which the first frame of a capture must begin. */
const HEAD_BYTES = 4096;
const HEX_LINES = /^(?:[0-9A-Fa-f]{2}[\s:]*)+$/;
const MAX_TELEGRAMS = 1_000_000;

/** The bytes of a capture: as they are, or written as hexadecimal digits, as many programs log them. */
function captured(bytes: Uint8Array, isWhole: boolean): Uint8Array {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 64)).trimStart();
  if (!/^(?:7[eE]|68|[dD][bB])[\s:]*[0-9A-Fa-f]{2}[\s:]*[0-9A-Fa-f]{2}/.test(text)) return bytes;
  const all = new TextDecoder('latin1').decode(isWhole ? bytes : bytes.subarray(0, 2 * HEAD_BYTES));
  const digits = all.replace(/[\s:]+/g, '');
  if (!HEX_LINES.test(digits.slice(0, digits.length & ~1))) {
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
  const issues: SourceIssue[] = [];
  const telegrams: { telegram: HanTelegram; where: string }[] = [];
  let error: MeterError | undefined;
  for (const [i, event] of [...stream.push(data), ...stream.end()].entries()) {
    const where = `telegram ${i}`;
    if (event.ok) telegrams.push({ telegram: event.telegram, where });
    else {
      error ??= event.error;
      issues.push({ code: 'unreadable', at: where, message: event.error.message });
    }
    if (i >= MAX_TELEGRAMS)
      throw new MeterError('ERR_METER_LIMIT', `A log has at most ${MAX_TELEGRAMS} telegrams`);
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
