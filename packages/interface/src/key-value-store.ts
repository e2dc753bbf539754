import { InvalidArgumentError } from './errors.ts';

/** Longest key of a {@link KeyValueStore}, UTF-16 units. */
export const MAX_KEY_LENGTH = 512;

/**
 * A small durable map for protocol records and secrets: trade states, content keys, salts, one-time keys.
 *
 * Keys are well-formed text of at most {@link MAX_KEY_LENGTH} UTF-16 units; others throw `ERR_INVALID_ARGUMENT`
 * ({@link expectKey} is the check). Values are copied on the way in and out. Implementations:
 * {@link memoryKeyValueStore} and `sqliteKeyValueStore` of `@edmp/trustchain/sqlite`; each passes `keyValueStoreSuite`
 * of `@edmp/interface/testing`.
 */
export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Stores `value`; when the promise resolves it survives a crash (in durable implementations). */
  set(key: string, value: Uint8Array): Promise<void>;
  /** Removes `key` and overwrites the stored value where the medium allows it. Unknown keys are fine. */
  delete(key: string): Promise<void>;
  /** All entries whose key starts with `prefix`, in code-unit order of keys (`<` of JavaScript). */
  entries(prefix: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]>;
  close(): Promise<void>;
}

/** Throws `ERR_INVALID_ARGUMENT` unless `key` may be a key of a {@link KeyValueStore}. */
export function expectKey(key: string): void {
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH || /\p{Surrogate}/u.test(key)) {
    throw new InvalidArgumentError(
      `A key is well-formed text of at most ${MAX_KEY_LENGTH} UTF-16 units, got ${typeof key === 'string' ? `${key.length} units` : typeof key}`,
    );
  }
}

/** A {@link KeyValueStore} that forgets everything when the process ends. */
export function memoryKeyValueStore(): KeyValueStore {
  const values = new Map<string, Uint8Array>();
  return {
    async get(key) {
      expectKey(key);
      return values.get(key)?.slice();
    },
    async set(key, value) {
      expectKey(key);
      values.get(key)?.fill(0);
      values.set(key, value.slice());
    },
    async delete(key) {
      expectKey(key);
      values.get(key)?.fill(0);
      values.delete(key);
    },
    async entries(prefix) {
      expectKey(prefix);
      return [...values]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => [key, value.slice()] as const);
    },
    async close() {},
  };
}
