/** Runs many shared tasks together, and exclusive ones alone and in turn. */
export interface SharedLock {
  shared<T>(task: () => Promise<T>): Promise<T>;
  exclusive<T>(task: () => Promise<T>): Promise<T>;
}

/** A {@link SharedLock}; exclusive tasks wait for running shared ones, and later shared ones wait for them. */
export function sharedLock(): SharedLock {
  let last: Promise<unknown> = Promise.resolve();
  const running = new Set<Promise<unknown>>();
  const track = <T>(promise: Promise<T>): Promise<T> => {
    const done: Promise<unknown> = promise.then(
      () => running.delete(done),
      () => running.delete(done),
    );
    running.add(done);
    return promise;
  };
  return {
    shared: (task) => track(last.then(task)),
    exclusive(task) {
      const before = [...running, last];
      const result = Promise.all(before).then(task);
      last = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    },
  };
}
