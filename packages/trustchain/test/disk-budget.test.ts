import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type BlockStore, type HalfBlock, systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { type DiskBudgetOptions, pruning, startDiskBudget } from '@edmp/trustchain/pruning';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { verifyChain } from '@edmp/trustchain/tools';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const owner = signerOf(1);
const [bob, carol, dave] = [signerOf(2), signerOf(3), signerOf(4)];
const DAY = 86_400_000;
const BUDGET = 16 << 20;
const FILLING = 'x'.repeat(50_000);

let folder: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-disk-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});
const file = (): string => join(folder, 'chain.sqlite');

const openChain = async (store: BlockStore) => {
  const chain = await createTrustchain({
    signer: owner,
    crypto,
    store,
    environment: virtualEnvironment(),
    pruning: pruning(),
  });
  closing.push(() => chain.stop());
  return chain;
};
/** A store in a file with a chain and a budget over it. */
const open = async (more: Partial<DiskBudgetOptions> = {}) => {
  const store = sqliteBlockStore({ path: file(), crypto });
  closing.push(() => store.close());
  const chain = await openChain(store);
  const disk = startDiskBudget({ chain, store, environment: systemEnvironment(), budget: BUDGET, ...more });
  closing.push(() => disk.stop());
  return { store, chain, disk };
};
const seqs = async (store: BlockStore, author = bob.publicKey): Promise<number[]> =>
  (await store.range(author, 1, Number.MAX_SAFE_INTEGER, 10_000)).map(({ core }) => core.seq);
const long = (signer = bob, length = 450): Promise<readonly HalfBlock[]> =>
  chainOf(signer, length, () => ({ tx: FILLING }));

describe('a disk budget', () => {
  it('removes the oldest blocks of others and gives the room back to the file system', async () => {
    const { store, chain, disk } = await open();
    await store.put(await long());
    const own = await chain.source({ type: 'test', tx: 1 });
    const report = await disk.check();
    expect(report).toMatchObject({ severity: 'spare', within: true, chains: 1, budget: BUDGET });
    expect(report.before).toBeGreaterThan(BUDGET);
    expect(report.after).toBeLessThanOrEqual(BUDGET);
    expect(statSync(file()).size).toBeLessThanOrEqual(BUDGET);
    expect(await store.has(own.id)).toBe(true);
    const left = await seqs(store);
    expect(left.at(-1)).toBe(450);
    expect(left[0]).toBe(451 - left.length);
    expect(chain.floor?.(bob.publicKey)?.position).toBe(left[0]);
    expect(
      (await verifyChain(store, bob.publicKey, { crypto, now: START, from: itemAt(left, 0) })).sound,
    ).toBe(true);
    expect((await disk.usage()).last).toEqual(report);
    expect((await disk.check()).removed).toBe(0);
  });

  it('says what would go without removing or signing anything', async () => {
    const { store, disk } = await open();
    await store.put(await long());
    const count = await store.count();
    const dry = await disk.check({ dryRun: true });
    expect(await store.count()).toBe(count);
    expect(dry.after).toBeGreaterThan(BUDGET);
    expect((await disk.usage()).last).toBeNull();
    const done = await disk.check();
    expect(done.removed).toBe(dry.removed);
    expect(done.left).toBe(dry.left + 1);
  });

  it('takes whole chains of strangers when what anybody needs is too much, and never what this node needs', async () => {
    const needed = new Set<string>();
    const { store, chain, disk } = await open({
      keep: (block, severity) => severity === 'spare' || needed.has(block.id.toString()),
    });
    const [theirs, others] = [await long(bob, 230), await long(carol, 230)];
    needed.add(itemAt(others, 150).id.toString());
    await store.put([...others, ...theirs]);
    const report = await disk.check();
    expect(report).toMatchObject({ severity: 'strict', removed: 230, chains: 1 });
    expect(await seqs(store)).toEqual([]);
    expect((await seqs(store, carol.publicKey)).length).toBe(230);
    // It is as unknown as before: nothing keeps it from being learned again.
    expect(chain.floor?.(bob.publicKey)).toBeUndefined();
    const again = await chain.receive(itemAt(theirs, 0).bytes);
    expect(again).toMatchObject({ added: true, level: 'partial-next' });
  });

  it('tells when it cannot keep to the budget', async () => {
    const reports: boolean[] = [];
    const { store, disk } = await open({ keep: () => true, onReport: ({ within }) => reports.push(within) });
    await store.put(await long(bob, 400));
    expect(await disk.check()).toMatchObject({ removed: 0, within: false });
    expect(reports).toEqual([false]);
    expect(await store.count()).toBe(400);
  });

  it('looks by itself, and stops when it is told to', async () => {
    const environment = virtualEnvironment();
    const store = sqliteBlockStore({ path: file(), crypto });
    closing.push(() => store.close());
    const chain = await openChain(store);
    await store.put(await long(bob, 400));
    const reports: number[] = [];
    const disk = startDiskBudget({
      chain,
      store,
      environment,
      budget: BUDGET,
      onReport: ({ removed }) => reports.push(removed),
    });
    for (let n = 0; n < 400 && reports.length === 0; n++) {
      await environment.advance(1_000);
      await new Promise(setImmediate);
    }
    expect(reports.length).toBe(1);
    await disk.stop();
    await disk.stop();
    expect(await codeOfAsync(disk.check())).toBe('ERR_ABORTED');
  });

  it('lets other work have its turn while it prunes', async () => {
    const { store, disk } = await open();
    await store.put(await long());
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const { removed } = await disk.check();
    running = false;
    // A page of arrivals, a part of a removal: never more than some hundred blocks without a turn.
    expect(turns).toBeGreaterThan(removed / 128);
  });

  it('lets a file of an older version shrink, once it was written again', async () => {
    const plain = new DatabaseSync(file());
    plain.exec('PRAGMA auto_vacuum = NONE; PRAGMA application_id = 1162104144; CREATE TABLE filler (x)');
    plain.close();
    const store = sqliteBlockStore({ path: file(), crypto, shrinkable: true });
    closing.push(() => store.close());
    const blocks = await long(bob, 200);
    await store.put(blocks);
    const before = await store.size?.();
    await store.remove?.(blocks.map(({ id }) => id));
    expect((await store.size?.())?.free).toBeGreaterThan(200 * 50_000);
    for (let n = 0; n < 100 && ((await store.shrink?.()) ?? 0) > 0; n++);
    const after = await store.size?.();
    expect(after?.free).toBe(0);
    expect((before?.bytes ?? 0) - (after?.bytes ?? 0)).toBeGreaterThan(9_000_000);
  });

  it('wants a store that has a size, and a budget that an empty one fits', async () => {
    const { chain, store } = await open();
    const environment = virtualEnvironment();
    expect(() => startDiskBudget({ chain, store, environment, budget: 1_000 })).toThrow(/disk budget/);
    const memory = memoryBlockStore();
    const disk = startDiskBudget({ chain, store: memory, environment });
    expect(await codeOfAsync(disk.check())).toBe('ERR_INVALID_ARGUMENT');
    await disk.stop();
  });
});

describe('pruning under attack', () => {
  const strict = { maxBlocks: 0, whole: true, pendingMs: 0, graceMs: 0 } as const;

  it('keeps source blocks that this node answered, and proposals to it that it answered', async () => {
    const store = memoryBlockStore();
    const chain = await openChain(store);
    const source = await blockOf(bob, { type: 'note' });
    const proposal = await blockOf(carol, { peer: owner.publicKey, type: 'note' });
    for (const block of [source, proposal]) {
      await chain.receive(block.bytes);
      await chain.agree(block.id, undefined, { history: 'none' });
    }
    for (const options of [{ maxBlocks: 0, pendingMs: 0, graceMs: 0 }, strict]) {
      await chain.prune(options);
      expect(await store.has(source.id)).toBe(true);
      expect(await store.has(proposal.id)).toBe(true);
    }
  });

  it('lets proposals to this node go that it never answered, so that nobody can fill its disk with them', async () => {
    const store = memoryBlockStore();
    const chain = await openChain(store);
    const propose = (time: number, seed: number) => blockOf(signerOf(seed), { peer: owner.publicKey, time });
    const old = await Promise.all(Array.from({ length: 20 }, (_, n) => propose(START - 31 * DAY, 1_000 + n)));
    const young = await propose(START, 999);
    for (const block of [...old, young]) await chain.receive(block.bytes);
    expect((await chain.prune({ maxBlocks: 0 })).removed).toBe(20);
    expect(await store.has(young.id)).toBe(true);
  });

  it('keeps an answered block although the answer came while it was being pruned', async () => {
    const store = memoryBlockStore();
    const chain = await openChain(store);
    const source = await blockOf(bob, { type: 'note' });
    await chain.receive(source.bytes);
    let answered = false;
    await chain.prune({
      ...strict,
      pause: async () => {
        if (answered) return;
        answered = true;
        await chain.agree(source.id, undefined, { history: 'none' });
      },
    });
    expect(answered).toBe(true);
    expect(await store.has(source.id)).toBe(true);
  });

  it('proves a fork at the place where it cut, and below as soon as the removed block is shown again', async () => {
    const store = memoryBlockStore();
    const chain = await openChain(store);
    const theirs = await chainOf(bob, 20);
    for (const block of theirs) await chain.receive(block.bytes);
    await chain.prune({ maxBlocks: 10 });
    const floor = chain.floor?.(bob.publicKey);
    expect(floor?.position).toBe(11);
    const rival = await blockOf(bob, { seq: 5, prev: itemAt(theirs, 3).id, tx: 'fork' });
    await chain.receive(rival.bytes);
    expect(await chain.isFraudulent(bob.publicKey)).toBe(false);
    // Somebody who still has it: a peer of the gossip, a witness, the victim.
    await chain.receive(itemAt(theirs, 4).bytes);
    expect(await chain.isFraudulent(bob.publicKey)).toBe(true);
    expect((await store.proofs(bob.publicKey)).length).toBe(1);
    await chain.prune(strict);
    expect(await chain.isFraudulent(bob.publicKey)).toBe(true);
  });

  it('gives the same verdicts after any pruning, once the same blocks are shown again', async () => {
    const theirs = await chainOf(bob, 40);
    const deal = await blockOf(bob, { seq: 41, prev: itemAt(theirs, 39).id, peer: dave.publicKey });
    const answer = await agreementTo(dave, deal);
    const shown = [...theirs, deal, answer];
    const verdicts = async (options: (typeof strict | { maxBlocks: number })[]) => {
      const store = memoryBlockStore();
      const chain = await openChain(store);
      for (const block of shown) await chain.receive(block.bytes);
      for (const each of options) await chain.prune(each);
      const results: unknown[] = [];
      for (const block of shown) {
        await chain.receive(block.bytes);
      }
      for (const block of shown) results.push((await chain.receive(block.bytes)).level);
      const { sound, broken, gaps } = await verifyChain(store, bob.publicKey, { crypto, now: START });
      return { results, sound, broken, gaps, pair: (await chain.pair(deal.id)).state };
    };
    const plain = await verdicts([]);
    for (const options of [
      [strict],
      [{ maxBlocks: 30 }],
      [{ maxBlocks: 5 }, strict],
      [{ maxBlocks: 20 }, { maxBlocks: 3 }],
    ])
      expect(await verdicts(options)).toEqual(plain);
  });
});
