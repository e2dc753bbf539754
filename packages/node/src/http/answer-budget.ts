/** Limits of an {@link AnswerBudget}, bytes. */
export interface AnswerBudgetOptions {
  /** Most for one client. */
  readonly perClient: number;
  /** Most for all. */
  readonly total: number;
}

/**
 * Counts the bytes of answers that are held because nobody has read them yet. A client gets no more than its limit, nor more
 * than half of what is free (dynamic thresholds, Choudhury and Hahne 1998): however many take all they can, something stays
 * free for the next one.
 */
export class AnswerBudget {
  readonly #options: AnswerBudgetOptions;
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
   * @param client - Who asks; undefined when nobody knows, and then only the limit for all counts.
   */
  take(client: string | undefined, bytes: number): (() => void) | undefined {
    const { perClient, total } = this.#options;
    const mine = client === undefined ? bytes : (this.#taken.get(client) ?? 0) + bytes;
    if (mine > (total - this.#held) / 2 || (client !== undefined && mine > perClient)) return undefined;
    this.#held += bytes;
    if (client !== undefined) this.#taken.set(client, mine);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#held -= bytes;
      if (client === undefined) return;
      const left = (this.#taken.get(client) ?? 0) - bytes;
      if (left > 0) this.#taken.set(client, left);
      else this.#taken.delete(client);
    };
  }
}
