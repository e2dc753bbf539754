import { createHash } from 'node:crypto';

/** What happened in one history, in order: a hash that two runs of one seed share, and the lines when somebody wants them. */
export class Trace {
  readonly #hash = createHash('sha256');
  readonly #print: ((line: string) => void) | undefined;
  readonly #start: number;
  #count = 0;

  /** `start`: the clock's first value, ms; `print` gets every line. */
  constructor(start: number, print?: (line: string) => void) {
    this.#start = start;
    this.#print = print;
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  note(time: number, text: string): void {
    this.#count++;
    const line = `${((time - this.#start) / 1_000).toFixed(3)} ${text}`;
    this.#hash.update(line);
    this.#print?.(line);
  }

  /** SHA-256 over all lines, hex. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
