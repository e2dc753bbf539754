import type { KeyValueChange, KeyValueStore } from '@edmp/interface';
import { decodeCanonical, encodeCanonical, integerOf, listOf, textOf } from '../codec/fields.ts';
import { FairRoom } from './fair-room.ts';

const ENTRY = 'notary/test-hold/';
const HORIZON = 'notary/test-horizon';
const TIME = Number.MAX_SAFE_INTEGER;
/** Longest name of a share, UTF-16 units: a key in hex. */
const MAX_NAME = 64;

/** A hold of test money that has a row. */
interface TestHold {
  /** When nothing more can come of it by time, ms: the end of its last rounds. */
  readonly end: number;
  /** In whose share it is: the peer that asked for it first. */
  readonly by: string;
}

/**
 * The holds of test money that a witness remembers: in fair shares of the peers that brought them, until some time after
 * their last deadline, which depends on the room there is. Two durable times keep what was forgotten from being said otherwise:
 * whatever ended up to `goneThrough` and has no row may have been forgotten, and is spoken about no more; and `none`, which
 * follows from the hold and the time alone, needs no row: up to `saidAt` the time is taken to have come.
 */
export class TestHolds {
  readonly #store: KeyValueStore;
  readonly #holds = new Map<string, TestHold>();
  readonly #room = new FairRoom();
  #goneThrough = -1;
  #saidAt = 0;
  /** The same as the store has it. */
  #storedSaidAt = 0;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Reads the two times. */
  async open(): Promise<void> {
    const bytes = await this.#store.get(HORIZON);
    if (bytes === undefined) return;
    const items = listOf(decodeCanonical(bytes, 32, HORIZON), 2, HORIZON);
    this.#goneThrough = integerOf(items[0], 0, TIME, HORIZON) - 1;
    this.#saidAt = integerOf(items[1], 0, TIME, HORIZON);
    this.#storedSaidAt = this.#saidAt;
  }

  get size(): number {
    return this.#holds.size;
  }

  /** Prefix of the entries in the store. */
  static readonly prefix: string = ENTRY;

  has(name: string): boolean {
    return this.#holds.has(name);
  }

  /** Whether a hold without a row that ended at `end` may have been forgotten. */
  mayBeForgotten(end: number): boolean {
    return end <= this.#goneThrough;
  }

  /** The time for a hold without a row: not before `none` was said of any. */
  timeOf(at: number): number {
    return Math.max(at, this.#saidAt);
  }

  /** Whether one more has room in somebody's share. */
  hasRoom(by: string, max: number): boolean {
    return this.#room.hasRoom(by, { count: max - this.#holds.size, bytes: Number.POSITIVE_INFINITY });
  }

  /** Notes durably that `none` is said at `at` of a hold without a row whose rounds ended at `end`. */
  async sayNone(end: number, at: number): Promise<void> {
    if (end < this.#storedSaidAt) return;
    this.#saidAt = Math.max(this.#saidAt, at);
    const saidAt = this.#saidAt;
    await this.#store.set(HORIZON, this.#horizon());
    this.#storedSaidAt = Math.max(this.#storedSaidAt, saidAt);
  }

  /** The change that goes into the store with a hold's row. */
  change(name: string, hold: TestHold): KeyValueChange {
    return [ENTRY + name, encodeCanonical([hold.end, this.#holds.get(name)?.by ?? hold.by])];
  }

  /** Counts a hold; of one that is known, only its end changes. */
  set(name: string, { end, by }: TestHold): void {
    const known = this.#holds.get(name);
    this.#holds.set(name, { end, by: known?.by ?? by });
    if (known === undefined) this.#room.add(by, 0);
  }

  /** Reads an entry of the store. */
  read(value: Uint8Array): TestHold {
    const items = listOf(decodeCanonical(value, 128, ENTRY), 2, ENTRY);
    return { end: integerOf(items[0], 0, TIME, ENTRY), by: textOf(items[1], MAX_NAME, ENTRY) };
  }

  /**
   * `count` of the holds that ended up to `end`, those first whose peers have most of them: all peers are brought down to
   * one level, and each loses its oldest.
   */
  fairestBy(end: number, count: number): readonly string[] {
    const byPeer = new Map<string, string[]>();
    const ended = [...this.#holds]
      .filter(([, hold]) => hold.end <= end)
      .sort(([, a], [, b]) => a.end - b.end);
    for (const [name, { by }] of ended) {
      const names = byPeer.get(by) ?? [];
      byPeer.set(by, names);
      names.push(name);
    }
    // An entry that is the k-th newest of its peer goes before all that are newer ones of theirs.
    const ranked = [...byPeer.values()].flatMap((names) =>
      names.map((name, i) => ({ name, rank: names.length - i })),
    );
    return ranked
      .sort((a, b) => b.rank - a.rank)
      .slice(0, count)
      .map(({ name }) => name);
  }

  /** The changes that forget holds; they go into the store together with those of their rows. */
  forgetting(names: readonly string[]): readonly KeyValueChange[] {
    const last = names.reduce((end, name) => Math.max(end, this.#holds.get(name)?.end ?? -1), -1);
    // In memory first: nothing is said any more about what may be gone in a moment.
    this.#goneThrough = Math.max(this.#goneThrough, last);
    return [[HORIZON, this.#horizon()], ...names.map((name): KeyValueChange => [ENTRY + name, null])];
  }

  /** Counts holds no more. */
  forget(names: readonly string[]): void {
    for (const name of names) {
      const hold = this.#holds.get(name);
      if (hold === undefined) continue;
      this.#holds.delete(name);
      this.#room.remove(hold.by, 0);
    }
  }

  #horizon(): Uint8Array {
    return encodeCanonical([this.#goneThrough + 1, this.#saidAt]);
  }
}
