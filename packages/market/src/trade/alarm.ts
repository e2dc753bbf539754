import type { CancelTimer, Environment } from '@edmp/interface';

/** What an {@link Alarm} works with. */
export interface AlarmNeeds {
  readonly environment: Pick<Environment, 'now' | 'schedule'>;
  /** Silences it for good. */
  readonly signal: AbortSignal;
  /** Done at the moment that was asked for; what it rejects with is told to `failed`, unless the signal was given. */
  readonly act: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** One timer for many moments: it goes off at the earliest one asked for, once; then it is to be asked again. */
export class Alarm {
  readonly #needs: AlarmNeeds;
  #cancel: CancelTimer | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(needs: AlarmNeeds) {
    this.#needs = needs;
    needs.signal.addEventListener('abort', () => this.#cancel?.(), { once: true });
  }

  /** Goes off at `at`, ms since the epoch, unless it does earlier. */
  set(at: number): void {
    const { environment, signal, act, failed } = this.#needs;
    if (signal.aborted || at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = environment.schedule(Math.max(0, at - environment.now()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#cancel = undefined;
      act().catch((error: unknown) => {
        if (!signal.aborted) failed(error);
      });
    });
  }
}
