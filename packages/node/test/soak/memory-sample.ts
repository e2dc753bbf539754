import { readdirSync, statSync } from 'node:fs';
import { getHeapSpaceStatistics } from 'node:v8';

/** What a process held at one moment, bytes but for the counts. */
export interface MemorySample {
  /** Telegrams that it was sent since it began. */
  readonly telegrams: number;
  /** What the program holds on the heap and beside it, after a forced collection; compiled code is not counted. */
  readonly heap: number;
  readonly rss: number;
  /** Open descriptors; 0 where the system does not list them. */
  readonly descriptors: number;
  /** The file of readings with its log. */
  readonly disk: number;
}

/** Collects garbage, which needs `--expose-gc`, and looks at the process and at the file of readings in `path`. */
export function sampleOf(telegrams: number, path: string): MemorySample {
  // The second collection takes what only finalisers of the first let go of.
  globalThis.gc?.();
  globalThis.gc?.();
  const { external, rss } = process.memoryUsage();
  // Functions are compiled and compiled better for days; their code has spaces of its own.
  const objects = getHeapSpaceStatistics()
    .filter(({ space_name }) => !/^(?:read_only|code|trusted|shared_trusted)/.test(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  return { telegrams, heap: objects + external, rss, descriptors: openDescriptors(), disk: sizeOf(path) };
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

function sizeOf(path: string): number {
  return ['', '-wal'].reduce(
    (sum, end) => sum + (statSync(path + end, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
