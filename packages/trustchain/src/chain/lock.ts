/** Lets one piece of work run at a time, in the order they were asked for. */
export interface Lock {
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** A {@link Lock} that is free. */
export function lock(): Lock {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const result = last.then(work);
      last = result.catch(() => {});
      return result;
    },
  };
}
