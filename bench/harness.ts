/** One measured figure, as a benchmark hands it in. */
export interface Metric {
  /** What was measured, in kebab-case: `validate-and-store`. */
  readonly metric: string;
  readonly value: number;
  /** `1/s`, `ms`, `B`, `MB/s` … */
  readonly unit: string;
  /** The floor measured in the same run, in the same unit: what bare primitives reach (DESIGN §8). */
  readonly floor?: number;
  /** Measured ratio to the floor, when it is not simply `value / floor` (see `against`). */
  readonly ratio?: number;
  /** An earlier system measured for comparison, by name, and its figure in the same unit. */
  readonly peer?: string;
  readonly peerValue?: number;
}

/** What is printed for a metric: every key always there, `null` where nothing applies. */
export interface MetricLine {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly floor: number | null;
  /** `value / floor`, or the measured ratio. */
  readonly ratio: number | null;
  readonly peer: string | null;
  readonly peerValue: number | null;
}

/** Takes one metric; may be called as often as the benchmark likes. */
export type Report = (metric: Metric) => void;

/** What a `bench/*.ts` module exports as `bench`. */
export interface Bench {
  readonly name: string;
  run(report: Report): Promise<void> | void;
  /** What `--only` runs by itself; `run` may leave some of it out that takes long. */
  readonly parts?: Readonly<Record<string, (report: Report) => Promise<void>>>;
}

/** Completes a metric into the line that is printed. Throws when a figure is not a finite number. */
export function metricLine(bench: string, metric: Metric): MetricLine {
  for (const figure of [metric.value, metric.floor, metric.ratio, metric.peerValue]) {
    if (figure !== undefined && !Number.isFinite(figure)) {
      throw new Error(`bench ${bench}: metric ${metric.metric} must have finite figures, got ${figure}`);
    }
  }
  const floor = metric.floor ?? null;
  const ratio = metric.ratio ?? (floor === null || floor === 0 ? null : metric.value / floor);
  return {
    bench,
    metric: metric.metric,
    value: rounded(metric.value),
    unit: metric.unit,
    floor: floor === null ? null : rounded(floor),
    ratio: ratio === null ? null : rounded(ratio),
    peer: metric.peer ?? null,
    peerValue: metric.peerValue === undefined ? null : rounded(metric.peerValue),
  };
}

/** Runs `sample` three times (or `runs`) and gives the median of what it returned. */
export async function median(sample: () => Promise<number> | number, runs = 3): Promise<number> {
  const samples: number[] = [];
  for (let run = 0; run < runs; run++) samples.push(await sample());
  return medianOf(samples);
}

/** The median; the mean of the middle two when their number is even. Throws on an empty list. */
export function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted.length % 2 === 0 ? sorted[middle - 1] : upper;
  if (upper === undefined || lower === undefined) throw new Error('median of no samples');
  return (lower + upper) / 2;
}

/** The smallest sample that at least the fraction `p` (0…1) of the samples does not exceed (nearest rank). */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
  if (value === undefined) throw new Error('percentile of no samples');
  return value;
}

/** How long `task` takes, in milliseconds. */
export async function elapsedMs(task: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

/** `count` operations done by `task`, as operations per second: the median of three runs. */
export function medianRate(count: number, task: () => Promise<unknown> | unknown): Promise<number> {
  return median(async () => (count * 1000) / (await elapsedMs(task)));
}

/**
 * A candidate and its floor, measured in turn so that a busy machine slows both alike: medians of `runs` rates
 * (operations per second) and the median of the ratios of each turn.
 */
export async function against(
  count: number,
  candidate: () => Promise<unknown> | unknown,
  floor: () => Promise<unknown> | unknown,
  runs = 3,
): Promise<{ readonly value: number; readonly floor: number; readonly ratio: number }> {
  const values: number[] = [];
  const floors: number[] = [];
  const ratios: number[] = [];
  for (let run = 0; run < runs; run++) {
    const floorRate = (count * 1000) / (await elapsedMs(floor));
    const rate = (count * 1000) / (await elapsedMs(candidate));
    values.push(rate);
    floors.push(floorRate);
    ratios.push(rate / floorRate);
  }
  return { value: medianOf(values), floor: medianOf(floors), ratio: medianOf(ratios) };
}

/** Four significant digits: a third run never agrees on more. Integers stay exact. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
