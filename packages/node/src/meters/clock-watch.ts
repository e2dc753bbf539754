import { uptime } from 'node:os';
import type { Environment } from '@edmp/interface';

/** What a {@link ClockWatch} needs. */
export interface ClockWatchOptions {
  readonly environment: Environment;
  /** How long this computer has been running, its sleep included, ms. */
  readonly uptime: () => number;
  /** Told by how much the clock was set, ms; negative: back. */
  readonly onSet: (byMs: number) => void;
}

/** How long this computer has been running, its sleep included, ms. */
export const systemUptime = (): number => uptime() * 1_000;

const LOOK_MS = 30_000;
/** A clock that is kept right is moved by less. */
const LEAST_MS = 60_000;

/**
 * Notices when the clock of this computer is set: it and the time since the computer was switched on move together, also
 * while it sleeps.
 */
export class ClockWatch {
  readonly #options: ClockWatchOptions;
  #offset: number;
  #cancel: () => void = () => undefined;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#offset = this.#measure();
    this.#next();
  }

  stop(): void {
    this.#cancel();
  }

  #measure(): number {
    return this.#options.environment.now() - this.#options.uptime();
  }

  #next(): void {
    this.#cancel = this.#options.environment.schedule(LOOK_MS, () => {
      const offset = this.#measure();
      const by = offset - this.#offset;
      this.#offset = offset;
      if (Math.abs(by) >= LEAST_MS) this.#options.onSet(by);
      this.#next();
    });
  }
}
