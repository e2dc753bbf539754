import {
  type KeyValueStore,
  memoryKeyValueStore,
  softwareSigner,
  type Trustchain,
  virtualEnvironment,
  type Wallet,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import {
  createInstalments,
  decodePayment,
  dummyBank,
  type ExpectedSum,
  type InstalmentPlan,
  PAYMENT_TYPE,
  paymentRule,
} from '@edmp/market/wallet';
import { rejection } from '@edmp/testing';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { evenParts } from '../../src/wallet/instalments.ts';

const crypto = nodeCrypto({ threads: false });
const reference = new Uint8Array(32).fill(9);
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function world({ delayMs = 0 } = {}) {
  const environment = virtualEnvironment({ seed: 3 });
  const networks = simulatedNetworks({ environment, seed: 3 });
  const bank = dummyBank({ environment, delayMs });
  const side = async (name: string, balance: bigint) => {
    const signer = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(name.length) });
    const network = networks.create({ self: signer.publicKey });
    await network.start();
    const rules = { [PAYMENT_TYPE]: paymentRule };
    const store = memoryBlockStore();
    const trustchain = await createTrustchain({ signer, crypto, store, network, environment, rules });
    const records = memoryKeyValueStore();
    const wallet = bank.wallet(name, balance);
    const open = (over: { trustchain?: Trustchain; records?: KeyValueStore; wallet?: Wallet } = {}) => {
      const parts = { trustchain, records, wallet, ...over };
      const { wallet: used, ...rest } = parts;
      const desk = createInstalments({ ...rest, wallets: [used], environment });
      stops.push(async () => desk.stop());
      return desk;
    };
    stops.push(async () => {
      await trustchain.stop();
      await network.stop();
    });
    return { trustchain, store, records, wallet, open };
  };
  const payer = await side('payer', 1_000n);
  const payee = await side('payees', 0n);
  networks.link(payer.trustchain.self, payee.trustchain.self);
  await environment.advance(100);
  const plan: InstalmentPlan = {
    reference,
    payee: payee.trustchain.self,
    address: payee.wallet.address(),
    wallet: 'XDUM',
    amount: 100n,
    parts: 3,
  };
  const sum: ExpectedSum = {
    reference,
    payer: payer.trustchain.self,
    wallet: 'XDUM',
    amount: 100n,
    parts: 3,
  };
  /** Moves the clock until `promise` settles. */
  const finish = async <T>(promise: Promise<T>, limitMs = 600_000, stepMs = 100): Promise<T> => {
    let done = false;
    promise.catch(() => {}).finally(() => (done = true));
    for (let waited = 0; !done && waited < limitMs; waited += stepMs) await environment.advance(stepMs);
    return promise;
  };
  const payments = async (side: typeof payer) =>
    (await side.store.byType(PAYMENT_TYPE, { limit: 100 })).map(({ block }) => block);
  return { environment, bank, payer, payee, plan, sum, finish, payments };
}

describe('money kept outside, paid in parts', () => {
  for (const delayMs of [0, 5_000]) {
    it(`MS106 pays three instalments: balances right and 6 payment blocks at each trader (${delayMs} ms on the way)`, async () => {
      const { payer, payee, plan, sum, finish, payments } = await world({ delayMs });
      const receiver = payee.open();
      await receiver.expect(sum);
      const confirmations = await finish(payer.open().pay(plan));
      expect(confirmations).toHaveLength(3);
      expect((await payer.wallet.balance()).available).toBe(900n);
      expect((await payee.wallet.balance()).available).toBe(100n);
      expect(receiver.received(reference)).toEqual({ parts: 3, amount: 100n, complete: true });
      for (const side of [payer, payee]) expect(await payments(side)).toHaveLength(6);
      expect(
        (await payments(payer))
          .filter((block) => block.core.link === null)
          .map((b) => decodePayment(b).amount),
      ).toEqual([34n, 33n, 33n]);
    });
  }

  it('two calls at once pay one sum once, and both get its confirmations', async () => {
    const { payer, payee, plan, sum, finish, payments } = await world({ delayMs: 1_000 });
    await payee.open().expect(sum);
    const desk = payer.open();
    const [first, second] = await finish(Promise.all([desk.pay(plan), desk.pay(plan)]));
    expect(second?.map(({ id }) => id.toString())).toEqual(first?.map(({ id }) => id.toString()));
    expect((await payer.wallet.balance()).available).toBe(900n);
    expect(await payments(payer)).toHaveLength(6);
  });

  it('a reference stands for one sum, on both sides: another amount, number of parts or payer is refused', async () => {
    const { payer, payee, plan, sum, finish } = await world();
    const receiver = payee.open();
    await receiver.expect(sum);
    await receiver.expect(sum);
    const desk = payer.open();
    await finish(desk.pay(plan));
    for (const change of [{ amount: 300n }, { parts: 4 }, { parts: 2 }, { amount: 101n }]) {
      await rejection(finish(desk.pay({ ...plan, ...change })), 'ERR_IDEMPOTENCY');
      await rejection(receiver.expect({ ...sum, ...change }), 'ERR_IDEMPOTENCY');
    }
    expect((await payer.wallet.balance()).available).toBe(900n);
  });

  it('goes on after an interruption at any step and pays nothing twice', async () => {
    for (const cut of ['transfer', 'propose', 'confirmed'] as const) {
      const { payer, payee, plan, sum, finish, payments } = await world();
      await payee.open().expect(sum);
      let left = 2;
      const dies = async <T>(step: typeof cut, work: () => Promise<T>): Promise<T> => {
        const value = await work();
        if (step === cut && --left === 0) throw new Error('killed');
        return value;
      };
      const wallet: Wallet = {
        ...payer.wallet,
        id: 'XDUM',
        minUnit: 1n,
        address: () => payer.wallet.address(),
        transfer: (...args) => dies('transfer', () => payer.wallet.transfer(...args)),
      };
      const trustchain: Trustchain = {
        ...payer.trustchain,
        propose: (...args) => dies('propose', () => payer.trustchain.propose(...args)),
        pair: (...args) => dies('confirmed', () => payer.trustchain.pair(...args)),
      };
      await expect(finish(payer.open({ wallet, trustchain }).pay(plan))).rejects.toThrow('killed');
      await finish(payer.open().pay(plan));
      expect((await payer.wallet.balance()).available, cut).toBe(900n);
      expect((await payee.wallet.balance()).available, cut).toBe(100n);
      expect(await payments(payer), cut).toHaveLength(6);
    }
  });

  it('confirms after a restart of the payee what was told before', async () => {
    const { payer, payee, plan, sum, finish, environment } = await world();
    const paying = payer.open().pay(plan);
    await environment.advance(2_000);
    expect((await payee.wallet.balance()).available).toBe(34n);
    const first = payee.open();
    await first.expect(sum);
    await environment.advance(10);
    first.stop();
    const second = payee.open();
    await second.expect(sum);
    await finish(paying);
    expect(second.received(reference)?.complete).toBe(true);
  });

  it('MS147 refuses a payment that was used before, another amount, and parts that were not agreed', async () => {
    const { payer, payee, plan, sum, finish } = await world();
    const other = { ...sum, reference: new Uint8Array(32).fill(1) };
    const receiver = payee.open();
    await receiver.expect(sum);
    await receiver.expect({ ...other, parts: 1, amount: 34n });
    const [first] = await finish(payer.open().pay(plan));
    const paid = decodePayment(first!);
    const cases = [
      { ...paid, reference: other.reference, part: 1, parts: 1 },
      { ...paid, part: 2 },
      { ...paid, amount: 33n },
      { ...paid, parts: 4 },
      { ...paid, wallet: 'EUR' },
      { ...paid, payment: 'invented', reference: other.reference, parts: 1 },
    ];
    for (const tx of cases) {
      const proposal = await payer.trustchain.propose({
        peer: payee.trustchain.self,
        type: PAYMENT_TYPE,
        tx: { v: 1, ...tx },
      });
      const settled = async (): Promise<string> => {
        for (;;) {
          const { state } = await payer.trustchain.pair(proposal.id);
          if (state !== 'pending') return state;
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      expect(await finish(settled(), 2 * 86_400_000, 60_000), JSON.stringify(tx.payment)).toBe('refused');
    }
    expect(receiver.received(other.reference)).toEqual({ parts: 0, amount: 0n, complete: false });
  });

  it('stops waiting when told to, and when the payee refuses', async () => {
    const { payer, payee, plan, sum, finish, environment } = await world();
    const stop = new AbortController();
    const paying = payer.open().pay(plan, { signal: stop.signal });
    await environment.advance(1_000);
    stop.abort();
    await rejection(finish(paying), 'ERR_ABORTED');
    await payee.open().expect({ ...sum, amount: 5n });
    await rejection(finish(payer.open().pay(plan)), 'ERR_TRADE_REFUSED');
  });

  it('refuses plans that are none', async () => {
    const { payer, plan } = await world();
    const desk = payer.open();
    await rejection(desk.pay({ ...plan, parts: 0 }), 'ERR_ORDER_AMOUNT');
    await rejection(desk.pay({ ...plan, parts: 105 }), 'ERR_ORDER_AMOUNT');
    await rejection(desk.pay({ ...plan, amount: 2n }), 'ERR_ORDER_AMOUNT');
    await rejection(desk.pay({ ...plan, reference: new Uint8Array(31) }), 'ERR_MARKET_FORMAT');
    await rejection(desk.pay({ ...plan, wallet: 'EUR' }), 'ERR_MARKET_UNKNOWN');
    await rejection(desk.pay({ ...plan, amount: 1_001n, parts: 1 }), 'ERR_WALLET_INSUFFICIENT');
  });

  it('splits any sum evenly without losing a unit', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 104n, max: 2n ** 63n - 1n }),
        fc.integer({ min: 1, max: 104 }),
        (amount, parts) => {
          const split = evenParts(amount, parts);
          expect(split.reduce((sum, part) => sum + part, 0n)).toBe(amount);
          expect(split[0]! - split.at(-1)!).toBeLessThanOrEqual(1n);
        },
      ),
    );
  });

  it('reads any block without a raw error', () => {
    fc.assert(
      fc.property(fc.object({ withBigInt: true }), (tx) => {
        const block = { core: { type: PAYMENT_TYPE, tx, peer: new Uint8Array(32), link: null } } as never;
        for (const issue of paymentRule.checkProposal?.(block) ?? []) {
          expect(issue.code).toBe('ERR_MARKET_FORMAT');
        }
      }),
    );
  });
});
