import type { MemorySample } from './memory-sample.ts';

/** How one quantity goes with the telegrams: least squares, with its 95 % interval. */
export interface Slope {
  /** Bytes a telegram. */
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Whether a life held on to what it was told. */
export interface MemoryReport {
  /** Points that were looked at, those of the warm-up left out. */
  readonly points: number;
  /** Telegrams between the first and the last of them. */
  readonly telegrams: number;
  readonly heap: Slope | null;
  readonly rss: Slope | null;
  /** Bytes of the file of readings for each telegram. */
  readonly disk: Slope | null;
  /** Smallest and largest heap, and the most memory, bytes. */
  readonly heapRange: readonly [least: number, most: number];
  readonly rssPeak: number;
  /** Fewest and most open descriptors. */
  readonly descriptors: readonly [least: number, most: number];
  /** Why the memory is not flat; empty when it is, and when there are too few points to tell. */
  readonly faults: readonly string[];
}

/** Fewer points after the warm-up tell nothing. */
const FEWEST = 24;
/**
 * Telegrams after which every path of the port was taken often enough to have its bytecode and its feedback, the pages
 * of the first files are in the cache and the bounded maps are full: four hours. Measured in docs/decisions/meters.md.
 */
export const WARM_UP = 12_000;
/** A leak of this many bytes a telegram takes a year of telegrams a second to grow by 3 MB. */
const LEAK = 0.1;
/** Where a leak of this many is not ruled out either, the points told nothing. */
const TELLING = 0.5;
/** What a process may grow by beside its heap: SQLite's cache of pages (2 MB) and what its allocators hold back. */
const BESIDE = 6 * 2 ** 20;

/**
 * Holds the points of one life against the rule. After the warm-up the heap after a collection grows with the telegrams
 * by a slope whose 95 % interval begins below a tenth of a byte a telegram and ends below half a byte (so that a leak
 * of that size would have shown); the resident set, whose young generation has one size from the start, grows by no
 * more than the caches beside the heap; and no more descriptors are open at the end than at the first point.
 */
export function memoryReport(samples: readonly MemorySample[]): MemoryReport {
  const begin = samples[0]?.telegrams ?? 0;
  const points = samples.filter(({ telegrams }) => telegrams >= begin + WARM_UP);
  const [first, last] = [points[0], points.at(-1)];
  const slopeOf = (value: (sample: MemorySample) => number): Slope | null =>
    points.length < 3 ? null : slope(points.map((sample) => [sample.telegrams, value(sample)] as const));
  const telegrams = (last?.telegrams ?? 0) - (first?.telegrams ?? 0);
  const heap = slopeOf((sample) => sample.heap);
  const rss = slopeOf((sample) => sample.rss);
  const range = (value: (sample: MemorySample) => number): readonly [number, number] => [
    points.reduce((least, sample) => Math.min(least, value(sample)), Number.POSITIVE_INFINITY),
    points.reduce((most, sample) => Math.max(most, value(sample)), 0),
  ];
  const faults: string[] = [];
  if (heap !== null && rss !== null && points.length >= FEWEST) {
    if (heap.low > LEAK)
      faults.push(`the heap grows by ${heap.slope} bytes a telegram, at least ${heap.low}`);
    else if (heap.high > TELLING)
      faults.push(`a leak of up to ${heap.high} bytes a telegram is not ruled out`);
    if (rss.low * telegrams > BESIDE)
      faults.push(`the process grows beside its heap by ${rss.slope} bytes a telegram, at least ${rss.low}`);
    if ((last?.descriptors ?? 0) > (first?.descriptors ?? 0))
      faults.push(`${last?.descriptors} descriptors are open, ${first?.descriptors} were`);
  }
  return {
    points: points.length,
    telegrams,
    heap,
    rss,
    disk: slopeOf((sample) => sample.disk),
    heapRange: points.length === 0 ? [0, 0] : range((sample) => sample.heap),
    rssPeak: samples.reduce((most, { rss }) => Math.max(most, rss), 0),
    descriptors: points.length === 0 ? [0, 0] : range((sample) => sample.descriptors),
    faults,
  };
}

/**
 * Least squares over points of x and y. Points of one life follow each other, so that the interval is widened by how
 * much one deviation tells of the next (first-order autocorrelation).
 */
export function slope(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / n;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const b = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
  const off = points.map((point) => point[1] - y - b * (point[0] - x));
  const squares = off.reduce((sum, one) => sum + one * one, 0);
  const follow = off.slice(1).reduce((sum, one, i) => sum + one * (off[i] ?? 0), 0);
  const r = squares === 0 ? 0 : Math.min(0.95, Math.max(0, follow / squares));
  const error = Math.sqrt((squares / Math.max(1, n - 2) / spread) * ((1 + r) / (1 - r)));
  const round = (value: number): number => Math.round(value * 1e4) / 1e4;
  return { slope: round(b), low: round(b - 1.96 * error), high: round(b + 1.96 * error) };
}
