import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { type BlockStore, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { blockOf, chainOf, crypto, strangeId } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';
import { OWNER, openOwner, workload } from './support/workload.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * What must hold after any crash: the chain is whole, holds everything that was released, and goes on without a
 * second block at any position. Returns the number of own blocks found.
 */
async function expectSound(store: BlockStore, released: ReadonlyMap<number, string>): Promise<number> {
  const found = await store.count(OWNER.publicKey);
  const chain = await openOwner(store);
  const next = await chain.source({ type: 'test', tx: 'after the crash' });
  const own = await store.range(OWNER.publicKey, 1, Number.MAX_SAFE_INTEGER, 1_000);
  expect(own.map((block) => block.core.seq)).toEqual(own.map((_, index) => index + 1));
  expect(next.core.seq).toBe(own.length);
  const ids = new Map(own.map((block) => [block.core.seq, block.id.toString()]));
  for (const [seq, id] of released) expect(ids.get(seq), `released at ${seq}`).toBe(id);
  expect(await chain.isFraudulent(OWNER.publicKey)).toBe(false);
  const cheats = await store.authors({ limit: 1_000 });
  for (const author of cheats) {
    if ((await store.at(author, 1)).length > 1)
      expect(await chain.isFraudulent(author), 'a stored fork is proven').toBe(true);
  }
  await chain.stop();
  await store.close();
  return found;
}

describe('a crash', () => {
  it('before any SQL statement leaves a sound chain that never signs a position twice', async () => {
    const path = join(folder, 'live.sqlite');
    const snapshots: { readonly folder: string; readonly released: ReadonlyMap<number, string> }[] = [];
    const released = new Map<number, string>();
    // What a killed process leaves is what it had handed to the operating system: the file and its log.
    const snapshot = (): void => {
      const target = join(folder, `crash-${snapshots.length}`);
      mkdirSync(target);
      for (const suffix of ['', '-wal']) {
        if (existsSync(path + suffix)) copyFileSync(path + suffix, join(target, `live.sqlite${suffix}`));
      }
      snapshots.push({ folder: target, released: new Map(released) });
    };
    const { run } = StatementSync.prototype;
    const { exec } = DatabaseSync.prototype;
    try {
      StatementSync.prototype.run = function (...values) {
        snapshot();
        return run.apply(this, values as never);
      };
      DatabaseSync.prototype.exec = function (sql) {
        snapshot();
        return exec.call(this, sql);
      };
      await workload(sqliteBlockStore({ path }), (id, seq) => released.set(seq, id));
    } finally {
      StatementSync.prototype.run = run;
      DatabaseSync.prototype.exec = exec;
    }
    expect(released.size).toBe(8);
    const found = new Set<number>();
    for (const crashed of snapshots) {
      const store = sqliteBlockStore({ path: join(crashed.folder, 'live.sqlite') });
      found.add(await expectSound(store, crashed.released));
    }
    console.log(`crash points: ${snapshots.length}, chains found of lengths ${[...found].join(', ')}`);
    expect(snapshots.length).toBeGreaterThan(60);
    expect([...found].sort((a, b) => a - b)).toEqual(expect.arrayContaining([0, 1, 2, 5, 6, 7]));
  });

  it('of the real process leaves the same', async () => {
    const child = fileURLToPath(new URL('./support/crash-child.ts', import.meta.url));
    let killed = 0;
    for (const statement of [12, 25, 40, 60, 80, 10_000]) {
      const path = join(folder, `killed-${statement}.sqlite`);
      const log = `${path}.log`;
      const { signal, status, stderr } = spawnSync(
        process.execPath,
        ['--conditions=edmp-source', child, path, log, String(statement)],
        { timeout: bounds.start, encoding: 'utf8' },
      );
      expect(status === 0 || signal === 'SIGKILL', stderr).toBe(true);
      if (signal === 'SIGKILL') killed += 1;
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) : [];
      const released = new Map(lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1] ?? '']));
      await expectSound(sqliteBlockStore({ path }), released);
    }
    expect(killed).toBeGreaterThanOrEqual(4);
  });
});

describe('a store that fails', () => {
  it('at any write leaves a chain that finishes what it had reserved', async () => {
    for (let failing = 1; failing < 40; failing++) {
      const inner = memoryBlockStore();
      let left = failing;
      const attempt = <T>(work: () => Promise<T>): Promise<T> => {
        left -= 1;
        return left === 0 ? Promise.reject(new Error('the disk is gone')) : work();
      };
      const store: BlockStore = {
        ...inner,
        put: (blocks, options) => attempt(() => inner.put(blocks, options)),
        reserve: (author, reservation) => attempt(() => inner.reserve(author, reservation)),
        putProof: (author, id, proof) => attempt(() => inner.putProof(author, id, proof)),
        close: async () => {},
      };
      const released = new Map<number, string>();
      await workload(store, (id, seq) => released.set(seq, id)).catch((error: Error) => {
        expect(error.message).toMatch(/disk is gone|reserved|stored here/);
      });
      const survived = left > 0;
      left = 0;
      await expectSound(store, released);
      if (survived) return;
    }
    expect.fail('the workload writes more often than this test fails');
  });

  it('signs the reserved core after a restart, not another', async () => {
    const store = memoryBlockStore();
    let dead = false;
    const chain = await openOwner({
      ...store,
      put: (blocks, options) => (dead ? Promise.reject(new Error('power cut')) : store.put(blocks, options)),
    });
    dead = true;
    await expect(chain.source({ type: 'test', tx: 'reserved' })).rejects.toThrow('power cut');
    const [reservation] = await store.unfinished(OWNER.publicKey);
    const again = await openOwner(store);
    expect((await again.source({ type: 'test', tx: 'next' })).core.seq).toBe(2);
    const [first] = await store.at(OWNER.publicKey, 1);
    expect(first?.id.equals(reservation?.id)).toBe(true);
    expect(first?.core.tx).toBe('reserved');
  });

  it('a signer that fails is asked again for the same core', async () => {
    const store = memoryBlockStore();
    let fail = true;
    const chain = await createTrustchain({
      signer: {
        publicKey: OWNER.publicKey,
        sign: (message) => (fail ? Promise.reject(new Error('unplugged')) : OWNER.sign(message)),
      },
      crypto,
      store,
      environment: virtualEnvironment(),
    });
    expect(await codeOfAsync(chain.source({ type: 'test', tx: 1 }))).toBe('ERR_CHAIN_SIGNER');
    fail = false;
    const next = await chain.source({ type: 'test', tx: 2 });
    expect(next.core.seq).toBe(2);
    expect((await store.at(OWNER.publicKey, 1))[0]?.core.tx).toBe(1);
  });

  it('a signer that fails inside a batch costs the blocks after it only time', async () => {
    const store = memoryBlockStore();
    let calls = 0;
    const chain = await createTrustchain({
      signer: {
        publicKey: OWNER.publicKey,
        sign: (message) => (++calls === 2 ? Promise.reject(new Error('unplugged')) : OWNER.sign(message)),
      },
      crypto,
      store,
      environment: virtualEnvironment(),
    });
    const codes = await Promise.all([1, 2, 3].map((tx) => codeOfAsync(chain.source({ type: 'test', tx }))));
    expect(codes).toEqual(['no error', 'ERR_CHAIN_SIGNER', 'ERR_CHAIN_SIGNER']);
    expect((await chain.source({ type: 'test', tx: 4 })).core.seq).toBe(4);
    const own = await store.range(OWNER.publicKey, 1, 9, 9);
    expect(own.map((block) => block.core.tx)).toEqual([1, 2, 3, 4]);
  });

  it('a reservation that does not follow the stored head stops the chain', async () => {
    const store = memoryBlockStore();
    await (await openOwner(store)).source({ type: 'test', tx: 1 });
    const next = await blockOf(OWNER, { seq: 2, prev: strangeId(1) });
    await store.reserve(OWNER.publicKey, { seq: 2, prev: strangeId(1), id: next.id, core: next.coreBytes });
    const chain = await openOwner(store);
    expect(await codeOfAsync(chain.source({ type: 'test', tx: 2 }))).toBe('ERR_CHAIN_REGRESSED');
  });

  it('a reservation overtaken by own blocks from a peer is given up: it was never signed', async () => {
    const store = memoryBlockStore();
    const lost = await chainOf(OWNER, 3);
    const other = await blockOf(OWNER, { tx: 'reserved after the backup was restored' });
    await store.reserve(OWNER.publicKey, { seq: 1, prev: null, id: other.id, core: other.coreBytes });
    const chain = await openOwner(store);
    for (const block of lost) await chain.receive(block.bytes);
    expect((await chain.source({ type: 'test', tx: 4 })).core.seq).toBe(4);
    expect(await chain.isFraudulent(OWNER.publicKey)).toBe(false);
  });
});
