import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockStore, Reservation } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';
import { blockIdFromDigest } from '@edmp/trustchain/block';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { agreementTo, blockOf, chainOf, itemAt, signerOf, strangeId } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'edmp-edges-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const stores: Readonly<Record<string, () => BlockStore>> = {
  memory: memoryBlockStore,
  sqlite: () => sqliteBlockStore({ path: join(folder, `${++files}.sqlite`) }),
};
const alice = signerOf(1);

for (const [name, create] of Object.entries(stores)) {
  describe(`the ${name} store`, () => {
    it('takes reservations of blocks that it holds already, and no others below the latest', async () => {
      const store = create();
      const chain = await chainOf(alice, 5);
      await store.put(chain);
      const reservation = (index: number): Reservation => {
        const { core, id, coreBytes } = itemAt(chain, index);
        return { seq: core.seq, prev: core.prev, id, core: coreBytes };
      };
      await store.reserve(alice.publicKey, reservation(3));
      expect(await store.unfinished(alice.publicKey)).toEqual([]);
      await store.reserve(alice.publicKey, reservation(1));
      const other = { ...reservation(1), id: strangeId(1) };
      expect(await codeOfAsync(store.reserve(alice.publicKey, other))).toBe('ERR_STORE_RESERVED');
      expect((await store.reservation(alice.publicKey))?.seq).toBe(4);
      await store.close();
    });

    it('keeps the other answers to a proposal, and the other branches, of a block that goes', async () => {
      const store = create();
      const proposal = await blockOf(alice);
      const [first, second] = [
        await agreementTo(signerOf(2), proposal),
        await agreementTo(signerOf(3), proposal),
      ] as const;
      const branch = await blockOf(signerOf(2), { tx: 'branch' });
      await store.put([proposal, first, second, branch]);
      expect(await store.remove?.([first.id, strangeId(2)])).toBe(1);
      expect((await store.answers(proposal.id, { limit: 9 })).map(({ block }) => block.id)).toEqual([
        second.id,
      ]);
      expect((await store.at(branch.core.key, 1)).map(({ id }) => id)).toEqual([branch.id]);
      expect(await store.remove?.([strangeId(2)])).toBe(0);
      expect(await store.count()).toBe(3);
      await store.close();
    });

    it('gives nothing when nothing is asked for', async () => {
      const store = create();
      await store.put(await chainOf(alice, 3));
      for (const limit of [0, -1]) {
        expect(await store.since(0, limit)).toEqual([]);
        expect(await store.byType('test', { limit })).toEqual([]);
        expect(await store.range(alice.publicKey, 1, 3, limit)).toEqual([]);
      }
      expect((await store.range(alice.publicKey, 2, Number.MAX_SAFE_INTEGER, 9)).length).toBe(2);
      await store.close();
    });

    it('finds what arrives after it was looked for in vain, however much else was', async () => {
      const store = create();
      const block = await blockOf(alice);
      expect(await store.get(block.id)).toBeUndefined();
      for (let n = 0; n < 8_300; n++) {
        const digest = new Uint8Array(32);
        new DataView(digest.buffer).setUint32(0, n);
        await store.get(blockIdFromDigest(digest));
      }
      expect(await store.put([block])).toBe(1);
      expect((await store.get(block.id))?.bytes).toEqual(block.bytes);
      await store.close();
    });

    it('refuses everything after it was closed', async () => {
      const store = create();
      await store.close();
      await store.close();
      expect(await codeOfAsync(store.get(strangeId(1)))).toBe('ERR_STORE_CLOSED');
      expect(await codeOfAsync(store.put([]))).toBe('ERR_STORE_CLOSED');
    });
  });
}
