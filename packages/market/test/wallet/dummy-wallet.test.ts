import { virtualEnvironment } from '@edmp/interface';
import { dummyBank } from '@edmp/market/wallet';
import { rejection, thrown, walletSuite } from '@edmp/testing';
import { describe, expect, it } from 'vitest';

for (const delayMs of [0, 1_000]) {
  walletSuite({
    name: `dummy wallet, payments take ${delayMs} ms`,
    async create() {
      const environment = virtualEnvironment({ seed: 7 });
      const bank = dummyBank({ environment, delayMs, minUnit: 5n });
      return {
        payer: bank.wallet('alice', 10_000n),
        payee: bank.wallet('bob', 3n),
        settle: () => environment.advance(delayMs),
        reopen: async () => bank.wallet('alice'),
        close: async () => {},
      };
    },
  });
}

describe('a dummy bank', () => {
  it('MS137 has ids, names and addresses as text and random payment ids', async () => {
    const environment = virtualEnvironment({ seed: 1 });
    const bank = dummyBank({ environment });
    const alice = bank.wallet('alice', 10n);
    const bob = bank.wallet('bob');
    expect([alice.id, alice.name, alice.minUnit, alice.address()]).toEqual([
      'XDUM',
      'Dummy bank money',
      1n,
      'xdum:alice',
    ]);
    const ids = [await alice.transfer(1n, bob.address()), await alice.transfer(1n, bob.address())];
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('MS139 shows a payment as pending until it has arrived', async () => {
    const environment = virtualEnvironment({ seed: 1 });
    const bank = dummyBank({ environment, delayMs: 1_000 });
    const alice = bank.wallet('alice', 10n);
    const bob = bank.wallet('bob');
    const id = await alice.transfer(4n, bob.address());
    const early = await rejection(bob.verify({ id, amount: 4n, payee: bob.address() }), 'ERR_WALLET_PAYMENT');
    expect(early.retryable).toBe(true);
    expect(await bob.balance()).toEqual({ available: 0n, held: 0n, pending: 4n, earned: 0n });
    await environment.advance(1_000);
    expect(await bob.balance()).toEqual({ available: 4n, held: 0n, pending: 0n, earned: 0n });
    await bob.verify({ id, amount: 4n, payee: bob.address() });
  });

  it('keeps balances over more movements than it lists', async () => {
    const environment = virtualEnvironment({ seed: 1 });
    const bank = dummyBank({ environment });
    const alice = bank.wallet('alice', 20_000n);
    const bob = bank.wallet('bob');
    for (let i = 0; i < 10_500; i++) await alice.transfer(1n, bob.address());
    expect((await alice.balance()).available).toBe(9_500n);
    expect((await bob.balance()).available).toBe(10_500n);
    expect((await bob.transactions()).length).toBeLessThanOrEqual(10_000);
  });

  it('refuses owners and balances that are none', () => {
    const bank = dummyBank({ environment: virtualEnvironment({ seed: 1 }) });
    for (const owner of ['', 'a b', 'x'.repeat(65), null as never]) {
      thrown(() => bank.wallet(owner), 'ERR_INVALID_ARGUMENT');
    }
    for (const balance of [-1n, 2n ** 63n, 5 as never]) {
      thrown(() => bank.wallet('alice', balance), 'ERR_INVALID_ARGUMENT');
    }
  });
});
