import { type BlockStore, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { pruning } from '@edmp/trustchain/pruning';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { describe, expect, it } from 'vitest';
import { blockOf, chainOf, crypto, signerOf } from './support/blocks.ts';

const cheat = signerOf(2);
const open = (store: BlockStore) =>
  createTrustchain({
    signer: signerOf(1),
    crypto,
    store,
    environment: virtualEnvironment(),
    pruning: pruning(),
  });

for (const [name, create] of [
  ['memory', () => memoryBlockStore()],
  ['sqlite', () => sqliteBlockStore({ path: ':memory:' })],
] as const) {
  describe(`starting over a ${name} store`, () => {
    it('finds the fraud that a crash kept from being recorded, also after a pruning', async () => {
      const store = create();
      const first = await open(store);
      await store.put(await chainOf(signerOf(3), 1_200));
      expect((await first.prune({ maxBlocks: 600 })).removed).toBe(600);
      await first.stop();
      // Stored, and then the process dies before the proof is.
      await store.put([await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 })]);
      const again = await open(store);
      expect(await again.isFraudulent(cheat.publicKey)).toBe(true);
      await again.stop();
      await store.close();
    });
  });
}
