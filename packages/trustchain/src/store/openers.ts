/** One of those who opened the same memory. */
export interface Opener {
  /** Writes at once, or when whatever is read of one moment has been read; then tells the others. */
  write<T>(work: () => T): T | Promise<T>;
  /** Calls `listener` when another opener has written. Returns what ends it. */
  listen(listener: () => void): () => void;
  close(): void;
}

/** Those who opened the same memory. */
export interface Openers {
  open(): Opener;
  /** Keeps writes waiting until `read` has ended. */
  still<T>(read: () => Promise<T>): Promise<T>;
}

/** {@link Openers} of a memory that nobody opened yet. */
export function openers(): Openers {
  const listeners = new Map<Opener, Set<() => void>>();
  const waiting: (() => void)[] = [];
  let readers = 0;

  const goOn = (): void => {
    // Whoever reads meanwhile stops them again.
    while (readers === 0) {
      const next = waiting.shift();
      if (next === undefined) return;
      next();
    }
  };
  return {
    open() {
      const opener: Opener = {
        write(work) {
          const written = (): ReturnType<typeof work> => {
            const result = work();
            for (const [other, each] of listeners) {
              // Not within the write: a listener may read, and what it does is its own affair.
              if (other !== opener) for (const listener of each) void Promise.resolve().then(listener);
            }
            return result;
          };
          if (readers === 0 && waiting.length === 0) return written();
          return new Promise((resolve, reject) => {
            waiting.push(() => {
              try {
                resolve(written());
              } catch (error) {
                reject(error);
              }
            });
          });
        },
        listen(listener) {
          // The same function may listen twice.
          const own = (): void => listener();
          listeners.get(opener)?.add(own);
          return () => {
            listeners.get(opener)?.delete(own);
          };
        },
        close: () => {
          listeners.delete(opener);
        },
      };
      listeners.set(opener, new Set());
      return opener;
    },
    async still(read) {
      readers += 1;
      try {
        return await read();
      } finally {
        readers -= 1;
        goOn();
      }
    },
  };
}
