// How a notary keeps its accounts has no public face of its own, so this test reaches inside.

import { memoryKeyValueStore } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { SpendBook } from '../src/notary/spend-book.ts';
import { author, crypto } from './support/money.ts';
import { currencyOf, notaryWorld } from './support/notary-world.ts';

describe('the accounts of a notary', () => {
  it('are found where a store of an earlier version has them, until they change', async () => {
    const issuer = author('issuer of accounts');
    const world = await notaryWorld();
    const sun = await currencyOf(issuer, [(await world.notary()).key]);
    const [first, second] = [
      await issuer.transfer(sun, author('payee').key, 5n),
      await issuer.transfer(sun, author('payee').key, 6n),
    ];
    const store = memoryKeyValueStore();
    const account = { head: first, certified: 1, certificate: null, fork: null };
    await new SpendBook(store, crypto).commit(sun.id, first.authorHex, { account, blocks: [first] });
    const [tip] = (await store.entries('notary/account/')).filter(([key]) => key.endsWith('/tip'));
    if (tip === undefined) throw new Error('an account has a row');
    // As it was written before.
    await store.delete(tip[0]);
    await store.set(tip[0].replace(/tip$/, 'head'), tip[1]);

    const book = new SpendBook(store, crypto);
    expect((await book.account(sun.id, first.authorHex))?.head.key).toBe(first.key);
    await book.commit(sun.id, first.authorHex, {
      account: { ...account, head: second, certified: 2 },
      blocks: [second],
    });
    const reopened = await new SpendBook(store, crypto).account(sun.id, first.authorHex);
    expect(reopened).toMatchObject({ certified: 2, head: { key: second.key } });
  });
});
