/** What one check found: undefined when all is well. */
export type Complaint = string | undefined;

/** Collects the outcome of every check and prints each as one line as it comes. */
export class Report {
  readonly failures: string[] = [];
  checks = 0;
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  /** One line: what was checked, and either `note` or, indented below, what is wrong. */
  line(what: string, complaint: Complaint, note = ''): void {
    this.checks++;
    if (complaint === undefined) {
      this.#print(`ok    ${what}${note === '' ? '' : `  ${note}`}\n`);
      return;
    }
    this.failures.push(`${what}: ${complaint}`);
    this.#print(`FAIL  ${what}\n${indented(complaint)}\n`);
  }

  /** Runs a check that throws when something is wrong; gives what it gives, or undefined. */
  async check<T>(
    what: string,
    body: () => Promise<T>,
    note: (value: T) => string = () => '',
  ): Promise<T | undefined> {
    const start = performance.now();
    try {
      const value = await body();
      const took = `${((performance.now() - start) / 1000).toFixed(1)} s`;
      this.line(what, undefined, [note(value), took].filter((part) => part !== '').join(', '));
      return value;
    } catch (error) {
      this.line(what, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  /** Prints text that is no check. */
  say(text: string): void {
    this.#print(text);
  }
}

const indented = (text: string): string => text.replace(/^/gm, '      ');

/** Columns padded to their widest cell; numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Runs tasks, at most `width` at a time, in order. Rejects with the first error once those that run have ended. */
export async function together(width: number, tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...tasks];
  const lane = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await task();
  };
  const outcomes = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
