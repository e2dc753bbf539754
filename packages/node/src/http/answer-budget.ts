/** Options of an {@link AnswerBudget}. */
export interface AnswerBudgetOptions {
  /** Most bytes for one client. */
  readonly perClient: number;
  /** Most bytes for all. */
  readonly total: number;
  /** How long an answer is left to its reader whoever waits, ms. */
  readonly graceMs: number;
  /** The time, ms. */
  readonly now: () => number;
}

interface Held {
  readonly client: string;
  readonly bytes: number;
  readonly since: number;
  readonly giveUp: () => void;
}

/**
 * Counts the bytes of answers that are held because nobody has read them yet. When they are too many, answers of the client
 * that has most give way to one that has less, and old ones to whoever comes: many that read nothing keep nobody out.
 */
export class AnswerBudget {
  readonly #options: AnswerBudgetOptions;
  /** The oldest first. */
  readonly #answers = new Set<Held>();
  readonly #taken = new Map<string, number>();
  #held = 0;

  constructor(options: AnswerBudgetOptions) {
    this.#options = options;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /**
   * Takes `bytes`; what comes back gives them back, once. Undefined when they are too many now.
   *
   * @param client - Who asks.
   * @param giveUp - Ends the answer, when its place is given to somebody else.
   */
  take(client: string, bytes: number, giveUp: () => void): (() => void) | undefined {
    const { perClient, total, now } = this.#options;
    const mine = (this.#taken.get(client) ?? 0) + bytes;
    if (mine > perClient || bytes > total) return undefined;
    while (this.#held + bytes > total) if (!this.#makeRoom(mine)) return undefined;
    const answer: Held = { client, bytes, since: now(), giveUp };
    this.#answers.add(answer);
    this.#taken.set(client, mine);
    this.#held += bytes;
    return () => this.#remove(answer);
  }

  /** Ends an answer for a client that will hold `mine` bytes; false when none has to give way. */
  #makeRoom(mine: number): boolean {
    const [most, bytes] = [...this.#taken].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
    const [oldest] = this.#answers;
    const { graceMs, now } = this.#options;
    const answer =
      bytes > mine
        ? [...this.#answers].find(({ client }) => client === most)
        : oldest !== undefined && now() - oldest.since >= graceMs
          ? oldest
          : undefined;
    if (answer === undefined) return false;
    this.#remove(answer);
    answer.giveUp();
    return true;
  }

  #remove(answer: Held): void {
    if (!this.#answers.delete(answer)) return;
    this.#held -= answer.bytes;
    const left = (this.#taken.get(answer.client) ?? 0) - answer.bytes;
    if (left > 0) this.#taken.set(answer.client, left);
    else this.#taken.delete(answer.client);
  }
}
