import { InvalidArgumentError } from './errors.ts';

/** Longest key of a {@link KeyValueStore}, UTF-16 units. */
export const MAX_KEY_LENGTH = 512;
/** Most entries that one call of {@link KeyValueStore.setMany} writes or of {@link KeyValueStore.range} reads: both are held in memory. */
export const MAX_ENTRIES_AT_ONCE = 10_000;

/** One entry of a {@link KeyValueStore}. */
export type KeyValueEntry = readonly [key: string, value: Uint8Array];
/** A change of one entry: null removes it. */
export type KeyValueChange = readonly [key: string, value: Uint8Array | null];

/** What part of the entries {@link KeyValueStore.range} reads. */
export interface KeyRangeOptions {
  /** Only keys above this one, in code-unit order; default: from the first. The last key of a page leads to the next. */
  readonly after?: string;
  /** Most entries, 1 to {@link MAX_ENTRIES_AT_ONCE}. */
  readonly limit: number;
}

/**
 * A small durable map for protocol records and secrets: trade states, content keys, salts, one-time keys.
 *
 * Keys are well-formed text of at most {@link MAX_KEY_LENGTH} UTF-16 units; others throw `ERR_INVALID_ARGUMENT`
 * ({@link expectKey} is the check). Values are copied on the way in and out. Writes take effect in the order of the
 * calls; a read sees every write whose promise has resolved. Implementations: {@link memoryKeyValueStore},
 * `sqliteKeyValueStore` of `@edmp/trustchain/sqlite` and `indexedDbKeyValueStore` of `@edmp/trustchain/indexeddb`;
 * each passes `keyValueStoreSuite` of `@edmp/testing`.
 */
export interface KeyValueStore extends AsyncDisposable {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Stores `value`; when the promise resolves it survives a crash (in durable implementations). */
  set(key: string, value: Uint8Array): Promise<void>;
  /** Removes `key` and overwrites the stored value where the medium allows it. Unknown keys are fine. */
  delete(key: string): Promise<void>;
  /**
   * Applies changes in their order, all of them or none, whatever fails or crashes: when the promise resolves, they
   * survive a crash together (in durable implementations). At most {@link MAX_ENTRIES_AT_ONCE} changes
   * (`ERR_INVALID_ARGUMENT`).
   */
  setMany(changes: readonly KeyValueChange[]): Promise<void>;
  /** All entries whose key starts with `prefix`, in code-unit order of keys (`<` of JavaScript). */
  entries(prefix: string): Promise<readonly KeyValueEntry[]>;
  /** A page of {@link KeyValueStore.entries}, so that nobody must hold them all. Throws `ERR_INVALID_ARGUMENT` for a bad limit. */
  range(prefix: string, options: KeyRangeOptions): Promise<readonly KeyValueEntry[]>;
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

/**
 * Copies of changes that may be written together. Throws `ERR_INVALID_ARGUMENT` for a bad key, or for too many.
 *
 * @param changes - What is to be written in one step: a value, or null to delete.
 */
export function expectChanges(changes: readonly KeyValueChange[]): readonly KeyValueChange[] {
  if (changes.length > MAX_ENTRIES_AT_ONCE) {
    throw new InvalidArgumentError(
      `At most ${MAX_ENTRIES_AT_ONCE} entries are written together, got ${changes.length}: split them`,
    );
  }
  return changes.map(([key, value]) => {
    expectKey(key);
    return [key, value === null ? null : value.slice()] as const;
  });
}

/** Throws `ERR_INVALID_ARGUMENT` unless `prefix` and `options` name a range that a {@link KeyValueStore} reads. */
export function expectKeyRange(prefix: string, { after, limit }: KeyRangeOptions): void {
  expectKey(prefix);
  if (after !== undefined) expectKey(after);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_ENTRIES_AT_ONCE) {
    throw new InvalidArgumentError(`A page has 1 to ${MAX_ENTRIES_AT_ONCE} entries, asked for ${limit}`);
  }
}

/** Index of the first of ascending `keys` that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A {@link KeyValueStore} that forgets everything when the process ends.
 *
 * @example
 * ```ts
 * import { memoryKeyValueStore } from '@edmp/interface';
 *
 * await using store = memoryKeyValueStore();
 * await store.set('trade/1', Uint8Array.of(1));
 * console.log(await store.get('trade/1')); // 1
 * ```
 */
export function memoryKeyValueStore(): KeyValueStore {
  const values = new Map<string, Uint8Array>();
  /** All keys ascending; undefined after one was added or removed, until somebody asks. */
  let ordered: readonly string[] | undefined;

  const write = (key: string, value: Uint8Array | null): void => {
    const before = values.get(key);
    before?.fill(0);
    if ((before === undefined) !== (value === null)) ordered = undefined;
    if (value === null) values.delete(key);
    else values.set(key, value);
  };
  const page = (prefix: string, after: string | undefined, limit: number): readonly KeyValueEntry[] => {
    ordered ??= [...values.keys()].sort((a, b) => (a < b ? -1 : 1));
    const found: KeyValueEntry[] = [];
    // Nothing lies between a text and the same text followed by the lowest unit.
    let index = lowerBound(ordered, after === undefined || after < prefix ? prefix : `${after}\u0000`);
    for (; found.length < limit; index += 1) {
      const key = ordered[index];
      const value = key?.startsWith(prefix) === true ? values.get(key) : undefined;
      if (key === undefined || value === undefined) break;
      found.push([key, value.slice()]);
    }
    return found;
  };

  return {
    async get(key) {
      expectKey(key);
      return values.get(key)?.slice();
    },
    async set(key, value) {
      expectKey(key);
      write(key, value.slice());
    },
    async delete(key) {
      expectKey(key);
      write(key, null);
    },
    async setMany(changes) {
      for (const [key, value] of expectChanges(changes)) write(key, value);
    },
    async entries(prefix) {
      expectKey(prefix);
      return page(prefix, undefined, Number.POSITIVE_INFINITY);
    },
    async range(prefix, options) {
      expectKeyRange(prefix, options);
      return page(prefix, options.after, options.limit);
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    async close() {},
  };
}
