import { isEdmpError } from '@edmp/interface';
import { MeterError } from '../../../errors.ts';
import { MAX_TELEGRAM_BYTES, type P1Options, type P1Telegram, parseTelegram } from './telegram.ts';

/** One telegram of a stream, or why a stretch of it is none. */
export type P1Event =
  | { readonly ok: true; readonly telegram: P1Telegram }
  | { readonly ok: false; readonly error: MeterError };

/** Cuts a byte stream into telegrams. */
export interface P1Stream {
  /** Takes the next bytes in pieces of any size; gives what they completed. Never throws. */
  push(bytes: Uint8Array): P1Event[];
  /** Ends the stream; a telegram that was begun and not ended is an error event. */
  end(): P1Event[];
}

const SLASH = 0x2f;
const BANG = 0x21;
const LF = 0x0a;
const CR = 0x0d;

/**
 * A reader of the serial stream of a P1 port, or of a file of telegrams. A damaged telegram gives an error event and
 * the stream goes on with the next one; memory stays below 64 KiB.
 */
export function p1Stream(options: P1Options | (() => P1Options) = {}): P1Stream {
  let buffer = new Uint8Array(4096);
  let length = 0;
  let inside = false;
  let ending = false;
  let lineStart = true;

  const settled = (): P1Options => (typeof options === 'function' ? options() : options);
  const reset = (): void => {
    length = 0;
    inside = false;
    ending = false;
  };
  const emit = (events: P1Event[]): void => {
    const telegram = buffer.subarray(0, length);
    try {
      events.push({ ok: true, telegram: parseTelegram(telegram, settled()) });
    } catch (error) {
      events.push({ ok: false, error: asMeterError(error) });
      // One that was cut off may have swallowed the next one, which is whole.
      const start = lastHeader(telegram);
      if (start > 0) {
        try {
          events.push({ ok: true, telegram: parseTelegram(telegram.subarray(start), settled()) });
        } catch {
          // The error above says it.
        }
      }
    }
    reset();
  };
  const append = (bytes: Uint8Array): void => {
    if (length + bytes.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, length + bytes.length));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(bytes, length);
    length += bytes.length;
  };
  const fail = (code: 'ERR_METER_FORMAT' | 'ERR_METER_LIMIT', message: string): P1Event => {
    reset();
    return { ok: false, error: new MeterError(code, message) };
  };

  /** Takes bytes up to and with the next line end, or what is there of a line. */
  const takeLine = (line: Uint8Array, isEnded: boolean, events: P1Event[]): void => {
    if (lineStart && line[0] === SLASH) {
      if (inside && ending) emit(events);
      else if (inside)
        events.push(fail('ERR_METER_FORMAT', 'A telegram began before the last one had ended'));
      inside = true;
    } else if (lineStart && line[0] === BANG && inside) ending = true;
    if (inside) {
      if (length + line.length > MAX_TELEGRAM_BYTES) {
        if (ending) emit(events);
        else events.push(fail('ERR_METER_LIMIT', `A telegram has at most ${MAX_TELEGRAM_BYTES} bytes`));
      } else {
        append(line);
        if (ending && isEnded && line[line.length - 1] === LF) emit(events);
      }
    }
    lineStart = isEnded;
  };

  return {
    push(bytes) {
      const events: P1Event[] = [];
      let lf = bytes.indexOf(LF);
      let cr = bytes.indexOf(CR);
      for (let from = 0; from < bytes.length; ) {
        if (lf >= 0 && lf < from) lf = bytes.indexOf(LF, from);
        if (cr >= 0 && cr < from) cr = bytes.indexOf(CR, from);
        const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
        const to = end < 0 ? bytes.length : end + 1;
        takeLine(bytes.subarray(from, to), end >= 0, events);
        from = to;
      }
      return events;
    },
    end() {
      const events: P1Event[] = [];
      if (inside && ending) emit(events);
      else if (inside) events.push(fail('ERR_METER_FORMAT', 'The stream ended inside a telegram'));
      lineStart = true;
      return events;
    },
  };
}

/** Where the last `/` stands that begins a header such as `/ISk5\\2MT382-1000`, or −1. */
function lastHeader(bytes: Uint8Array): number {
  for (let i = bytes.lastIndexOf(SLASH); i > 0; i = bytes.lastIndexOf(SLASH, i - 1)) {
    const header = String.fromCharCode(...bytes.subarray(i + 1, i + 5));
    if (/^[A-Za-z]{3}[0-9A-Za-z]$/.test(header)) return i;
  }
  return -1;
}

function asMeterError(error: unknown): MeterError {
  if (isEdmpError(error) && error instanceof MeterError) return error;
  return new MeterError('ERR_METER_FORMAT', 'The telegram cannot be read', { cause: error });
}
