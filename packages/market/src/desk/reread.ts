import type { CancelTimer, Environment } from '@edmp/interface';
import { type TokenBuckets, tokenBuckets } from '@edmp/interface/bounded';

/** Whole stores read again: some at once for somebody who adds currencies, one a minute in the long run. */
const RATE = { burst: 8, perSecond: 1 / 60 };
const LATER_MS = 60_000;

/**
 * Reads the store again when a currency became known whose blocks may have come before it. Strangers can make as many
 * currencies known as they like, so beyond a few at once those readings are put off and become one.
 */
export class Rereading {
  readonly #read: () => Promise<unknown>;
  readonly #environment: Environment;
  readonly #report: (what: string, error: unknown) => void;
  readonly #rate: TokenBuckets;
  #later: CancelTimer | undefined;

  constructor(
    environment: Environment,
    read: () => Promise<unknown>,
    report: (what: string, error: unknown) => void,
  ) {
    this.#environment = environment;
    this.#read = read;
    this.#report = report;
    this.#rate = tokenBuckets(RATE, () => environment.now());
  }

  /** Resolves when the store was read, or when that was put off. */
  async ask(): Promise<void> {
    if (this.#rate.take('')) {
      await this.#read();
      return;
    }
    this.#later ??= this.#environment.schedule(LATER_MS, () => {
      this.#later = undefined;
      this.ask().catch((error: unknown) => this.#report('reading the store again', error));
    });
  }

  stop(): void {
    this.#later?.();
    this.#later = undefined;
  }
}
