import type { BlockId } from '@edmp/interface';

/**
 * Whose money a kept release is about: of a currency that the notary's own node issued, of one that somebody else did,
 * or test money.
 */
export const RELEASE_CLASSES = ['own', 'guest', 'test'] as const;
export type ReleaseClass = (typeof RELEASE_CLASSES)[number];

/**
 * Part of the room that a class and those that are cheaper to make than it may take together. Test money is free, and
 * anybody can open a currency and hold money of it, so a flood of either leaves room for what is worth more.
 */
const PARTS: Readonly<Record<ReleaseClass, number>> = { own: 1, guest: 0.75, test: 0.25 };

/** Where and how large a kept release is. */
export interface ReleaseEntry {
  readonly hold: BlockId;
  readonly bytes: number;
  readonly dropAt: number;
  readonly money: ReleaseClass;
}

/** The releases that a witness keeps, counted. */
export class ReleaseRoom {
  readonly #entries = new Map<string, ReleaseEntry>();
  readonly #bytes: Record<ReleaseClass, number> = { own: 0, guest: 0, test: 0 };
  readonly #count: Record<ReleaseClass, number> = { own: 0, guest: 0, test: 0 };

  /** Kept releases by the text of their hold's id. */
  get entries(): ReadonlyMap<string, ReleaseEntry> {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes.own + this.#bytes.guest + this.#bytes.test;
  }

  /** Whether no further release of a class has room. */
  isFull(money: ReleaseClass, limits: { readonly releases: number; readonly releaseBytes: number }): boolean {
    let [count, bytes] = [0, 0];
    for (const other of RELEASE_CLASSES.slice(RELEASE_CLASSES.indexOf(money))) {
      count += this.#count[other];
      bytes += this.#bytes[other];
    }
    const part = PARTS[money];
    return count >= part * limits.releases || bytes >= part * limits.releaseBytes;
  }

  add(name: string, entry: ReleaseEntry): void {
    this.remove(name);
    this.#entries.set(name, entry);
    this.#bytes[entry.money] += entry.bytes;
    this.#count[entry.money]++;
  }

  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#bytes[entry.money] -= entry.bytes;
    this.#count[entry.money]--;
  }
}
