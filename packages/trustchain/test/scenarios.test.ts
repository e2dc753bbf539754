/** Scenarios of earlier implementations' suites that no other test file covers; ids as in docs/trustchain-scenarios.md. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BlockStore } from '@edmp/interface';
import { MAX_DEPTH } from '@edmp/interface/format';
import { memoryBlockStore } from '@edmp/trustchain';
import { isBlockType, MAX_BLOCK_BYTES, MAX_CORE_BYTES, MAX_TYPE_BYTES } from '@edmp/trustchain/block';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import {
  BLOCK_VERSION,
  CHECKPOINT_TYPE,
  encodeCheckpoint,
  MAX_CLOCK_AHEAD_MS,
  readCheckpoints,
  verifyChain,
} from '@edmp/trustchain/tools';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { after, agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOf, codeOfAsync } from './support/errors.ts';
import { type Town, town } from './support/town.ts';

const [alice, bob, carol] = [signerOf(1), signerOf(2), signerOf(3)];

describe('blocks', () => {
  it('S007 has every field exactly once', async () => {
    const block = await blockOf(alice);
    expect(Object.keys(block.core).sort()).toEqual([
      'key',
      'link',
      'peer',
      'prev',
      'seq',
      'time',
      'tx',
      'type',
      'v',
    ]);
    expect(Object.keys(block).sort()).toEqual(['bytes', 'core', 'coreBytes', 'id', 'signature']);
  });

  it('S019 has the constants of the format', () => {
    expect([
      BLOCK_VERSION,
      MAX_CORE_BYTES,
      MAX_BLOCK_BYTES,
      MAX_DEPTH,
      MAX_TYPE_BYTES,
      MAX_CLOCK_AHEAD_MS,
    ]).toEqual([1, 65_536, 65_603, 32, 64, 300_000]);
    expect([
      isBlockType('a/b_c.d-1'),
      isBlockType(''),
      isBlockType('a b'),
      isBlockType('x'.repeat(65)),
    ]).toEqual([true, false, false, false]);
  });
});

describe('a chain on a network', () => {
  let current: Town;
  beforeEach(async () => {
    current = await town({ size: 3 });
  });
  afterEach(() => current.stop());

  it('S101 stores a block to oneself and lets peers fetch it', async () => {
    const { at, run } = current;
    const self = at(0).chain.self;
    const block = await run(at(0).chain.propose({ peer: self, type: 'test', tx: 1 }));
    await run(at(1).chain.sync(at(0).chain.self, self));
    expect(await at(1).chain.pair(block.id)).toMatchObject({ state: 'agreed' });
  });

  it('S102 answers a source block, and both nodes hold both blocks', async () => {
    const { at, run, pass } = current;
    const source = await run(at(0).chain.source({ type: 'test', tx: 1 }));
    await run(at(0).chain.push(at(1).chain.self, [source]));
    const answer = await run(at(1).chain.agree(source.id));
    await pass();
    for (const node of [0, 1]) {
      expect(await at(node).store.has(source.id)).toBe(true);
      expect(await at(node).store.has(answer.id)).toBe(true);
    }
  });

  it('S104 reports a proposal to its counterparty', async () => {
    const { at, run, pass } = current;
    const proposal = await run(at(0).chain.propose({ peer: at(1).chain.self, type: 'test', tx: 1 }));
    await pass();
    const told = at(1).events.filter((event) => event.type === 'block' && event.block.id.equals(proposal.id));
    expect(told.length).toBe(1);
  });

  it('S113 refuses a proposal to a malformed key', async () => {
    const { at, run } = current;
    const peer = new Uint8Array(31) as typeof alice.publicKey;
    expect(await codeOfAsync(run(at(0).chain.propose({ peer, type: 'test', tx: 1 })))).toBe('ERR_BLOCK_KEY');
  });

  it('S117 leaves three sound chains after many deals', async () => {
    const { at, run, pass, nodes } = current;
    for (const { chain } of nodes) {
      chain.on((event) => {
        const { peer, link } = event.type === 'block' ? event.block.core : { peer: null, link: null };
        if (event.type !== 'block' || event.own || link !== null || peer === null) return;
        if (Buffer.from(peer).equals(chain.self)) void chain.agree(event.block.id);
      });
    }
    for (let n = 0; n < 30; n++) {
      await run(at(n % 3).chain.propose({ peer: at((n + 1 + (n % 2)) % 3).chain.self, type: 'test', tx: n }));
      await pass(20);
    }
    await pass();
    for (const { chain, store } of nodes) {
      const report = await verifyChain(store, chain.self, { crypto, now: START + 1e6 });
      expect(report).toMatchObject({ sound: true, blocks: 20 });
    }
  });
});

for (const [name, create] of [
  ['memory', () => memoryBlockStore()],
  ['sqlite', () => sqliteBlockStore({ path: ':memory:', crypto })],
] as const) {
  describe(`a ${name} store`, () => {
    let store: BlockStore;
    beforeEach(() => {
      store = create();
    });
    afterEach(() => store.close());

    it('S147 S149 S152 looks up exactly the rows named', async () => {
      const chain = await chainOf(alice, 3, (seq) => ({ type: seq === 2 ? 'other' : 'test' }));
      const [one, two, three] = chain.map((block) => block.id.toString());
      const theirs = await blockOf(bob);
      await store.put([...chain, theirs]);
      expect((await store.get(itemAt(chain, 0).id))?.id.toString()).toBe(one);
      expect(await store.has(itemAt(chain, 2).id)).toBe(true);
      expect((await store.head(alice.publicKey))?.id.toString()).toBe(three);
      const other = await store.byType('other', { author: alice.publicKey, limit: 9 });
      expect(other.map(({ block }) => block.id.toString())).toEqual([two]);
      expect((await store.byType('test', { limit: 9 })).length).toBe(3);
      expect((await store.since(2, 9)).map(({ block }) => block.id.toString())).toEqual([
        three,
        theirs.id.toString(),
      ]);
      expect((await store.authors({ limit: 1_000 })).length).toBe(2);
      expect([
        await store.count(),
        await store.count(alice.publicKey),
        await store.count(carol.publicKey),
      ]).toEqual([4, 3, 0]);
    });

    it('S150 finds the other halves', async () => {
      const proposal = await blockOf(alice, { peer: bob.publicKey });
      const source = await after(alice, proposal);
      const [one, two] = [await agreementTo(bob, source), await agreementTo(carol, source)];
      const agreement = await agreementTo(bob, proposal, { seq: 2, prev: one.id });
      await store.put([proposal, source, one, two, agreement]);
      expect((await store.answers(proposal.id, { limit: 9 })).length).toBe(1);
      expect((await store.answers(source.id, { limit: 9 })).length).toBe(2);
      expect((await store.answers(agreement.id, { limit: 9 })).length).toBe(0);
    });

    it('S164 keeps checkpoints and finds the newest', async () => {
      const entry = (to: number) => ({
        author: bob.publicKey,
        to,
        id: itemAt(chain, 0).id,
        digest: new Uint8Array(32).fill(to),
      });
      const chain = await chainOf(bob, 1);
      const own = await chainOf(alice, 3, (seq) => ({
        type: CHECKPOINT_TYPE,
        tx: encodeCheckpoint([entry(seq)]),
      }));
      await store.put([
        ...own,
        await blockOf(carol, { type: CHECKPOINT_TYPE, tx: encodeCheckpoint([entry(9)]) }),
      ]);
      const found = [...(await readCheckpoints(store, alice.publicKey)).values()];
      expect(found.map(({ to }) => to)).toEqual([3]);
    });
  });
}

describe('SQLite files', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edmp-sqlite-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('S161 keep everything across a reopening', async () => {
    const path = join(folder, 'a.sqlite');
    const chain = await chainOf(alice, 5);
    const store = sqliteBlockStore({ path });
    await store.put(chain);
    await store.close();
    await store.close();
    expect(await codeOfAsync(store.count())).toBe('ERR_STORE_CLOSED');
    const again = sqliteBlockStore({ path });
    expect(await again.range(alice.publicKey, 1, 9, 9)).toEqual(chain);
    await again.close();
  });

  it('S158 of the first schema version are brought up to date, with their rows', async () => {
    const path = join(folder, 'old.sqlite');
    const chain = await chainOf(alice, 3);
    const answers = await Promise.all(
      chain.map(({ id }, n) => blockOf(bob, { seq: n + 2, prev: id, peer: alice.publicKey, link: id })),
    );
    const store = sqliteBlockStore({ path });
    await store.put([...chain, ...answers]);
    await store.close();
    const raw = new DatabaseSync(path);
    raw.exec(`
      DROP TABLE counters; DROP TABLE secrets; DROP INDEX blocks_link_author;
      UPDATE blocks SET link = 7 WHERE link IS NOT NULL;
      UPDATE edmp_schema SET version = 1 WHERE part = 'blocks'`);
    raw.close();
    const again = sqliteBlockStore({ path });
    expect(await again.count()).toBe(6);
    for (const [n, { id }] of chain.entries()) {
      const found = await again.answers(id, { author: bob.publicKey, limit: 9 });
      expect(found.map(({ block }) => block)).toEqual([answers[n]]);
    }
    expect(await again.remove?.([itemAt(chain, 0).id])).toBe(1);
    await again.close();
  });

  it('of a newer version, or of another program, are refused and left alone', async () => {
    const path = join(folder, 'new.sqlite');
    await sqliteBlockStore({ path }).close();
    const raw = new DatabaseSync(path);
    raw.exec("UPDATE edmp_schema SET version = 99 WHERE part = 'blocks'");
    raw.close();
    expect(codeOf(() => sqliteBlockStore({ path }))).toBe('ERR_STORE_SCHEMA');
    const foreign = join(folder, 'foreign.sqlite');
    const other = new DatabaseSync(foreign);
    other.exec('CREATE TABLE theirs (x)');
    other.close();
    expect(codeOf(() => sqliteBlockStore({ path: foreign }))).toBe('ERR_STORE_SCHEMA');
    expect(codeOf(() => sqliteKeyValueStore({ path: foreign }))).toBe('ERR_STORE_SCHEMA');
    expect(codeOf(() => sqliteBlockStore({ path: join(folder, 'no', 'such', 'folder') }))).toBe(
      'ERR_STORE_IO',
    );
    expect(codeOf(() => sqliteBlockStore({ path: '' }))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('hold blocks and a key-value store together', async () => {
    const path = join(folder, 'both.sqlite');
    const [blocks, pairs] = [sqliteBlockStore({ path }), sqliteKeyValueStore({ path })];
    await Promise.all([
      blocks.put(await chainOf(alice, 3), { durable: true }),
      pairs.set('a', Uint8Array.of(1)),
    ]);
    expect(await blocks.count()).toBe(3);
    expect(await pairs.get('a')).toEqual(Uint8Array.of(1));
    await blocks.close();
    await pairs.close();
    expect(await codeOfAsync(pairs.get('a'))).toBe('ERR_STORE_CLOSED');
  });

  it('with a damaged row say so', async () => {
    const path = join(folder, 'damaged.sqlite');
    const chain = await chainOf(alice, 2);
    const store = sqliteBlockStore({ path });
    await store.put(chain);
    await store.close();
    const raw = new DatabaseSync(path);
    raw.exec("UPDATE blocks SET bytes = x'00' WHERE seq = 2");
    raw.close();
    const again = sqliteBlockStore({ path });
    expect(await codeOfAsync(again.head(alice.publicKey))).toBe('ERR_STORE_CORRUPT');
    expect((await again.at(alice.publicKey, 1)).length).toBe(1);
    await again.close();
  });
});
