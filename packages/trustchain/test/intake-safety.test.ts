import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type BlockStore,
  type HalfBlock,
  type TrustchainEvent,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { createTrustchain, memoryBlockStore, type TrustchainLimits } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { MAX_BRANCHES } from '@edmp/trustchain/tools';
import { afterEach, describe, expect, it } from 'vitest';
import { after, agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const x = signerOf(1);
const y = signerOf(2);
const z = signerOf(3);

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A chain of its own, without a network. */
async function alone(
  store: BlockStore = memoryBlockStore(),
  environment: VirtualEnvironment = virtualEnvironment(),
  limits: TrustchainLimits = {},
) {
  const signer = signerOf(99);
  const chain = await createTrustchain({ signer, crypto, store, environment, limits });
  const events: TrustchainEvent[] = [];
  chain.on((event) => events.push(event));
  closers.push(() => chain.stop());
  return { chain, store, events, signer };
}

const forgedCopy = (block: HalfBlock): Uint8Array => {
  const bytes = block.bytes.slice();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes;
};

describe('a forged copy of a block', () => {
  it('that comes first does not keep the honest one out', async () => {
    const { chain, store } = await alone();
    const block = await blockOf(x, { tx: 1 });
    const [forged, honest] = await Promise.allSettled([
      chain.receive(forgedCopy(block)),
      chain.receive(block.bytes),
    ]);
    expect(forged.status).toBe('rejected');
    expect(honest).toMatchObject({ status: 'fulfilled', value: { added: true } });
    expect(await store.has(block.id)).toBe(true);
  });

  it('in any mixture of copies and batches leaves exactly one stored block', async () => {
    for (const between of [0, 1, 255, 256, 300]) {
      const { chain, store } = await alone();
      const block = await blockOf(x, { tx: 1 });
      const others = (await chainOf(y, between)).map((other) => chain.receive(other.bytes));
      const copies = [
        chain.receive(forgedCopy(block)),
        ...others,
        chain.receive(block.bytes),
        chain.receive(forgedCopy(block)),
        chain.receive(block.bytes),
        chain.receive(block.bytes),
      ];
      const results = await Promise.allSettled(copies);
      const added = results.filter(
        (result) =>
          result.status === 'fulfilled' && result.value.added && result.value.block.id.equals(block.id),
      );
      expect(added.length, `with ${between} blocks between`).toBe(1);
      expect(results.filter(({ status }) => status === 'rejected').length).toBe(2);
      expect(await store.count(x.publicKey)).toBe(1);
    }
  });
});

describe('damage on disk', () => {
  it('never condemns an honest author', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edmp-flip-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, author] of [
      ['a stranger', x],
      ['the own key', signerOf(99)],
    ] as const) {
      const path = join(folder, `${name}.sqlite`);
      const blocks = await chainOf(author, 6, (n) => ({ tx: { text: `text ${n}` } }));
      const before = sqliteBlockStore({ path });
      await before.put(blocks.slice(0, 5), { durable: true });
      await before.close();
      const raw = new DatabaseSync(path);
      const row = raw.prepare('SELECT arrival, bytes FROM blocks WHERE seq = 5').get();
      const bytes = Buffer.from(row?.bytes as Uint8Array);
      const at = bytes.indexOf('text 5') + 5;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      raw.prepare('UPDATE blocks SET bytes = ? WHERE arrival = ?').run(bytes, Number(row?.arrival));
      raw.close();
      const store = sqliteBlockStore({ path });
      const { chain, events } = await alone(store);
      await chain.receive(itemAt(blocks, 5).bytes);
      await chain.receive(itemAt(blocks, 4).bytes);
      expect(await chain.isFraudulent(author.publicKey), name).toBe(false);
      expect(await store.proofs(author.publicKey)).toEqual([]);
      expect(events.filter(({ type }) => type === 'fraud')).toEqual([]);
      await chain.stop();
      await store.close();
    }
  });

  it('of a proof reaches those who wait, and the proof is recorded when it is met again', async () => {
    const inner = memoryBlockStore();
    let broken = true;
    const { chain, events } = await alone({
      ...inner,
      putProof: (...proof) => (broken ? Promise.reject(new Error('disk full')) : inner.putProof(...proof)),
    });
    const [a, b] = [await blockOf(x, { tx: 1 }), await blockOf(x, { tx: 2 })];
    await chain.receive(a.bytes);
    await expect(chain.receive(b.bytes)).rejects.toThrow('disk full');
    broken = false;
    await chain.receive(b.bytes);
    expect((await inner.proofs(x.publicKey)).length).toBe(1);
    expect(await chain.isFraudulent(x.publicKey)).toBe(true);
    expect(events.filter(({ type }) => type === 'fraud').length).toBe(1);
  });

  it('that passes does not blind for a later fork', async () => {
    const inner = memoryBlockStore();
    let broken = false;
    const fragile = {
      answersBy: (...asked: Parameters<typeof inner.answersBy>) =>
        broken ? Promise.reject(new Error('read failed')) : inner.answersBy(...asked),
    };
    const { chain } = await alone({
      ...inner,
      ...fragile,
      snapshot: (read) => inner.snapshot((stored) => read({ ...stored, ...fragile })),
    });
    const blocks = await chainOf(x, 6);
    const fork = await after(x, itemAt(blocks, 4), { tx: 'fork of 6', time: START + 10 });
    for (const block of blocks.slice(0, 5)) await chain.receive(block.bytes);
    broken = true;
    await expect(chain.receive(itemAt(blocks, 5).bytes)).rejects.toThrow('read failed');
    broken = false;
    expect((await chain.receive(fork.bytes)).level).toBe('invalid');
    expect(await chain.isFraudulent(x.publicKey)).toBe(true);
  });

  it('of one author’s proofs keeps no other author’s blocks out', async () => {
    const inner = memoryBlockStore();
    const { chain, store } = await alone({
      ...inner,
      proofs: (author) =>
        author.every((byte, i) => byte === x.publicKey[i])
          ? Promise.resolve([Uint8Array.of(1, 2, 3)])
          : inner.proofs(author),
    });
    const [bad, good] = await Promise.allSettled([
      chain.receive((await blockOf(x, { tx: 1 })).bytes),
      chain.receive((await blockOf(y, { tx: 1 })).bytes),
    ]);
    expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled']);
    expect(await store.count(y.publicKey)).toBe(1);
  });
});

describe('fraud is proven in every order of arrival', () => {
  const permutations = <T>(list: readonly T[]): T[][] =>
    list.length <= 1
      ? [[...list]]
      : list.flatMap((item, i) =>
          permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [item, ...rest]),
        );

  it('when an accomplice forks the proposal that was answered twice', async () => {
    const proposal = await blockOf(x, { peer: y.publicKey, tx: { a: 1 } });
    const fork = await blockOf(x, { tx: 'another block at that position' });
    const yes = await agreementTo(y, proposal, { time: START + 1 });
    const no = await after(y, yes, {
      peer: x.publicKey,
      link: proposal.id,
      type: 'tc/refuse',
      tx: { reason: '' },
    });
    for (const order of permutations([proposal, fork, yes, no])) {
      const { chain } = await alone();
      for (const block of order) await chain.receive(block.bytes);
      expect([await chain.isFraudulent(x.publicKey), await chain.isFraudulent(y.publicKey)]).toEqual([
        true,
        true,
      ]);
    }
  });

  it('when the second answer is addressed to nobody', async () => {
    const proposal = await blockOf(x, { peer: y.publicKey, tx: { a: 1 } });
    const yes = await agreementTo(y, proposal, { time: START + 1 });
    const no = await after(y, yes, { peer: null, link: proposal.id, type: 'tc/refuse', tx: 0 });
    for (const order of permutations([proposal, yes, no])) {
      const { chain } = await alone();
      for (const block of order) await chain.receive(block.bytes);
      expect(await chain.isFraudulent(y.publicKey)).toBe(true);
    }
  });

  it('and every invalid block is reported, whatever came first', async () => {
    const first = await blockOf(x, { tx: 1, time: START + 100 });
    const backwards = await after(x, first, { tx: 2, time: START + 50 });
    const proposal = await blockOf(y, { peer: z.publicKey, tx: { a: 1 } });
    const stranger = await blockOf(x, {
      seq: 9,
      prev: first.id,
      peer: y.publicKey,
      link: proposal.id,
      tx: 5,
    });
    for (const order of permutations([first, backwards, proposal, stranger])) {
      const { chain, events } = await alone();
      for (const block of order) await chain.receive(block.bytes);
      const invalid = new Set(
        events.flatMap((event) => (event.type === 'invalid' ? [event.block.id.toString()] : [])),
      );
      expect(invalid).toEqual(new Set([backwards.id.toString(), stranger.id.toString()]));
    }
  });
});

describe('what one stranger can cause', () => {
  it('is no more than linear work on the answers to a block, before and after it is known', async () => {
    for (const store of [memoryBlockStore(), sqliteBlockStore({ path: ':memory:' })]) {
      let looked = 0;
      const counting: BlockStore = {
        ...store,
        async answers(...query) {
          const found = await store.answers(...query);
          looked += found.length;
          return found;
        },
        async answersBy(...query) {
          const found = await store.answersBy(...query);
          for (const list of found) looked += list.length;
          return found;
        },
      };
      const { chain, events } = await alone(counting);
      const proposal = await blockOf(x, { peer: y.publicKey, tx: { a: 1 } });
      const attach = (parts: object) => (seq: number) => ({
        peer: x.publicKey,
        link: proposal.id,
        tx: { seq, ...parts },
      });
      const dangling = await chainOf(z, 600, attach({ early: true }));
      await Promise.all(dangling.map((block) => chain.receive(block.bytes)));
      expect(looked, 'while the proposal is unknown').toBeLessThan(600);
      await chain.receive(proposal.bytes);
      expect(looked, 'when it comes').toBeLessThan(2_000);
      expect(events.filter(({ type }) => type === 'invalid').length).toBe(600);
      const late = await chainOf(signerOf(4), 600, attach({ early: false }));
      await Promise.all(late.map((block) => chain.receive(block.bytes)));
      expect(looked, 'when more come').toBeLessThan(4_000);
      await chain.stop();
      await store.close();
    }
  });

  it('is no more than a few branches at one position, also in one batch', async () => {
    const { chain, store } = await alone();
    const branches = await Promise.all(Array.from({ length: 64 }, (_, n) => blockOf(x, { tx: n })));
    await Promise.all(branches.map((block) => chain.receive(block.bytes)));
    expect((await store.at(x.publicKey, 1)).length).toBe(MAX_BRANCHES);
    const more = await Promise.all(branches.map((block, n) => blockOf(x, { seq: 2, prev: block.id, tx: n })));
    await Promise.all(more.map((block) => chain.receive(block.bytes)));
    expect((await store.at(x.publicKey, 2)).length).toBe(MAX_BRANCHES);
  });

  it('never keeps an agreement out, however many branches there are at its position', async () => {
    const proposal = await blockOf(x, { peer: y.publicKey, tx: { a: 1 } });
    const yes = await agreementTo(y, proposal);
    const others = await Promise.all(
      Array.from({ length: MAX_BRANCHES + 2 }, (_, n) => blockOf(y, { tx: n })),
    );
    for (const order of [
      [proposal, yes, ...others],
      [proposal, ...others, yes],
    ]) {
      const { chain } = await alone();
      for (const block of order) await chain.receive(block.bytes);
      expect((await chain.pair(proposal.id)).state).toBe('agreed');
    }
  });

  it('is a queue of bounded bytes', async () => {
    const { chain } = await alone(memoryBlockStore(), virtualEnvironment(), { maxReceivingBytes: 300_000 });
    const large = await Promise.all(
      Array.from({ length: 12 }, (_, n) => blockOf(x, { tx: new Uint8Array(60_000).fill(n) })),
    );
    const codes = await Promise.all(large.map((block) => codeOfAsync(chain.receive(block.bytes))));
    expect(codes.filter((code) => code === 'ERR_CHAIN_BUSY').length).toBe(7);
    expect((await chain.receive((await blockOf(y, { tx: 1 })).bytes)).added).toBe(true);
  });
});
