import {
  type BlockStore,
  EdmpError,
  type Environment,
  expectKey,
  type HalfBlock,
  type KeyValueStore,
  type PublicKey,
  type Reservation,
  type SeededRandom,
} from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';

/** What a disk does besides storing. */
export interface DiskFaults {
  /** Longest time that one write takes, ms; each draws its own. 0 = at once. */
  readonly slowMs: number;
  /** Acknowledged writes that a crash takes back, at most: a disk that lies about its syncs. */
  readonly lostSync: number;
  /** Values in which a crash flips one bit, at most. */
  readonly bitRot: number;
  /** Probability that a write is refused as the disk is full. */
  readonly full: number;
}

/** A disk that keeps its promises. */
export const honestDisk: DiskFaults = { slowMs: 0, lostSync: 0, bitRot: 0, full: 0 };

/** Counts what a disk did to its owner. */
export type DiskNote = (fault: 'torn-write' | 'lost-sync' | 'bit-rot' | 'disk-full') => void;

type Entry = readonly [key: string, value: Uint8Array | null];
type BlockWrite =
  | { readonly kind: 'put'; readonly blocks: readonly HalfBlock[]; readonly durable: boolean }
  | {
      readonly kind: 'proof';
      readonly author: PublicKey;
      readonly id: HalfBlock['id'];
      readonly proof: Uint8Array;
    }
  | { readonly kind: 'reserve'; readonly author: PublicKey; readonly reservations: readonly Reservation[] };

/** The disk of one node: a key-value store and a block store that survive a crash as far as the disk allows. */
export interface SimulatedDisk {
  /** Opens both anew, as a process does at its start; handles opened earlier go dead. */
  open(): Promise<{ readonly records: KeyValueStore; readonly blocks: BlockStore }>;
  /**
   * Power cut: writes under way are kept whole or not at all (a batch is never torn in two), blocks that were not to
   * be durable may be lost from the end on, and the disk's faults strike.
   */
  crash(): void;
  /** A copy of what is on the disk now, e.g. a backup to restore later. */
  snapshot(): DiskImage;
  restore(image: DiskImage): void;
  setFaults(faults: Partial<DiskFaults>): void;
}

/** What stands on a disk. */
export interface DiskImage {
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly writes: readonly BlockWrite[];
}

const dead = (): EdmpError =>
  new EdmpError('ERR_STORE_CLOSED', 'The process that opened this store has ended');

/** An empty disk. */
export function simulatedDisk(options: {
  readonly environment: Environment;
  readonly random: SeededRandom;
  readonly faults?: Partial<DiskFaults>;
  readonly note?: DiskNote;
}): SimulatedDisk {
  const { environment, random } = options;
  const note: DiskNote = options.note ?? (() => undefined);
  let faults: DiskFaults = { ...honestDisk, ...options.faults };
  let values = new Map<string, Uint8Array>();
  /** What to do to take acknowledged batches back, newest last. */
  let undo: (readonly Entry[])[] = [];
  let writes: BlockWrite[] = [];
  /** Batches that are under way: a crash draws for each whether it reached the disk. */
  const underWay = new Set<() => void>();
  let generation = 0;

  const write = async (mine: number, apply: () => void): Promise<void> => {
    if (mine !== generation) throw dead();
    if (faults.full > 0 && random.unit() < faults.full) {
      note('disk-full');
      throw new EdmpError('ERR_STORE_FULL', 'The disk is full', { retryable: true });
    }
    if (faults.slowMs > 0) {
      underWay.add(apply);
      await new Promise<void>((resolve) => environment.schedule(random.below(faults.slowMs + 1), resolve));
      if (mine !== generation) throw dead();
      underWay.delete(apply);
    }
    apply();
  };

  const setMany = (entries: readonly Entry[]): void => {
    undo.push(entries.map(([key]) => [key, values.get(key) ?? null] as const));
    if (undo.length > 64) undo.shift();
    for (const [key, value] of entries) {
      if (value === null) values.delete(key);
      else values.set(key, value.slice());
    }
  };

  const records = (mine: number): KeyValueStore => {
    const alive = (): void => {
      if (mine !== generation) throw dead();
    };
    return {
      async get(key) {
        alive();
        expectKey(key);
        return values.get(key)?.slice();
      },
      async set(key, value) {
        expectKey(key);
        const copy = value.slice();
        await write(mine, () => setMany([[key, copy]]));
      },
      async delete(key) {
        expectKey(key);
        await write(mine, () => setMany([[key, null]]));
      },
      async setMany(entries: readonly Entry[]) {
        const copy = entries.map(([key, value]) => [key, value === null ? null : value.slice()] as const);
        await write(mine, () => setMany(copy));
      },
      async entries(prefix) {
        alive();
        return sorted(prefix);
      },
      async range(prefix: string, page: { readonly after?: string; readonly limit: number }) {
        alive();
        return sorted(prefix)
          .filter(([key]) => page.after === undefined || key > page.after)
          .slice(0, page.limit);
      },
      async close() {},
    } as KeyValueStore;
  };
  const sorted = (prefix: string): (readonly [string, Uint8Array])[] =>
    [...values]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, value.slice()] as const);

  const replay = async (): Promise<BlockStore> => {
    const store = memoryBlockStore();
    for (const entry of writes) {
      if (entry.kind === 'put') await store.put(entry.blocks);
      else if (entry.kind === 'proof') await store.putProof(entry.author, entry.id, entry.proof);
      else {
        const [first, ...more] = entry.reservations;
        if (first !== undefined) await store.reserve(entry.author, first, ...more);
      }
    }
    return store;
  };

  const blocks = (mine: number, store: BlockStore): BlockStore => {
    const guarded =
      <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        if (mine !== generation) throw dead();
        return call.apply(store, args as unknown as A);
      };
    const logged = async (entry: BlockWrite): Promise<void> => {
      await write(mine, () => {
        writes.push(entry);
      });
    };
    const out: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(store)) {
      out[name] =
        typeof value === 'function'
          ? guarded(value as (...args: readonly unknown[]) => Promise<unknown>)
          : value;
    }
    return {
      ...(out as unknown as BlockStore),
      async put(list, putOptions) {
        await logged({ kind: 'put', blocks: [...list], durable: putOptions?.durable === true });
        return store.put(list, putOptions);
      },
      async putProof(author, id, proof) {
        await logged({ kind: 'proof', author, id, proof: proof.slice() });
        return store.putProof(author, id, proof);
      },
      async reserve(author, reservation, ...more) {
        // Refused ones must not reach the disk.
        if (mine !== generation) throw dead();
        await store.reserve(author, reservation, ...more);
        await logged({ kind: 'reserve', author, reservations: [reservation, ...more] });
      },
    };
  };

  return {
    async open() {
      generation++;
      const mine = generation;
      const store = await replay();
      return { records: records(mine), blocks: blocks(mine, store) };
    },
    crash() {
      generation++;
      for (const apply of underWay) {
        if (random.below(2) === 0) apply();
        else note('torn-write');
      }
      underWay.clear();
      // Blocks that nobody asked to be durable: some of the newest are gone.
      let loose = 0;
      while (loose < writes.length && loose < 4) {
        const last = writes.at(-1 - loose);
        if (last === undefined || last.kind !== 'put' || last.durable) break;
        loose++;
      }
      if (loose > 0) writes.length -= random.below(loose + 1);
      for (let n = faults.lostSync === 0 ? 0 : random.below(faults.lostSync + 1); n > 0; n--) {
        const batch = undo.pop();
        if (batch === undefined) break;
        note('lost-sync');
        for (const [key, value] of batch) {
          if (value === null) values.delete(key);
          else values.set(key, value);
        }
      }
      undo = [];
      const keys = [...values.keys()].sort();
      for (let n = faults.bitRot === 0 ? 0 : random.below(faults.bitRot + 1); n > 0 && keys.length > 0; n--) {
        const key = keys[random.below(keys.length)] as string;
        const value = values.get(key);
        if (value === undefined || value.length === 0) continue;
        note('bit-rot');
        const at = random.below(value.length);
        value[at] = (value[at] ?? 0) ^ (1 << random.below(8));
      }
    },
    snapshot: () => ({
      values: new Map([...values].map(([key, value]) => [key, value.slice()])),
      writes: [...writes],
    }),
    restore(image) {
      generation++;
      values = new Map([...image.values].map(([key, value]) => [key, value.slice()]));
      writes = [...image.writes];
      undo = [];
    },
    setFaults(next) {
      faults = { ...faults, ...next };
    },
  };
}
