/** What strangers, failures and floods can cause is bounded. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type BlockSnapshot,
  type BlockStore,
  type HalfBlock,
  isEdmpError,
  type TrustchainEvent,
  virtualEnvironment,
} from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain, memoryBlockStore, type TrustchainLimits } from '@edmp/trustchain';
import { encodeFraudProof, forkEvidence } from '@edmp/trustchain/fraud';
import { FRAUD_TOPIC, HEADS_TOPIC, PUSH_PROTOCOL, SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { MAX_BRANCHES, MAX_PROOFS_PER_AUTHOR } from '@edmp/trustchain/tools';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { agreementTo, blockOf, chainOf, crypto, itemAt, signerOf, strangeId } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';
import { type Town, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});
const alone = (store: BlockStore = memoryBlockStore(), limits: TrustchainLimits = {}) =>
  createTrustchain({ signer: signerOf(1), crypto, store, environment: virtualEnvironment(), limits });
const fulfilled = (results: readonly PromiseSettledResult<unknown>[]): number =>
  results.filter((result) => result.status === 'fulfilled').length;

describe('queues', () => {
  it('of received blocks refuse beyond their limit', async () => {
    const chain = await alone(memoryBlockStore(), { maxReceiving: 3 });
    const blocks = await chainOf(signerOf(2), 5);
    const results = await Promise.allSettled(blocks.map((block) => chain.receive(block.bytes)));
    expect(fulfilled(results)).toBe(3);
    expect(await codeOfAsync(chain.receive(itemAt(blocks, 4).bytes))).toBe('no error');
  });

  it('of own blocks refuse beyond their limit', async () => {
    const chain = await alone(memoryBlockStore(), { maxSigning: 3 });
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => chain.source({ type: 'test', tx: 1 })),
    );
    expect(fulfilled(results)).toBe(3);
    expect((await chain.source({ type: 'test', tx: 1 })).core.seq).toBe(4);
  });

  it('say so to a peer that pushes, and stay silent towards gossip', async () => {
    current = await town({ size: 2, limits: { maxReceiving: 1 } });
    const { at, run, pass } = current;
    const blocks = await chainOf(signerOf(7), 3);
    const error = await run(at(0).chain.push(at(1).chain.self, blocks)).catch((caught) => caught);
    expect(Object.values(error.details.refused)).toEqual(['ERR_CHAIN_BUSY', 'ERR_CHAIN_BUSY']);
    const heads = await Promise.all([20, 21, 22].map((seed) => blockOf(signerOf(seed))));
    await Promise.all(heads.map((block) => at(0).network.publish(HEADS_TOPIC, block.bytes)));
    await pass();
    expect(await at(1).store.count()).toBeGreaterThan(1);
  });
});

describe('cheats', () => {
  it('cannot fill a store with branches or proofs', async () => {
    const chain = await alone();
    const cheat = signerOf(3);
    let refused = 0;
    for (let n = 0; n < MAX_BRANCHES + 20; n++) {
      const { added } = await chain.receive((await blockOf(cheat, { tx: n })).bytes);
      if (!added) refused += 1;
    }
    expect((await chain.store.at(cheat.publicKey, 1)).length).toBe(MAX_BRANCHES);
    expect(refused).toBe(20);
    for (let seq = 2; seq < 30; seq++) {
      for (const tx of [1, 2])
        await chain.receive((await blockOf(cheat, { seq, prev: strangeId(seq), tx })).bytes);
    }
    expect((await chain.store.proofs(cheat.publicKey)).length).toBeLessThanOrEqual(MAX_PROOFS_PER_AUTHOR);
  });

  it('are found at the start, when a crash kept them from being recorded', async () => {
    const store = memoryBlockStore();
    const cheat = signerOf(3);
    await store.put([await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 })]);
    expect(await (await alone(store)).isFraudulent(cheat.publicKey)).toBe(true);
  });

  it('are known from proofs stored earlier', async () => {
    const store = memoryBlockStore();
    const cheat = signerOf(3);
    const evidence = forkEvidence(await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 }));
    if (evidence === undefined) throw new Error('no evidence');
    const proof = encodeFraudProof(evidence, crypto);
    await store.putProof(cheat.publicKey, proof.id, proof.bytes);
    expect(await (await alone(store)).isFraudulent(cheat.publicKey)).toBe(true);
  });
});

describe('gossip', () => {
  it('of a peer that delivers faulty messages is ignored', async () => {
    current = await town({ size: 2, limits: { gossip: { burst: 3, perSecond: 0 } } });
    const { at, pass } = current;
    for (let seed = 20; seed < 30; seed++) {
      await at(0).network.publish(HEADS_TOPIC, (await blockOf(signerOf(seed))).bytes);
      await at(0).network.publish(HEADS_TOPIC, Uint8Array.of(seed));
    }
    await pass();
    expect(await at(1).store.count()).toBeLessThan(3);
  });

  it('of a known proof is not taken in again', async () => {
    current = await town({ size: 2 });
    const { at, pass } = current;
    const cheat = signerOf(66);
    const [one, two] = [await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 })];
    const evidence = forkEvidence(one, two);
    if (evidence === undefined) throw new Error('no evidence');
    const proof = encodeFraudProof(evidence, crypto);
    await at(0).network.publish(FRAUD_TOPIC, proof.bytes);
    await pass();
    const again = encodeCanonical({
      v: 1,
      kind: 'fork',
      blocks: evidence.blocks.map((block) => block.bytes),
    });
    await at(0).network.publish(FRAUD_TOPIC, again);
    await pass();
    expect(at(1).events.filter((event) => event.type === 'fraud').length).toBe(1);
    const forged = encodeFraudProof(
      {
        ...evidence,
        blocks: evidence.blocks.map((block) => ({
          ...block,
          bytes: block.bytes.with(block.bytes.length - 1, 0) as HalfBlock['bytes'],
        })),
      },
      crypto,
    );
    await at(0).network.publish(FRAUD_TOPIC, forged.bytes);
    await pass();
    expect((await at(1).store.proofs(cheat.publicKey)).length).toBe(1);
  });
});

describe('deliveries', () => {
  it('are retried less and less often while the peer does not answer', async () => {
    current = await town({ size: 2 });
    const { at, run, pass, requests, networks } = current;
    const restore = networks.tamper(at(1).chain.self, (frame) =>
      frame.kind === 'response' ? new Uint8Array([1]) : frame.body,
    );
    requests.clear();
    const proposal = await run(at(0).chain.propose({ peer: at(1).chain.self, type: 'test', tx: 1 }));
    await pass(250_000);
    expect(requests.get(PUSH_PROTOCOL)).toBe(8);
    restore();
    expect(await at(1).store.has(proposal.id), 'what was answered wrongly had arrived').toBe(true);
  });
});

describe('answers that break the protocol', () => {
  const block = () => blockOf(signerOf(40), { peer: signerOf(42).publicKey });

  it('to a push are refused', async () => {
    current = await town({ size: 2 });
    const { at, run, networks } = current;
    let answer: Uint8Array = new Uint8Array();
    networks.tamper(at(1).chain.self, (frame) => (frame.kind === 'response' ? answer : frame.body));
    for (const value of [5, [], [null, null], [5], ['x'.repeat(65)]]) {
      answer = encodeCanonical(value as never);
      expect(await codeOfAsync(run(at(0).chain.push(at(1).chain.self, [await block()])))).toBe(
        'ERR_CHAIN_PROTOCOL',
      );
    }
    answer = Uint8Array.of(0xff);
    expect(await codeOfAsync(run(at(0).chain.push(at(1).chain.self, [await block()])))).toBe(
      'ERR_CHAIN_PROTOCOL',
    );
  });

  it('to a sync are refused', async () => {
    current = await town({ size: 2 });
    const { at, run, networks } = current;
    let answer: Uint8Array = new Uint8Array();
    networks.tamper(at(1).chain.self, (frame) => (frame.kind === 'response' ? answer : frame.body));
    const stored = await block();
    await at(1).store.put([stored]);
    const ask = (): Promise<string> => codeOfAsync(run(at(0).chain.sync(at(1).chain.self, stored.core.key)));
    for (const value of [5, [5], Array(257).fill(new Uint8Array(1)), [stored.bytes, stored.bytes]]) {
      answer = encodeCanonical(value as never);
      expect(await ask()).toBe('ERR_CHAIN_PROTOCOL');
    }
    answer = encodeCanonical([Uint8Array.of(1)]);
    expect(await ask()).toMatch(/^ERR_BLOCK_/);
    const unrelated = await blockOf(signerOf(41));
    answer = encodeCanonical([unrelated.bytes]);
    await at(0).store.put([stored]);
    await at(1).store.put([await agreementTo(signerOf(42), stored)]);
    expect(await codeOfAsync(run(at(0).chain.sync(at(1).chain.self, stored.core.key, { links: true })))).toBe(
      'ERR_CHAIN_PROTOCOL',
    );
  });

  it('as requests are refused', async () => {
    current = await town({ size: 2 });
    const { at, run } = current;
    const ask = async (protocol: string, value: unknown): Promise<string> => {
      const call = async (): Promise<void> => {
        const body = encodeCanonical(value as never);
        for await (const _ of at(0).network.request(at(1).chain.self, protocol, body));
      };
      try {
        await run(call());
        return 'no error';
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        return `${error.code} ${JSON.stringify(error.details)}`;
      }
    };
    const author = signerOf(1).publicKey;
    const good = { author, ranges: [[1, 5]], part: 'chain', since: 0, after: 0 };
    expect(await ask(SYNC_PROTOCOL, good)).toBe('no error');
    for (const change of [
      { author: 5 },
      { author: new Uint8Array(31) },
      { ranges: 5 },
      { ranges: [] },
      { ranges: [5] },
      { ranges: [[1]] },
      { ranges: [[0, 5]] },
      { ranges: [[1, 'x']] },
      { ranges: [[5, 4]] },
      {
        ranges: [
          [1, 5],
          [6, 7],
        ],
      },
      { ranges: Array.from({ length: 257 }, (_, n) => [n * 3 + 1, n * 3 + 1]) },
      { since: -1 },
      { after: 'x' },
      { part: 'all' },
      { more: 1 },
    ]) {
      expect(await ask(SYNC_PROTOCOL, { ...good, ...change })).toContain('ERR_CHAIN_PROTOCOL');
    }
    for (const value of [null, 5, [], [5], Array(257).fill(new Uint8Array(1))]) {
      expect(await ask(PUSH_PROTOCOL, value)).toContain('ERR_CHAIN_PROTOCOL');
    }
  });
});

describe('failures', () => {
  it('of a listener stop neither the chain nor other listeners', async () => {
    const chain = await alone();
    const rethrown: unknown[] = [];
    const later = globalThis.queueMicrotask;
    const spy = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) =>
      later(() => {
        try {
          callback();
        } catch (error) {
          rethrown.push(error);
        }
      }),
    );
    const seen: TrustchainEvent[] = [];
    chain.on(() => {
      throw new Error('listener');
    });
    chain.on((event) => seen.push(event));
    await chain.source({ type: 'test', tx: 1 });
    spy.mockRestore();
    expect(seen.length).toBe(1);
    expect(rethrown).toEqual([new Error('listener')]);
  });

  it('of the store reach those who wait, and the chain goes on', async () => {
    const inner = memoryBlockStore();
    let broken: 'none' | 'put' | 'get' | 'answers' = 'none';
    const unless = <T>(what: typeof broken, work: () => Promise<T>): Promise<T> =>
      broken === what ? Promise.reject(new Error(`no ${what}`)) : work();
    const reads: Pick<BlockSnapshot, 'getMany' | 'answersBy'> = {
      getMany: (ids) => unless('get', () => inner.getMany(ids)),
      answersBy: (questions, limit) => unless('answers', () => inner.answersBy(questions, limit)),
    };
    const chain = await alone({
      ...inner,
      ...reads,
      put: (blocks, options) => unless('put', () => inner.put(blocks, options)),
      snapshot: (read) => inner.snapshot((stored) => read({ ...stored, ...reads })),
    });
    const blocks = await chainOf(signerOf(2), 4);
    for (const what of ['put', 'get', 'answers'] as const) {
      broken = what;
      await expect(chain.receive(itemAt(blocks, 0).bytes)).rejects.toThrow(`no ${what}`);
      broken = 'none';
    }
    expect(await chain.receive(itemAt(blocks, 1).bytes)).toMatchObject({
      added: true,
      level: 'partial-next',
    });
  });

  it('of SQLite reject what was queued together, and only that', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edmp-fail-'));
    const path = join(folder, 'a.sqlite');
    const store = sqliteBlockStore({ path });
    const owner = signerOf(1).publicKey;
    const chain = await chainOf(signerOf(2), 3);
    const reservation = { seq: 1, prev: null, id: strangeId(1), core: new Uint8Array(3) };
    await store.reserve(owner, reservation);
    const [first, second, third] = await Promise.allSettled([
      store.put([itemAt(chain, 0)]),
      store.reserve(owner, { ...reservation, id: strangeId(2) }),
      store.put([itemAt(chain, 1)], { durable: true }),
    ]);
    expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.count()).toBe(2);
    const raw = new DatabaseSync(path);
    raw.exec('ALTER TABLE blocks RENAME TO hidden');
    const results = await Promise.allSettled([store.put([itemAt(chain, 2)]), store.put([itemAt(chain, 2)])]);
    expect(fulfilled(results)).toBe(0);
    raw.exec('ALTER TABLE hidden RENAME TO blocks');
    raw.close();
    expect(await store.put([itemAt(chain, 2)])).toBe(1);
    expect(await store.count()).toBe(3);
    const closing = store.put([await blockOf(signerOf(5))]);
    await store.close();
    expect(await closing).toBe(1);
    rmSync(folder, { recursive: true, force: true });
  });

  it('of a file that another process holds reject the writes, and later ones succeed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edmp-busy-'));
    const path = join(folder, 'a.sqlite');
    const store = sqliteBlockStore({ path, busyTimeoutMs: 5 });
    const chain = await chainOf(signerOf(2), 2);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const results = await Promise.allSettled([store.put([itemAt(chain, 0)]), store.put([itemAt(chain, 1)])]);
    expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'stored'))).toEqual([
      'ERR_STORE_IO',
      'ERR_STORE_IO',
    ]);
    expect(await store.count()).toBe(0);
    other.exec('ROLLBACK');
    other.close();
    expect(await store.put(chain)).toBe(2);
    expect(await store.remove?.([])).toBe(0);
    expect(await store.put([])).toBe(0);
    expect(await store.byType('never', { limit: 5 })).toEqual([]);
    expect(await store.byType('test', { limit: 0 })).toEqual([]);
    expect(await store.byType('test', { author: signerOf(9).publicKey, limit: 5 })).toEqual([]);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
