import { isEdmpError } from '@edmp/interface';
import { MeterError } from '../../../errors.ts';
import { type LivePower, powerOfTelegram } from '../../../live/power.ts';
import type { MeterReading } from '../../../reading.ts';
import type { SourceIssue } from '../../issues.ts';
import { NO_TIME } from '../../meter-file.ts';
import { registerOf } from '../../readings.ts';
import { parseTelegram } from '../p1/telegram.ts';
import { decipher, type MeterKeys, wrongKey } from './cipher.ts';
import { instantOf } from './clock.ts';
import { GLO_CIPHERED } from './links.ts';
import { type LinkEvent, MessageReader } from './messages.ts';
import { type PushList, readPushList } from './push-list.ts';

/** How the lists of a customer port (HAN) are read. */
export interface HanOptions {
  /** Zone of the meter's clock, where it tells no offset. Default `Europe/Oslo`. */
  readonly zone?: string;
  /** When the bytes arrived, ms since the epoch, of live data. */
  readonly receivedAt?: number;
  /** Keys of a meter that encrypts. */
  readonly keys?: MeterKeys;
}

/** What a meter pushed at once. */
export interface HanTelegram {
  /** Time of its clock, ms since the epoch; null when it tells none. */
  readonly at: number | null;
  /** Name of the list, e.g. `AIDON_V0001`; undefined when it tells none. */
  readonly list: string | undefined;
  readonly power: LivePower;
  /** Registers of energy: most meters tell them once an hour. */
  readonly readings: readonly MeterReading[];
  readonly issues: readonly SourceIssue[];
}

/** What comes out of a stream: a telegram, or why bytes are none. */
export type HanEvent =
  | { readonly ok: true; readonly telegram: HanTelegram }
  | { readonly ok: false; readonly error: MeterError };

/** A stream of bytes of a customer port that is cut into telegrams. */
export interface HanStream {
  /** Takes the next bytes and gives what is whole. Never throws on bad bytes. */
  push(bytes: Uint8Array): readonly HanEvent[];
  /** Ends the stream and tells what was not whole. */
  end(): readonly HanEvent[];
}

/** Lists whose registers were taken at the full hour and are sent some seconds later (HAN-NEK OBIS lists, note 2). */
const HOURLY_LISTS = /^(?:KFM_001|Kamstrup_V0001|AIDON_V0001)$/;
const HOUR = 3_600_000;
/** Latest after the hour that such a list is sent. */
const LATE_MS = 15_000;

/**
 * Cuts the bytes of a customer port (HAN) into DLMS push lists: HDLC frames, M-Bus frames, or ciphered telegrams that stand
 * alone; segments and blocks are put together, encrypted ones opened. Memory stays below 100 KiB.
 *
 * @param options - How telegrams are read; a function is asked again for each one, so that it can tell when it arrived.
 */
export function hanStream(options: HanOptions | (() => HanOptions) = {}): HanStream {
  const messages = new MessageReader();
  let isBare = false;
  const read = (events: readonly LinkEvent[]): HanEvent[] =>
    events.map((event) => {
      if (!event.ok) return event;
      try {
        const told = typeof options === 'function' ? options() : options;
        const telegram = readApdu(event.apdu, told);
        // A meter that leaves its registers out of some lists tells them of the full hour in the others.
        if (telegram.readings.length === 0) isBare = true;
        return { ok: true, telegram: isBare ? onTheHour(telegram) : telegram };
      } catch (error) {
        return { ok: false, error: asMeterError(error) };
      }
    });
  return { push: (bytes) => read(messages.push(bytes)), end: () => read(messages.end()) };
}

/**
 * The telegram with its registers at the full hour, when its list is one of those whose registers are taken then and
 * sent some seconds later.
 */
export function onTheHour(telegram: HanTelegram): HanTelegram {
  const { at, list, readings } = telegram;
  if (at === null || list === undefined || !HOURLY_LISTS.test(list) || at % HOUR > LATE_MS) return telegram;
  const hour = at - (at % HOUR);
  return { ...telegram, readings: readings.map((one) => (one.at === at ? { ...one, at: hour } : one)) };
}

function readApdu(apdu: Uint8Array, options: HanOptions): HanTelegram {
  if (apdu[0] !== GLO_CIPHERED) return telegramOf(readPushList(apdu), options);
  const opened = decipher(apdu, options.keys);
  // The port of Luxembourg ciphers P1 telegrams.
  if (opened[0] === 0x2f) return telegramOfP1(opened, options);
  if (opened[0] !== 0x0f) throw wrongKey('what comes out is no list');
  return telegramOf(readPushList(opened), options);
}

function telegramOfP1(bytes: Uint8Array, { zone, receivedAt }: HanOptions): HanTelegram {
  const telegram = parseTelegram(bytes, {
    ...(zone === undefined ? {} : { zone }),
    ...(receivedAt === undefined ? {} : { receivedAt }),
  });
  const { at, readings, issues } = telegram;
  return { at, list: undefined, power: powerOfTelegram(telegram), readings, issues };
}

function telegramOf(list: PushList, { zone = 'Europe/Oslo', receivedAt }: HanOptions): HanTelegram {
  const { name, serial, clock, registers, power } = list;
  const issues: SourceIssue[] = [...list.issues];
  const at = clock === undefined ? null : instantOf(clock, { zone, heardAt: receivedAt }, issues);
  const readings = registers.map(({ obis, flow, tariff, value }) =>
    registerOf({
      commodity: 'electricity',
      flow,
      tariff,
      at: at ?? receivedAt ?? NO_TIME,
      value,
      unit: 'uKWh',
      serial,
      register: obis,
    }),
  );
  // What is said of the clock matters where it is used.
  return { at, list: name, power, readings, issues: readings.length > 0 ? issues : list.issues };
}

function asMeterError(error: unknown): MeterError {
  if (isEdmpError(error) && error instanceof MeterError) return error;
  return new MeterError('ERR_METER_FORMAT', 'The telegram cannot be read', { cause: error });
}
