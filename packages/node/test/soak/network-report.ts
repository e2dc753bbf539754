import { type Slope, slope } from './memory-report.ts';
import type { DiskPoint } from './network-soak.ts';

/** What a process of the network soak held at one moment, bytes but for the counts. */
export interface NetworkSample {
  /** Ms since the epoch. */
  readonly at: number;
  /** What the program holds on the heap and beside it, after a forced collection; compiled code is not counted. */
  readonly heap: number;
  readonly rss: number;
  readonly descriptors: number;
  /** CPU time since it began, ms. */
  readonly cpuMs: number;
}

/** Whether one process is flat. */
export interface NodeReport {
  /** Looks after the warm-up. */
  readonly points: number;
  /** Bytes of heap for each trade of the network. */
  readonly heap: Slope | null;
  readonly rss: Slope | null;
  /** Bytes of the data folder for each trade of the network. */
  readonly disk: Slope | null;
  /** Bytes by which the heap grew, or shrank, while nobody traded. */
  readonly heapAtRest: number;
  readonly heapRange: readonly [least: number, most: number];
  readonly rssPeak: number;
  readonly descriptors: readonly [least: number, most: number];
  /** CPU time of the process for each second, ms. */
  readonly cpuMsPerSecond: number;
  /** Every look: seconds since the first, trades of the network, bytes of heap, of memory and of the folder, descriptors. */
  readonly looks: readonly (readonly [
    second: number,
    trades: number,
    heap: number,
    rss: number,
    disk: number,
    descriptors: number,
  ])[];
  readonly faults: readonly string[];
}

/**
 * Most that a trade of the network may leave in the memory of one node, bytes: its blocks, holds and outcome are kept until
 * bounded books of thousands of them are full, which no hour fills.
 */
const HEAP_A_TRADE = 96 * 1_024;
/** Most that the heap may grow while nobody trades, bytes: connections and timers alone must leave nothing. */
const HEAP_AT_REST = 2 * 1_024 * 1_024;
/** Part of a life in which code is compiled, caches and bounded maps fill. */
const WARM_UP = 0.25;
/** Fewer points after the warm-up tell nothing of memory. */
const FEWEST = 24;
/** More descriptors than at the first point by so many are a leak: connections of the moment come and go. */
const DESCRIPTORS = 8;

/** Judges the looks at one process, with the sizes of its folder; from `restAt` on, ms since the epoch, nobody trades. */
export function nodeReport(
  all: readonly NetworkSample[],
  allDisks: readonly DiskPoint[],
  restAt: number,
): NodeReport {
  const busy = all.filter(({ at }) => at < restAt);
  const resting = all.filter(({ at }) => at >= restAt);
  const points = busy.slice(Math.ceil(busy.length * WARM_UP));
  const busyDisks = allDisks.filter(({ at }) => at < restAt);
  const disks = busyDisks.slice(Math.ceil(busyDisks.length * WARM_UP));
  const [first, last] = [points[0], all.at(-1)];
  const [restFirst, restLast] = [resting[0]?.heap ?? 0, resting.at(-1)?.heap ?? 0];
  const tradesAt = (at: number): number =>
    allDisks.reduce((trades, point) => (point.at <= at ? point.trades : trades), 0);
  const byTrade = (value: (sample: NetworkSample) => number): Slope | null =>
    points.length < 3 ? null : slope(points.map((sample) => [tradesAt(sample.at), value(sample)] as const));
  const heap = byTrade((sample) => sample.heap);
  const least = (value: (sample: NetworkSample) => number): number =>
    points.reduce((sum, sample) => Math.min(sum, value(sample)), Number.POSITIVE_INFINITY);
  const most = (value: (sample: NetworkSample) => number): number =>
    points.reduce((sum, sample) => Math.max(sum, value(sample)), 0);
  const faults: string[] = [];
  if (heap !== null && points.length >= FEWEST && heap.low > HEAP_A_TRADE)
    faults.push(`the heap grows by ${heap.slope} bytes a trade, at least ${heap.low}`);
  if (restLast > restFirst + HEAP_AT_REST)
    faults.push(`the heap grew by ${restLast - restFirst} bytes while nobody traded`);
  if (first !== undefined && last !== undefined && last.descriptors > first.descriptors + DESCRIPTORS)
    faults.push(`${last.descriptors} descriptors are open, ${first.descriptors} were`);
  const seconds = ((last?.at ?? 0) - (first?.at ?? 0)) / 1_000;
  return {
    points: points.length,
    heap,
    rss: byTrade((sample) => sample.rss),
    disk: disks.length < 3 ? null : slope(disks.map(({ trades, bytes }) => [trades, bytes] as const)),
    heapAtRest: restLast - restFirst,
    heapRange: points.length === 0 ? [0, 0] : [least((one) => one.heap), most((one) => one.heap)],
    rssPeak: all.reduce((sum, { rss }) => Math.max(sum, rss), 0),
    descriptors:
      points.length === 0 ? [0, 0] : [least((one) => one.descriptors), most((one) => one.descriptors)],
    cpuMsPerSecond:
      seconds === 0 ? 0 : Math.round((((last?.cpuMs ?? 0) - (first?.cpuMs ?? 0)) / seconds) * 10) / 10,
    looks: all.map(({ at, heap: held, rss, descriptors }) => [
      Math.round((at - (all[0]?.at ?? 0)) / 1_000),
      tradesAt(at),
      held,
      rss,
      allDisks.reduce((bytes, point) => (point.at <= at ? point.bytes : bytes), 0),
      descriptors,
    ]),
    faults,
  };
}
