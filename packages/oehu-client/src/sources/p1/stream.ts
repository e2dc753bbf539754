import { isEdmpError } from '@edmp/interface';
import { MeterError } from '../../errors.ts';
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

  const emit = (events: P1Event[]): void => {
    try {
      const settings = typeof options === 'function' ? options() : options;
      events.push({ ok: true, telegram: parseTelegram(buffer.subarray(0, length), settings) });
    } catch (error) {
      events.push({ ok: false, error: asMeterError(error) });
    }
    length = 0;
    inside = false;
    ending = false;
  };
  const append = (byte: number): void => {
    if (length === buffer.length) {
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
    }
    buffer[length++] = byte;
  };
  const fail = (code: 'ERR_METER_FORMAT' | 'ERR_METER_LIMIT', message: string): P1Event => {
    length = 0;
    inside = false;
    ending = false;
    return { ok: false, error: new MeterError(code, message) };
  };

  return {
    push(bytes) {
      const events: P1Event[] = [];
      for (const byte of bytes) {
        if (lineStart && byte === SLASH) {
          if (inside && ending) emit(events);
          else if (inside)
            events.push(fail('ERR_METER_FORMAT', 'A telegram began before the last one had ended'));
          inside = true;
        }
        if (inside) {
          append(byte);
          if (ending && (byte === LF || length > MAX_TELEGRAM_BYTES)) emit(events);
          else if (lineStart && byte === BANG) ending = true;
          else if (length > MAX_TELEGRAM_BYTES) {
            events.push(fail('ERR_METER_LIMIT', `A telegram has at most ${MAX_TELEGRAM_BYTES} bytes`));
          }
        }
        lineStart = byte === LF || byte === CR;
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

function asMeterError(error: unknown): MeterError {
  if (isEdmpError(error) && error instanceof MeterError) return error;
  return new MeterError('ERR_METER_FORMAT', 'The telegram cannot be read', { cause: error });
}
