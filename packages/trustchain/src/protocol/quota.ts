import type { Environment, PublicKey } from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import { forgetOldest } from '../store/forget-oldest.ts';

/** A token bucket. */
export interface QuotaOptions {
  /** Tokens of a peer that was quiet. */
  readonly burst: number;
  /** Tokens that come back per second. */
  readonly perSecond: number;
}

/** Token buckets by peer. */
export interface Quota {
  /** Takes tokens; `false` when the peer has too few, and then none are taken. */
  take(peer: PublicKey, tokens: number): boolean;
  /** Takes tokens even below zero: the price of a peer's fault. */
  charge(peer: PublicKey, tokens: number): void;
}

const MAX_PEERS = 4_096;

/** A {@link Quota} on the clock of `environment`. The least recently seen peers are forgotten beyond 4 096. */
export function quota(environment: Environment, options: QuotaOptions): Quota {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const bucketOf = (peer: PublicKey): { tokens: number; at: number } => {
    const key = bytesKey(peer);
    const now = environment.now();
    const bucket = buckets.get(key) ?? { tokens: options.burst, at: now };
    bucket.tokens = Math.min(options.burst, bucket.tokens + ((now - bucket.at) * options.perSecond) / 1000);
    bucket.at = now;
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > MAX_PEERS) {
      forgetOldest(buckets);
    }
    return bucket;
  };
  return {
    take(peer, tokens) {
      const bucket = bucketOf(peer);
      if (bucket.tokens < tokens) return false;
      bucket.tokens -= tokens;
      return true;
    },
    charge(peer, tokens) {
      bucketOf(peer).tokens -= tokens;
    },
  };
}
