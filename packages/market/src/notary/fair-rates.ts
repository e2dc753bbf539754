import { type HeapEntry, minHeap } from '@edmp/interface/bounded';
import type { NotaryRate } from './limits.ts';

/**
 * The part of what is free, less the reserve, that one name may have taken. With N greedy names at this bound 1 in 1 + N/4
 * stays free besides the reserve.
 */
const PART = 1 / 4;
/** The part of all tokens that is kept for names that have taken little, … */
const RESERVE = 1 / 4;
/** … which is this part of all: so some 250 names that ask without end still leave a little for one more. */
const LITTLE = 1 / 250;

/**
 * One rate for many, in fair shares. What was taken comes back at the whole rate, divided evenly among those that have
 * taken (generalised processor sharing: Parekh, Gallager 1993), and nobody may have taken more than a part of what is
 * free (dynamic thresholds: Choudhury, Hahne 1998). So few that ask without end hold what they took, and whoever comes
 * new is served at once. Only names that have taken something are remembered: at most as many as there are tokens.
 */
export class FairRates {
  readonly #rate: NotaryRate;
  readonly #now: () => number;
  readonly #names = new Map<string, HeapEntry<string>>();
  /** Names by the service after which all that they took is back; `rank` is that service. */
  readonly #byEnd = minHeap<string>();
  /** Tokens that have come back to each name that had taken some all the while. */
  #service = 0;
  /** Sum of the ranks. */
  #ends = 0;
  #at: number;

  constructor(rate: NotaryRate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#at = now();
  }

  /** Names that have taken what is not back yet. */
  get size(): number {
    return this.#names.size;
  }

  /**
   * Takes `cost` tokens in a name. Returns 0, or about when they may be there, ms from now (then nothing was taken). A cost
   * above what one name can ever have counts as that.
   */
  take(name: string, cost = 1): number {
    this.#advance();
    const { burst, perSecond } = this.#rate;
    const needed = Math.min(cost, PART * (1 - RESERVE) * burst);
    const entry = this.#names.get(name);
    const taken = entry === undefined ? 0 : entry.rank - this.#service;
    const free = this.#free();
    const missing = taken + needed - PART * (free - RESERVE * burst);
    if (missing <= 0 || (taken + needed <= LITTLE * burst && needed <= free)) {
      this.#remember(name, entry, this.#service + taken + needed);
      return 0;
    }
    return Math.max(1, Math.ceil((missing * Math.max(1, this.#names.size) * 1_000) / perSecond));
  }

  #free(): number {
    return this.#rate.burst - (this.#ends - this.#names.size * this.#service);
  }

  #remember(name: string, entry: HeapEntry<string> | undefined, end: number): void {
    if (entry !== undefined) {
      this.#byEnd.remove(entry);
      this.#ends -= entry.rank;
    }
    this.#names.set(name, this.#byEnd.push(end, name));
    this.#ends += end;
  }

  /** Gives back what came back since the last call. A clock that is set back gives nothing. */
  #advance(): void {
    const now = this.#now();
    let tokens = (Math.max(0, now - this.#at) * this.#rate.perSecond) / 1_000;
    this.#at = now;
    while (tokens > 0) {
      const next = this.#byEnd.peek();
      if (next === undefined) break;
      const count = this.#names.size;
      const needed = (next.rank - this.#service) * count;
      if (tokens < needed) {
        this.#service += tokens / count;
        return;
      }
      tokens -= needed;
      this.#service = next.rank;
      this.#byEnd.pop();
      this.#names.delete(next.item);
      this.#ends -= next.rank;
    }
    if (this.#names.size === 0) {
      // Sums start anew, so that no rounding ever adds up.
      this.#service = 0;
      this.#ends = 0;
    }
  }
}
