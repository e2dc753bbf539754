import { type TokenBuckets, tokenBuckets } from '@edmp/interface/bounded';
import type { NotaryRate } from './limits.ts';

/** Token buckets that say how long to wait. */
export class Rates {
  readonly #rate: NotaryRate;
  readonly #buckets: TokenBuckets;

  constructor(rate: NotaryRate, now: () => number) {
    this.#rate = rate;
    this.#buckets = tokenBuckets(rate, now);
  }

  /**
   * Takes `cost` tokens. Returns 0, or when there are surely as many, ms from now (then nothing was taken). A cost above
   * the burst counts as the burst.
   */
  take(name: string, cost = 1): number {
    const needed = Math.min(cost, this.#rate.burst);
    if (this.#buckets.take(name, needed)) return 0;
    return Math.max(1, Math.ceil((needed * 1_000) / this.#rate.perSecond));
  }

  /** Takes tokens even below zero: the price of nonsense. */
  charge(name: string, cost: number): void {
    this.#buckets.charge(name, cost);
  }
}
