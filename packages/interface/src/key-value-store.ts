/**
 * A small durable map for protocol records and secrets: trade states, content keys, salts, one-time keys.
 *
 * Keys are text of at most 512 UTF-16 units. Implementations: {@link memoryKeyValueStore} and
 * `sqliteKeyValueStore` of `@edmp/trustchain/sqlite`.
 */
export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Stores `value`; when the promise resolves it survives a crash (in durable implementations). */
  set(key: string, value: Uint8Array): Promise<void>;
  /** Removes `key` and overwrites the stored value where the medium allows it. Unknown keys are fine. */
  delete(key: string): Promise<void>;
  /** All entries whose key starts with `prefix`, in code-unit order of keys. */
  entries(prefix: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]>;
  close(): Promise<void>;
}

/** A {@link KeyValueStore} that forgets everything when the process ends. */
export function memoryKeyValueStore(): KeyValueStore {
  const values = new Map<string, Uint8Array>();
  return {
    get: async (key) => values.get(key)?.slice(),
    async set(key, value) {
      values.set(key, value.slice());
    },
    async delete(key) {
      values.get(key)?.fill(0);
      values.delete(key);
    },
    entries: async (prefix) =>
      [...values]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => [key, value.slice()] as const),
    async close() {},
  };
}
