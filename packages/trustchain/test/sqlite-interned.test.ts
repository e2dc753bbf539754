import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BlockStore } from '@edmp/interface';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { blockOf, chainOf, itemAt, signerOf, strangeId } from './support/blocks.ts';

const alice = signerOf(1);
const bob = signerOf(2);
const folder = mkdtempSync(join(tmpdir(), 'edmp-interned-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const freshPath = (): string => join(folder, `${++files}.sqlite`);
const rows = (path: string): { readonly authors: number; readonly types: number } => {
  const database = new DatabaseSync(path);
  const count = (table: string): number =>
    Number(database.prepare(`SELECT COUNT(*) AS n FROM ${table}`).get()?.n);
  const found = { authors: count('authors'), types: count('types') };
  database.close();
  return found;
};
const remove = (store: BlockStore, ids: Parameters<NonNullable<BlockStore['remove']>>[0]) =>
  store.remove?.(ids) ?? Promise.resolve(0);

describe('authors and types of a SQLite store', () => {
  it('go with their last block, and only then', async () => {
    const path = freshPath();
    const store = sqliteBlockStore({ path });
    const strangers = await Promise.all(
      Array.from({ length: 300 }, (_, n) => blockOf(signerOf(1_000 + n), { type: `junk/${n}` })),
    );
    const chain = await chainOf(alice, 3);
    await store.put([...strangers, ...chain]);
    expect(rows(path)).toEqual({ authors: 301, types: 301 });
    expect(await remove(store, [itemAt(chain, 0).id, ...strangers.map(({ id }) => id)])).toBe(301);
    expect(rows(path)).toEqual({ authors: 1, types: 1 });
    expect(await store.count(alice.publicKey)).toBe(2);
    expect((await store.byType('test', { limit: 9 })).length).toBe(2);
    await remove(
      store,
      chain.map(({ id }) => id),
    );
    expect(rows(path)).toEqual({ authors: 0, types: 0 });
    await store.close();
  });

  it('that come back after they went have their own blocks and nobody else’s', async () => {
    const store = sqliteBlockStore({ path: freshPath() });
    const [first, second] = [await chainOf(alice, 3), await chainOf(bob, 2, () => ({ type: 'other' }))];
    await store.put(first);
    await remove(
      store,
      first.map(({ id }) => id),
    );
    await store.put(second);
    await store.put(first.slice(1));
    expect(await store.authors({ limit: 1_000 })).toHaveLength(2);
    expect((await store.range(alice.publicKey, 1, 9, 9)).map(({ core }) => core.seq)).toEqual([2, 3]);
    expect((await store.range(bob.publicKey, 1, 9, 9)).map(({ core }) => core.seq)).toEqual([1, 2]);
    expect((await store.byType('other', { limit: 9 })).length).toBe(2);
    expect((await store.byType('test', { author: alice.publicKey, limit: 9 })).length).toBe(2);
    expect(await store.count()).toBe(4);
    await store.close();
  });

  it('are looked up again after another connection has removed them, and never taken for others', async () => {
    const path = freshPath();
    const [one, two] = [sqliteBlockStore({ path }), sqliteBlockStore({ path })];
    const [first, second] = [await chainOf(alice, 3), await chainOf(bob, 2)];
    await one.put(first.slice(0, 2));
    await remove(
      two,
      first.map(({ id }) => id),
    );
    await two.put(second);
    expect(await one.range(alice.publicKey, 1, 9, 9)).toEqual([]);
    await one.put(first.slice(2));
    for (const store of [one, two]) {
      expect((await store.range(alice.publicKey, 1, 9, 9)).map(({ core }) => core.seq)).toEqual([3]);
      expect((await store.range(bob.publicKey, 1, 9, 9)).map(({ core }) => core.seq)).toEqual([1, 2]);
    }
    await one.close();
    await two.close();
  });

  it('may be more than are kept in memory', async () => {
    const store = sqliteBlockStore({ path: ':memory:' });
    const blocks = await Promise.all(
      Array.from({ length: 4_200 }, (_, n) =>
        blockOf(alice, { seq: n + 2, prev: strangeId(1), type: `t/${n}` }),
      ),
    );
    await store.put(blocks);
    for (const n of [0, 1, 4_095, 4_096, 4_199]) {
      expect((await store.byType(`t/${n}`, { limit: 9 })).map(({ block }) => block.core.seq)).toEqual([
        n + 2,
      ]);
    }
    await store.close();
  });
});
