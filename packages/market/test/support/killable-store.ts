import type { KeyRangeOptions, KeyValueChange, KeyValueEntry, KeyValueStore } from '@edmp/interface';

/** What a killed store says: no typed error, for nothing may go on after it. */
export class KilledError extends Error {
  constructor() {
    super('the process is dead');
  }
}

/**
 * A store whose process can be killed: by hand, or at its n-th call, before the call takes effect or after. Nothing
 * that is asked of it later has an effect; what was written stays in `inner`.
 */
export class KillableStore implements KeyValueStore {
  readonly #inner: KeyValueStore;
  readonly #at: number;
  readonly #takesEffect: boolean;
  #calls = 0;
  #dead = false;

  constructor(inner: KeyValueStore, at: number = Number.POSITIVE_INFINITY, takesEffect = false) {
    this.#inner = inner;
    this.#at = at;
    this.#takesEffect = takesEffect;
  }

  get calls(): number {
    return this.#calls;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
  }

  async #run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new KilledError();
    this.#calls++;
    if (this.#calls < this.#at) return call();
    this.#dead = true;
    if (this.#takesEffect) await call();
    throw new KilledError();
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#run(() => this.#inner.get(key));
  }

  set(key: string, value: Uint8Array): Promise<void> {
    return this.#run(() => this.#inner.set(key, value));
  }

  delete(key: string): Promise<void> {
    return this.#run(() => this.#inner.delete(key));
  }

  setMany(changes: readonly KeyValueChange[]): Promise<void> {
    return this.#run(() => this.#inner.setMany(changes));
  }

  entries(prefix: string): Promise<readonly KeyValueEntry[]> {
    return this.#run(() => this.#inner.entries(prefix));
  }

  range(prefix: string, options: KeyRangeOptions): Promise<readonly KeyValueEntry[]> {
    return this.#run(() => this.#inner.range(prefix, options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
