import { InvalidArgumentError, type LeaseRequest, type PublicKey, type SigningLease } from '@edmp/interface';
import { StoreError } from './errors.ts';

/** Longest name of a holder, characters. */
const MAX_HOLDER = 128;

/**
 * Longest lease, ms. What ends later than this from now was taken by a clock that was wrong, and keeps nobody waiting:
 * the fence, not the clock, is what keeps two processes from signing at once.
 */
export const MAX_LEASE_MS = 3_600_000;

/** The lease that a request leads to; undefined while another holder's lasts. Throws `ERR_INVALID_ARGUMENT`. */
export function nextLease(
  known: SigningLease | undefined,
  author: PublicKey,
  { holder, now, until }: LeaseRequest,
): SigningLease | undefined {
  if (typeof holder !== 'string' || holder.length === 0 || holder.length > MAX_HOLDER) {
    throw new InvalidArgumentError(`The holder of a lease has a name of 1 to ${MAX_HOLDER} characters`);
  }
  if (
    !Number.isSafeInteger(now) ||
    !Number.isSafeInteger(until) ||
    until <= now ||
    until - now > MAX_LEASE_MS
  ) {
    throw new InvalidArgumentError(
      `A lease ends after it begins, ${MAX_LEASE_MS} ms later at most, in whole ms, got ${now} to ${until}`,
    );
  }
  if (known === undefined) return { author, holder, fence: 1, until };
  const isSane = known.until - now <= MAX_LEASE_MS;
  if (known.holder === holder) return { ...known, until: isSane ? Math.max(known.until, until) : until };
  return isSane && known.until > now ? undefined : { author, holder, fence: known.fence + 1, until };
}

/** What becomes of the newest lease when `given` is given back; undefined when nothing does. */
export function endedLease(known: SigningLease | undefined, given: SigningLease): SigningLease | undefined {
  const isNewest = known?.fence === given.fence && known.holder === given.holder;
  return isNewest && known.until > 0 ? { ...known, until: 0 } : undefined;
}

/** Throws `ERR_STORE_FENCED` unless a reservation is asked for under the newest lease, or no lease was ever given. */
export function expectFence(newest: number | undefined, fence: number | undefined): void {
  if (newest === fence) return;
  throw new StoreError(
    'ERR_STORE_FENCED',
    newest === undefined
      ? `The lease ${fence} is not known here: nothing is reserved under it`
      : fence === undefined
        ? `The newest lease is ${newest}, this is asked for under none: several processes share this store, so each must sign under a lease`
        : `The newest lease is ${newest}, this is asked for under ${fence}: another process signs for this author; try again later`,
    {
      // Nothing was reserved: whoever asks again takes a lease of its own, or is told that another one lasts.
      retryable: newest !== undefined && fence !== undefined,
      details: { newest: newest ?? null, fence: fence ?? null },
    },
  );
}
