import type { Environment } from '@edmp/interface';
import { MeterError } from '@edmp/oehu-client';
import { minuteThinner } from '@edmp/oehu-client/live';
import { type AnyReading, portStream } from '@edmp/oehu-client/sources';
import type { FeedSink } from '../feed.ts';
import type { FeedBudget } from './feed-budget.ts';

/** Bytes without a telegram after which something is said: several of the longest telegrams. */
const MUTE_BYTES = 16_384;

/** What {@link readP1} works with. */
export interface P1ReadOptions {
  readonly environment: Environment;
  readonly zone: string;
  /** Key of an encrypted port. */
  readonly key?: string | undefined;
  readonly budget: FeedBudget;
  readonly signal: AbortSignal;
}

/**
 * Reads the telegrams of a byte stream, P1 or HAN, until it ends, no faster than `budget` lets it. Throws `ERR_METER_UNREACHABLE` at
 * its end: ports do not end.
 */
export async function readP1(
  chunks: AsyncIterable<Uint8Array>,
  sink: FeedSink,
  { environment, zone, key, budget, signal }: P1ReadOptions,
): Promise<never> {
  const stream = portStream(() => ({ zone, receivedAt: environment.now() }), key);
  const thinner = minuteThinner();
  const onWait = (): void => sink.flooded('It tells more than a P1 port can; the rest waits in the line');
  const wait = { signal, onWait };
  let mute = 0;
  for await (const chunk of chunks) {
    await budget.takeBytes(chunk.length, wait);
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
      const kept = thinner.keep(event.telegram.readings);
      if (kept.length > 0 && budget.mayKeep()) readings.push(...kept);
      else if (kept.length > 0)
        sink.flooded('It tells more minutes than have passed, which are not kept: its clock runs wild');
      sink.power(event.telegram.power);
    }
    if (isHeard) await sink.readings(readings);
    if (mute > MUTE_BYTES) {
      mute = 0;
      sink.damaged('Bytes come but no telegram: is the speed right, and is the port not encrypted?');
    }
  }
  throw new MeterError('ERR_METER_UNREACHABLE', 'The P1 port closed the connection', { retryable: true });
}
