/** Things that wait under a name for what they belong to; the oldest name gives way when there are too many. */
export class Waiting<T> {
  readonly #max: number;
  readonly #maxOfName: number;
  readonly #lists = new Map<string, T[]>();
  #size = 0;

  /** `max` in all, `maxOfName` under one name; further ones of a name push out its oldest. */
  constructor(max: number, maxOfName: number) {
    this.#max = max;
    this.#maxOfName = maxOfName;
  }

  /** Things kept. */
  get size(): number {
    return this.#size;
  }

  /** Keeps `item` unless `same` says that it is kept already. */
  add(name: string, item: T, same: (kept: T) => boolean): void {
    const list = this.#lists.get(name);
    if (list === undefined) {
      this.#lists.set(name, [item]);
    } else {
      if (list.some(same)) return;
      list.push(item);
      if (list.length > this.#maxOfName) {
        list.shift();
        this.#size--;
      }
    }
    this.#size++;
    while (this.#size > this.#max) this.#dropOldest();
  }

  /** What waits under a name, oldest first; it waits no longer. */
  take(name: string): readonly T[] {
    const list = this.#lists.get(name);
    if (list === undefined) return [];
    this.#lists.delete(name);
    this.#size -= list.length;
    return list;
  }

  #dropOldest(): void {
    for (const name of this.#lists.keys()) {
      this.take(name);
      return;
    }
  }
}
