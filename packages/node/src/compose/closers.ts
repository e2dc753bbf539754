/** What has been opened and is to be closed again, the last first. */
export interface Closers {
  add(close: () => void | Promise<void>): void;
  /** Closes everything, also what comes after a failure to close; throws the first failure. Idempotent. */
  stop(): Promise<void>;
}

/** An empty list of what is to be closed. */
export function createClosers(): Closers {
  const closers: (() => void | Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  return {
    add: (close) => {
      closers.push(close);
    },
    stop: () => {
      stopping ??= closeAll();
      return stopping;
    },
  };
}
