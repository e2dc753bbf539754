/**
 * What a history does to its nodes, one label each: operations, strikes, lies, faults. A plan can leave some of them out
 * without changing what is drawn for the others, and that is how a failing history is made short.
 */
export class Plan {
  readonly #without: ReadonlySet<string>;
  readonly #labels = new Set<string>();

  /** `without`: labels of what must not happen. */
  constructor(without: ReadonlySet<string> = new Set()) {
    this.#without = without;
  }

  /** Whether something may happen; asked once each time, with a label that is the same in every run of a seed. */
  allows(label: string): boolean {
    if (this.#without.has(label)) return false;
    this.#labels.add(label);
    return true;
  }

  /** Everything that happened, in order. */
  labels(): readonly string[] {
    return [...this.#labels];
  }
}
