/** A rate limit: `burst` at once, `perSecond` in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Token buckets by name, for at most `MAX_NAMES` names at a time. */
export interface TokenBuckets {
  /** Takes one token; `false` when there is none. */
  take(name: string): boolean;
}

const MAX_NAMES = 10_000;

/** Full buckets for everybody. `now` tells the time, ms. */
export function tokenBuckets(rate: Rate, now: () => number): TokenBuckets {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(name) {
      let bucket = buckets.get(name);
      if (bucket === undefined) {
        if (buckets.size >= MAX_NAMES) {
          for (const oldest of buckets.keys()) {
            buckets.delete(oldest);
            break;
          }
        }
        bucket = { tokens: rate.burst, at: now() };
        buckets.set(name, bucket);
      }
      const moment = now();
      bucket.tokens = Math.min(rate.burst, bucket.tokens + ((moment - bucket.at) * rate.perSecond) / 1_000);
      bucket.at = moment;
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
  };
}
