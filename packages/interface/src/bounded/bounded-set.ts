import { type BoundedMapOptions, boundedMap } from './bounded-map.ts';

/** Options of {@link boundedSet}. */
export interface BoundedSetOptions<T> extends Pick<BoundedMapOptions<T, true>, 'max'> {
  /** Told of every item that had to go for another. */
  readonly onEvict?: (item: T) => void;
}

/** A set that keeps what was added last. */
export interface BoundedSet<T> {
  readonly size: number;
  has(item: T): boolean;
  /** Adds the item, or makes it the newest; `false` when it was there already. */
  add(item: T): boolean;
  delete(item: T): boolean;
  clear(): void;
  /** Items, oldest first. */
  values(): IterableIterator<T>;
}

/** An empty {@link BoundedSet}. */
export function boundedSet<T>(options: BoundedSetOptions<T>): BoundedSet<T> {
  const { max, onEvict } = options;
  const map = boundedMap<T, true>({
    max,
    ...(onEvict === undefined ? {} : { onEvict: (item) => onEvict(item) }),
  });
  return {
    get size() {
      return map.size;
    },
    has: (item) => map.has(item),
    add(item) {
      const isNew = !map.has(item);
      map.set(item, true);
      return isNew;
    },
    delete: (item) => map.delete(item),
    clear: () => map.clear(),
    *values() {
      for (const [item] of map.entries()) yield item;
    },
  };
}
