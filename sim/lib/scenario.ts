import type { SimulationOptions } from './arguments.ts';

/** One kind of simulation. */
export interface Scenario {
  readonly name: string;
  /** Kinds of faults that `--only` takes. */
  readonly faults: readonly string[];
  /** Runs it; the exit code: 1 when an invariant was broken. */
  run(options: SimulationOptions): Promise<number>;
}
