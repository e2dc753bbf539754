import { isEdmpError } from '@edmp/interface';
import { StoreError } from '../errors.ts';

/** The name of a DOMException, or of any error. */
const nameOf = (cause: unknown): string => (cause as Partial<Error> | null)?.name ?? 'unknown error';

/** What went wrong in IndexedDB as a typed error; errors that are typed already pass through. */
export function storeFailure(cause: unknown): Error {
  if (isEdmpError(cause)) return cause;
  const name = nameOf(cause);
  if (name === 'QuotaExceededError') {
    return new StoreError(
      'ERR_STORE_IO',
      'The browser gives this origin no more space: free some, or ask for persistent storage',
      { cause },
    );
  }
  return new StoreError('ERR_STORE_IO', `IndexedDB failed (${name}): nothing of this write was kept`, {
    cause,
  });
}

/** The error of every call after `close`, and after another page upgraded or deleted the database. */
export function closedError(lost: string | undefined): StoreError {
  return new StoreError('ERR_STORE_CLOSED', lost ?? 'The store is closed');
}

/** The error of a database that is not ours, or newer than this program. */
export function schemaError(name: string, why: string, cause?: unknown): StoreError {
  return new StoreError('ERR_STORE_SCHEMA', `The IndexedDB database "${name}" ${why}`, { cause });
}
