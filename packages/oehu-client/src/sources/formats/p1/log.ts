import { MeterError } from '../../../errors.ts';
import type { MeterReading } from '../../../reading.ts';
import type { FormatOptions, MeterFormat } from '../../format.ts';
import { issueList } from '../../issues.ts';
import { type MeterFile, NO_TIME } from '../../meter-file.ts';
import { DamagedTelegram, type P1Event, p1Stream } from './stream.ts';
import type { P1Telegram } from './telegram.ts';

/**
 * Reads a file of telegrams. The time of arrival is that of the last telegram; earlier ones that tell no time are timed
 * by the declared spacing, else they have none (`NO_TIME`), which an issue tells. Throws `ERR_METER_FORMAT` or
 * `ERR_METER_CHECKSUM` when no telegram can be read.
 *
 * @param bytes - One telegram after the other; anything may be given.
 */
export function readTelegrams(bytes: Uint8Array, options: FormatOptions = {}): MeterFile {
  const { receivedAt, zone } = options;
  const stream = p1Stream({
    ...(receivedAt === undefined ? {} : { receivedAt }),
    ...(zone === undefined ? {} : { zone }),
  });
  const events: P1Event[] = [...stream.push(bytes), ...stream.end()];
  const issues = issueList();
  const readings: MeterReading[] = [];
  const log = logTimes(events, options);
  let damaged: Extract<P1Event, { readonly ok: false }> | undefined;
  /** By what is wrong: the first such telegram, and how many more there are. */
  const kinds = new Map<string, { readonly first: number; more: number }>();
  let telegrams = 0;
  for (const [i, event] of events.entries()) {
    if (event.ok) {
      telegrams++;
      readings.push(...log.timed(event.telegram));
      for (const issue of event.telegram.issues) {
        issues.push({ ...issue, at: events.length === 1 ? issue.at : `telegram ${i}, ${issue.at}` });
      }
    } else {
      damaged ??= event;
      const message = event instanceof DamagedTelegram ? event.fault.message : event.error.message;
      const kind = kinds.get(message);
      if (kind === undefined) kinds.set(message, { first: i, more: 0 });
      else kind.more++;
    }
  }
  for (const [message, { first, more }] of kinds) {
    const count = more === 0 ? '' : ` (and ${more} more telegrams)`;
    issues.push({ code: 'unreadable', at: `telegram ${first}`, message: `${message}${count}` });
  }
  if (telegrams === 0) {
    throw (
      damaged?.error ??
      new MeterError('ERR_METER_FORMAT', 'Expected a line that starts with / and one that starts with !')
    );
  }
  if (log.untimed() > 0) {
    const message = `${log.untimed()} telegrams before the last tell no time; give the seconds between telegrams to place them`;
    issues.push({ code: 'no-time', at: '$', message });
  }
  return { kind: 'dsmr-p1', readings, issues };
}

/** Times of telegrams that tell none of their own. */
function logTimes(
  events: readonly P1Event[],
  { receivedAt, spacingSeconds }: FormatOptions,
): { timed(telegram: P1Telegram): readonly MeterReading[]; untimed(): number } {
  const count = events.filter((event) => event.ok && event.telegram.at === null).length;
  let seen = 0;
  let untimed = 0;
  let lastGuess: number | undefined;
  return {
    untimed: () => untimed,
    timed(telegram) {
      if (telegram.at !== null) return telegram.readings;
      seen++;
      const isLast = seen === count;
      const isMain = (reading: MeterReading): boolean => reading.commodity === 'electricity';
      if (receivedAt === undefined) {
        // The gas meter's time stands in, once: later telegrams of its hour were not made at that moment.
        const guess = telegram.readings.find(isMain)?.at;
        const isOld = guess !== undefined && guess === lastGuess;
        lastGuess = guess;
        if (isOld) untimed++;
        return isOld ? telegram.readings.filter((reading) => !isMain(reading)) : telegram.readings;
      }
      if (isLast) return telegram.readings;
      if (spacingSeconds === undefined) untimed++;
      const at =
        spacingSeconds === undefined
          ? NO_TIME
          : receivedAt - Math.round((count - seen) * spacingSeconds * 1000);
      return telegram.readings.map((reading) => (isMain(reading) ? { ...reading, at } : reading));
    },
  };
}

/** DSMR, ESMR and eMUCS telegrams. */
export const p1Format: MeterFormat = {
  kind: 'dsmr-p1',
  title:
    'Telegrams of a P1 port: DSMR 2.2 to 5, ESMR (NL), eMUCS (BE), and those of LT, LU, SE, HU in clear text',
  proof: 'real',
  declare: 'zone outside Central Europe; up to DSMR 3 the time of arrival',
  looksLike: ({ head }) =>
    /(^|[\r\n])\/[^\r\n]{3,}\r?\n/.test(head) && /[\r\n]\d+-\d+:\d+\.\d+\.\d+/.test(head),
  read: ({ bytes }, options) => readTelegrams(bytes, options),
};
