/** A callback waiting for its moment. */
export interface QueuedTimer {
  /** ms since the epoch. */
  readonly at: number;
  /** Breaks ties: the order of scheduling. */
  readonly order: number;
  readonly callback: () => void;
}

/** Timers in order of time and then of scheduling. */
export interface TimerQueue {
  /** Adds a timer; returns what takes it out again (idempotent). */
  add(timer: QueuedTimer): () => void;
  /** The earliest timer, left in place. */
  first(): QueuedTimer | undefined;
  /** Takes the earliest timer out. */
  take(): QueuedTimer | undefined;
  /** Number of timers waiting. */
  readonly size: number;
}

const isBefore = (a: QueuedTimer, b: QueuedTimer): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap, so that a town of nodes with many thousand timers stays fast; cancelled timers leave when they surface. */
export function timerQueue(): TimerQueue {
  const heap: QueuedTimer[] = [];
  const waiting = new Set<QueuedTimer>();

  const rise = (start: number): void => {
    let child = start;
    for (let parent = (child - 1) >> 1; child > 0; parent = (child - 1) >> 1) {
      if (!swapIfBefore(child, parent)) return;
      child = parent;
    }
  };
  const sink = (): void => {
    for (let parent = 0; ; ) {
      const [left, right] = [heap[2 * parent + 1], heap[2 * parent + 2]];
      if (left === undefined) return;
      const child = right !== undefined && isBefore(right, left) ? 2 * parent + 2 : 2 * parent + 1;
      if (!swapIfBefore(child, parent)) return;
      parent = child;
    }
  };
  const swapIfBefore = (child: number, parent: number): boolean => {
    const [low, high] = [heap[child], heap[parent]];
    if (low === undefined || high === undefined || !isBefore(low, high)) return false;
    heap[child] = high;
    heap[parent] = low;
    return true;
  };
  const dropFirst = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    sink();
  };
  const first = (): QueuedTimer | undefined => {
    for (let timer = heap[0]; timer !== undefined; timer = heap[0]) {
      if (waiting.has(timer)) return timer;
      dropFirst();
    }
    return undefined;
  };

  return {
    add(timer) {
      heap.push(timer);
      waiting.add(timer);
      rise(heap.length - 1);
      return () => {
        waiting.delete(timer);
      };
    },
    first,
    take() {
      const timer = first();
      if (timer === undefined) return undefined;
      waiting.delete(timer);
      dropFirst();
      return timer;
    },
    get size() {
      return waiting.size;
    },
  };
}
