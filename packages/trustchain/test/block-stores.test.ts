import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HalfBlock, HalfBlockCore } from '@edmp/interface';
import { blockStoreSuite, keyValueStoreSuite } from '@edmp/interface/testing';
import { decodeCore, decodeHalfBlock, encodeCore, memoryBlockStore } from '@edmp/trustchain';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { crypto } from './support/blocks.ts';

const fabricate = (core: HalfBlockCore, signature: Uint8Array = new Uint8Array(64).fill(7)): HalfBlock => {
  const coreBytes = encodeCore(core);
  decodeCore(coreBytes);
  const bytes = new Uint8Array(coreBytes.length + 67);
  bytes[0] = 0x82;
  bytes.set(coreBytes, 1);
  bytes.set([0x58, 64], coreBytes.length + 1);
  bytes.set(signature, coreBytes.length + 3);
  return decodeHalfBlock(bytes, crypto);
};

blockStoreSuite({
  name: 'memory',
  fabricate,
  async create() {
    const store = memoryBlockStore();
    return { store, close: () => store.close() };
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
      async close() {
        await harness.store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
    return harness;
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
