/** Removes the entry of a map or set that was put in first: how caches and tables stay within their limits. */
export function forgetOldest<K>(from: { keys(): IterableIterator<K>; delete(key: K): boolean }): void {
  for (const key of from.keys()) {
    from.delete(key);
    return;
  }
}
