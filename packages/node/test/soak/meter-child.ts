import { openSync, writeSync } from 'node:fs';
import type { Environment } from '@edmp/interface';
import { createRecorder } from '@edmp/oehu-client/recorder';
import { type AnyReading, isIntervalReading } from '@edmp/oehu-client/sources';
import { sqliteReadingStore } from '@edmp/oehu-client/sqlite';
import { feedBudget, P1_LIMITS } from '../../src/meters/feeds/feed-budget.ts';
import { readP1 } from '../../src/meters/feeds/p1-feed.ts';
import { Mount } from '../../src/meters/mount.ts';
import { telegramAt, telegramOf } from '../support/p1-day.ts';
import { LEAK_SHAPES, leakOf } from './leak.ts';
import { sampleOf } from './memory-sample.ts';
import { pick, SAMPLE_SECONDS, SOAK_START, soakSecond } from './meter-plan.ts';

/**
 * One life of a node that reads the port of the soak, until its last second or until it is killed: the node's mount,
 * recorder and store, on a simulated clock. Writes a line for each reading once it was accepted, and one every
 * {@link SAMPLE_SECONDS} with what the process holds. A last word names what it is to leak.
 */
const [seedText = '', fromText = '', toText = '', path = '', log = '', leak = 'none'] = process.argv.slice(2);
const [seed, from, to] = [Number(seedText), Number(fromText), Number(toText)];
// Which of the pools of small buffers are in use at a sample is chance, 64 kB each.
Buffer.poolSize = 0;
const out = openSync(log, 'a');
let now = SOAK_START + from * 1_000;
let second = from;
let telegrams = 0;
let disconnects = 0;
const leakOne = leakOf(LEAK_SHAPES.find((shape) => shape === leak) ?? 'none');

/** Later than this a recorder takes no reading, and says so. */
const AHEAD_MOST = 26 * 3_600_000;
const momentOf = (one: AnyReading): number => (isIntervalReading(one) ? one.start : one.at);

/** The clock is where the port is; a wait passes at once, and what the port tells meanwhile is missed. */
const environment: Environment = {
  now: () => now,
  schedule: (ms, task) => {
    second += Math.ceil(ms / 1_000);
    now += ms;
    const timer = setImmediate(task);
    return () => clearImmediate(timer);
  },
  randomBytes: (length) => new Uint8Array(length).fill(pick(seed, 5, second) & 255),
};

const budget = feedBudget(environment, P1_LIMITS);
const store = sqliteReadingStore({ path });
const recorder = createRecorder({ store, environment });
const say = (line: string): void => void writeSync(out, `${line}\n`);
let finish: () => void = () => undefined;
const finished = new Promise<void>((resolve) => {
  finish = resolve;
});

async function* port(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  while (second < to && !signal.aborted) {
    const { told, isDamaged, pulled } = soakSecond(seed, second);
    now = SOAK_START + second * 1_000;
    const text = told === null ? telegramOf(now, '000101000000W') : telegramAt(now, 543, told);
    const bytes = Buffer.from(text);
    if (isDamaged) bytes[pick(seed, 6, second) % bytes.length] = 0x2a;
    telegrams++;
    leakOne(telegrams);
    if (second % SAMPLE_SECONDS === 0) say(`m ${JSON.stringify(sampleOf(telegrams, path))}`);
    second++;
    if (pulled > 0) {
      disconnects++;
      yield bytes.subarray(0, bytes.length >> 1);
      second += pulled;
      return;
    }
    const cut = pick(seed, 7, second) % bytes.length;
    yield bytes.subarray(0, cut);
    yield bytes.subarray(cut);
  }
  if (second >= to) finish();
}

say(`b ${from}`);
const mount = new Mount({
  settings: { name: 'soak', kind: 'p1-tcp' },
  feed: {
    run: (sink, signal) =>
      readP1(
        port(signal),
        {
          ...sink,
          async readings(readings) {
            await sink.readings(readings);
            const possible = readings.filter((one) => !isIntervalReading(one) && one.at <= now + AHEAD_MOST);
            const lines = possible.map((one) => `r ${one.register} ${momentOf(one)} ${one.value}`);
            if (lines.length > 0) say([...lines, `s ${second} ${telegrams} ${disconnects}`].join('\n'));
          },
        },
        { environment, zone: 'Europe/Amsterdam', budget, signal },
      ),
  },
  recorder,
  environment,
  onChange: () => undefined,
  onLive: () => undefined,
});
await finished;
await mount.stop();
await recorder.stop();
await store.close();
say(`e ${second} ${telegrams} ${disconnects}`);
