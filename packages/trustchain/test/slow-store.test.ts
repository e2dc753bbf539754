/** What is read twice from a store that does not answer at once may differ: nothing may be overlooked for it. */
import { type BlockStore, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { indexedDbBlockStore } from '@edmp/trustchain/indexeddb';
import { constantLatency, simulatedNetworks } from '@edmp/trustchain/simulated';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { chainExtent } from '@edmp/trustchain/tools';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
import { slowBlockStore } from './support/slow-store.ts';

const LENGTH = 120;
const kinds: Readonly<Record<string, () => BlockStore>> = {
  memory: memoryBlockStore,
  sqlite: () => sqliteBlockStore({ path: ':memory:' }),
  indexeddb: () => indexedDbBlockStore({ name: 'edmp', indexedDB: new IDBFactory(), keyRange: IDBKeyRange }),
};

describe('a sync with a slow store', () => {
  it.each(Object.entries(kinds))(
    'T2 brings the whole chain whenever the head comes in between (%s)',
    { timeout: 120_000 },
    async (_, kind) => {
      const environment = virtualEnvironment({ seed: 1 });
      const { run } = environment;
      const networks = simulatedNetworks({ environment, seed: 1, latency: constantLatency(5) });
      const open = async (seed: number, store: BlockStore) => {
        const signer = signerOf(seed);
        const network = networks.create({ self: signer.publicKey });
        await run(network.start());
        return {
          network,
          chain: await run(createTrustchain({ signer, crypto, store, network, environment })),
        };
      };
      const hub = await open(1, memoryBlockStore());
      for (const block of await chainOf(signerOf(1), LENGTH)) await run(hub.chain.receive(block.bytes));
      const { self } = hub.network;
      for (let ms = 0; ms < 60; ms += 4) {
        const inner = kind();
        const peer = await open(100 + ms, slowBlockStore(inner, environment, { seed: ms, maxMs: 6 }));
        networks.link(peer.network.self, self);
        await environment.advance(ms);
        await run(peer.chain.sync(self, self));
        expect(await run(inner.count(self)), `synced ${ms} ms after linking`).toBe(LENGTH);
        await run(peer.chain.stop());
        await run(peer.network.stop());
        await run(inner.close());
      }
      await run(hub.chain.stop());
      await run(hub.network.stop());
    },
  );

  it('T2 says what the peer left out', async () => {
    const environment = virtualEnvironment({ seed: 1 });
    const { run } = environment;
    const networks = simulatedNetworks({ environment, seed: 1, latency: constantLatency(5) });
    const open = async (seed: number) => {
      const signer = signerOf(seed);
      const network = networks.create({ self: signer.publicKey });
      await run(network.start());
      const store = slowBlockStore(memoryBlockStore(), environment, { seed, maxMs: 6 });
      return {
        network,
        store,
        chain: await run(createTrustchain({ signer, crypto, store, network, environment })),
      };
    };
    const [alice, bob] = [await open(1), await open(2)];
    const carol = signerOf(3);
    const chain = await chainOf(carol, 9);
    await run(bob.store.put(chain.filter(({ core }) => core.seq !== 4 && core.seq !== 7)));
    networks.link(alice.network.self, bob.network.self);
    await environment.advance(100);
    await expect(run(alice.chain.sync(bob.network.self, carol.publicKey))).rejects.toMatchObject({
      code: 'ERR_CHAIN_INCOMPLETE',
      details: {
        missing: [
          [4, 4],
          [7, 7],
        ],
        added: 7,
      },
    });
    await run(bob.store.put(chain));
    expect(await run(alice.chain.sync(bob.network.self, carol.publicKey))).toBe(2);
    for (const { chain: one } of [alice, bob]) await run(one.stop());
  });
});

describe('the extent of a chain', () => {
  it('is never told too small for blocks that come in while it is read', async () => {
    const [alice] = [signerOf(1)];
    const chain = await chainOf(alice, 12);
    const calls = ['head', 'count', 'positions', 'proofs', 'range'] as const;
    for (const hasPositions of [true, false]) {
      for (const name of calls) {
        for (const late of [5, 9, 12]) {
          const { positions, ...inner } = memoryBlockStore();
          const whole: BlockStore = hasPositions && positions ? { ...inner, positions } : inner;
          // Position 3 is missing; another block comes in right before or after one of the questions.
          await inner.put([1, 2, 4].map((seq) => itemAt(chain, seq - 1)));
          let isLate = false;
          const store = new Proxy(whole, {
            get(target, property) {
              const value: unknown = Reflect.get(target, property);
              if (property !== name || typeof value !== 'function') return value;
              return async (...args: unknown[]) => {
                const before: unknown = late % 2 === 0 ? await value.apply(target, args) : undefined;
                if (!isLate) await inner.put([itemAt(chain, late - 1)]);
                isLate = true;
                return before ?? value.apply(target, args);
              };
            },
          });
          const { gaps } = await chainExtent(store, alice.publicKey);
          expect(gaps[0], `${name}, ${late}`).toEqual([3, 3]);
        }
      }
    }
  });
});
