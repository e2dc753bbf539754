import { type Zone, zoneOf } from '../../../time/zone.ts';

const DAY = 86_400_000;

/** Instants of wall-clock times of one zone; fast for times of the same days. */
export class WallClock {
  readonly #zone: Zone;
  #day = Number.NaN;
  /** Offset of the whole day `#day`; NaN on days near a change of the clock. */
  #offset = Number.NaN;

  constructor(zone: string) {
    this.#zone = zoneOf(zone);
  }

  /** The only instant of a wall-clock time; undefined when it stands for two or for none. */
  unique(local: number): number | undefined {
    const day = Math.floor(local / DAY);
    if (day !== this.#day) {
      this.#day = day;
      const before = this.#zone.offsetAt((day - 1) * DAY);
      const after = this.#zone.offsetAt((day + 2) * DAY);
      this.#offset = before === after ? after : Number.NaN;
    }
    if (!Number.isNaN(this.#offset)) return local - this.#offset;
    const { earlier, kind } = this.#zone.fromLocal(local);
    return kind === 'unique' ? earlier : undefined;
  }

  /** Both instants of a repeated time, or undefined when the time did not exist. */
  pair(local: number): readonly [earlier: number, later: number] | undefined {
    const { earlier, later, kind } = this.#zone.fromLocal(local);
    return kind === 'skipped' ? undefined : [earlier, later];
  }

  /** Whether a wall-clock time stands for two instants. */
  isRepeated(local: number): boolean {
    return this.unique(local) === undefined && this.pair(local) !== undefined;
  }

  /** The instant of a wall-clock time at which an interval ends or begins: the first of a repeated one. */
  bound(local: number): number {
    return this.unique(local) ?? this.#zone.fromLocal(local).earlier;
  }
}

/** A time of the repeated hour that waits for the others of its file. */
export interface RepeatedTime {
  readonly local: number;
  /** What is told at the same times in its own right: a meter's rows do not decide about another's. */
  readonly group: string;
}

/**
 * Which of its two instants each time of the repeated hour stands for: 0 the first, 1 the second. Times in file order; `isDescending` when
 * the newest rows come first. A time that goes back, or that was told before, is of the second hour.
 */
export function resolveRepeated(times: readonly RepeatedTime[], isDescending: boolean): Uint8Array {
  const halves = new Uint8Array(times.length);
  const state = new Map<string, { seen: Set<number>; last: number; isSecond: boolean }>();
  for (let n = 0; n < times.length; n++) {
    const i = isDescending ? times.length - 1 - n : n;
    const time = times[i] ?? { local: 0, group: '' };
    const { local } = time;
    const night = nightOf(time);
    let one = state.get(night);
    if (one === undefined) {
      one = { seen: new Set(), last: Number.NEGATIVE_INFINITY, isSecond: false };
      state.set(night, one);
    }
    if (local < one.last) one.isSecond = true;
    if (one.isSecond || one.seen.has(local)) halves[i] = 1;
    one.seen.add(local);
    one.last = local;
  }
  return halves;
}

const nightOf = ({ local, group }: RepeatedTime): string => `${group}|${Math.floor(local / DAY)}`;

/** Indexes of the times that are the last of their night and group. */
export function lastOfNights(times: readonly RepeatedTime[], isDescending: boolean): ReadonlySet<number> {
  const last = new Map<string, number>();
  for (const [i, time] of times.entries()) {
    const night = nightOf(time);
    if (!isDescending || !last.has(night)) last.set(night, i);
  }
  return new Set(last.values());
}
