import { memoryKeyValueStore } from '@edmp/interface';
import { blockStoreSuite, keyValueStoreSuite } from '@edmp/testing';
import { memoryBlockStore } from '@edmp/trustchain';
import { fabricate } from '../support/fabricate.ts';
import { indexedDbCases } from '../support/indexeddb-cases.ts';
import { indexedDbSuites, settled } from '../support/indexeddb-suites.ts';

blockStoreSuite({
  name: 'memory',
  fabricate,
  async create() {
    const store = memoryBlockStore();
    return { store, another: async () => memoryBlockStore({ beside: store }), close: () => store.close() };
  },
});

keyValueStoreSuite({
  name: 'memory',
  async create() {
    const store = memoryKeyValueStore();
    return { store, close: () => store.close() };
  },
});

let databases = 0;
const site = {
  name: 'indexeddb',
  fresh: () => ({ name: `edmp test ${++databases}`, indexedDB, keyRange: IDBKeyRange }),
  // Fails when a store left its connection open.
  remove: ({ name }: { name: string }) => settled(indexedDB.deleteDatabase(name)),
};
indexedDbSuites(site);
indexedDbCases(site);
