import { readdirSync } from 'node:fs';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Slope, slope } from '../../packages/node/test/soak/memory-report.ts';

/** What the process of a long life held at one simulated hour. */
export interface Look {
  readonly hour: number;
  readonly trades: number;
  /** Bytes on the heap and beside it after a collection; compiled code is not counted. */
  readonly heap: number;
  readonly rss: number;
  readonly descriptors: number;
  /** Bytes of all files. */
  readonly disk: number;
}

/** Collects garbage and looks. */
export function lookAt(hour: number, trades: number, disk: number): Look {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  // The second collection takes what only finalisers of the first let go of.
  if (typeof gc === 'function') for (let n = 0; n < 2; n++) gc();
  const { external, rss } = process.memoryUsage();
  const objects = getHeapSpaceStatistics()
    .filter(({ space_name }) => !/^(?:read_only|code|trusted|shared_trusted)/.test(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  return { hour, trades, heap: objects + external, rss, descriptors: openDescriptors(), disk };
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

/** Growth for each trade of the network, all five members together. */
export interface Growth {
  readonly heap: Slope;
  readonly disk: Slope;
  readonly descriptors: readonly [first: number, last: number];
}

/** How what was held grew with the trades, after a quarter of the life. */
export function growthOf(looks: readonly Look[]): Growth | null {
  const points = looks.slice(Math.ceil(looks.length / 4));
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 3) return null;
  const of = (value: (look: Look) => number): Slope =>
    slope(points.map((look) => [look.trades, value(look)] as const));
  return {
    heap: of(({ heap }) => heap),
    disk: of(({ disk }) => disk),
    descriptors: [first.descriptors, last.descriptors],
  };
}

/** Fewer looks after the warm-up tell nothing of memory. */
const FEWEST = 24;
/**
 * Most that a trade may leave in the memory of all five members, bytes: blocks, holds and outcomes are kept until bounded
 * books of thousands of them are full.
 */
const HEAP_A_TRADE = 5 * 96 * 1_024;

/** Why a life is not flat; empty when it is, and when there are too few looks to tell. */
export function faultsIn(looks: readonly Look[]): readonly string[] {
  const growth = growthOf(looks);
  if (growth === null) return [];
  const { heap, descriptors } = growth;
  const faults: string[] = [];
  if (looks.length >= FEWEST && heap.low > HEAP_A_TRADE)
    faults.push(`the heap grows by ${heap.slope} bytes a trade, at least ${heap.low}`);
  if (descriptors[1] > descriptors[0])
    faults.push(`${descriptors[1]} descriptors are open, ${descriptors[0]} were`);
  return faults;
}
