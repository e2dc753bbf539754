import { shrink } from './shrink.ts';

/** Runs of one shrinking: a few minutes. */
const MAX_RUNS = 400;

/** What a run came to, for shrinking. */
export interface Trial {
  /** Rules that it broke. */
  readonly broken: readonly string[];
  /** Everything that was done, in order: what can be left out. */
  readonly labels: readonly string[];
}

/** A failing run that can be made again, smaller and with less in it. */
export interface Shortenable {
  /** How many nodes, or leaves, or homes there are, and the fewest that make sense. */
  readonly size: number;
  readonly minSize: number;
  /** `within`: labels of what may happen; undefined: everything. */
  run(size: number, within?: ReadonlySet<string>, print?: (line: string) => void): Promise<Trial>;
}

/** The shortest run that still breaks a rule that the whole one breaks. */
export interface Short {
  /** The rule that it still breaks, and all that the whole run broke. */
  readonly rule: string;
  readonly rules: readonly string[];
  readonly size: number;
  /** Things that the smallest run did, and those of them that are needed. */
  readonly from: number;
  readonly needed: readonly string[];
  readonly runs: number;
}

/**
 * Halves a failing run's size as long as it fails, and leaves things out of it; undefined when it breaks no rule. What is
 * left still breaks `rule`, by default the first one that the whole run broke: else one failure would turn into another.
 */
export async function shorten(
  { size, minSize, run }: Shortenable,
  maxRuns = MAX_RUNS,
  rule?: string,
): Promise<Short | undefined> {
  const whole = await run(size);
  if (whole.broken.length === 0) return undefined;
  const kept = rule ?? whole.broken[0] ?? '';
  const fails = ({ broken }: Trial): boolean => broken.includes(kept);
  let [least, labels] = [size, whole.labels];
  let runs = 1;
  for (let half = size >> 1; half >= minSize; half >>= 1) {
    const smaller = await run(half);
    runs++;
    if (!fails(smaller)) break;
    least = half;
    labels = smaller.labels;
  }
  const remaining = async (without: ReadonlySet<string>): Promise<boolean> =>
    fails(await run(least, new Set(labels.filter((label) => !without.has(label)))));
  const found = await shrink(labels, remaining, maxRuns - runs);
  return {
    rule: kept,
    rules: [...new Set(whole.broken)],
    size: least,
    from: labels.length,
    needed: found.needed,
    runs: runs + found.runs,
  };
}

/**
 * Shrinks one seed of a scenario and prints what came of it: the trace of the shortest run unless `json`, and a last line
 * of JSON. Returns the exit code.
 */
export async function printShort(
  scenario: string,
  seed: number,
  shortenable: Shortenable,
  json: boolean,
): Promise<number> {
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const short = await shorten(shortenable);
  if (short === undefined) {
    write(`seed ${seed} breaks no rule`);
    return 0;
  }
  if (!json) {
    await shortenable.run(short.size, new Set(short.needed), write);
    for (const label of short.needed) write(`needed: ${label}`);
  }
  write(JSON.stringify({ scenario, seed, ...short }));
  return 1;
}
