import { indexedDbBlockStore } from '@edmp/trustchain/indexeddb';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { blockOf, chainOf, signerOf } from './support/blocks.ts';

describe('authors of an IndexedDB store', () => {
  it('go with their last block, and come back with the next', async () => {
    const factory = new IDBFactory();
    const store = indexedDbBlockStore({ name: 'edmp', indexedDB: factory, keyRange: IDBKeyRange });
    const strangers = await Promise.all(Array.from({ length: 20 }, (_, n) => blockOf(signerOf(100 + n))));
    const chain = await chainOf(signerOf(1), 3);
    await store.put([...strangers, ...chain]);
    await store.remove?.([...strangers, ...chain.slice(0, 2)].map(({ id }) => id));
    await store.close();

    const rows = await new Promise<unknown[]>((resolve, reject) => {
      const opened = factory.open('edmp');
      opened.onerror = () => reject(opened.error);
      opened.onsuccess = () => {
        const request = opened.result.transaction('edmp-authors').objectStore('edmp-authors').getAll();
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          opened.result.close();
          resolve(request.result);
        };
      };
    });
    expect(rows).toEqual([{ key: signerOf(1).publicKey, blocks: 1 }]);

    const again = indexedDbBlockStore({ name: 'edmp', indexedDB: factory, keyRange: IDBKeyRange });
    await again.put(strangers.slice(0, 1));
    expect(await again.count(signerOf(100).publicKey)).toBe(1);
    expect(await again.count()).toBe(2);
    await again.close();
  });
});
