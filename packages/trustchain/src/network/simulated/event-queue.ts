import type { CancelTimer, Environment } from '@edmp/interface';

/** Things that happen at given times, over one timer of an {@link Environment} however many there are. */
export interface EventQueue {
  /** Runs `event` at `time` (ms since the epoch; the past means now), after those queued before it for that time. */
  at(time: number, event: () => void): void;
}

/** All events of one millisecond, in order, and how many of them ran. */
interface Bucket {
  readonly events: (() => void)[];
  done: number;
}

/** An empty {@link EventQueue}: a bucket of events for each millisecond, and a binary heap of those milliseconds. */
export function eventQueue(environment: Environment): EventQueue {
  const buckets = new Map<number, Bucket>();
  const heap: number[] = [];
  let armed: { readonly time: number; readonly cancel: CancelTimer } | undefined;

  const timeAt = (index: number): number => heap[index] ?? Number.POSITIVE_INFINITY;
  const push = (time: number): void => {
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (timeAt(parent) <= time) break;
      heap[index] = timeAt(parent);
      index = parent;
    }
    heap[index] = time;
  };
  const pop = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (timeAt(child + 1) < timeAt(child)) child++;
      if (timeAt(child) >= last) break;
      heap[index] = timeAt(child);
      index = child;
    }
    heap[index] = last;
  };

  const arm = (): void => {
    const next = heap[0];
    if (next === undefined || (armed !== undefined && armed.time <= next)) return;
    armed?.cancel();
    armed = { time: next, cancel: environment.schedule(next - environment.now(), run) };
  };
  const run = (): void => {
    armed = undefined;
    const now = environment.now();
    try {
      while (timeAt(0) <= now) {
        const time = timeAt(0);
        const bucket = buckets.get(time);
        // Events may add others to the bucket that is being emptied; one that throws does not take the rest with it.
        while (bucket !== undefined && bucket.done < bucket.events.length) bucket.events[bucket.done++]?.();
        buckets.delete(time);
        pop();
      }
    } finally {
      arm();
    }
  };

  return {
    at(time, event) {
      const due = Math.ceil(Math.max(time, environment.now()));
      const bucket = buckets.get(due);
      if (bucket === undefined) {
        buckets.set(due, { events: [event], done: 0 });
        push(due);
      } else {
        bucket.events.push(event);
      }
      arm();
    },
  };
}
