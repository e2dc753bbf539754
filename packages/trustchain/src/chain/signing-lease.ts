import {
  type BlockStore,
  type Environment,
  InvalidArgumentError,
  type PublicKey,
  type SigningLease,
} from '@edmp/interface';
import type { MaybePromise } from '../maybe-promise.ts';
import { MAX_LEASE_MS } from '../store/leases.ts';
import { ChainError } from './errors.ts';

/** How long a lease lasts unless told otherwise, ms: so long nobody signs after its holder was killed. */
export const DEFAULT_LEASE_MS = 15_000;

/** Shorter ones are lost to a busy moment, longer ones keep others waiting after a kill, ms. */
const MIN_LEASE_MS = 1_000;

/** Options for a store that several processes of one operator open; one of them signs at a time. */
export interface SharingOptions {
  /** Name that no other process bears, e.g. of random bytes made at its start. */
  readonly holder: string;
  /** How long this process may sign before it renews, ms: 1 000 … 3 600 000. Default 15 000. */
  readonly leaseMs?: number;
}

/** The right to sign, taken when it is first needed and kept while it is used. */
export interface LeaseKeeper {
  /** Fence for the next reservation; undefined where the store is not shared. Throws `ERR_CHAIN_LEASED`. */
  fence(): MaybePromise<number | undefined>;
  /** The store says that somebody else has it now. */
  lost(): void;
  /** Gives it back. */
  end(): Promise<void>;
}

/** The keeper of a chain that has its store alone. */
export const unshared: LeaseKeeper = {
  fence: () => undefined,
  lost: () => undefined,
  end: async () => undefined,
};

/** The {@link LeaseKeeper} of one key. Throws `ERR_INVALID_ARGUMENT`. */
export function leaseKeeper(
  self: PublicKey,
  store: Pick<BlockStore, 'lease' | 'endLease'>,
  environment: Pick<Environment, 'now'>,
  { holder, leaseMs = DEFAULT_LEASE_MS }: SharingOptions,
): LeaseKeeper {
  if (!Number.isSafeInteger(leaseMs) || leaseMs < MIN_LEASE_MS || leaseMs > MAX_LEASE_MS) {
    throw new InvalidArgumentError(
      `A lease lasts ${MIN_LEASE_MS} to ${MAX_LEASE_MS} whole ms, got ${leaseMs}`,
    );
  }
  let held: SigningLease | undefined;
  const take = async (): Promise<number> => {
    const now = environment.now();
    held = await store.lease(self, { holder, now, until: now + leaseMs });
    if (held !== undefined) return held.fence;
    throw new ChainError('ERR_CHAIN_LEASED', 'Another process signs for this key now; try again later', {
      retryable: true,
    });
  };
  return {
    fence() {
      // Renewed at half its time, so that its holder keeps it as long as it signs; also after the clock was set back.
      const left = held === undefined ? 0 : held.until - environment.now();
      return held !== undefined && left > leaseMs / 2 && left <= leaseMs ? held.fence : take();
    },
    lost() {
      held = undefined;
    },
    async end() {
      const given = held;
      held = undefined;
      if (given !== undefined) await store.endLease(given);
    },
  };
}
