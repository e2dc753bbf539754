/** Runs tasks of one name one after the other, and those of different names beside each other. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Names with a task that runs or waits. */
  get size(): number {
    return this.#last.size;
  }

  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const mine = before === undefined ? task() : before.then(task, task);
    // What waits behind this task does not care how it ends.
    const settled = mine.then(
      () => {},
      () => {},
    );
    this.#last.set(name, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    }
  }
}
