import { FINDING_KINDS, type FindingKind } from '../lib/findings.ts';
import { Tally } from '../lib/tally.ts';
import { EXCUSES } from './excuses.ts';
import type { HistoryResult } from './history.ts';

/** Seeds that are named for one broken rule. */
const MAX_SEEDS = 5;
/** Histories between two lines of progress. */
const PROGRESS_EVERY = 50;

/** What a run prints at its end. */
export interface Summary extends Readonly<Record<FindingKind, number>> {
  readonly scenario: 'market';
  readonly seed: number;
  readonly histories: number;
  readonly operations: number;
  /** How often each fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  /** What would have been findings, by the rule that excuses them. */
  readonly excused: Readonly<Record<string, number>>;
  /** Purchases of honest buyers that were begun, and completed. */
  readonly trades: number;
  readonly completed: number;
  /** False complaints of lying buyers that their sellers proved. */
  readonly lies: number;
  /** Seeds of the first histories that broke a rule, by rule. */
  readonly seeds: Readonly<Record<string, readonly number[]>>;
  readonly ms: number;
}

/** Adds up histories. */
export class MarketReport {
  readonly #seed: number;
  readonly #tell: (text: string) => void;
  readonly #faults = new Tally();
  readonly #excused = new Tally();
  readonly #counts = new Tally();
  readonly #found = new Tally();
  readonly #seeds = new Map<string, number[]>();

  constructor(seed: number, tell: (text: string) => void) {
    this.#seed = seed;
    this.#tell = tell;
  }

  /** Whether no rule was broken. */
  get isClean(): boolean {
    return FINDING_KINDS.every((kind) => this.#found.get(kind) === 0);
  }

  take(result: HistoryResult): void {
    this.#faults.merge(result.faults);
    this.#excused.merge(result.excused);
    this.#counts.add('histories');
    this.#counts.add('operations', result.operations);
    this.#counts.add('trades', result.trades);
    this.#counts.add('completed', result.completed);
    this.#counts.add('lies', result.lies);
    for (const { kind, rule, text } of result.findings) {
      this.#found.add(kind);
      this.#tell(`seed ${result.seed}: ${kind} ${rule}: ${text}\n`);
      const seeds = this.#seeds.get(rule) ?? [];
      if (seeds.length < MAX_SEEDS && !seeds.includes(result.seed)) seeds.push(result.seed);
      this.#seeds.set(rule, seeds);
    }
    const done = this.#counts.get('histories');
    if (done % PROGRESS_EVERY === 0)
      this.#tell(`${done} histories, ${this.#counts.get('completed')} trades\n`);
  }

  summary(ms: number): Summary {
    const found = (kind: FindingKind): number => this.#found.get(kind);
    return {
      scenario: 'market',
      seed: this.#seed,
      histories: this.#counts.get('histories'),
      operations: this.#counts.get('operations'),
      faults: this.#faults.toRecord(),
      excused: { ...Object.fromEntries(EXCUSES.map((rule) => [rule, 0])), ...this.#excused.toRecord() },
      trades: this.#counts.get('trades'),
      completed: this.#counts.get('completed'),
      lies: this.#counts.get('lies'),
      created: found('created'),
      lost: found('lost'),
      unpaid: found('unpaid'),
      stuck: found('stuck'),
      violations: found('violations'),
      seeds: Object.fromEntries(
        [...this.#seeds].map(([rule, seeds]) => [rule, seeds.toSorted((a, b) => a - b)]),
      ),
      ms,
    };
  }
}
