import { isEdmpError } from '@edmp/interface';
import { MeterError } from '../../../errors.ts';
import type { TelegramFault } from './checksum.ts';
import { MAX_TELEGRAM_BYTES, type P1Options, type P1Telegram, readTelegram } from './telegram.ts';

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

/** A stretch of a stream that is no telegram; its error is made when somebody wants it. */
export class DamagedTelegram {
  readonly ok = false;
  readonly fault: TelegramFault;
  #error: MeterError | undefined;

  constructor(fault: TelegramFault) {
    this.fault = fault;
  }

  get error(): MeterError {
    this.#error ??= new MeterError(this.fault.code, this.fault.message);
    return this.#error;
  }
}

const SLASH = 0x2f;
const BANG = 0x21;
const LF = 0x0a;
const CR = 0x0d;

/**
 * A reader of the serial stream of a P1 port, or of a file of telegrams. A damaged telegram gives an error event and
 * the stream goes on with the next one; memory stays below 64 KiB.
 *
 * @param options - How telegrams are read; a function is asked again for each one, so that it can tell when that one
 *   arrived.
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
  const emit = (telegram: Uint8Array, events: P1Event[]): void => {
    const read = attempt(telegram, settled);
    events.push(read);
    if (!read.ok) {
      // One that was cut off may have swallowed the next one, which is whole.
      const start = lastHeader(telegram);
      const next = start > 0 ? attempt(telegram.subarray(start), settled) : read;
      if (next.ok) events.push(next);
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
  const fail = (code: TelegramFault['code'], message: string): P1Event => {
    reset();
    return new DamagedTelegram({ code, message });
  };

  /** Adds a stretch of a telegram, unless that makes it too long. */
  const take = (bytes: Uint8Array, events: P1Event[]): void => {
    if (length + bytes.length <= MAX_TELEGRAM_BYTES) append(bytes);
    else if (ending) emit(buffer.subarray(0, length), events);
    else events.push(fail('ERR_METER_LIMIT', `A telegram has at most ${MAX_TELEGRAM_BYTES} bytes`));
  };

  return {
    push(bytes) {
      const events: P1Event[] = [];
      const slashes = lineStarts(bytes, SLASH, lineStart);
      const bangs = lineStarts(bytes, BANG, lineStart);
      const feeds = placesOf(bytes, LF);
      for (let from = 0; from < bytes.length; ) {
        if (!inside) {
          from = slashes(from);
          if (from === bytes.length) break;
          inside = true;
          // One that is whole in these bytes needs no copy.
          const slash = slashes(from + 1);
          const bang = bangs(from + 1);
          const end = bang < slash ? feeds(bang) + 1 : bytes.length + 1;
          if (end <= slash && end - from <= MAX_TELEGRAM_BYTES) {
            emit(bytes.subarray(from, end), events);
            from = end;
            continue;
          }
          take(bytes.subarray(from, ++from), events);
          continue;
        }
        const slash = slashes(from);
        if (slash === from) {
          if (ending) emit(buffer.subarray(0, length), events);
          else events.push(fail('ERR_METER_FORMAT', 'A telegram began before the last one had ended'));
          continue;
        }
        if (ending) {
          const lf = feeds(from);
          const to = Math.min(slash, lf + 1);
          take(bytes.subarray(from, to), events);
          if (to === lf + 1 && ending) emit(buffer.subarray(0, length), events);
          from = to;
          continue;
        }
        const bang = bangs(from);
        const to = Math.min(slash, bang);
        take(bytes.subarray(from, to), events);
        from = to;
        if (to === bang && bang < bytes.length && inside) ending = true;
      }
      const last = bytes[bytes.length - 1];
      if (last !== undefined) lineStart = last === LF || last === CR;
      return events;
    },
    end() {
      const events: P1Event[] = [];
      if (inside && ending) emit(buffer.subarray(0, length), events);
      else if (inside) events.push(fail('ERR_METER_FORMAT', 'The stream ended inside a telegram'));
      lineStart = true;
      return events;
    },
  };
}

/**
 * Finds the next place from an index on where `byte` begins a line; the length of `bytes` when there is none. Asked with
 * ascending indexes it looks at every byte once.
 */
function lineStarts(bytes: Uint8Array, byte: number, startsLine: boolean): (from: number) => number {
  let next = -1;
  return (from) => {
    while (next < from) {
      const at = bytes.indexOf(byte, Math.max(from, next + 1));
      if (at < 0) next = bytes.length;
      else {
        const before = bytes[at - 1];
        next = at;
        if (at === 0 ? startsLine : before === LF || before === CR) break;
        from = Math.max(from, at + 1);
      }
    }
    return next;
  };
}

/** Finds the next place of `byte` from an index on, as {@link lineStarts}. */
function placesOf(bytes: Uint8Array, byte: number): (from: number) => number {
  let next = -1;
  return (from) => {
    if (next < from) {
      const at = bytes.indexOf(byte, from);
      next = at < 0 ? bytes.length : at;
    }
    return next;
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

function attempt(bytes: Uint8Array, options: () => P1Options): P1Event {
  try {
    const read = readTelegram(bytes, options());
    return 'lines' in read ? { ok: true, telegram: read } : new DamagedTelegram(read);
  } catch (error) {
    return { ok: false, error: asMeterError(error) };
  }
}

function asMeterError(error: unknown): MeterError {
  if (isEdmpError(error) && error instanceof MeterError) return error;
  return new MeterError('ERR_METER_FORMAT', 'The telegram cannot be read', { cause: error });
}
