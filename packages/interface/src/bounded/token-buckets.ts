import { type HeapEntry, minHeap } from './min-heap.ts';

/** A rate limit: `burst` tokens at once, `perSecond` in the long run. */
export interface Rate {
  /** Tokens of a name that was quiet. */
  readonly burst: number;
  /** Tokens that come back per second. */
  readonly perSecond: number;
}

/** Token buckets by name. */
export interface TokenBuckets {
  /** Whether the name has that many tokens (default 1); takes none. */
  has(name: string, tokens?: number): boolean;
  /** Takes tokens (default 1); `false` when the name has too few, and then none are taken. */
  take(name: string, tokens?: number): boolean;
  /** Takes tokens even below zero: the price of a fault. Fewer than none give tokens back, up to the burst. */
  charge(name: string, tokens: number): void;
  /** Names that are remembered: those whose buckets were not full when they were last looked at. */
  readonly size: number;
}

interface Bucket {
  readonly name: string;
  readonly tokens: number;
  /** When it had that many, ms. */
  readonly at: number;
}

/** Names remembered unless told otherwise: some 2 MB. */
const DEFAULT_MAX_NAMES = 10_000;

/**
 * Full buckets for everybody. `now` tells the time, ms; a clock that is set back gives no tokens and takes none.
 *
 * At most `maxNames` names are remembered. A full bucket need not be: forgetting it changes nothing. When there are more,
 * the one is forgotten that would be full again first, never simply the oldest. So a flood of new names pushes out its own
 * barely used buckets, and a name that is out of tokens, or in debt, is forgotten early only when all `maxNames − 1`
 * others are at least as far from full: to have a debt of d tokens forgotten, d tokens must be spent in each of them.
 *
 * @example
 * ```ts
 * import { tokenBuckets } from '@edmp/interface/bounded';
 *
 * let now = 0;
 * const buckets = tokenBuckets({ burst: 1, perSecond: 1 }, () => now);
 * console.log(buckets.take('peer'), buckets.take('peer')); // true false
 * now = 1_000;
 * console.log(buckets.take('peer')); // true
 * ```
 */
export function tokenBuckets(
  rate: Rate,
  now: () => number,
  maxNames: number = DEFAULT_MAX_NAMES,
): TokenBuckets {
  const { burst, perSecond } = rate;
  const start = now();
  const known = new Map<string, HeapEntry<Bucket>>();
  const byFullness = minHeap<Bucket>();

  /** What orders buckets by when they are full, in tokens: right for a rate of nothing, too. */
  const rankOf = ({ tokens, at }: Bucket): number => ((at - start) * perSecond) / 1_000 + burst - tokens;
  const tokensOf = (name: string, moment: number): number => {
    const bucket = known.get(name)?.item;
    if (bucket === undefined) return burst;
    const gained = (Math.max(0, moment - bucket.at) * perSecond) / 1_000;
    return Math.min(burst, bucket.tokens + gained);
  };
  const remember = (name: string, tokens: number, at: number): void => {
    const old = known.get(name);
    if (old !== undefined) {
      byFullness.remove(old);
      known.delete(name);
    }
    if (tokens >= burst) return;
    // Before the new one is added: what was just used is remembered in any case.
    if (known.size >= maxNames) {
      const fullest = byFullness.pop();
      if (fullest !== undefined) known.delete(fullest.name);
    }
    const bucket: Bucket = { name, tokens, at };
    known.set(name, byFullness.push(rankOf(bucket), bucket));
  };
  return {
    get size() {
      return known.size;
    },
    has: (name, tokens = 1) => tokensOf(name, now()) >= tokens,
    take(name, tokens = 1) {
      const moment = now();
      const left = tokensOf(name, moment);
      const isEnough = left >= tokens;
      remember(name, isEnough ? left - tokens : left, moment);
      return isEnough;
    },
    charge(name, tokens) {
      const moment = now();
      remember(name, Math.min(burst, tokensOf(name, moment) - tokens), moment);
    },
  };
}
