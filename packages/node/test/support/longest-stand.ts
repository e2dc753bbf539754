/** How long the event loop of this thread stood while something was done. */
export interface Stand {
  /** Most milliseconds of processor time that this thread took between two turns of others. */
  readonly longestMs: number;
  /** Turns that others had. */
  readonly turns: number;
}

/**
 * Does something and watches how long others waited for their turn, in processor time of this thread: other programs of
 * the machine do not count.
 */
export async function longestStand<T>(act: () => Promise<T>): Promise<Stand & { readonly result: T }> {
  let [longestMs, turns] = [0, 0];
  let isOver = false;
  let before = cpuMs();
  const turn = (): void => {
    const now = cpuMs();
    longestMs = Math.max(longestMs, now - before);
    turns++;
    before = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    const result = await act();
    // What stood until the very end counts too.
    await new Promise((resolve) => setImmediate(resolve));
    longestMs = Math.max(longestMs, cpuMs() - before);
    return { result, longestMs, turns };
  } finally {
    isOver = true;
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
