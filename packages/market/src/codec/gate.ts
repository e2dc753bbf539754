/** Lets at most `limit` tasks run at once; the others wait in order. */
export interface Gate {
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** An open gate. */
export function gate(limit: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(task) {
      if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}
