import { memoryKeyValueStore } from '@edmp/interface';
import { keyValueStoreSuite } from '@edmp/interface/testing';

keyValueStoreSuite({
  name: 'memory',
  async create() {
    const store = memoryKeyValueStore();
    return { store, close: () => store.close() };
  },
});
