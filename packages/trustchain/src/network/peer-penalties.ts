import type { Environment } from '@edmp/interface';
import { forgetOldest } from '../store/forget-oldest.ts';

/** Limits of {@link peerPenalties}. */
export interface PeerPenaltyOptions {
  readonly environment: Environment;
  /** Points for one rejected message. Default 10. */
  readonly points?: number;
  /** Whole points that leak away each minute. Default 10. */
  readonly leakPerMinute?: number;
  /** From this many points on a peer's topic messages are ignored. Default 80. */
  readonly ignoreAt?: number;
  /** Peers remembered; the one penalised longest ago is forgotten first. Default 4096. */
  readonly maxPeers?: number;
}

/** Leaky buckets of bad behaviour on topics, one a peer. Peers are named by any text the transport uses. */
export interface PeerPenalties {
  /** Adds the points of one rejected message. */
  penalise(peer: string): void;
  /** Points held against `peer` now: 0 to twice `ignoreAt`. */
  points(peer: string): number;
  /** Whether messages of `peer` are to be ignored now. */
  ignored(peer: string): boolean;
}

interface Bucket {
  readonly points: number;
  readonly at: number;
}

/** Leaky buckets with nothing held against anybody. */
export function peerPenalties(options: PeerPenaltyOptions): PeerPenalties {
  const { environment, points = 10, leakPerMinute = 10, ignoreAt = 80, maxPeers = 4096 } = options;
  const buckets = new Map<string, Bucket>();

  const held = (peer: string): number => {
    const bucket = buckets.get(peer);
    if (bucket === undefined) return 0;
    const leaked = Math.floor((Math.max(0, environment.now() - bucket.at) * leakPerMinute) / 60_000);
    if (bucket.points > leaked) return bucket.points - leaked;
    buckets.delete(peer);
    return 0;
  };

  return {
    points: held,
    ignored: (peer) => held(peer) >= ignoreAt,
    penalise(peer) {
      // Capped, so that a peer that mended its ways is heard again within a known time.
      const next = Math.min(held(peer) + points, 2 * ignoreAt);
      buckets.delete(peer);
      buckets.set(peer, { points: next, at: environment.now() });
      if (buckets.size > maxPeers) {
        forgetOldest(buckets);
      }
    },
  };
}
