import { type BlockStore, bytesToHex, type HalfBlock, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { type PrunableTrustchain, pruning } from '@edmp/trustchain/pruning';
import {
  CHECKPOINT_TYPE,
  type CheckpointEntry,
  checkpointDigest,
  decodeCheckpoint,
} from '@edmp/trustchain/tools';
import { describe, expect, it } from 'vitest';
import { after, agreementTo, blockOf, chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const owner = signerOf(1);
const bob = signerOf(2);
const carol = signerOf(3);
const DAY = 86_400_000;

interface Node {
  readonly chain: PrunableTrustchain;
  readonly store: BlockStore;
  readonly environment: ReturnType<typeof virtualEnvironment>;
}
const open = async (store: BlockStore = memoryBlockStore()): Promise<Node> => {
  const environment = virtualEnvironment();
  return {
    chain: await createTrustchain({ signer: owner, crypto, store, environment, pruning: pruning() }),
    store,
    environment,
  };
};
const take = async ({ chain }: Node, blocks: readonly HalfBlock[]): Promise<void> => {
  for (let n = 0; n < blocks.length; n += 200) {
    await Promise.all(blocks.slice(n, n + 200).map((block) => chain.receive(block.bytes)));
  }
};
const seqs = async (store: BlockStore, author = bob.publicKey): Promise<number[]> =>
  (await store.range(author, 1, Number.MAX_SAFE_INTEGER, 5_000)).map((block) => block.core.seq);
/** A chain after `first`. */
const following = async (signer: typeof bob, first: HalfBlock, length: number): Promise<HalfBlock[]> => {
  const chain = [first];
  while (chain.length < length) chain.push(await after(signer, itemAt(chain, -1), { tx: chain.length }));
  return chain;
};
const entries = async (store: BlockStore): Promise<CheckpointEntry[]> =>
  (await store.byType(CHECKPOINT_TYPE, { author: owner.publicKey, limit: 99 })).flatMap(({ block }) => [
    ...decodeCheckpoint(block),
  ]);
/** Says that every entry continues the one before over the whole chain, nothing twice and nothing left out. */
const expectContinued = (found: readonly CheckpointEntry[], chain: readonly HalfBlock[]): void => {
  let from = 1;
  let digest: Uint8Array | undefined;
  for (const entry of found) {
    expect(entry.to).toBeGreaterThan(from);
    digest = checkpointDigest(digest, chain.slice(from - 1, entry.to - 1), crypto);
    expect(bytesToHex(entry.digest)).toBe(bytesToHex(digest));
    from = entry.to;
  }
};

describe('what may stay does not keep the rest', () => {
  it('prunes the other chains when one is pinned by an open proposal at its beginning', async () => {
    const node = await open();
    const pinned = await following(bob, await blockOf(bob, { peer: carol.publicKey, tx: 'open' }), 300);
    const honest = await chainOf(carol, 1_000);
    await take(node, [...pinned, ...honest]);
    expect(await node.chain.prune({ maxBlocks: 1_100 })).toEqual({ removed: 200, chains: 1, left: 1_101 });
    expect((await seqs(node.store)).length).toBe(300);
    expect(itemAt(await seqs(node.store, carol.publicKey), 0)).toBe(201);
    expect((await node.chain.prune({ maxBlocks: 0 })).left).toBe(300 + 1);
  });

  it('removes the whole chains of strangers, the oldest arrivals first, and names none of them', async () => {
    const node = await open();
    const strangers = await Promise.all(Array.from({ length: 300 }, (_, n) => blockOf(signerOf(1_000 + n))));
    await take(node, [...strangers, ...(await chainOf(carol, 1_000))]);
    expect(await node.chain.prune({ maxBlocks: 1_100 })).toEqual({ removed: 200, chains: 200, left: 1_100 });
    for (const [n, block] of strangers.entries()) expect(await node.store.has(block.id)).toBe(n >= 200);
    expect((await node.store.authors({ limit: 1_000 })).length).toBe(101);
    expect(await entries(node.store)).toEqual([]);
    await node.chain.prune({ maxBlocks: 0 });
    expect(await node.store.count()).toBe(0);
  });

  it('removes proposals of strangers to strangers some time after their own, whatever their deadline', async () => {
    const node = await open();
    const strangers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        blockOf(signerOf(1_000 + n), { peer: carol.publicKey, tx: { deadline: Number.MAX_SAFE_INTEGER } }),
      ),
    );
    await take(node, strangers);
    expect((await node.chain.prune({ maxBlocks: 0 })).removed).toBe(0);
    await node.environment.advance(30 * DAY + 1);
    expect((await node.chain.prune({ maxBlocks: 0, pendingMs: 31 * DAY })).removed).toBe(0);
    expect((await node.chain.prune({ maxBlocks: 0 })).removed).toBe(50);
  });

  it('removes answers of strangers to a proposal that is still open', async () => {
    const node = await open();
    const proposal = await blockOf(bob, { peer: carol.publicKey });
    const strangers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => agreementTo(signerOf(1_000 + n), proposal)),
    );
    await take(node, [proposal, ...strangers]);
    expect(await node.chain.prune({ maxBlocks: 0 })).toEqual({ removed: 20, chains: 20, left: 1 });
    expect(await node.store.has(proposal.id)).toBe(true);
  });

  it('removes the blocks of a proven cheat, whose proof stays, but no branch before it is proven', async () => {
    const node = await open();
    const chain = await chainOf(bob, 1_000);
    const fork = await blockOf(bob, { tx: 'fork' });
    await take(node, [itemAt(chain, 0), fork, ...chain.slice(1)]);
    const [unproven, rival] = [await blockOf(carol, { tx: 1 }), await blockOf(carol, { tx: 2 })];
    // As a crash leaves them: stored, and not judged yet.
    await node.store.put([unproven, rival]);
    expect(await node.chain.prune({ maxBlocks: 0 })).toEqual({ removed: 1_001, chains: 1, left: 2 });
    expect(await node.chain.isFraudulent(bob.publicKey)).toBe(true);
    expect(await node.store.has(unproven.id)).toBe(true);
    expect(await node.store.has(rival.id)).toBe(true);
  });
});

describe('blocks that were pruned and come back', () => {
  it('go again without stopping the next pruning, moving the floor or being digested twice', async () => {
    const node = await open();
    const chain = await chainOf(bob, 500);
    await take(node, chain.slice(0, 400));
    expect((await node.chain.prune({ maxBlocks: 100 })).removed).toBe(300);
    await take(node, [itemAt(chain, 2), ...chain.slice(400), itemAt(chain, 0)]);
    const report = await node.chain.prune({ maxBlocks: 100, keep: (block) => block.core.seq === 3 });
    expect(report).toMatchObject({ removed: 103, chains: 1, left: 101 });
    expect(await seqs(node.store)).toEqual([3, ...Array.from({ length: 98 }, (_, n) => n + 403)]);
    await node.chain.prune({ maxBlocks: 90 });
    expect(await seqs(node.store)).not.toContain(3);
    const found = await entries(node.store);
    expect(found.map(({ to }) => to)).toEqual([301, 403, 413]);
    expectContinued(found, chain);
  });

  it('are not digested twice after a crash between the checkpoint and the removal', async () => {
    const store = memoryBlockStore();
    let dead = false;
    const failing: BlockStore = {
      ...store,
      remove: (ids) =>
        dead ? Promise.reject(new Error('power cut')) : (store.remove?.(ids) ?? Promise.resolve(0)),
    };
    const chain = await chainOf(bob, 500);
    const first = await open(failing);
    await take(first, chain.slice(0, 400));
    dead = true;
    await expect(first.chain.prune({ maxBlocks: 100 })).rejects.toThrow('power cut');
    dead = false;
    const again = await open(failing);
    await take(again, chain.slice(400));
    await again.chain.prune({ maxBlocks: 100 });
    expect((await store.range(bob.publicKey, 1, 300, 999)).length).toBe(0);
    const found = await entries(store);
    expect(found.length).toBe(2);
    expectContinued(found, chain);
  });

  it('are digested once by prunings that overlap', async () => {
    const node = await open();
    const chain = await chainOf(bob, 400);
    await take(node, chain);
    await Promise.all([300, 200, 100].map((maxBlocks) => node.chain.prune({ maxBlocks })));
    const found = await entries(node.store);
    expect(found.length).toBe(3);
    expectContinued(found, chain);
  });

  it('prove nothing while they are gone, and a fork or second answer as soon as they are shown again', async () => {
    const node = await open();
    const proposal = await blockOf(bob, { peer: carol.publicKey });
    const theirs = await following(bob, proposal, 20);
    const answers = await following(carol, await agreementTo(carol, proposal), 20);
    await take(node, [...theirs, ...answers]);
    await node.chain.prune({ maxBlocks: 10 });
    expect(await node.store.has(itemAt(answers, 0).id)).toBe(false);
    await take(node, [await blockOf(carol, { tx: 'fork' })]);
    expect(await node.chain.isFraudulent(carol.publicKey)).toBe(false);
    await take(node, [proposal, itemAt(answers, 0)]);
    expect(await node.chain.isFraudulent(carol.publicKey)).toBe(true);
  });
});

describe('a proposal whose deadline has just passed', () => {
  it('waits for an agreement that was made in time', async () => {
    const node = await open();
    const { now } = node.environment;
    const proposal = await blockOf(bob, {
      peer: carol.publicKey,
      tx: { deadline: now() + 1_000 },
      time: now(),
    });
    const agreement = await agreementTo(carol, proposal, { time: now() + 500 });
    await take(node, await following(bob, proposal, 50));
    await node.environment.advance(1_001);
    expect((await node.chain.prune({ maxBlocks: 0 })).removed).toBe(0);
    await take(node, [agreement]);
    expect((await node.chain.pair(proposal.id)).state).toBe('agreed');
  });

  it('goes once the time of grace is over', async () => {
    const node = await open();
    const { now } = node.environment;
    const proposal = await blockOf(bob, { peer: carol.publicKey, tx: { deadline: now() + 1_000 } });
    await take(node, [proposal]);
    await node.environment.advance(1_000 + DAY);
    expect((await node.chain.prune({ maxBlocks: 0 })).removed).toBe(0);
    await node.environment.advance(1);
    expect((await node.chain.prune({ maxBlocks: 0 })).removed).toBe(1);
    expect(await codeOfAsync(node.chain.prune({ maxBlocks: 0, graceMs: -1 }))).toBe('ERR_INVALID_ARGUMENT');
    expect(await codeOfAsync(node.chain.prune({ maxBlocks: 0, pendingMs: 0.5 }))).toBe(
      'ERR_INVALID_ARGUMENT',
    );
  });
});
