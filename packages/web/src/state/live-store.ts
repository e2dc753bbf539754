import type { LiveView } from '@edmp/node/client';

/** The newest power of each mounted meter; who shows one listens to it alone. */
export interface LiveStore {
  get(meter: string): LiveView | undefined;
  put(live: LiveView): void;
  /** What was heard before the stream broke says nothing about now. */
  clear(): void;
  on(listener: () => void): () => void;
}

/** An empty {@link LiveStore}. */
export function createLiveStore(): LiveStore {
  const newest = new Map<string, LiveView>();
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  return {
    get: (meter) => newest.get(meter),
    put(live) {
      newest.set(live.meter, live);
      tell();
    },
    clear() {
      newest.clear();
      tell();
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
