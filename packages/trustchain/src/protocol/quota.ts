import type { Environment, PublicKey } from '@edmp/interface';
import { type Rate, tokenBuckets } from '@edmp/interface/bounded';
import { bytesKey } from '../block/identity.ts';

/** A token bucket: tokens of a peer that was quiet, and how many come back per second. */
export type QuotaOptions = Rate;

/** Token buckets by peer. */
export interface Quota {
  /** Whether the peer has that many tokens; takes none. */
  has(peer: PublicKey, tokens: number): boolean;
  /** Takes tokens; `false` when the peer has too few, and then none are taken. */
  take(peer: PublicKey, tokens: number): boolean;
  /** Takes tokens even below zero: the price of a peer's fault. Fewer than none give tokens back, up to the burst. */
  charge(peer: PublicKey, tokens: number): void;
}

/** Peers remembered whose buckets are not full. */
const MAX_PEERS = 8_192;

/**
 * A {@link Quota} on the clock of `environment`: `tokenBuckets` of `@edmp/interface/bounded`, so that making many others
 * appear has no debt and no used-up bucket forgotten. A clock that is set back gives no tokens and takes none.
 */
export function quota(environment: Environment, options: QuotaOptions): Quota {
  const buckets = tokenBuckets(options, () => environment.now(), MAX_PEERS);
  return {
    has: (peer, tokens) => buckets.has(bytesKey(peer), tokens),
    take: (peer, tokens) => buckets.take(bytesKey(peer), tokens),
    charge: (peer, tokens) => buckets.charge(bytesKey(peer), tokens),
  };
}
