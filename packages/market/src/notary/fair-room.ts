/** The part of the free room that one name may hold: N greedy names leave 1 in 1 + N/8 of it free. */
const PART = 1 / 8;

/** How much room there is. */
export interface RoomLimits {
  readonly count: number;
  readonly bytes: number;
}

interface Held {
  count: number;
  bytes: number;
}

/**
 * Room that many share, of which nobody may hold more than a part of what is free (dynamic thresholds: Choudhury, Hahne
 * 1998). Nothing is taken from anybody: whoever holds much gets no more while the room is short, and whoever holds
 * nothing is let in as long as there is any. Only names that hold something are remembered.
 */
export class FairRoom {
  readonly #names = new Map<string, Held>();
  #count = 0;
  #bytes = 0;

  /** What is held in all. */
  get held(): RoomLimits {
    return { count: this.#count, bytes: this.#bytes };
  }

  /** What one name holds. */
  heldBy(name: string): RoomLimits {
    return this.#names.get(name) ?? { count: 0, bytes: 0 };
  }

  /** Whether one name may hold one thing more, in a room of which others may have taken a part. */
  hasRoom(name: string, free: RoomLimits): boolean {
    if (free.count <= 0 || free.bytes <= 0) return false;
    const { count, bytes } = this.heldBy(name);
    return count < Math.max(1, PART * free.count) && (count === 0 || bytes < PART * free.bytes);
  }

  add(name: string, bytes: number): void {
    const held = this.#names.get(name) ?? { count: 0, bytes: 0 };
    this.#names.set(name, held);
    held.count++;
    held.bytes += bytes;
    this.#count++;
    this.#bytes += bytes;
  }

  remove(name: string, bytes: number): void {
    const held = this.#names.get(name);
    if (held === undefined) return;
    held.count--;
    held.bytes -= bytes;
    this.#count--;
    this.#bytes -= bytes;
    if (held.count === 0) this.#names.delete(name);
  }
}
