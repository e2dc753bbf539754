import { virtualEnvironment } from '@edmp/interface';
import { contentStoreSuite } from '@edmp/testing';
import { type ContentDisk, mapContentStore } from './support/memory-content.ts';

const emptyDisk = (): ContentDisk => ({ blocks: new Map(), pins: new Set() });

contentStoreSuite({
  name: 'map double that persists',
  async create() {
    const environment = virtualEnvironment();
    const disk = emptyDisk();
    const store = mapContentStore(environment, disk);
    return {
      store,
      advance: (ms) => environment.advance(ms),
      reopen: async () => mapContentStore(environment, disk),
      async corrupt(cid) {
        const held = disk.blocks.get(cid.toString())!;
        held.bytes = held.bytes.with(0, held.bytes[0]! ^ 1);
      },
      close: () => store.close(),
    };
  },
});

contentStoreSuite({
  name: 'map double that only reads',
  async create() {
    const environment = virtualEnvironment();
    const disk = emptyDisk();
    const store = mapContentStore(environment, disk, false);
    const writer = mapContentStore(environment, disk);
    return { store, seed: (codec, bytes) => writer.put(codec, bytes), close: () => store.close() };
  },
});
