/** One finished step of a demo. */
export interface DemoStep {
  readonly name: string;
  /** Duration, ms. */
  readonly ms: number;
}

/** Where a demo writes what people read. */
export type Write = (text: string) => void;

const WHO = {
  meter: 'meter',
  seller: 'seller',
  buyer: 'buyer',
  match: 'matchmaker',
  issuer: 'notary',
  demo: 'demo',
} as const;
/** Who does a step. */
export type Who = keyof typeof WHO;

/** A ladder of steps that people can follow while it grows. */
export interface Ladder {
  readonly steps: readonly DemoStep[];
  /** Name of the step under way; undefined between steps. */
  readonly current: string | undefined;
  /** Runs one step, then prints its rung; `detail` gives the text from the result. */
  step<T>(
    name: string,
    who: Who,
    title: string,
    task: () => Promise<T>,
    detail?: (result: T) => string,
  ): Promise<T>;
  /** Runs something that prints its own rungs; only a failure is put under `name`. */
  within<T>(name: string, task: () => Promise<T>): Promise<T>;
  /** Prints a rung for something that happened between two moments. */
  rung(name: string, who: Who, title: string, ms: number, detail: string): void;
}

/** A {@link Ladder} that prints with `write`; `now` is a monotonic clock in ms. */
export function createLadder(write: Write, now: () => number): Ladder {
  const steps: DemoStep[] = [];
  let current: string | undefined;
  const print = (who: Who, title: string, ms: number, detail: string): void => {
    const number = String(steps.length).padStart(2);
    const time = `${Math.round(ms)} ms`.padStart(8);
    write(`${number}  ${WHO[who].padEnd(10)}  ${title.padEnd(42)} ${time}\n`);
    for (const line of detail === '' ? [] : detail.split('\n')) write(`                ${line}\n`);
  };
  return {
    steps,
    get current() {
      return current;
    },
    async step(name, who, title, task, detail) {
      current = name;
      const started = now();
      const result = await task();
      const ms = now() - started;
      steps.push({ name, ms: Math.round(ms) });
      print(who, title, ms, detail?.(result) ?? '');
      current = undefined;
      return result;
    },
    async within(name, task) {
      current = name;
      const result = await task();
      current = undefined;
      return result;
    },
    rung(name, who, title, ms, detail) {
      steps.push({ name, ms: Math.round(ms) });
      print(who, title, ms, detail);
    },
  };
}
