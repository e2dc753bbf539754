/** Counts by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  merge(other: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(other)) this.add(name, count);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** All counts together. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Sorted by name, so that equal runs print equal lines. */
  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
