import { MeterError } from '../../../errors.ts';
import { lengthAt } from './length.ts';
import { type LinkPiece, linkAt } from './links.ts';

/** A whole APDU, or why there is none. */
export type LinkEvent =
  | { readonly ok: true; readonly apdu: Uint8Array }
  | { readonly ok: false; readonly error: MeterError };

/** Longest message of several segments: push lists have some hundred bytes. */
const MAX_MESSAGE_BYTES = 32_768;
const GENERAL_BLOCK_TRANSFER = 0xe0;

/** Cuts a stream of bytes into APDUs: frames, their checks, segments, and blocks of general block transfer. */
export class MessageReader {
  #pending: Uint8Array = new Uint8Array(0);
  readonly #segments = new Joined();
  readonly #blocks = new Joined();
  #nextBlock = 1;

  /**
   * Takes the next bytes of the stream.
   *
   * @param bytes - Any number of bytes; at most one frame of them is kept for the next call.
   */
  push(bytes: Uint8Array): LinkEvent[] {
    return this.#read(bytes, false);
  }

  /** Ends the stream. What was begun and not ended is told. */
  end(): LinkEvent[] {
    const events = this.#read(new Uint8Array(0), true);
    if (!this.#segments.isEmpty || !this.#blocks.isEmpty)
      events.push(failed('The stream ended inside a message'));
    this.#segments.clear();
    this.#blocks.clear();
    return events;
  }

  #read(bytes: Uint8Array, isEnd: boolean): LinkEvent[] {
    const data = joined([this.#pending, bytes]);
    const events: LinkEvent[] = [];
    let at = 0;
    while (at < data.length) {
      const found = linkAt(data, at);
      if (found.kind === 'open' && !isEnd) break;
      if (found.kind === 'piece') {
        this.#take(found.piece, events);
        at += found.length;
      } else if (found.kind === 'damaged') {
        this.#segments.clear();
        events.push(failed(found.message));
        at += found.length;
      } else at++;
    }
    this.#pending = data.slice(at);
    return events;
  }

  #take({ data, isFirst, isLast }: LinkPiece, events: LinkEvent[]): void {
    if (isFirst) {
      if (!this.#segments.isEmpty) events.push(failed('A message began before the last one had ended'));
      this.#segments.clear();
    } else if (this.#segments.isEmpty) {
      events.push(failed('A segment came without the beginning of its message'));
      return;
    }
    if (!this.#segments.add(data)) events.push(failed(`A message has at most ${MAX_MESSAGE_BYTES} bytes`));
    else if (isLast) this.#message(this.#segments.take(), events);
  }

  #message(apdu: Uint8Array, events: LinkEvent[]): void {
    if (apdu[0] !== GENERAL_BLOCK_TRANSFER) {
      events.push({ ok: true, apdu });
      return;
    }
    // Green Book 9.3.5: block-control, block-number, block-number-ack, block-data.
    const control = apdu[1] ?? 0;
    const number = ((apdu[2] ?? 0) << 8) | (apdu[3] ?? 0);
    const size = lengthAt(apdu, 6);
    if (number === 1) this.#blocks.clear();
    const isNext = number === 1 || (number === this.#nextBlock && !this.#blocks.isEmpty);
    if (size === undefined || !isNext || size.from + size.length !== apdu.length) {
      this.#blocks.clear();
      events.push(failed('A block of a message is missing or damaged'));
      return;
    }
    this.#nextBlock = number + 1;
    if (!this.#blocks.add(apdu.subarray(size.from))) {
      events.push(failed(`A message has at most ${MAX_MESSAGE_BYTES} bytes`));
    } else if ((control & 0x80) !== 0) events.push({ ok: true, apdu: this.#blocks.take() });
  }
}

/** Parts of a message, bounded. */
class Joined {
  #parts: Uint8Array[] = [];
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Adds a part; `false` when it gets too long, and everything is forgotten. */
  add(part: Uint8Array): boolean {
    this.#length += part.length;
    this.#parts.push(part);
    if (this.#length <= MAX_MESSAGE_BYTES) return true;
    this.clear();
    return false;
  }

  clear(): void {
    this.#parts = [];
    this.#length = 0;
  }

  take(): Uint8Array {
    const all = joined(this.#parts);
    this.clear();
    return all;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only, second] = parts.filter((part) => part.length > 0);
  if (second === undefined) return only ?? new Uint8Array(0);
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function failed(message: string): LinkEvent {
  return new DamagedMessage(message);
}

/** Bytes that are no message; its error is made when somebody wants it, for with a stack each it costs more than all reading. */
export class DamagedMessage {
  readonly ok = false;
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  get error(): MeterError {
    return new MeterError('ERR_METER_CHECKSUM', this.message);
  }
}
