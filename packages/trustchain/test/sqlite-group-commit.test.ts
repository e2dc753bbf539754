import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HalfBlock, virtualEnvironment } from '@edmp/interface';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { describe, expect, it } from 'vitest';
import { blockOf, chainOf, itemAt, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);
/** A block that no column takes: its write fails after those before it in the batch have been done. */
const unwritable = async (): Promise<HalfBlock> => ({
  ...(await blockOf(bob, { tx: 'unwritable' })),
  bytes: Symbol('no bytes') as unknown as Uint8Array,
});

describe('writes on a simulated clock', () => {
  it('wait for its next timer, and for nothing else', async () => {
    const environment = virtualEnvironment();
    const blocks = sqliteBlockStore({ path: ':memory:', environment });
    const records = sqliteKeyValueStore({ path: ':memory:', environment });
    const ended: string[] = [];
    const writes = [
      blocks.put([await blockOf(alice)]).then(() => ended.push('block')),
      records.set('a', Uint8Array.of(1)).then(() => ended.push('record')),
    ];
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(ended).toEqual([]);
    expect(environment.pendingTimers).toBe(2);
    await environment.advance(0);
    await Promise.all(writes);
    expect(ended).toEqual(['block', 'record']);
    await blocks.close();
    await records.close();
  });
});

describe('writes that share a transaction', () => {
  it('store what a failed write before them had stored and lost', async () => {
    const store = sqliteBlockStore({ path: ':memory:' });
    const chain = await chainOf(alice, 3);
    const bad = await unwritable();
    const fails = codeOfAsync(store.put([...chain, bad]));
    const follows = store.put(chain);
    expect(await fails).toBe('ERR_STORE_IO');
    expect(await follows).toBe(3);
    for (const { id } of chain) expect(await store.has(id)).toBe(true);
    expect(await store.count()).toBe(3);
    expect(await store.count(alice.publicKey)).toBe(3);
    expect((await store.since(0, 9)).map(({ arrival }) => arrival)).toEqual([1, 2, 3]);
    await store.close();
  });

  it('keep what a good write before the failed one has stored', async () => {
    const store = sqliteBlockStore({ path: ':memory:' });
    const chain = await chainOf(alice, 4);
    const bad = await unwritable();
    const [before, fails, after] = [
      store.put(chain.slice(0, 2)),
      codeOfAsync(store.put([itemAt(chain, 2), bad])),
      store.put(chain),
    ];
    expect([await before, await fails, await after]).toEqual([2, 'ERR_STORE_IO', 2]);
    expect((await store.range(alice.publicKey, 1, 9, 9)).length).toBe(4);
    expect(await store.authors({ limit: 1_000 })).toEqual([alice.publicKey]);
    await store.close();
  });
});

describe('a durable write of what is known already', () => {
  it('is a commit of its own, so that the blocks before it lag a power cut no longer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edmp-known-'));
    const path = join(folder, 'chain.sqlite');
    const store = sqliteBlockStore({ path });
    const chain = await chainOf(alice, 2);
    // What an empty transaction leaves alone, a synced one changes: the log that stands before the file.
    const log = (): Uint8Array => readFileSync(`${path}-wal`);
    expect(await store.put(chain)).toBe(2);
    const lax = log();
    expect(await store.put(chain)).toBe(0);
    expect(log()).toEqual(lax);
    expect(await store.put([itemAt(chain, 0)], { durable: true })).toBe(0);
    expect(log()).not.toEqual(lax);
    expect((await store.since(0, 9)).map(({ arrival }) => arrival)).toEqual([1, 2]);
    expect(await store.put(await chainOf(bob, 1))).toBe(1);
    expect((await store.since(2, 9)).map(({ arrival }) => arrival)).toEqual([3]);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
