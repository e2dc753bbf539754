/** How many bytes somebody may have: `burst` at once, `perSecond` in the long run. */
export interface ByteRate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Names remembered; whoever is forgotten begins with a full allowance again, so this is well above the peers of a node. */
const MAX_NAMES = 4_096;

/** Bytes that each peer may still have. A request may use what is there, and what it used is charged afterwards. */
export class ByteAllowance {
  readonly #rate: ByteRate;
  readonly #now: () => number;
  readonly #left = new Map<string, { bytes: number; at: number }>();

  constructor(rate: ByteRate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Bytes that `name` may have now. */
  left(name: string): number {
    const known = this.#left.get(name);
    if (known === undefined) return this.#rate.burst;
    const gained = ((this.#now() - known.at) * this.#rate.perSecond) / 1_000;
    return Math.min(this.#rate.burst, Math.floor(known.bytes + gained));
  }

  /** Charges what was used. */
  use(name: string, bytes: number): void {
    const left = this.left(name) - bytes;
    this.#left.delete(name);
    if (this.#left.size >= MAX_NAMES) {
      for (const oldest of this.#left.keys()) {
        this.#left.delete(oldest);
        break;
      }
    }
    this.#left.set(name, { bytes: left, at: this.#now() });
  }
}
