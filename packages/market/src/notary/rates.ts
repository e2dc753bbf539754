import type { NotaryRate } from './limits.ts';

/** Names remembered at once; a name that is forgotten is one that has not asked for the longest. */
const MAX_NAMES = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** Token buckets by name: `burst` at once, `perSecond` in the long run. */
export class Rates {
  readonly #rate: NotaryRate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: NotaryRate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /**
   * Takes `cost` tokens. Returns 0, or how long until there are as many, ms (then nothing was taken). A cost above the
   * burst counts as the burst.
   */
  take(name: string, cost = 1): number {
    const bucket = this.#bucket(name);
    const needed = Math.min(cost, this.#rate.burst);
    if (bucket.tokens >= needed) {
      bucket.tokens -= needed;
      return 0;
    }
    return Math.max(1, Math.ceil(((needed - bucket.tokens) * 1_000) / this.#rate.perSecond));
  }

  #bucket(name: string): Bucket {
    const now = this.#now();
    const known = this.#buckets.get(name);
    if (known !== undefined) {
      const passed = Math.max(0, now - known.at);
      known.tokens = Math.min(this.#rate.burst, known.tokens + (passed * this.#rate.perSecond) / 1_000);
      known.at = now;
      this.#buckets.delete(name);
      this.#buckets.set(name, known);
      return known;
    }
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size < MAX_NAMES) break;
      this.#buckets.delete(oldest);
    }
    const fresh = { tokens: this.#rate.burst, at: now };
    this.#buckets.set(name, fresh);
    return fresh;
  }
}
