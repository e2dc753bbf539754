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

/** Part of a life in which code is compiled, caches and bounded maps fill. */
const WARM_UP = 0.25;
/** Fewer points after the warm-up tell nothing of memory. */
const FEWEST = 24;
/** More descriptors than at the first point by so many are a leak: connections of the moment come and go. */
const DESCRIPTORS = 8;

/** Judges the looks at one process, with the sizes of its folder. */
export function nodeReport(all: readonly NetworkSample[], allDisks: readonly DiskPoint[]): NodeReport {
  const points = all.slice(Math.ceil(all.length * WARM_UP));
  const disks = allDisks.slice(Math.ceil(allDisks.length * WARM_UP));
  const [first, last] = [points[0], points.at(-1)];
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
  if (first !== undefined && last !== undefined && last.descriptors > first.descriptors + DESCRIPTORS)
    faults.push(`${last.descriptors} descriptors are open, ${first.descriptors} were`);
  const seconds = ((last?.at ?? 0) - (first?.at ?? 0)) / 1_000;
  return {
    points: points.length,
    heap,
    rss: byTrade((sample) => sample.rss),
    disk: disks.length < 3 ? null : slope(disks.map(({ trades, bytes }) => [trades, bytes] as const)),
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

/** What a trade leaves in memory of the nodes that keep the books of it, bytes: see network-main.ts. */
const HEAP_A_TRADE = 0;
