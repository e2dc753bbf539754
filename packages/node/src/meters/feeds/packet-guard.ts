import { Transform, type TransformCallback } from 'node:stream';
import { MeterError } from '@edmp/oehu-client';

/** Longest length of a packet in bytes (MQTT 3.1.1 §2.2.3). */
const LENGTH_BYTES = 4;

/** Whether a packet with this first byte is a message of quality of service 2 or 3 (MQTT 3.1.1 §3.3.1). */
const isKeptByClient = (first: number): boolean => first >> 4 === 3 && (first & 4) !== 0;

/**
 * Passes on the bytes of a broker as long as no packet of theirs is larger than `max` bytes, else fails with
 * `ERR_METER_LIMIT` before the rest of it came: a client gathers a packet in memory until it is whole, up to 256 MiB. A
 * message of quality of service 2, which nobody asked for, fails with `ERR_METER_FORMAT`: a client keeps each of those
 * until the broker releases it, and 65 535 of them need not be released.
 *
 * @param pace - Resolves when that many bytes may be passed on; what comes meanwhile waits at the broker.
 */
export function packetGuard(
  max: number,
  pace: (bytes: number) => Promise<void> = async () => undefined,
): Transform {
  /** Bytes of the packet's body that are to come. */
  let left = 0;
  /** Bytes of the head that came: 0 none, 1 the type, more: of the length. */
  let head = 0;
  let length = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      for (let i = 0; i < chunk.length; ) {
        if (left > 0) {
          const taken = Math.min(left, chunk.length - i);
          left -= taken;
          i += taken;
          continue;
        }
        const byte = chunk[i++] ?? 0;
        if (head === 0) {
          if (isKeptByClient(byte)) {
            const text =
              'The broker sends messages in another way (quality of service 2) than it was asked to';
            done(new MeterError('ERR_METER_FORMAT', text));
            return;
          }
          head = 1;
          length = 0;
          continue;
        }
        length += (byte & 127) * 128 ** (head - 1);
        if (length > max || (head === LENGTH_BYTES && byte >= 128)) {
          const text = `The broker sends a message of more than ${max} bytes; name a narrower topic`;
          done(new MeterError('ERR_METER_LIMIT', text));
          return;
        }
        if (byte >= 128) {
          head++;
          continue;
        }
        left = length;
        head = 0;
      }
      pace(chunk.length).then(
        () => done(null, chunk),
        (error: Error) => done(error),
      );
    },
  });
}
