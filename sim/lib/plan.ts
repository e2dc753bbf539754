/**
 * What a run does to its nodes, one label each: operations, strikes, lies, faults. A plan can leave some of them out
 * without changing what is drawn for the others, and that is how a failing run is made short.
 */
export class Plan {
  readonly #within: ReadonlySet<string> | undefined;
  readonly #labels = new Set<string>();

  /**
   * `within`: labels of what may happen; everything by default. It names what may, not what may not: a run that lacks
   * something goes another way, and would come to things that the whole run never did.
   */
  constructor(within?: ReadonlySet<string>) {
    this.#within = within;
  }

  /** Whether something may happen; asked once each time, with a label that is the same in every run of a seed. */
  allows(label: string): boolean {
    if (this.#within?.has(label) === false) return false;
    this.#labels.add(label);
    return true;
  }

  /** Everything that happened, in order. */
  labels(): readonly string[] {
    return [...this.#labels];
  }
}
