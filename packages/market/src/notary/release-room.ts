import type { BlockId } from '@edmp/interface';
import { FairRoom, type RoomLimits } from './fair-room.ts';

/**
 * Whose money something kept is about: of a currency that the notary's own node issued, of one that somebody else did,
 * or test money.
 */
export const RELEASE_CLASSES = ['own', 'guest', 'test'] as const;
export type ReleaseClass = (typeof RELEASE_CLASSES)[number];

/**
 * Part of the room that a class and those that are cheaper to make than it may take together. Test money is free, and
 * anybody can open a currency and hold money of it, so a flood of either leaves room for what is worth more.
 */
const PARTS: Readonly<Record<ReleaseClass, number>> = { own: 1, guest: 0.75, test: 0.25 };

/** Where and how large a kept release or complaint is. */
export interface ReleaseEntry {
  readonly hold: BlockId;
  readonly bytes: number;
  readonly dropAt: number;
  readonly money: ReleaseClass;
  /** In whose share it is: the currency of a guest, the peer that brought test money. */
  readonly by: string;
}

/** The releases, or the complaints, that a witness keeps, counted in fair shares. */
export class ReleaseRoom {
  readonly #entries = new Map<string, ReleaseEntry>();
  readonly #rooms: Readonly<Record<ReleaseClass, FairRoom>> = {
    own: new FairRoom(),
    guest: new FairRoom(),
    test: new FairRoom(),
  };

  /** What is kept, by the text of the hold's id. */
  get entries(): ReadonlyMap<string, ReleaseEntry> {
    return this.#entries;
  }

  get bytes(): number {
    return RELEASE_CLASSES.reduce((sum, money) => sum + this.#rooms[money].held.bytes, 0);
  }

  /** How full the part of a class is, 0 to 1. */
  fullness(money: ReleaseClass, limits: RoomLimits): number {
    const { count, bytes } = this.#free(money, limits);
    const part = PARTS[money];
    return 1 - Math.min(count / (part * limits.count), bytes / (part * limits.bytes));
  }

  /** Whether one more of a class has room in somebody's share. The node's own currencies have the room in common. */
  hasRoom(money: ReleaseClass, by: string, limits: RoomLimits): boolean {
    const free = this.#free(money, limits);
    return money === 'own' ? free.count > 0 && free.bytes > 0 : this.#rooms[money].hasRoom(by, free);
  }

  add(name: string, entry: ReleaseEntry): void {
    this.remove(name);
    this.#entries.set(name, entry);
    this.#rooms[entry.money].add(entry.by, entry.bytes);
  }

  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#rooms[entry.money].remove(entry.by, entry.bytes);
  }

  #free(money: ReleaseClass, limits: RoomLimits): RoomLimits {
    let count = PARTS[money] * limits.count;
    let bytes = PARTS[money] * limits.bytes;
    for (const other of RELEASE_CLASSES.slice(RELEASE_CLASSES.indexOf(money))) {
      const { held } = this.#rooms[other];
      count -= held.count;
      bytes -= held.bytes;
    }
    return { count, bytes };
  }
}
