// Which stores answer at once has no public face of its own, so this test reaches inside.

import { memoryBlockStore } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { describe, expect, it } from 'vitest';
import { decodeHalfBlock } from '../src/block/codec.ts';
import { andThen } from '../src/maybe-promise.ts';
import { readsOf } from '../src/store/at-once.ts';
import { chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';

const alice = signerOf(1);

describe.each([
  ['memory', () => memoryBlockStore()],
  ['SQLite', () => sqliteBlockStore({ path: ':memory:' })],
] as const)('reads of the %s store', (_name, open) => {
  it('are answered at once, as its promises are', async () => {
    const store = open();
    const blocks = await chainOf(alice, 3);
    await store.put(blocks);
    const reads = readsOf(store);
    const { id } = itemAt(blocks, 1);
    const key = alice.publicKey;
    const pairs: (readonly [unknown, Promise<unknown>])[] = [
      [reads.get(id), store.get(id)],
      [reads.getMany([id]), store.getMany([id])],
      [reads.has(id), store.has(id)],
      [reads.at(key, 2), store.at(key, 2)],
      [reads.head(key), store.head(key)],
      [reads.neighbours(key, 2), store.neighbours(key, 2)],
      [reads.answers(id, { limit: 1 }), store.answers(id, { limit: 1 })],
      [reads.answersBy([{ link: id }], 1), store.answersBy([{ link: id }], 1)],
      [reads.unfinished(key), store.unfinished(key)],
    ];
    for (const [now, later] of pairs) {
      expect(now).not.toBeInstanceOf(Promise);
      expect(now).toEqual(await later);
    }
    await store.close();
    expect(() => reads.get(id)).toThrow(expect.objectContaining({ code: 'ERR_STORE_CLOSED' }));
    await expect(store.get(id)).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' });
  });

  it('are those of whoever wraps it, never those underneath', async () => {
    const inner = open();
    const { id } = itemAt(await chainOf(alice, 1), 0);
    const spread = { ...inner, has: async () => true };
    expect(await readsOf(spread).has(id)).toBe(true);
    const proxy = new Proxy(inner, {
      get: (target, name) => (name === 'has' ? async () => true : (Reflect.get(target, name) as unknown)),
    });
    expect(await readsOf(proxy).has(id)).toBe(true);
    expect(readsOf(inner).has(id)).toBe(false);
    await inner.close();
  });
});

describe('what follows a value', () => {
  it('runs at once when the value is here, and later when it is not', async () => {
    expect(andThen(1, (one) => one + 1)).toBe(2);
    expect(await andThen(Promise.resolve(1), (one) => one + 1)).toBe(2);
    const fail = (): never => {
      throw new Error('no');
    };
    expect(() => andThen(1, fail)).toThrow('no');
    await expect(andThen(Promise.resolve(1), fail)).rejects.toThrow('no');
  });
});

describe('a block that was decoded', () => {
  it('is not decoded again from its own bytes, and is from a copy of them', async () => {
    const made = itemAt(await chainOf(alice, 1), 0);
    const block = decodeHalfBlock(made.bytes, crypto);
    expect(decodeHalfBlock(block.bytes, crypto)).toBe(block);
    const copy = block.bytes.slice();
    const again = decodeHalfBlock(copy, crypto);
    expect(again).not.toBe(block);
    expect(again).toEqual(block);
    copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
    expect(decodeHalfBlock(copy, crypto).signature).not.toEqual(block.signature);
  });
});
