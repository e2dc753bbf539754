import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockStoreSuite, keyValueStoreSuite } from '@edmp/testing';
import { memoryBlockStore } from '@edmp/trustchain';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { fabricate } from './support/fabricate.ts';

blockStoreSuite({
  name: 'memory',
  fabricate,
  async create() {
    const store = memoryBlockStore();
    return { store, another: async () => memoryBlockStore({ beside: store }), close: () => store.close() };
  },
});

blockStoreSuite({
  name: 'sqlite',
  fabricate,
  async create() {
    const folder = mkdtempSync(join(tmpdir(), 'edmp-blocks-'));
    const path = join(folder, 'blocks.sqlite');
    const harness = {
      store: sqliteBlockStore({ path }),
      async reopen() {
        await harness.store.close();
        harness.store = sqliteBlockStore({ path });
        return harness.store;
      },
      another: async () => sqliteBlockStore({ path }),
      async close() {
        await harness.store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
    return harness;
  },
});

blockStoreSuite({
  name: 'sqlite in memory',
  fabricate,
  async create() {
    const store = sqliteBlockStore({ path: ':memory:' });
    return { store, close: () => store.close() };
  },
});

keyValueStoreSuite({
  name: 'sqlite',
  async create() {
    const folder = mkdtempSync(join(tmpdir(), 'edmp-pairs-'));
    const path = join(folder, 'pairs.sqlite');
    const harness = {
      store: sqliteKeyValueStore({ path }),
      async reopen() {
        await harness.store.close();
        harness.store = sqliteKeyValueStore({ path });
        return harness.store;
      },
      async close() {
        await harness.store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
    return harness;
  },
});
