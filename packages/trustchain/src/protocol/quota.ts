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
  /** Whether the peer has that many tokens; takes none. */
  has(peer: PublicKey, tokens: number): boolean;
  /** Takes tokens; `false` when the peer has too few, and then none are taken. */
  take(peer: PublicKey, tokens: number): boolean;
  /** Takes tokens even below zero: the price of a peer's fault. Fewer than none give tokens back, up to the burst. */
  charge(peer: PublicKey, tokens: number): void;
}

/** Peers remembered, and as many again that are in debt. */
const MAX_PEERS = 4_096;

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * A {@link Quota} on the clock of `environment`. The least recently seen peers are forgotten beyond 4 096. Those in debt
 * are counted apart: making many others appear does not have a debt forgotten. A clock that is set back gives no tokens
 * and takes none.
 */
export function quota(environment: Environment, options: QuotaOptions): Quota {
  const calm = new Map<string, Bucket>();
  const debtors = new Map<string, Bucket>();

  const remember = (key: string, bucket: Bucket): void => {
    calm.delete(key);
    debtors.delete(key);
    const table = bucket.tokens < 0 ? debtors : calm;
    table.set(key, bucket);
    if (table.size > MAX_PEERS) forgetOldest(table);
  };
  const refilled = (key: string): Bucket => {
    const now = environment.now();
    const { tokens, at } = debtors.get(key) ?? calm.get(key) ?? { tokens: options.burst, at: now };
    const gained = (Math.max(0, now - at) * options.perSecond) / 1000;
    return { tokens: Math.min(options.burst, tokens + gained), at: now };
  };
  return {
    has: (peer, tokens) => refilled(bytesKey(peer)).tokens >= tokens,
    take(peer, tokens) {
      const key = bytesKey(peer);
      const bucket = refilled(key);
      const enough = bucket.tokens >= tokens;
      if (enough) bucket.tokens -= tokens;
      remember(key, bucket);
      return enough;
    },
    charge(peer, tokens) {
      const key = bytesKey(peer);
      const bucket = refilled(key);
      bucket.tokens = Math.min(options.burst, bucket.tokens - tokens);
      remember(key, bucket);
    },
  };
}
