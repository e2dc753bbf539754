import { createHook } from 'node:async_hooks';
import type { Crypto } from '../packages/interface/src/index.ts';
import { crypto } from '../packages/market/test/support/documents.ts';
import { type Metric, medianOf, type Report } from './harness.ts';
import { type TownOptions, TradeTown } from './trade-town.ts';

/** Trades before the clock starts, of each kind: code is compiled, caches are full. */
const WARM_UP = 60;
/** Turns of every kind; kinds take turns, so that a busy machine slows all alike. */
const TURNS = 6;
/** Trades of one kind in a turn. */
const PER_TURN = 25;
/** What a trade with one witness signs and verifies (DESIGN §4.3): what its floor is made of. */
const SIGNATURES = 7;
const VERIFICATIONS = 11;
/** Trades whose signatures, requests and promises are counted. */
const COUNTED = 25;

interface Cost {
  /** Processor time of all threads, ms. */
  readonly cpu: number;
  readonly wall: number;
}

/** What `task` costs. */
async function costOf(task: () => Promise<unknown> | unknown): Promise<Cost> {
  const start = performance.now();
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1_000, wall: performance.now() - start };
}

/** The signatures and verifications of a trade and nothing else, `count` times. */
async function floor(count: number): Promise<void> {
  const secretKey = crypto.sha256(Uint8Array.of(1));
  const key = crypto.ed25519PublicKey(secretKey);
  const message = new Uint8Array(50);
  for (let i = 0; i < count; i++) {
    let signature = await crypto.ed25519Sign(message, secretKey);
    for (let n = 1; n < SIGNATURES; n++) signature = await crypto.ed25519Sign(message, secretKey);
    for (let n = 0; n < VERIFICATIONS; n++) {
      if (!crypto.ed25519Verify(signature, message, key)) throw new Error('a signature is right');
    }
  }
}

/** Costs of one kind of trade, by turn, for one trade. */
class Samples {
  readonly cpu: number[] = [];
  readonly wall: number[] = [];
  /** Each trade for itself, ms. */
  readonly each: number[] = [];

  add({ cpu, wall }: Cost, trades: number): void {
    this.cpu.push(cpu / trades);
    this.wall.push(wall / trades);
  }
}

/** Processor time of a trade of one kind against another, turn by turn. */
function timesDearer(kind: Samples, than: Samples): number {
  return medianOf(kind.cpu.map((cpu, turn) => cpu / (than.cpu[turn] ?? Number.NaN)));
}

/** Trades one after another without a pause; what each takes goes to `each`, ms. */
async function oneByOne(town: TradeTown, trades: number, each: number[] = []): Promise<Cost> {
  await town.pause();
  return costOf(async () => {
    for (let i = 0; i < trades; i++) {
      const start = performance.now();
      await town.trade(1);
      each.push(performance.now() - start);
    }
  });
}

const KINDS = {
  test: { matchmakers: 'separate', notaries: 0 },
  one: { matchmakers: 'separate', notaries: 1 },
  four: { matchmakers: 'separate', notaries: 4 },
  both: { matchmakers: 'both', notaries: 0 },
} satisfies Record<string, TownOptions>;
type Kind = keyof typeof KINDS;

/** Rates and times of whole trades in one process, one after another, of every kind in turn. */
async function singleTrades(report: Report): Promise<void> {
  const towns = new Map<Kind, TradeTown>();
  const samples = new Map<Kind, Samples>();
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const town = await TradeTown.open(KINDS[kind]);
    towns.set(kind, town);
    samples.set(kind, new Samples());
    await oneByOne(town, WARM_UP);
  }
  const bare = new Samples();
  for (let turn = 0; turn < TURNS; turn++) {
    bare.add(await costOf(() => floor(PER_TURN)), PER_TURN);
    for (const [kind, town] of towns) {
      const of = samples.get(kind) ?? bare;
      of.add(await oneByOne(town, PER_TURN, of.each), PER_TURN);
    }
  }
  const of = (kind: Kind): Samples => samples.get(kind) ?? bare;
  const test = of('test');
  report({
    metric: 'trade-in-process',
    unit: '1/s',
    value: 1_000 / medianOf(test.wall),
    floor: 1_000 / medianOf(bare.wall),
    ratio: medianOf(test.wall.map((wall, turn) => (bare.wall[turn] ?? Number.NaN) / wall)),
  });
  report({
    metric: 'trade-in-process-cpu',
    unit: 'us',
    value: medianOf(test.cpu) * 1_000,
    floor: medianOf(bare.cpu) * 1_000,
    // Of the rates, as above: what a busy machine changes least.
    ratio: 1 / timesDearer(test, bare),
  });
  report({
    metric: 'trade-in-process-p50',
    unit: 'ms',
    value: medianOf(test.each),
  });
  const against = (metric: string, kind: Samples): Metric => ({
    metric,
    unit: 'us',
    value: medianOf(kind.cpu) * 1_000,
    floor: medianOf(test.cpu) * 1_000,
    ratio: timesDearer(kind, test),
  });
  report(against('trade-notary-1', of('one')));
  report(against('trade-notary-4', of('four')));
  const both = of('both');
  report({
    metric: 'trade-both-matchmakers',
    unit: '1/s',
    value: 1_000 / medianOf(both.wall),
    floor: 1_000 / medianOf(test.wall),
    ratio: 1 / timesDearer(both, test),
  });
  for (const [metric, kind] of [
    ['trade-outcome-batch-1', 'one'],
    ['trade-outcome-batch-4', 'four'],
  ] as const) {
    const town = towns.get(kind);
    if (town === undefined) continue;
    const { cpu } = await costOf(() => town.claim());
    report({ metric, unit: 'us', value: (cpu / (WARM_UP + TURNS * PER_TURN)) * 1_000 });
  }
  for (const town of towns.values()) await town.stop();
}

/** Many trades between the same two at once, against one after another: the ratio is that of the rates. */
async function concurrentTrades(report: Report): Promise<void> {
  for (const [count, rounds] of [
    [10, 3],
    [100, 1],
  ] as const) {
    const town = await TradeTown.open(KINDS.test);
    await oneByOne(town, WARM_UP);
    const single = new Samples();
    const concurrent = new Samples();
    for (let turn = 0; turn < 3; turn++) {
      single.add(await oneByOne(town, PER_TURN), PER_TURN);
      const cost = { cpu: 0, wall: 0 };
      for (let round = 0; round < rounds; round++) {
        await town.pause();
        const { cpu, wall } = await costOf(() => town.trade(count));
        cost.cpu += cpu;
        cost.wall += wall;
      }
      concurrent.add(cost, rounds * count);
    }
    report({
      metric: `trade-concurrent-${count}`,
      unit: '1/s',
      value: 1_000 / medianOf(concurrent.wall),
      floor: 1_000 / medianOf(single.wall),
      ratio: 1 / timesDearer(concurrent, single),
    });
    await town.stop();
  }
}

/** What a trade signs, verifies, asks and promises, with the books' keeper as its witness. */
async function countTrades(report: Report): Promise<void> {
  const town = await TradeTown.open(KINDS.test);
  await oneByOne(town, 20);
  const counts = { signatures: 0, verifications: 0, requests: 0, promises: 0 };
  let counting = false;
  const hook = createHook({
    init(_id, type) {
      if (counting && type === 'PROMISE' && !isOfTheClock()) counts.promises += 1;
    },
  });
  const restore = countCalls(crypto, (name) => {
    if (counting) counts[name] += 1;
  });
  hook.enable();
  try {
    for (let i = 0; i < COUNTED; i++) {
      const before = town.world.networks.count('request');
      counting = true;
      await town.trade(1);
      counting = false;
      counts.requests += town.world.networks.count('request') - before;
    }
  } finally {
    hook.disable();
    restore();
  }
  for (const [name, most] of [
    ['signatures', SIGNATURES],
    ['verifications', VERIFICATIONS],
    ['requests', 6],
    ['promises', 600],
  ] as const) {
    report({ metric: `trade-${name}`, unit: '1', value: counts[name] / COUNTED, floor: most });
  }
  await town.stop();
}

/** Whether the promise that is being made belongs to the simulated clock, or to whoever waits for it. */
function isOfTheClock(): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 12;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = stackTraceLimit;
  // Of this file there are only this function and the hook.
  const made = stack.split('\n').find((line) => /\.ts:\d/.test(line) && !line.includes('/market-trades.ts'));
  return made === undefined || /\/environment\/virtual\.ts|\/trade-town\.ts/.test(made);
}

/** Counts what a provider signs and verifies until the returned function is called. */
function countCalls(provider: Crypto, count: (name: 'signatures' | 'verifications') => void): () => void {
  const { ed25519Sign, ed25519Verify } = provider;
  Object.assign(provider, {
    ed25519Sign: (...args: Parameters<Crypto['ed25519Sign']>) => {
      count('signatures');
      return ed25519Sign(...args);
    },
    ed25519Verify: (...args: Parameters<Crypto['ed25519Verify']>) => {
      count('verifications');
      return ed25519Verify(...args);
    },
  });
  return () => {
    Object.assign(provider, { ed25519Sign, ed25519Verify });
  };
}

/** Whole trades in one process (DESIGN §8). */
export async function wholeTrades(report: Report): Promise<void> {
  await countTrades(report);
  await singleTrades(report);
  await concurrentTrades(report);
}
