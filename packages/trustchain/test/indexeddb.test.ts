import { keyValueStoreSuite } from '@edmp/interface/testing';
import { indexedDbKeyValueStore } from '@edmp/trustchain/indexeddb';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';

keyValueStoreSuite({
  name: 'indexeddb (fake)',
  async create() {
    const options = { name: 'pairs', indexedDB: new IDBFactory(), keyRange: IDBKeyRange };
    const harness = {
      store: indexedDbKeyValueStore(options),
      async reopen() {
        await harness.store.close();
        harness.store = indexedDbKeyValueStore(options);
        return harness.store;
      },
      close: () => harness.store.close(),
    };
    return harness;
  },
});
