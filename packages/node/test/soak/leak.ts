/** How a soak is made to leak about a byte a telegram, to see that it tells. */
export const LEAK_SHAPES = ['none', 'listeners', 'map', 'buffers'] as const;
/** A name of {@link LEAK_SHAPES}. */
export type LeakShape = (typeof LEAK_SHAPES)[number];

/** Something that holds on to a little for each telegram, as `shape` does. */
export function leakOf(shape: LeakShape): (telegrams: number) => void {
  switch (shape) {
    case 'none':
      return () => undefined;
    case 'listeners': {
      // Listeners that nobody takes off.
      const target = new EventTarget();
      return (telegrams) => {
        if (telegrams % 256 === 0) target.addEventListener('change', () => target);
      };
    }
    case 'map': {
      // A table that grows by doubling, so that it is flat for hours between two steps.
      const seen = new Map<string, number>();
      return (telegrams) => {
        if (telegrams % 64 === 0) seen.set(`telegram ${telegrams}`, telegrams);
      };
    }
    case 'buffers': {
      // Beside the heap: a kilobyte for each thousand telegrams.
      const kept: Uint8Array[] = [];
      return (telegrams) => {
        if (telegrams % 1_000 === 0) kept.push(new Uint8Array(1_000));
      };
    }
  }
}
