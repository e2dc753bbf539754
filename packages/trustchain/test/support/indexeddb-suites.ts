import type { BlockStore, KeyValueStore } from '@edmp/interface';
import { blockStoreSuite, keyValueStoreSuite } from '@edmp/testing';
import {
  type IndexedDbOptions,
  indexedDbBlockStore,
  indexedDbKeyValueStore,
} from '@edmp/trustchain/indexeddb';
import { fabricate } from './fabricate.ts';

/** An IndexedDB to test with. */
export interface Site {
  /** Name of the implementation in test titles. */
  readonly name: string;
  /** Options for a database that no other test uses. */
  fresh(): IndexedDbOptions;
  /** Removes a database. */
  remove(options: IndexedDbOptions): Promise<void>;
}

function harnessOf<T extends BlockStore | KeyValueStore>(
  site: Site,
  open: (options: IndexedDbOptions) => T,
): { store: T; reopen(): Promise<T>; another(): Promise<T>; close(): Promise<void> } {
  const options = site.fresh();
  const harness = {
    store: open(options),
    async reopen() {
      await harness.store.close();
      harness.store = open(options);
      return harness.store;
    },
    another: async () => open(options),
    async close() {
      await harness.store.close();
      await site.remove(options);
    },
  };
  return harness;
}

/** Registers both acceptance suites over an IndexedDB. */
export function indexedDbSuites(site: Site): void {
  blockStoreSuite({
    name: site.name,
    fabricate,
    create: async () => harnessOf(site, indexedDbBlockStore),
  });
  keyValueStoreSuite({
    name: site.name,
    create: async () => harnessOf(site, indexedDbKeyValueStore),
  });
}

/** Resolves when a request succeeds; rejects with its error, or when it is blocked by an open connection. */
export function settled(request: IDBRequest | IDBOpenDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
    if ('onblocked' in request) request.onblocked = () => reject(new Error('a connection is still open'));
  });
}
