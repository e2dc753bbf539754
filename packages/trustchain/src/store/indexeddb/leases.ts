import type { LeaseRequest, PublicKey, SigningLease } from '@edmp/interface';
import { endedLease, expectFence, nextLease } from '../leases.ts';
import { owned } from './block-rows.ts';
import type { IdbTransaction } from './idb.ts';
import { result } from './requests.ts';
import { LEASES, type LeaseRow } from './schema.ts';

/** Leases in one transaction: the newest of each author. */
export interface Leases {
  /** Throws `ERR_INVALID_ARGUMENT`. */
  take(author: PublicKey, request: LeaseRequest): Promise<SigningLease | undefined>;
  end(lease: SigningLease): Promise<void>;
  /** Throws `ERR_STORE_FENCED` unless `fence` is the author's newest lease, or there is none. */
  expect(author: PublicKey, fence: number | undefined): Promise<void>;
}

/** {@link Leases} of a transaction. */
export function leasesOf(transaction: IdbTransaction): Leases {
  const store = transaction.objectStore(LEASES);
  const newest = async (author: PublicKey): Promise<SigningLease | undefined> => {
    const row = (await result(store.get(author))) as LeaseRow | undefined;
    return row === undefined ? undefined : { ...row, author };
  };
  const put = async (lease: SigningLease): Promise<SigningLease> => {
    const { author, holder, fence, until } = lease;
    const row: LeaseRow = { author: owned(author), holder, fence, until };
    await result(store.put(row));
    return lease;
  };
  return {
    async take(author, request) {
      const lease = nextLease(await newest(author), author, request);
      return lease === undefined ? undefined : put(lease);
    },
    async end(lease) {
      const ended = endedLease(await newest(lease.author), lease);
      if (ended !== undefined) await put(ended);
    },
    async expect(author, fence) {
      expectFence((await newest(author))?.fence, fence);
    },
  };
}
