/** Collects what is written while another batch is under way, and then writes it together. */
export interface WriteBatches<T> {
  /** Resolves when the batch of `item` is written; rejects when the item cannot be written, alone either. */
  add(item: T): Promise<void>;
}

interface Waiting<T> {
  readonly item: T;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * One batch at a time, of at most `max` items, in the order in which they were added: whoever adds alone waits for nobody,
 * and many together share what is paid for each batch.
 *
 * @param write - Writes one batch.
 */
export function writeBatches<T>(max: number, write: (items: readonly T[]) => Promise<void>): WriteBatches<T> {
  const waiting: Waiting<T>[] = [];
  let working = false;
  const work = async (): Promise<void> => {
    working = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, max);
      await together(batch);
    }
    working = false;
  };
  const together = async (batch: readonly Waiting<T>[]): Promise<void> => {
    try {
      await write(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // Each by itself: one that cannot be written is nobody else's failure.
      if (batch.length > 1) for (const one of batch) await together([one]);
      else for (const { reject } of batch) reject(error);
    }
  };
  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // Not at once: what is added in the same turn belongs to the same batch.
        if (!working) {
          working = true;
          queueMicrotask(() => void work());
        }
      }),
  };
}

/**
 * Runs `task` for every item, `atOnce` at a time. Rejects with the first failure, when nothing runs any more; what was not
 * begun then is left out.
 */
export async function eachOf<T>(
  atOnce: number,
  items: readonly T[],
  task: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const run = async (): Promise<void> => {
    while (failure === undefined && next < items.length) {
      const index = next++;
      try {
        await task(items[index] as T);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run));
  if (failure !== undefined) throw failure.error;
}
