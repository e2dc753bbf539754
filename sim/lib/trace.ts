import { createHash } from 'node:crypto';

/** Lines hashed at once: a call of the hash costs more than a line. */
const LINES_A_TIME = 256;

/** What happened in one history, in order: a hash that two runs of one seed share, and the lines when somebody wants them. */
export class Trace {
  readonly #hash = createHash('sha256');
  readonly #print: ((line: string) => void) | undefined;
  readonly #start: number;
  #count = 0;
  /** Lines that are not hashed yet. */
  #lines: string[] = [];

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
    this.#lines.push(line);
    if (this.#lines.length === LINES_A_TIME) this.#hashLines();
    this.#print?.(line);
  }

  /** SHA-256 over all lines, hex. */
  digest(): string {
    this.#hashLines();
    return this.#hash.copy().digest('hex');
  }

  #hashLines(): void {
    if (this.#lines.length > 0) this.#hash.update(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}
