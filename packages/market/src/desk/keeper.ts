import { type Environment, isEdmpError, sleep } from '@edmp/interface';

/** Things that wait for another try at once, some hundred bytes each; what does not fit is asked for after the next start. */
const MAX_WAITING = 4_096;
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 300_000;

/** What {@link Keeper} needs. */
export interface KeeperNeeds {
  readonly environment: Environment;
  readonly report: (what: string, error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/**
 * Writes down what this node's own money rests on, and tries again where the disk refuses: what it was told already would
 * be forgotten at the next start.
 */
export class Keeper {
  readonly #needs: KeeperNeeds;
  readonly #underWay = new Set<string>();
  #waiting = 0;

  constructor(needs: KeeperNeeds) {
    this.#needs = needs;
  }

  /** Runs `write` until it succeeds; not twice at once under one `name`. `what` it does goes into a report. */
  keep(name: string, what: string, write: () => Promise<void>): void {
    if (this.#underWay.has(name)) return;
    this.#underWay.add(name);
    this.#until(write)
      .catch((error: unknown) => {
        if (!this.#needs.signal.aborted) this.#needs.report(what, error);
      })
      .finally(() => this.#underWay.delete(name));
  }

  async #until(write: () => Promise<void>): Promise<void> {
    const { environment, signal } = this.#needs;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
      try {
        await write();
        return;
      } catch (error) {
        if (!isEdmpError(error)) throw error;
      }
      if (this.#waiting >= MAX_WAITING) return;
      this.#waiting += 1;
      await sleep(environment, pause, { signal }).finally(() => {
        this.#waiting -= 1;
      });
    }
  }
}
