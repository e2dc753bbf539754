import { memoryKeyValueStore } from '@edmp/interface';
import { keyValueStoreSuite } from '@edmp/testing';

keyValueStoreSuite({
  name: 'memory',
  async create() {
    const store = memoryKeyValueStore();
    return { store, close: () => store.close() };
  },
});

keyValueStoreSuite({
  name: 'memory, kept over reopening',
  async create() {
    const store = memoryKeyValueStore();
    return { store, reopen: async () => store, close: () => store.close() };
  },
});
