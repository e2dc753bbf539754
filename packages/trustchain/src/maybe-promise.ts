/** A value that is here, or a promise of it: where nothing has to be waited for, no turn of the queue is spent. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * What `next` makes of a value: at once when the value is here, else when its promise resolves. What `next` throws
 * comes out as it is in the first case, and as a rejection in the second.
 */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
