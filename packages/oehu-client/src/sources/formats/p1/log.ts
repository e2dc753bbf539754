import { MeterError } from '../../../errors.ts';
import type { MeterReading } from '../../../reading.ts';
import type { FormatOptions, MeterFormat } from '../../format.ts';
import { issueList, type SourceIssue } from '../../issues.ts';
import { type MeterFile, NO_TIME } from '../../meter-file.ts';
import { DamagedTelegram, type P1Event, p1Stream } from './stream.ts';

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
  const issues = new TelegramIssues();
  const told: ToldTelegram[] = [];
  const take = (event: P1Event): void => {
    if (event.ok) {
      const { at, readings } = event.telegram;
      if (readings.length > 0 || at === null) told.push({ isTimed: at !== null, readings });
    }
    issues.add(event);
  };
  // In pieces: of a log of a million telegrams only what they tell is kept.
  for (let from = 0; from < bytes.length; from += PIECE)
    for (const event of stream.push(bytes.subarray(from, from + PIECE))) take(event);
  for (const event of stream.end()) take(event);
  const all = issues.all();
  if (issues.telegrams === 0) {
    throw (
      issues.firstError ??
      new MeterError('ERR_METER_FORMAT', 'Expected a line that starts with / and one that starts with !')
    );
  }
  const { readings, untimed } = timed(told, options);
  if (untimed > 0) {
    const message = `${untimed} telegrams before the last tell no time; give the seconds between telegrams to place them`;
    all.push({ code: 'no-time', at: '$', message });
  }
  return { kind: 'dsmr-p1', readings, issues: all };
}

/** Bytes that are cut into telegrams at once. */
const PIECE = 65_536;

/** What is kept of a telegram until all have been read. */
interface ToldTelegram {
  readonly isTimed: boolean;
  readonly readings: readonly MeterReading[];
}

/** What was wrong with the telegrams of a log; beyond what is shown of a file it is only counted. */
class TelegramIssues {
  telegrams = 0;
  #events = 0;
  #first: readonly SourceIssue[] = [];
  readonly #issues = issueList();
  #damaged: Extract<P1Event, { readonly ok: false }> | undefined;
  /** By what is wrong: the first such telegram, and how many more there are. */
  readonly #kinds = new Map<string, { readonly first: number; more: number }>();

  /** Why the first telegram that is none is none. */
  get firstError(): MeterError | undefined {
    return this.#damaged?.error;
  }

  add(event: P1Event): void {
    const index = this.#events++;
    if (event.ok) {
      this.telegrams++;
      const { issues } = event.telegram;
      if (index === 0) this.#first = issues;
      for (const issue of issues) this.#issues.push({ ...issue, at: `telegram ${index}, ${issue.at}` });
      return;
    }
    this.#damaged ??= event;
    const message = event instanceof DamagedTelegram ? event.fault.message : event.error.message;
    const kind = this.#kinds.get(message);
    if (kind === undefined) this.#kinds.set(message, { first: index, more: 0 });
    else kind.more++;
  }

  /** All of them; those of the only telegram of a log do not name it. */
  all(): SourceIssue[] {
    const issues = this.#events === 1 ? [...this.#first] : this.#issues;
    for (const [message, { first, more }] of this.#kinds) {
      const count = more === 0 ? '' : ` (and ${more} more telegrams)`;
      issues.push({ code: 'unreadable', at: `telegram ${first}`, message: `${message}${count}` });
    }
    return issues;
  }
}

/** The readings of all telegrams, with times for those that tell none of their own. */
function timed(
  telegrams: readonly ToldTelegram[],
  { receivedAt, spacingSeconds }: FormatOptions,
): { readonly readings: MeterReading[]; readonly untimed: number } {
  const count = telegrams.reduce((sum, { isTimed }) => sum + (isTimed ? 0 : 1), 0);
  const readings: MeterReading[] = [];
  let seen = 0;
  let untimed = 0;
  let lastGuess: number | undefined;
  const isMain = (reading: MeterReading): boolean => reading.commodity === 'electricity';
  const of = (telegram: ToldTelegram): readonly MeterReading[] => {
    if (telegram.isTimed) return telegram.readings;
    seen++;
    if (receivedAt === undefined) {
      // The gas meter's time stands in, once: later telegrams of its hour were not made at that moment.
      const guess = telegram.readings.find(isMain)?.at;
      const isOld = guess !== undefined && guess === lastGuess;
      lastGuess = guess;
      if (isOld) untimed++;
      return isOld ? telegram.readings.filter((reading) => !isMain(reading)) : telegram.readings;
    }
    if (seen === count) return telegram.readings;
    if (spacingSeconds === undefined) untimed++;
    const at =
      spacingSeconds === undefined
        ? NO_TIME
        : receivedAt - Math.round((count - seen) * spacingSeconds * 1000);
    return telegram.readings.map((reading) => (isMain(reading) ? { ...reading, at } : reading));
  };
  for (const telegram of telegrams) for (const reading of of(telegram)) readings.push(reading);
  return { readings, untimed };
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
