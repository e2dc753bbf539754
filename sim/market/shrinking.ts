import { shrink } from '../lib/shrink.ts';
import { type HistoryOptions, runHistory } from './history.ts';

/** Runs of one shrinking: a few minutes. */
const MAX_RUNS = 400;

/** The shortest list of operations and faults with which a history still breaks one of the rules that it breaks. */
export interface ShortHistory {
  /** Rules that the whole history broke. */
  readonly rules: readonly string[];
  readonly from: number;
  readonly needed: readonly string[];
  readonly runs: number;
}

/** Shrinks a history that fails; undefined when it breaks no rule. */
export async function shrinkHistory(
  options: Omit<HistoryOptions, 'without' | 'print'>,
): Promise<ShortHistory | undefined> {
  const whole = await runHistory(options);
  const rules = [...new Set(whole.findings.map(({ rule }) => rule))];
  if (rules.length === 0) return undefined;
  const fails = async (without: ReadonlySet<string>): Promise<boolean> => {
    const { findings } = await runHistory({ ...options, without });
    return findings.some(({ rule }) => rules.includes(rule));
  };
  const { needed, runs } = await shrink(whole.labels, fails, MAX_RUNS);
  return { rules, from: whole.labels.length, needed, runs };
}
