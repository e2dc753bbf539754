import type { MeterError } from '../errors.ts';
import type { MeterReading } from '../reading.ts';
import { type MeterKeys, meterKeys } from '../sources/formats/han/cipher.ts';
import { hanStream } from '../sources/formats/han/stream.ts';
import { p1Stream } from '../sources/formats/p1/stream.ts';
import { type LivePower, powerOfTelegram } from './power.ts';

/** How what comes from a customer port is read. */
export interface PortOptions {
  /** Zone of the meter's clock. */
  readonly zone: string;
  /** When the bytes arrived, ms since the epoch. */
  readonly receivedAt: number;
}

/** What a meter told at once, or why bytes are no telegram. */
export type PortEvent =
  | {
      readonly ok: true;
      readonly telegram: { readonly readings: readonly MeterReading[]; readonly power: LivePower };
    }
  | { readonly ok: false; readonly error: MeterError };

/** A stream of bytes of a customer port that is cut into telegrams. */
export interface PortStream {
  /** Takes the next bytes and gives what is whole. Never throws on bad bytes. */
  push(bytes: Uint8Array): readonly PortEvent[];
}

/**
 * Cuts the bytes of a customer port into telegrams, P1 (text) or HAN (DLMS), whichever it turns out to be. Memory stays
 * below 200 KiB. Throws `ERR_METER_FORMAT` when the key is none.
 *
 * @param options - Asked for each telegram, so that it can tell when that one arrived.
 * @param key - Key of a meter that encrypts, as `meterKeys` takes it.
 */
export function portStream(options: () => PortOptions, key?: string): PortStream {
  const keys: MeterKeys | undefined = key === undefined ? undefined : meterKeys(key);
  const p1 = p1Stream(options);
  const han = hanStream(() => ({ ...options(), ...(keys === undefined ? {} : { keys }) }));
  let kind: 'p1' | 'han' | undefined;
  return {
    push(bytes) {
      const events: PortEvent[] = [];
      if (kind !== 'han') {
        for (const event of p1.push(bytes)) {
          if (!event.ok) events.push(event);
          else {
            kind = 'p1';
            const { telegram } = event;
            events.push({
              ok: true,
              telegram: { readings: telegram.readings, power: powerOfTelegram(telegram) },
            });
          }
        }
      }
      if (kind !== 'p1') {
        for (const event of han.push(bytes)) {
          if (event.ok) kind = 'han';
          events.push(event);
        }
      }
      return events;
    },
  };
}
