import type { LeaseRequest, PublicKey, SigningLease } from '@edmp/interface';
import { endedLease, expectFence, nextLease } from '../leases.ts';
import type { Database } from './database.ts';

/** Rows of leases: the newest of each author. All methods belong into the caller's transaction. */
export interface LeaseTable {
  /** Throws `ERR_INVALID_ARGUMENT`. */
  take(author: PublicKey, request: LeaseRequest): SigningLease | undefined;
  end(lease: SigningLease): void;
  /** Throws `ERR_STORE_FENCED` unless `fence` is the author's newest lease, or there is none. */
  expect(author: PublicKey, fence: number | undefined): void;
}

/** The {@link LeaseTable} of an open database. */
export function leaseTable(database: Database): LeaseTable {
  const sql = {
    get: database.prepare('SELECT holder, fence, until FROM leases WHERE author = ?'),
    put: database.prepare('INSERT OR REPLACE INTO leases (author, holder, fence, until) VALUES (?, ?, ?, ?)'),
  };
  const newest = (author: PublicKey): SigningLease | undefined => {
    const row = sql.get.get(author);
    if (row === undefined) return undefined;
    return { author, holder: String(row.holder), fence: Number(row.fence), until: Number(row.until) };
  };
  const put = (lease: SigningLease): SigningLease => {
    sql.put.run(lease.author, lease.holder, lease.fence, lease.until);
    return lease;
  };
  return {
    take(author, request) {
      const lease = nextLease(newest(author), author, request);
      return lease === undefined ? undefined : put(lease);
    },
    end(lease) {
      const ended = endedLease(newest(lease.author), lease);
      if (ended !== undefined) put(ended);
    },
    expect: (author, fence) => expectFence(newest(author)?.fence, fence),
  };
}
