import type { HalfBlock } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';
import { encodeFraudProof, forkEvidence } from '@edmp/trustchain/fraud';
import { blockKind, chainGaps, describeChain, verifyChain } from '@edmp/trustchain/tools';
import { describe, expect, it } from 'vitest';
import {
  agreementTo,
  blockOf,
  chainOf,
  crypto,
  itemAt,
  START,
  signerOf,
  strangeId,
} from './support/blocks.ts';

const alice = signerOf(1);
const bob = signerOf(2);
const now = START + 1_000;
const verify = (store: ReturnType<typeof memoryBlockStore>) =>
  verifyChain(store, alice.publicKey, { crypto, now });
const withBlocks = async (blocks: readonly HalfBlock[]): Promise<ReturnType<typeof memoryBlockStore>> => {
  const store = memoryBlockStore();
  await store.put(blocks);
  return store;
};
const codes = async (blocks: readonly HalfBlock[]): Promise<(readonly [number, string])[]> =>
  (await verify(await withBlocks(blocks))).findings.flatMap(({ seq, issues }) =>
    issues.map(({ code }) => [seq, code] as const),
  );

describe('S172 verifying a stored chain', () => {
  it('finds nothing in a clean one', async () => {
    const chain = await chainOf(alice, 300);
    const report = await verify(await withBlocks(chain));
    expect(report).toMatchObject({ sound: true, blocks: 300, broken: 0, findings: [], gaps: [], proofs: 0 });
    expect(report.levels).toMatchObject({ valid: 299, 'partial-next': 1, invalid: 0 });
    expect(report.head?.id.equals(itemAt(chain, 299).id)).toBe(true);
  });

  it('S087 finds gaps', async () => {
    const chain = await chainOf(alice, 10);
    const store = await withBlocks(chain.filter((block) => ![3, 4, 7].includes(block.core.seq)));
    const report = await verify(store);
    expect(report).toMatchObject({
      sound: false,
      gaps: [
        [3, 4],
        [7, 7],
      ],
      broken: 0,
    });
    expect(await chainGaps(store, alice.publicKey, { floor: 5 })).toEqual([[7, 7]]);
    expect(await chainGaps(store, bob.publicKey)).toEqual([]);
  });

  it('finds a gap that a fork below it makes up for in numbers', async () => {
    const [one, two, , four] = (await chainOf(alice, 4)) as [HalfBlock, HalfBlock, HalfBlock, HalfBlock];
    const fork = await blockOf(alice, { tx: 'fork' });
    const store = await withBlocks([one, fork, two, four]);
    expect(await chainGaps(store, alice.publicKey)).toEqual([[3, 3]]);
    const whole = await withBlocks([...(await chainOf(alice, 4)), fork]);
    expect(await chainGaps(whole, alice.publicKey)).toEqual([]);
  });

  it('knows forks by their proofs where a store cannot count positions', async () => {
    const [one, two, , four] = (await chainOf(alice, 4)) as [HalfBlock, HalfBlock, HalfBlock, HalfBlock];
    const fork = await blockOf(alice, { tx: 'fork' });
    const { positions: _, ...store } = await withBlocks([one, fork, two, four]);
    const evidence = forkEvidence(one, fork);
    if (evidence === undefined) throw new Error('no evidence');
    const proof = encodeFraudProof(evidence, crypto);
    await store.putProof(alice.publicKey, proof.id, proof.bytes);
    expect(await chainGaps(store, alice.publicKey)).toEqual([[3, 3]]);
  });

  it('finds a broken hash link, a bad signature, a fork and time running backwards', async () => {
    const chain = await chainOf(alice, 3);
    expect(
      await codes([itemAt(chain, 0), await blockOf(alice, { seq: 2, prev: strangeId(1), time: START + 9 })]),
    ).toEqual([
      [1, 'ERR_BLOCK_NEXT_MISMATCH'],
      [2, 'ERR_BLOCK_PREVIOUS_MISMATCH'],
    ]);
    const two = itemAt(chain, 1);
    const forged = {
      ...two,
      signature: new Uint8Array(64),
      bytes: two.bytes.slice().fill(0, two.bytes.length - 64),
    };
    expect(await codes([itemAt(chain, 0), forged])).toEqual([[2, 'ERR_BLOCK_SIGNATURE']]);
    expect(await codes([itemAt(chain, 0), await blockOf(alice, { tx: 'fork' })])).toEqual([
      [1, 'ERR_BLOCK_FORK'],
      [1, 'ERR_BLOCK_FORK'],
    ]);
    expect(
      await codes([
        itemAt(chain, 0),
        await blockOf(alice, { seq: 2, prev: itemAt(chain, 0).id, time: START }),
      ]),
    ).toEqual([[2, 'ERR_BLOCK_TIME_BACKWARDS']]);
  });

  it('S016 does not trust the store', async () => {
    const [one, two] = (await chainOf(alice, 2)) as [HalfBlock, HalfBlock];
    expect(await codes([{ ...one, bytes: two.bytes }])).toEqual([[1, 'ERR_STORE_CORRUPT']]);
    expect(await codes([{ ...one, bytes: one.bytes.slice(1) }])).toEqual([[1, 'ERR_BLOCK_FIELD']]);
  });

  it('counts proven fraud and bounds what it lists', async () => {
    const [one, two] = [await blockOf(alice, { tx: 1 }), await blockOf(alice, { tx: 2 })];
    const store = await withBlocks([one, two]);
    const evidence = forkEvidence(one, two);
    if (evidence === undefined) throw new Error('no evidence');
    const proof = encodeFraudProof(evidence, crypto);
    await store.putProof(alice.publicKey, proof.id, proof.bytes);
    const report = await verifyChain(store, alice.publicKey, { crypto, now, maxFindings: 1 });
    expect(report).toMatchObject({ sound: false, broken: 2, proofs: 1 });
    expect(report.findings.length).toBe(1);
    expect(await describeChain(store, alice.publicKey, { crypto, now })).toMatchObject({
      fraud: ['fork'],
      blocks: 2,
    });
  });

  it('of an unknown author is empty', async () => {
    expect(await verify(memoryBlockStore())).toMatchObject({ sound: true, blocks: 0, head: null });
  });
});

describe('describing a chain', () => {
  it('S168 S169 names each block and the state of its pair', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: { deadline: START + 10 } });
    const source = await blockOf(alice, { seq: 2, prev: proposal.id });
    const self = await blockOf(alice, { seq: 3, prev: source.id, peer: alice.publicKey });
    const theirs = await blockOf(bob, { peer: alice.publicKey, tx: 5 });
    const agreement = await agreementTo(alice, theirs, { seq: 4, prev: self.id });
    const dangling = await blockOf(alice, {
      seq: 5,
      prev: agreement.id,
      peer: bob.publicKey,
      link: strangeId(1),
    });
    const store = await withBlocks([proposal, source, self, theirs, agreement, dangling]);
    const chain = await describeChain(store, alice.publicKey, { crypto, now });
    expect(chain.entries.map((entry) => [entry.kind, entry.level, entry.pair?.state ?? null])).toEqual([
      ['proposal', 'valid', 'expired'],
      ['source', 'valid', 'pending'],
      ['self', 'valid', 'agreed'],
      ['agreement', 'valid', 'agreed'],
      ['agreement', 'partial-next', null],
    ]);
    expect(chain.head?.seq).toBe(5);
    const page = await describeChain(store, alice.publicKey, { crypto, now, from: 2, limit: 2 });
    expect(page.entries.map((entry) => entry.block.core.seq)).toEqual([2, 3]);
    expect(await describeChain(store, signerOf(9).publicKey, { crypto, now })).toMatchObject({
      head: null,
      entries: [],
      unreadable: [],
    });
    expect(
      blockKind(await blockOf(alice, { peer: bob.publicKey, link: strangeId(1), type: 'tc/refuse' })),
    ).toBe('refusal');
  });
});
