import type { Environment } from '@edmp/interface';
import { MeterError } from '@edmp/oehu-client';
import { minuteThinner } from '@edmp/oehu-client/live';
import { type AnyReading, portStream } from '@edmp/oehu-client/sources';
import type { FeedSink } from '../feed.ts';

/** Bytes without a telegram after which something is said: several of the longest telegrams. */
const MUTE_BYTES = 16_384;

/** Reads the telegrams of a byte stream, P1 or HAN, until it ends. Throws `ERR_METER_UNREACHABLE` at its end: ports do not end. */
export async function readP1(
  chunks: AsyncIterable<Uint8Array>,
  sink: FeedSink,
  {
    environment,
    zone,
    key,
  }: { readonly environment: Environment; readonly zone: string; readonly key?: string | undefined },
): Promise<never> {
  const stream = portStream(() => ({ zone, receivedAt: environment.now() }), key);
  const thinner = minuteThinner();
  let mute = 0;
  for await (const chunk of chunks) {
    const readings: AnyReading[] = [];
    let isHeard = false;
    mute += chunk.length;
    for (const event of stream.push(chunk)) {
      if (!event.ok) {
        sink.damaged(event.error.message);
        continue;
      }
      mute = 0;
      isHeard = true;
      readings.push(...event.telegram.readings);
      sink.power(event.telegram.power);
    }
    if (isHeard) await sink.readings(thinner.keep(readings));
    if (mute > MUTE_BYTES) {
      mute = 0;
      sink.damaged('Bytes come but no telegram: is the speed right, and is the port not encrypted?');
    }
  }
  throw new MeterError('ERR_METER_UNREACHABLE', 'The P1 port closed the connection', { retryable: true });
}
