import { type Short, type Shortenable, shorten } from '../lib/shorten.ts';
import { type HistoryOptions, runHistory } from './history.ts';

/** What of a history shrinking decides itself. */
type Whole = Omit<HistoryOptions, 'within' | 'mostOperations' | 'print'>;

/** A history to be made short; `of` tells how it is run with so many homes around its market. */
export function shortHistory(of: (homes: number) => Whole, size = 1, minSize = 1): Shortenable {
  /** Operations of the whole history, by its size: one without most of its faults must not wait for them for ever. */
  const operations = new Map<number, number>();
  return {
    size,
    minSize,
    async run(homes, within, print) {
      const mostOperations = operations.get(homes);
      const result = await runHistory({ ...of(homes), within, mostOperations, print });
      if (within === undefined) operations.set(homes, result.operations);
      return { broken: result.findings.map(({ rule }) => rule), labels: result.labels };
    },
  };
}

/** Shrinks a history of a market that fails; undefined when it breaks no rule. */
export function shrinkHistory(options: Whole): Promise<Short | undefined> {
  return shorten(shortHistory(() => options));
}
