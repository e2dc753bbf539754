import { createHash } from 'node:crypto';
import type { Environment } from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import type { StoredAnswer } from './answer.ts';
import { HttpError } from './failure.ts';

interface Entry {
  readonly request: string;
  readonly expires: number;
  readonly answer: Promise<StoredAnswer>;
}

/** Options of {@link idempotencyMemory}. */
export interface IdempotencyOptions {
  readonly environment: Environment;
  /** Keys remembered at once; the oldest goes first. Default 1 000. */
  readonly maxKeys?: number;
  /** Life of a key, ms. Default one day. */
  readonly lifetimeMs?: number;
}

/** Remembers answers by `Idempotency-Key`, so that a repeated request acts once. In memory: a restart forgets. */
export interface IdempotencyMemory {
  /**
   * Answers `request` (method, path and body) with `act`, or again with what `act` gave the first time, also while it
   * runs. Answers of 5xx are forgotten. Throws `ERR_HTTP_IDEMPOTENCY_KEY` (400: malformed, 422: used for another request).
   */
  once(key: string, request: string, act: () => Promise<StoredAnswer>): Promise<StoredAnswer>;
  readonly size: number;
}

/** See {@link IdempotencyMemory}. */
export function idempotencyMemory(options: IdempotencyOptions): IdempotencyMemory {
  const { environment } = options;
  const maxKeys = options.maxKeys ?? 1_000;
  const lifetimeMs = options.lifetimeMs ?? 86_400_000;
  const entries = boundedMap<string, Entry>({ max: maxKeys });

  /** Oldest first, and all live equally long: the first that has not expired ends it. */
  const forgetExpired = (): void => {
    const now = environment.now();
    for (const [key, entry] of entries.entries()) {
      if (entry.expires > now) return;
      entries.delete(key);
    }
  };

  return {
    get size() {
      return entries.size;
    },
    once(key, request, act) {
      if (!/^[\x21-\x7e]{1,128}$/.test(key)) {
        throw new HttpError(
          400,
          'ERR_HTTP_IDEMPOTENCY_KEY',
          'An Idempotency-Key has 1 to 128 visible ASCII characters',
        );
      }
      const fingerprint = createHash('sha256').update(request).digest('hex');
      const known = entries.get(key);
      if (known !== undefined && known.expires > environment.now()) {
        if (known.request === fingerprint) return known.answer;
        throw new HttpError(
          422,
          'ERR_HTTP_IDEMPOTENCY_KEY',
          'This Idempotency-Key was used for another request; take a new one for a new request',
        );
      }
      forgetExpired();
      const answer = act();
      const entry: Entry = { request: fingerprint, expires: environment.now() + lifetimeMs, answer };
      entries.set(key, entry);
      const forget = (): void => {
        if (entries.get(key) === entry) entries.delete(key);
      };
      answer.then((given) => {
        if (given.status >= 500) forget();
      }, forget);
      return answer;
    },
  };
}
