import type { EdmpError, Environment } from '@edmp/interface';
import { ContentError } from '../errors.ts';

/** Bytes a second below which a CAR gives way to somebody who waits: a home that sends 16 kB/s takes a year of quarter hours in 12 s. */
const MIN_BYTES_PER_SECOND = 16 * 1024;
/** Over how long a rate is told, ms: what buffers on the way took at once says nothing about a reader. */
const RATE_MS = 5_000;

/** Options of {@link CarSlots}. */
export interface CarSlotsOptions {
  /** CARs sent at the same time. */
  readonly max: number;
  /** CARs sent to one client at the same time. */
  readonly maxPerClient: number;
  /** Tells slow readers from fast ones. Without it none is slow. */
  readonly environment?: Pick<Environment, 'now'> | undefined;
}

/** One CAR that is being sent. */
export interface CarSlot {
  /** So many bytes more were taken by whoever reads. */
  sent(bytes: number): void;
  /** It is over. Idempotent. */
  leave(): void;
}

interface Taken {
  readonly client: string | undefined;
  readonly evict: (error: EdmpError) => void;
  readonly since: number;
  /** Bytes, of which a share of e⁻¹ is forgotten in {@link RATE_MS}. */
  score: number;
  at: number;
}

/**
 * Who is sent CARs: so many at once, to each client no more than its share. When all are taken, the one that reads slowest
 * gives way, of the client that has most of them, or of all when it reads too slowly for anybody: whoever opens many and does
 * not read them keeps nobody out for longer than some seconds.
 */
export class CarSlots {
  readonly #options: CarSlotsOptions;
  readonly #taken = new Set<Taken>();

  constructor(options: CarSlotsOptions) {
    this.#options = options;
  }

  /**
   * A slot; undefined when none can be had now.
   *
   * @param client - Whom the CAR is for; undefined when nobody knows.
   * @param evict - Ends the CAR, when its slot is given to somebody else.
   */
  enter(client: string | undefined, evict: (error: EdmpError) => void): CarSlot | undefined {
    const { max, maxPerClient } = this.#options;
    const mine = this.#of(client);
    if (client !== undefined && mine.length >= maxPerClient) {
      if (!this.#giveWay(mine.filter((taken) => this.#isSlow(taken)))) return undefined;
    } else if (this.#taken.size >= max) {
      const most = this.#most();
      const unfair = client !== undefined && most.length > mine.length + 1 ? most : [];
      const slow = [...this.#taken].filter((taken) => this.#isSlow(taken));
      if (!this.#giveWay(slow) && !this.#giveWay(unfair)) return undefined;
    }
    const now = this.#now();
    const taken: Taken = { client, evict, since: now, score: 0, at: now };
    this.#taken.add(taken);
    return {
      sent: (bytes) => {
        const time = this.#now();
        taken.score = taken.score * this.#fading(taken, time) + bytes;
        taken.at = time;
      },
      leave: () => this.#taken.delete(taken),
    };
  }

  #now(): number {
    return this.#options.environment?.now() ?? 0;
  }

  #of(client: string | undefined): readonly Taken[] {
    return client === undefined ? [] : [...this.#taken].filter((taken) => taken.client === client);
  }

  /** The slots of the client that has most. */
  #most(): readonly Taken[] {
    const clients = new Set([...this.#taken].map(({ client }) => client));
    return [...clients]
      .map((client) => this.#of(client))
      .reduce((most, these) => (these.length > most.length ? these : most), []);
  }

  #fading({ at }: Taken, now: number): number {
    return Math.exp(-Math.max(0, now - at) / RATE_MS);
  }

  #rate(taken: Taken): number {
    return (taken.score * this.#fading(taken, this.#now()) * 1_000) / RATE_MS;
  }

  #isSlow(taken: Taken): boolean {
    return this.#now() - taken.since >= RATE_MS && this.#rate(taken) < MIN_BYTES_PER_SECOND;
  }

  /** Ends the slowest of some; false when there are none. */
  #giveWay(some: readonly Taken[]): boolean {
    const [first, ...others] = some;
    if (first === undefined) return false;
    const slowest = others.reduce(
      (slow, taken) => (this.#rate(taken) < this.#rate(slow) ? taken : slow),
      first,
    );
    this.#taken.delete(slowest);
    slowest.evict(
      new ContentError(
        'ERR_CONTENT_UNREACHABLE',
        'This CAR was read too slowly while others waited: ask again',
        {
          retryable: true,
        },
      ),
    );
    return true;
  }
}
