import { blockStoreSuite } from '@edmp/testing';
import { emptyDisk, fabricateBlock, listBlockStore } from './support/memory-blocks.ts';

blockStoreSuite({
  name: 'list double',
  fabricate: fabricateBlock,
  async create() {
    const store = listBlockStore(emptyDisk());
    return { store, close: () => store.close() };
  },
});

blockStoreSuite({
  name: 'list double that persists',
  fabricate: fabricateBlock,
  async create() {
    const disk = emptyDisk();
    const store = listBlockStore(disk);
    return { store, reopen: async () => listBlockStore(disk), close: () => store.close() };
  },
});
