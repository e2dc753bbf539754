import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StatementSync } from 'node:sqlite';
import { type BlockStore, type HalfBlock, systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { createTrustchain } from '@edmp/trustchain';
import { pruning, startDiskBudget } from '@edmp/trustchain/pruning';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { verifyChain } from '@edmp/trustchain/tools';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { blockOf, chainOf, crypto, START, signerOf } from './support/blocks.ts';

/** By hand: `SOAK_BLOCKS=100000`. */
const SOAK_BLOCKS = Number(process.env.SOAK_BLOCKS ?? 3_000);
const owner = signerOf(1);
const strangers = [signerOf(2), signerOf(3), signerOf(4)];
const BUDGET = 16 << 20;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-disk-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The longest turn of the event loop by what this thread computed in it, ms: a loaded machine makes it no longer. */
function turnClock() {
  let longest = 0;
  let running = false;
  let last = 0;
  const now = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  const turn = (): void => {
    const at = now();
    longest = Math.max(longest, at - last);
    last = at;
    if (running) setImmediate(turn);
  };
  return {
    start(): void {
      running = true;
      last = now();
      setImmediate(turn);
    },
    stop(): void {
      running = false;
    },
    longest: (): number => longest,
  };
}

const openChain = (store: BlockStore) =>
  createTrustchain({ signer: owner, crypto, store, environment: virtualEnvironment(), pruning: pruning() });

describe('a process that is killed while it keeps to its disk budget', { timeout: bounds.journey }, () => {
  it('loses nothing that must stay, before whichever SQL statement, and prunes on', async () => {
    const path = join(folder, 'live.sqlite');
    const store = sqliteBlockStore({ path, crypto });
    const chain = await openChain(store);
    const own: HalfBlock[] = [];
    const kept = new Set<string>();
    for (const [n, stranger] of strangers.entries()) {
      await store.put(await chainOf(stranger, 130, (seq) => ({ tx: seq < 126 ? 'x'.repeat(50_000) : seq })));
      const note = await blockOf(signerOf(20 + n), { type: 'note' });
      await chain.receive(note.bytes);
      own.push(await chain.agree(note.id, undefined, { history: 'none' }));
      kept.add(note.id.toString());
    }
    const copies: string[] = [];
    const { run } = StatementSync.prototype;
    let statements = 0;
    StatementSync.prototype.run = function (...values) {
      statements += 1;
      // Every statement of the checkpoint, and of removals every so many.
      if (copies.length < 6 || statements % 97 === 0) {
        const copy = join(folder, `copy-${copies.length}`);
        mkdirSync(copy);
        for (const end of ['', '-wal']) {
          if (existsSync(path + end)) copyFileSync(path + end, join(copy, `live.sqlite${end}`));
        }
        copies.push(copy);
      }
      return run.apply(this, values as never);
    };
    const disk = startDiskBudget({ chain, store, environment: systemEnvironment(), budget: BUDGET });
    try {
      expect((await disk.check()).within).toBe(true);
    } finally {
      StatementSync.prototype.run = run;
    }
    await disk.stop();
    await chain.stop();
    await store.close();
    expect(copies.length).toBeGreaterThan(8);
    for (const copy of copies) {
      const left = sqliteBlockStore({ path: join(copy, 'live.sqlite'), crypto });
      const again = await openChain(left);
      for (const block of own) expect(await left.has(block.id)).toBe(true);
      for (const { core } of own) {
        if (core.link !== null) expect(await left.has(core.link), copy).toBe(true);
      }
      for (const { publicKey } of strangers) {
        const floor = again.floor?.(publicKey);
        const from = floor?.position ?? 1;
        const report = await verifyChain(left, publicKey, { crypto, now: START + 1_000, from });
        expect(report.sound, copy).toBe(true);
        expect(report.head?.seq, copy).toBe(130);
      }
      await again.prune({ maxBlocks: 20 });
      for (const block of own) expect(await left.has(block.id)).toBe(true);
      await again.stop();
      await left.close();
      rmSync(copy, { recursive: true });
    }
  });
});

describe('a disk that strangers fill', { timeout: Math.max(bounds.journey, SOAK_BLOCKS * 20) }, () => {
  it(`stays within its budget over ${SOAK_BLOCKS} blocks`, async () => {
    const path = join(folder, 'soak.sqlite');
    const store = sqliteBlockStore({ path, crypto });
    const chain = await openChain(store);
    const disk = startDiskBudget({ chain, store, environment: systemEnvironment(), budget: BUDGET });
    const turns = turnClock();
    let largest = 0;
    let removed = 0;
    // Twice the budget at least.
    const size = Math.max(300, Math.ceil((2 * BUDGET) / SOAK_BLOCKS));
    const own = await chain.source({ type: 'test', tx: 'mine' });
    for (let stranger = 0, blocks = 0; blocks < SOAK_BLOCKS; stranger++) {
      const length = 500;
      await store.put(await chainOf(signerOf(10_000 + stranger), length, () => ({ tx: 'x'.repeat(size) })));
      blocks += length;
      turns.start();
      const report = await disk.check();
      turns.stop();
      removed += report.removed;
      expect(report.within).toBe(true);
      largest = Math.max(largest, report.after);
    }
    expect(largest).toBeLessThanOrEqual(BUDGET);
    expect(removed).toBeGreaterThan(SOAK_BLOCKS / 5);
    expect(await store.has(own.id)).toBe(true);
    // By hand: the longest time of this thread, without that of others, that a part of the work took.
    if (process.env.SOAK_BLOCKS !== undefined)
      process.stdout.write(`longest part ${turns.longest().toFixed(1)} ms of this thread\n`);
    await disk.stop();
    await chain.stop();
    await store.close();
  });
});
