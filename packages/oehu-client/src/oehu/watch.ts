import { type AbortOptions, type Environment, isEdmpError, sleep, throwIfAborted } from '@edmp/interface';
import type { OehuClient, OehuWatchOptions } from './contract.ts';
import { type OehuRecord, recordTime } from './records.ts';

const MAX_WATCH_ROWS = 10_000;

/** Polls for new records of a device, single flight, until the signal fires or the caller stops. */
export async function* watchDevice(
  client: OehuClient,
  environment: Environment,
  device: string,
  options: OehuWatchOptions,
): AsyncGenerator<OehuRecord> {
  const everyMs = options.everyMs ?? 60_000;
  const { signal } = options;
  const asset = await client.resolve(device, options);
  let last = options.after;
  let idle = 0;
  for (;;) {
    throwIfAborted(signal);
    let fresh: readonly OehuRecord[] = [];
    try {
      fresh = await newerThan(client, asset.deviceId, last, options);
    } catch (error) {
      // A watch outlives outages: what was missed comes with the next answer.
      if (!isEdmpError(error) || !error.retryable) throw error;
    }
    for (const record of fresh) {
      last = record.id;
      yield record;
    }
    idle = fresh.length > 0 ? 0 : Math.min(3, idle + 1);
    // A phase of its own keeps many watchers from asking in the same second.
    const [phase = 0] = environment.randomBytes(1);
    await sleep(environment, everyMs * 2 ** idle * (0.95 + phase / 2560), { signal });
  }
}

/** Records after transaction `last`, oldest first; everything in reach when `last` is unknown. */
async function newerThan(
  client: OehuClient,
  device: string,
  last: string | undefined,
  options: AbortOptions,
): Promise<readonly OehuRecord[]> {
  for (let limit = 10; ; limit = Math.min(MAX_WATCH_ROWS, limit * 4)) {
    const rows = await client.transactions({ device, limit }, options);
    const records = rows
      .flatMap((row) => (row.ok ? [row.value] : []))
      .sort((a, b) => (recordTime(a) ?? 0) - (recordTime(b) ?? 0));
    const index = last === undefined ? -1 : records.findIndex((record) => record.id === last);
    if (index >= 0 || last === undefined || rows.length < limit || limit >= MAX_WATCH_ROWS) {
      return records.slice(index + 1);
    }
  }
}
