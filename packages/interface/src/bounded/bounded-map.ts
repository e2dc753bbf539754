/** Options of {@link boundedMap}. */
export interface BoundedMapOptions<K, V> {
  /** Most entries; one more lets go of the oldest. At least 1. */
  readonly max: number;
  /** Whether reading an entry makes it the newest (least recently used goes first). Default `false`: first in, first out. */
  readonly refresh?: boolean;
  /** Told of every entry that had to go for another; not of those that are deleted or replaced. */
  readonly onEvict?: (key: K, value: V) => void;
}

/** A map that keeps the newest entries. */
export interface BoundedMap<K, V> {
  readonly size: number;
  has(key: K): boolean;
  /** The value; with `refresh` it becomes the newest. */
  get(key: K): V | undefined;
  /** Adds or replaces; either way the entry becomes the newest. */
  set(key: K, value: V): void;
  delete(key: K): boolean;
  clear(): void;
  /** Entries, oldest first. */
  entries(): IterableIterator<[K, V]>;
  /** Values, oldest first. */
  values(): IterableIterator<V>;
}

/**
 * An empty {@link BoundedMap}.
 *
 * @example
 * ```ts
 * import { boundedMap } from '@edmp/interface/bounded';
 *
 * const names = boundedMap<string, number>({ max: 2 });
 * for (const [at, name] of ['a', 'b', 'c'].entries()) names.set(name, at);
 * console.log(names.has('a'), names.has('c')); // false true
 * ```
 */
export function boundedMap<K, V>(options: BoundedMapOptions<K, V>): BoundedMap<K, V> {
  const { max, refresh = false, onEvict } = options;
  const map = new Map<K, V>();
  const evictOldest = (): void => {
    for (const [key, value] of map) {
      map.delete(key);
      onEvict?.(key, value);
      return;
    }
  };
  return {
    get size() {
      return map.size;
    },
    has: (key) => map.has(key),
    get(key) {
      const value = map.get(key);
      if (refresh && map.delete(key)) map.set(key, value as V);
      return value;
    },
    set(key, value) {
      map.delete(key);
      map.set(key, value);
      if (map.size > max) evictOldest();
    },
    delete: (key) => map.delete(key),
    clear: () => map.clear(),
    entries: () => map.entries(),
    values: () => map.values(),
  };
}
