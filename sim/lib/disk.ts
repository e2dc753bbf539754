import { expectChanges, expectKey, expectKeyRange } from '../../packages/interface/src/implement.ts';
import {
  type BlockStore,
  EdmpError,
  type Environment,
  type HalfBlock,
  type KeyValueChange,
  type KeyValueStore,
  memoryKeyValueStore,
  type SeededRandom,
} from '../../packages/interface/src/index.ts';
import { memoryBlockStore } from '../../packages/trustchain/src/index.ts';
import { type BlockWrite, replayBlocks } from './block-log.ts';

/** What a disk does besides storing. */
export interface DiskFaults {
  /** Longest time that one write takes, ms; each draws its own. 0 = at once. */
  readonly slowMs: number;
  /** Acknowledged writes of records that a crash takes back, at most: a disk that lies about its syncs. */
  readonly lostSync: number;
  /** Records in which a crash flips one bit, at most. */
  readonly bitRot: number;
  /** Probability that a write is refused as the disk is full. */
  readonly full: number;
}

/** A disk that keeps its promises. */
export const HONEST_DISK: DiskFaults = { slowMs: 0, lostSync: 0, bitRot: 0, full: 0 };

/** Hears what a disk does to its owner. */
export type DiskNote = (fault: 'torn-write' | 'lost-sync' | 'bit-rot' | 'disk-full') => void;

/** Batches that a disk which lies about its syncs could still take back. */
const KEPT_UNDO = 64;

/** What stands on a disk. */
export interface DiskImage {
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly writes: readonly BlockWrite[];
}

/** Stores as one process opened them. */
export interface OpenDisk {
  readonly records: KeyValueStore;
  readonly blocks: BlockStore;
}

interface Pending {
  readonly apply: () => void;
}

/** Code of what handles of an ended process throw. */
export const DEAD_CODE = 'ERR_STORE_CLOSED';
const dead = (): EdmpError => new EdmpError(DEAD_CODE, 'The process that opened this store has ended');

/**
 * The disk of one node: a key-value store and a block store that survive a crash as far as the disk allows. Writes take
 * effect in the order of the calls; a power cut keeps some first part of those under way, and never half of a batch.
 */
export class SimulatedDisk {
  readonly #environment: Environment;
  readonly #random: SeededRandom;
  readonly #note: DiskNote;
  #faults: DiskFaults;
  #values = new Map<string, Uint8Array>();
  #writes: BlockWrite[] = [];
  /** What takes acknowledged batches of records back, newest last. */
  #undo: (readonly KeyValueChange[])[] = [];
  #underWay: Pending[] = [];
  /** When the last write under way is done, ms. */
  #busyUntil = 0;
  #generation = 0;

  constructor(options: {
    readonly environment: Environment;
    readonly random: SeededRandom;
    readonly faults?: Partial<DiskFaults>;
    readonly note?: DiskNote;
  }) {
    this.#environment = options.environment;
    this.#random = options.random;
    this.#note = options.note ?? (() => undefined);
    this.#faults = { ...HONEST_DISK, ...options.faults };
  }

  setFaults(faults: Partial<DiskFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Opens both stores anew, as a process does at its start; handles opened earlier go dead. */
  async open(): Promise<OpenDisk> {
    const mine = ++this.#generation;
    this.#busyUntil = 0;
    const records = memoryKeyValueStore();
    for (const [key, value] of this.#values) await records.set(key, value);
    const blocks = await replayBlocks(memoryBlockStore(), this.#writes);
    return { records: this.#records(mine, records), blocks: this.#blocks(mine, blocks) };
  }

  /** Power cut: the faults strike, and every handle goes dead. */
  crash(): void {
    this.#generation++;
    const kept = this.#underWay.length === 0 ? 0 : this.#random.below(this.#underWay.length + 1);
    for (const [index, { apply }] of this.#underWay.entries()) {
      if (index < kept) apply();
      else this.#note('torn-write');
    }
    this.#underWay = [];
    this.#loseUnsynced();
    this.#loseSyncs();
    this.#rot();
  }

  /** Whether a record stands on it. */
  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** A copy of what is on the disk now, e.g. a backup to restore later. */
  snapshot(): DiskImage {
    return {
      values: new Map([...this.#values].map(([key, value]) => [key, value.slice()])),
      writes: [...this.#writes],
    };
  }

  /** Puts a backup in the place of what stands here; handles go dead. */
  restore(image: DiskImage): void {
    this.#generation++;
    this.#underWay = [];
    this.#undo = [];
    this.#values = new Map([...image.values].map(([key, value]) => [key, value.slice()]));
    this.#writes = [...image.writes];
  }

  /** Blocks that nobody asked to be durable: some of the newest may be gone. */
  #loseUnsynced(): void {
    let loose = 0;
    for (; loose < 4; loose++) {
      const last = this.#writes.at(-1 - loose);
      if (last?.kind !== 'put' || last.durable) break;
    }
    if (loose > 0) this.#writes.length -= this.#random.below(loose + 1);
  }

  #loseSyncs(): void {
    const { lostSync } = this.#faults;
    for (let n = lostSync === 0 ? 0 : this.#random.below(lostSync + 1); n > 0; n--) {
      const batch = this.#undo.pop();
      if (batch === undefined) break;
      this.#note('lost-sync');
      this.#change(batch);
    }
    this.#undo = [];
  }

  #rot(): void {
    const { bitRot } = this.#faults;
    const keys = [...this.#values.keys()].sort();
    for (let n = bitRot === 0 ? 0 : this.#random.below(bitRot + 1); n > 0 && keys.length > 0; n--) {
      const value = this.#values.get(keys[this.#random.below(keys.length)] ?? '');
      if (value === undefined || value.length === 0) continue;
      this.#note('bit-rot');
      const at = this.#random.below(value.length);
      value[at] = (value[at] ?? 0) ^ (1 << this.#random.below(8));
    }
  }

  #change(changes: readonly KeyValueChange[]): void {
    for (const [key, value] of changes) {
      if (value === null) this.#values.delete(key);
      else this.#values.set(key, value.slice());
    }
  }

  #expectAlive(mine: number): void {
    if (mine !== this.#generation) throw dead();
  }

  /** Runs `apply` when the disk has come to it; for `mine` only while that process lives. */
  async #write(mine: number, apply: () => void): Promise<void> {
    this.#expectAlive(mine);
    const { full, slowMs } = this.#faults;
    if (full > 0 && this.#random.unit() < full) {
      this.#note('disk-full');
      throw new EdmpError('ERR_STORE_FULL', 'The disk is full', { retryable: true });
    }
    const now = this.#environment.now();
    const done = Math.max(this.#busyUntil, now + (slowMs > 0 ? this.#random.below(slowMs + 1) : 0));
    if (done <= now && this.#underWay.length === 0) {
      apply();
      return;
    }
    this.#busyUntil = done;
    const pending: Pending = { apply };
    this.#underWay.push(pending);
    await new Promise<void>((resolve) => this.#environment.schedule(done - now, resolve));
    this.#expectAlive(mine);
    // Timers of one moment run in the order of scheduling, so this is the first of those under way.
    this.#underWay.splice(this.#underWay.indexOf(pending), 1);
    apply();
  }

  #records(mine: number, store: KeyValueStore): KeyValueStore {
    const setMany = async (changes: readonly KeyValueChange[]): Promise<void> => {
      const copied = expectChanges(changes);
      await this.#write(mine, () => {
        this.#undo.push(copied.map(([key]) => [key, this.#values.get(key)?.slice() ?? null] as const));
        if (this.#undo.length > KEPT_UNDO) this.#undo.shift();
        this.#change(copied);
      });
      // What the process reads is what the disk took, at the same moment for every key.
      await store.setMany(copied);
    };
    return {
      get: async (key) => {
        expectKey(key);
        this.#expectAlive(mine);
        return store.get(key);
      },
      set: async (key, value) => setMany([[key, value]]),
      delete: async (key) => setMany([[key, null]]),
      setMany,
      entries: async (prefix) => {
        expectKey(prefix);
        this.#expectAlive(mine);
        return store.entries(prefix);
      },
      range: async (prefix, options) => {
        expectKeyRange(prefix, options);
        this.#expectAlive(mine);
        return store.range(prefix, options);
      },
      [Symbol.asyncDispose]() {
        return this.close();
      },
      close: async () => undefined,
    };
  }

  #blocks(mine: number, store: BlockStore): BlockStore {
    const log = (entry: BlockWrite): Promise<void> => this.#write(mine, () => void this.#writes.push(entry));
    const expectAlive = (): void => this.#expectAlive(mine);
    // Readers go through to the memory of the process; a dead one reads nothing.
    const reading = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          expectAlive();
          return Reflect.apply(member, target, args);
        };
      },
    });
    const put: BlockStore['put'] = async (blocks: readonly HalfBlock[], options) => {
      await log({ kind: 'put', blocks: [...blocks], durable: options?.durable === true });
      return store.put(blocks, options);
    };
    const putProof: BlockStore['putProof'] = async (author, id, proof) => {
      await log({ kind: 'proof', author, id, proof: proof.slice() });
      return store.putProof(author, id, proof);
    };
    const reserve: BlockStore['reserve'] = async (author, first, ...more) => {
      this.#expectAlive(mine);
      // Refused ones must not reach the disk.
      await store.reserve(author, first, ...more);
      await log({ kind: 'reserve', author, reservations: [first, ...more] });
    };
    return new Proxy(reading, {
      get: (target, name) => {
        if (name === 'put') return put;
        if (name === 'putProof') return putProof;
        if (name === 'reserve') return reserve;
        return Reflect.get(target, name) as unknown;
      },
    });
  }
}
