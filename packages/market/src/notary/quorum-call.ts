import {
  AbortedError,
  type Environment,
  isEdmpError,
  type PublicKey,
  type Signature,
  sleep,
  throwIfAborted,
} from '@edmp/interface';
import { faultsOf, type NotaryCount } from '../asset/currency.ts';
import { MarketError } from '../errors.ts';
import type { Share } from './certificate.ts';

/** First and longest pause before a notary is asked again, ms. */
export const FIRST_PAUSE_MS = 1_000;
export const LONGEST_PAUSE_MS = 300_000;

/** What one try with one notary gave. */
export type Attempt =
  /** Its verified share. */
  | { readonly kind: 'share'; readonly signature: Signature }
  /** Asked again, at once: something it lacked goes with the next request. */
  | { readonly kind: 'again' }
  /** Asked again after a pause; `ms`: the pause that it asked for. */
  | { readonly kind: 'later'; readonly ms: number | null }
  /** Its last word. */
  | { readonly kind: 'never'; readonly error: MarketError };

/** A notary that cannot be reached, or answers nonsense, is asked again; what is no such failure is thrown. */
export function afterFailure(error: unknown): Attempt {
  if (!isEdmpError(error)) throw error;
  return { kind: 'later', ms: null };
}

/** Times in a row that a notary is asked again at once: one that always needs more is made to wait. */
const MAX_AGAIN = 16;

/** Options of {@link gatherShares}. */
export interface GatherOptions {
  readonly environment: Environment;
  readonly keys: readonly PublicKey[];
  /** One try with one notary; it must not throw but for a bug or an abort. */
  readonly attempt: (key: PublicKey, index: number) => Promise<Attempt>;
  /** Longest pause between two tries, ms. Default {@link LONGEST_PAUSE_MS}. */
  readonly longestPauseMs?: number;
  /** No request is repeated after this moment, ms; default never. */
  readonly until?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks all notaries at once and each again and again, after 1 s to 5 min, until a quorum has given its shares. What is
 * under way when the quorum is there goes on to its end, what the others need included, so that they hear of it too;
 * but nobody is waited for.
 *
 * Throws the error of a notary's last word when so many have spoken it that no quorum is left, `ERR_NOTARY_LATER` at
 * `until`, `ERR_ABORTED`.
 */
export async function gatherShares(options: GatherOptions): Promise<readonly Share[]> {
  throwIfAborted(options.signal);
  const gathering = new Gathering(options);
  return gathering.run();
}

/** Why nobody is asked any more; one for all, because an error with its stack is dear. */
const OVER = new AbortedError('The quorum is there, or nobody waits for it any more');

class Gathering {
  readonly #options: GatherOptions;
  readonly #shares: Share[] = [];
  readonly #done = new AbortController();
  #refused = 0;
  #open: number;

  constructor(options: GatherOptions) {
    this.#options = options;
    this.#open = options.keys.length;
  }

  run(): Promise<readonly Share[]> {
    const { keys, signal } = this.#options;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#done.abort(OVER);
        reject(new AbortedError(undefined, { cause: signal?.reason }));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const end = (settle: () => void): void => {
        if (this.#done.signal.aborted) return;
        signal?.removeEventListener('abort', onAbort);
        this.#done.abort(OVER);
        settle();
      };
      keys.forEach((key, index) => {
        this.#ask(key, index).then(
          (verdict) => {
            this.#open--;
            if (verdict !== undefined) end(() => reject(verdict));
            else if (this.#shares.length >= this.#quorum()) end(() => resolve([...this.#shares]));
            else if (this.#open === 0) end(() => reject(this.#late()));
          },
          (error: unknown) => end(() => reject(error)),
        );
      });
    });
  }

  #quorum(): number {
    return 2 * this.#faults() + 1;
  }

  #faults(): number {
    return faultsOf(this.#options.keys.length as NotaryCount);
  }

  #late(): MarketError {
    return new MarketError(
      'ERR_NOTARY_LATER',
      `Only ${this.#shares.length} of ${this.#quorum()} shares came in time`,
      { retryable: true },
    );
  }

  /** Asks one notary until it has given its share, the quorum is there or time is up; the error that ends all, if any. */
  async #ask(key: PublicKey, index: number): Promise<MarketError | undefined> {
    const { environment, attempt, until, longestPauseMs = LONGEST_PAUSE_MS } = this.#options;
    let pause = Math.min(FIRST_PAUSE_MS, longestPauseMs);
    let again = 0;
    for (;;) {
      const result = await attempt(key, index);
      if (result.kind === 'share') {
        this.#shares.push({ index, signature: result.signature });
        return undefined;
      }
      if (result.kind === 'never') {
        this.#refused++;
        return this.#refused > this.#options.keys.length - this.#quorum() ? result.error : undefined;
      }
      const isAborted = this.#options.signal?.aborted === true;
      if (result.kind === 'again' && again++ < MAX_AGAIN && !isAborted) continue;
      if (this.#done.signal.aborted) return undefined;
      again = 0;
      const wished = result.kind === 'later' && result.ms !== null ? result.ms : pause;
      const wait = Math.min(longestPauseMs, Math.max(1, wished));
      pause = Math.min(longestPauseMs, pause * 2);
      if (until !== undefined && environment.now() + wait > until) return undefined;
      try {
        await sleep(environment, wait, { signal: this.#done.signal });
      } catch (error) {
        if (!isEdmpError(error, 'ERR_ABORTED')) throw error;
        return undefined;
      }
    }
  }
}
