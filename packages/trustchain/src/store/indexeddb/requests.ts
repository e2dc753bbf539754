import type { IdbRequest, IdbTransaction } from './idb.ts';

/**
 * Result of a request. While only requests of one transaction are awaited, the transaction stays active: promise
 * reactions run before it may commit (Indexed Database 3.0 §5.9 "fire a success event", HTML "microtask checkpoint").
 */
export function result<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}

/** Whether an `add` went in; `false` when a unique key was taken. Other failures reject and end the transaction. */
export function added(request: IdbRequest<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(true));
    request.addEventListener('error', (event) => {
      if ((request.error as Partial<Error> | null)?.name !== 'ConstraintError') {
        reject(request.error);
        return;
      }
      // Without these the failed request would abort the whole transaction.
      event.preventDefault();
      event.stopPropagation();
      resolve(false);
    });
  });
}

/** Resolves once the transaction is committed; rejects with its error when it is aborted. */
export function committed(transaction: IdbTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () =>
      reject(transaction.error ?? new Error('transaction aborted')),
    );
  });
}
