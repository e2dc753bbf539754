import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlockStore, bytesToHex, type HalfBlock, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { type PrunableTrustchain, pruning } from '@edmp/trustchain/pruning';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import {
  CHECKPOINT_TYPE,
  checkCheckpoint,
  checkpointDigest,
  decodeCheckpoint,
  readCheckpoints,
  verifyChain,
} from '@edmp/trustchain/tools';
import { afterEach, describe, expect, it } from 'vitest';
import { agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';
import { type Town, town } from './support/town.ts';

const owner = signerOf(1);
const bob = signerOf(2);

const open = (store: BlockStore) =>
  createTrustchain({ signer: owner, crypto, store, environment: virtualEnvironment(), pruning: pruning() });
const seqs = async (store: BlockStore, author = bob.publicKey): Promise<number[]> =>
  (await store.range(author, 1, Number.MAX_SAFE_INTEGER, 1_000)).map((block) => block.core.seq);

for (const [name, create] of [
  ['memory', () => memoryBlockStore()],
  ['sqlite', () => sqliteBlockStore({ path: ':memory:', crypto })],
] as const) {
  describe(`removing blocks from a ${name} store`, () => {
    it('takes them out of every look-up and leaves the rest', async () => {
      const store = create();
      const chain = await chainOf(bob, 6);
      const proposal = itemAt(chain, 2);
      const answer = await agreementTo(owner, await blockOf(bob, { peer: owner.publicKey, tx: 'x' }));
      const fork = await blockOf(bob, { seq: 3, prev: itemAt(chain, 1).id, tx: 'fork' });
      await store.put([...chain, fork, answer]);
      expect(await store.remove?.([proposal.id, itemAt(chain, 0).id, answer.id, proposal.id])).toBe(3);
      expect(await store.has(proposal.id)).toBe(false);
      expect(await store.get(proposal.id)).toBeUndefined();
      expect((await store.at(bob.publicKey, 3)).map((block) => block.id.toString())).toEqual([
        fork.id.toString(),
      ]);
      expect(await seqs(store)).toEqual([2, 3, 4, 5, 6]);
      expect(await store.count()).toBe(5);
      expect(await store.count(bob.publicKey)).toBe(5);
      expect(await store.authors({ limit: 1_000 })).toEqual([bob.publicKey]);
      expect((await store.since(0, 99)).map((arrived) => arrived.arrival)).toEqual([2, 4, 5, 6, 7]);
      expect((await store.byType('test', { limit: 99 })).length).toBe(5);
      expect((await store.byType('test', { author: bob.publicKey, limit: 99 })).length).toBe(5);
      expect(answer.core.link === null ? [] : await store.answers(answer.core.link, { limit: 9 })).toEqual(
        [],
      );
      expect((await store.neighbours(bob.publicKey, 2)).previous).toEqual([]);
      expect(await store.put([proposal])).toBe(1);
      expect((await store.since(7, 9)).map((arrived) => arrived.arrival)).toEqual([9]);
    });
  });
}

describe('pruning', () => {
  it('S155 S156 keeps the number of blocks bounded, the newest first, and signs what went', async () => {
    const store = memoryBlockStore();
    const chain = await open(store);
    const theirs = await chainOf(bob, 20);
    for (const block of theirs) await chain.receive(block.bytes);
    const own = await chain.source({ type: 'test', tx: 1 });
    const report = await chain.prune({ maxBlocks: 11 });
    expect(report).toEqual({ removed: 10, chains: 1, left: 12 });
    expect(await seqs(store)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(await store.has(own.id)).toBe(true);
    const [checkpoint] = await store.byType(CHECKPOINT_TYPE, { limit: 9 });
    const [entry] = decodeCheckpoint((checkpoint as { block: HalfBlock }).block);
    expect(entry?.to).toBe(11);
    expect(entry?.id.equals(itemAt(theirs, 10).id)).toBe(true);
    expect(entry?.digest).toEqual(checkpointDigest(undefined, theirs.slice(0, 10), crypto));
    const full = memoryBlockStore();
    await full.put(theirs);
    expect(entry && (await checkCheckpoint(entry, full, crypto))).toBe(true);
    expect(entry && (await checkCheckpoint({ ...entry, digest: new Uint8Array(32) }, full, crypto))).toBe(
      false,
    );
    expect(entry && (await checkCheckpoint({ ...entry, to: 12 }, full, crypto))).toBe(false);
    const verified = await verifyChain(store, bob.publicKey, { crypto, now: START, from: 11 });
    expect(verified.sound).toBe(true);
  });

  it('chains the digests of several prunings, across a restart', async () => {
    const store = memoryBlockStore();
    const chain = await open(store);
    const theirs = await chainOf(bob, 20);
    for (const block of theirs) await chain.receive(block.bytes);
    await chain.prune({ maxBlocks: 15 });
    await chain.stop();
    const again = await open(store);
    await again.prune({ maxBlocks: 8 });
    const entry = (await readCheckpoints(store, owner.publicKey)).values().next().value;
    expect(entry?.to).toBe(14);
    const first = checkpointDigest(undefined, theirs.slice(0, 5), crypto);
    expect(bytesToHex(entry?.digest ?? new Uint8Array())).toBe(
      bytesToHex(checkpointDigest(first, theirs.slice(5, 13), crypto)),
    );
  });

  it('is there only for a chain that was made with it', async () => {
    const chain = await createTrustchain({
      signer: owner,
      crypto,
      store: memoryBlockStore(),
      environment: virtualEnvironment(),
    });
    expect(await codeOfAsync((chain as PrunableTrustchain).prune({ maxBlocks: 1 }))).toBe(
      'ERR_INVALID_ARGUMENT',
    );
  });

  it('never removes own pairs, pending pairs, proofs, or what the caller keeps', async () => {
    const store = memoryBlockStore();
    const chain = await open(store);
    const [carol, dave, cheat, kept] = [signerOf(3), signerOf(4), signerOf(5), signerOf(6)];
    const withMe = await blockOf(bob, { peer: owner.publicKey });
    const pending = await blockOf(carol, { peer: dave.publicKey });
    const [one, two] = [await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 })];
    const wanted = await chainOf(kept, 3);
    const old = await chainOf(signerOf(7), 4);
    for (const block of [withMe, pending, one, two, ...wanted, ...old]) await chain.receive(block.bytes);
    const mine = await chain.propose({ peer: dave.publicKey, type: 'test', tx: 1 });
    const answer = await agreementTo(dave, mine);
    await chain.receive(answer.bytes);
    const report = await chain.prune({
      maxBlocks: 0,
      keep: (block) => wanted.some((one) => one.id.equals(block.id)),
    });
    expect(report.removed).toBe(6);
    for (const block of [withMe, pending, ...wanted, mine, answer]) {
      expect(await store.has(block.id)).toBe(true);
    }
    for (const block of [one, two, ...old]) expect(await store.has(block.id)).toBe(false);
    expect((await store.proofs(cheat.publicKey)).length).toBe(1);
    expect(await chain.isFraudulent(cheat.publicKey)).toBe(true);
  });

  it('removes pairs that are over, both halves', async () => {
    const store = memoryBlockStore();
    const chain = await open(store);
    const carol = signerOf(3);
    const proposal = await blockOf(bob, { peer: carol.publicKey });
    const agreement = await agreementTo(carol, proposal);
    const more = [...(await chainOf(bob, 1)), ...(await chainOf(carol, 1))];
    await store.put([proposal, agreement]);
    const tops = await Promise.all([
      blockOf(bob, { seq: 2, prev: proposal.id }),
      blockOf(carol, { seq: 2, prev: agreement.id }),
    ]);
    await store.put(tops);
    const report = await chain.prune({ maxBlocks: 2 });
    expect(report.removed).toBe(2);
    expect(await store.has(proposal.id)).toBe(false);
    expect(more.length).toBe(2);
  });

  it('does nothing below the bound, and refuses stores that cannot remove', async () => {
    const chain = await open(memoryBlockStore());
    expect(await chain.prune({ maxBlocks: 5 })).toEqual({ removed: 0, chains: 0, left: 0 });
    expect(await codeOfAsync(chain.prune({ maxBlocks: -1 }))).toBe('ERR_INVALID_ARGUMENT');
    const { remove: _, ...fixed } = memoryBlockStore();
    const other = await open(fixed);
    expect(await codeOfAsync(other.prune({ maxBlocks: 5 }))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('reads nothing into blocks that only look like checkpoints', async () => {
    for (const tx of [
      null,
      5,
      {},
      { chains: 5 },
      { chains: [5] },
      { chains: [[new Uint8Array(32), 0, null, null]] },
    ]) {
      expect(decodeCheckpoint(await blockOf(owner, { type: CHECKPOINT_TYPE, tx: tx as never }))).toEqual([]);
    }
    expect(decodeCheckpoint(await blockOf(owner, { tx: { chains: [] } }))).toEqual([]);
  });

  it('gives out no arrival number twice, also after reopening', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edmp-prune-'));
    const path = join(folder, 'blocks.sqlite');
    const chain = await chainOf(bob, 3);
    const store = sqliteBlockStore({ path });
    await store.put(chain);
    await store.remove?.([itemAt(chain, 2).id]);
    await store.close();
    const again = sqliteBlockStore({ path });
    await again.put([itemAt(chain, 2)]);
    expect((await again.since(0, 9)).map((arrived) => arrived.arrival)).toEqual([1, 2, 4]);
    await again.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('pruned nodes on the network', () => {
  let current: Town | undefined;
  afterEach(async () => {
    await current?.stop();
    current = undefined;
  });

  it('do not fetch again what they pruned', async () => {
    current = await town({ size: 2 });
    const [a, b] = [current.at(0), current.at(1)];
    const theirs = await chainOf(bob, 30);
    await b.store.put(theirs);
    expect(await current.run(a.chain.sync(b.chain.self, bob.publicKey))).toBe(30);
    const prune = a.chain as PrunableTrustchain;
    await current.run(prune.prune({ maxBlocks: 10 }));
    const left = await a.store.count(bob.publicKey);
    expect(left).toBeLessThan(12);
    expect(await current.run(a.chain.sync(b.chain.self, bob.publicKey))).toBe(0);
    expect(await a.store.count(bob.publicKey)).toBe(left);
  });

  it('do not fetch again what an earlier run pruned, though this one cannot prune', async () => {
    current = await town({ size: 1 });
    const { environment, networks } = current;
    const signer = signerOf(9);
    const store = memoryBlockStore();
    const theirs = await chainOf(bob, 30);
    const earlier = await createTrustchain({ signer, crypto, store, environment, pruning: pruning() });
    for (const block of theirs) await earlier.receive(block.bytes);
    await earlier.prune({ maxBlocks: 10 });
    await earlier.stop();
    const left = await store.count(bob.publicKey);
    const peer = current.at(0);
    await peer.store.put(theirs);
    const network = networks.create({ self: signer.publicKey });
    await current.run(network.start());
    const again = await current.run(createTrustchain({ signer, crypto, store, network, environment }));
    networks.link(signer.publicKey, peer.chain.self);
    expect(await current.run(again.sync(peer.chain.self, bob.publicKey))).toBe(0);
    expect(await store.count(bob.publicKey)).toBe(left);
    await current.run(again.stop());
  });
});
