import { bytesToUtf8, type KeyValueStore, utf8ToBytes } from '@edmp/interface';
import { MarketError } from '../errors.ts';

const KEY = 'notary/halted';

/**
 * Stops a notary for ever when somebody shows it a statement of its own that its store does not hold: the store is a
 * copy, or went back in time, and whatever it signed next might contradict what it has forgotten (DESIGN §4.4.2).
 */
export class StoreGuard {
  readonly #store: KeyValueStore;
  readonly #told: (reason: string) => void;
  #reason: string | undefined;

  constructor(store: KeyValueStore, told: (reason: string) => void) {
    this.#store = store;
    this.#told = told;
  }

  async open(): Promise<void> {
    const bytes = await this.#store.get(KEY);
    this.#reason = bytes === undefined ? undefined : bytesToUtf8(bytes);
  }

  /** Why the notary says nothing any more; undefined while it works. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Throws `ERR_NOTARY_HALTED` when the notary has stopped. */
  expectSound(): void {
    if (this.#reason !== undefined) throw halted(this.#reason);
  }

  /** Stops the notary, durably. Always throws `ERR_NOTARY_HALTED`. */
  async halt(reason: string): Promise<never> {
    if (this.#reason === undefined) {
      // In memory first: nothing more is signed even when the disk fails.
      this.#reason = reason;
      this.#told(reason);
      await this.#store.set(KEY, utf8ToBytes(reason));
    }
    throw halted(this.#reason);
  }
}

function halted(reason: string): MarketError {
  return new MarketError('ERR_NOTARY_HALTED', `This notary has stopped: ${reason}`);
}
