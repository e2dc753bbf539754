/*
 * The part of the IndexedDB API (W3C Indexed Database 3.0) that the stores use, as structural types: the library is
 * compiled without the DOM's types, and any implementation of this part will do.
 */

/** An opaque key range (`IDBKeyRange`). */
export interface IdbKeyRange {
  readonly lowerOpen: boolean;
}

/** The static side of `IDBKeyRange`. */
export interface IdbKeyRangeFactory {
  lowerBound(lower: unknown, open?: boolean): IdbKeyRange;
  bound(lower: unknown, upper: unknown, lowerOpen?: boolean, upperOpen?: boolean): IdbKeyRange;
}

/** The event of a request or transaction. */
export interface IdbEvent {
  preventDefault(): void;
  stopPropagation(): void;
}

interface IdbTarget {
  addEventListener(type: string, listener: (event: IdbEvent) => void): void;
}

/** `IDBRequest`. */
export interface IdbRequest<T> extends IdbTarget {
  readonly result: T;
  readonly error: unknown;
}

/** `IDBOpenDBRequest`. */
export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  readonly transaction: IdbTransaction | null;
}

/** `IDBCursor` over keys. */
export interface IdbCursor {
  readonly key: unknown;
  readonly primaryKey: unknown;
  /** Moves on by `count` keys; the request that opened the cursor succeeds again, with null past the end. */
  advance(count: number): void;
}

/** `IDBIndex`, and the reading side of `IDBObjectStore`. */
export interface IdbSource {
  get(query: unknown): IdbRequest<unknown>;
  getKey(query: unknown): IdbRequest<unknown>;
  getAll(query?: unknown, count?: number): IdbRequest<unknown[]>;
  getAllKeys(query?: unknown, count?: number): IdbRequest<unknown[]>;
  openKeyCursor(query: unknown, direction?: 'next' | 'prev'): IdbRequest<IdbCursor | null>;
}

/** `IDBObjectStore`. */
export interface IdbObjectStore extends IdbSource {
  add(value: unknown): IdbRequest<unknown>;
  put(value: unknown, key?: unknown): IdbRequest<unknown>;
  delete(query: unknown): IdbRequest<unknown>;
  index(name: string): IdbSource;
  createIndex(name: string, keyPath: string | string[], options?: { unique?: boolean }): unknown;
  deleteIndex(name: string): void;
}

/** `IDBTransaction`. */
export interface IdbTransaction extends IdbTarget {
  readonly error: unknown;
  objectStore(name: string): IdbObjectStore;
  abort(): void;
}

/** `IDBDatabase`. */
export interface IdbDatabase extends IdbTarget {
  readonly objectStoreNames: { contains(name: string): boolean };
  createObjectStore(
    name: string,
    options?: { keyPath?: string | string[] | null; autoIncrement?: boolean },
  ): IdbObjectStore;
  transaction(
    names: string[],
    mode: 'readonly' | 'readwrite',
    options?: { durability?: 'relaxed' | 'strict' },
  ): IdbTransaction;
  close(): void;
}

/** `IDBFactory`: what `globalThis.indexedDB` is. */
export interface IdbFactory {
  open(name: string, version?: number): IdbOpenRequest;
}
