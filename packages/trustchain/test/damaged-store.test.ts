import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type BlockStore, type HalfBlock, isEdmpError } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';
import { encodeFraudProof, type FraudProof, forkEvidence } from '@edmp/trustchain/fraud';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { describeChain, exportChainCar, readChainCar, verifyChain } from '@edmp/trustchain/tools';
import { afterAll, describe, expect, it } from 'vitest';
import { StoreError } from '../src/store/errors.ts';
import { agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);
const now = START + 10_000;
const verify = (store: BlockStore, author = alice.publicKey) => verifyChain(store, author, { crypto, now });

const folder = mkdtempSync(join(tmpdir(), 'edmp-damaged-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A SQLite store with these blocks and proofs, whose file is changed before it is opened again. */
async function damagedStore(
  blocks: readonly HalfBlock[],
  damage: string,
  proofs: readonly FraudProof[] = [],
): Promise<BlockStore> {
  const path = join(folder, `${++files}.sqlite`);
  const store = sqliteBlockStore({ path });
  await store.put(blocks);
  for (const proof of proofs) await store.putProof(proof.author, proof.id, proof.bytes);
  await store.close();
  const database = new DatabaseSync(path);
  database.exec(damage);
  database.close();
  return sqliteBlockStore({ path });
}
const unreadable = (where: string): string => `UPDATE blocks SET bytes = x'00' WHERE ${where}`;

describe('T7 a store with a damaged row', () => {
  const describeIt = (store: BlockStore, limit = 100) =>
    describeChain(store, alice.publicKey, { crypto, now, limit });
  const exported = async (store: BlockStore, links = false) => {
    const left: number[] = [];
    const pieces: Uint8Array[] = [];
    const options = { crypto, links, onUnreadable: ({ seq }: { readonly seq: number }) => left.push(seq) };
    for await (const piece of exportChainCar(store, alice.publicKey, options)) pieces.push(piece);
    return { left, pieces };
  };

  it.each([[[1]], [[3]], [[6]], [[2, 3]], [[1, 2, 3, 4, 5, 6]]])(
    'has its chain described and exported but for position %j',
    async (positions) => {
      const chain = await chainOf(alice, 6, (seq) => ({ peer: bob.publicKey, tx: seq }));
      const answer = await agreementTo(bob, itemAt(chain, 3));
      const store = await damagedStore(
        [...chain, answer],
        unreadable(`seq IN (${positions.join()}) AND author = 1`),
      );
      const told = await describeIt(store);
      const readable = chain.filter(({ core }) => !positions.includes(core.seq));
      expect(told.entries.map(({ block }) => block.core.seq)).toEqual(readable.map(({ core }) => core.seq));
      expect(told.unreadable.map(({ seq, issue }) => [seq, issue.code])).toEqual(
        positions.map((seq) => [seq, 'ERR_STORE_CORRUPT']),
      );
      expect(told.head?.seq ?? 0).toBe(readable.at(-1)?.core.seq ?? 0);
      expect([told.blocks, told.gaps]).toEqual([6, []]);
      for (const links of [false, true]) {
        const { left, pieces } = await exported(store, links);
        expect(left).toEqual(positions);
        const read: number[] = [];
        const reading = (async () => {
          for await (const item of readChainCar(
            (async function* () {
              yield* pieces;
            })(),
            crypto,
          )) {
            if (item.kind === 'block' && item.block.core.key.join() === alice.publicKey.join())
              read.push(item.block.core.seq);
          }
        })();
        expect(await codeOfAsync(reading), 'the file says that it is not whole').toBe('ERR_CAR_INCOMPLETE');
        expect(read).toEqual(readable.map(({ core }) => core.seq));
      }
      await store.close();
    },
  );

  it('has at most as many rows described as asked for, damaged ones included', async () => {
    const store = await damagedStore(await chainOf(alice, 6), unreadable('seq IN (2, 3)'));
    const told = await describeIt(store, 3);
    expect([told.entries.length, told.unreadable.length]).toEqual([1, 2]);
    await store.close();
  });

  it('has damaged proofs told, and not exported', async () => {
    const fork = forkEvidence(await blockOf(alice, { tx: 1 }), await blockOf(alice, { tx: 2 }));
    if (fork === undefined) throw new Error('no fork');
    const store = await damagedStore(fork.blocks, "UPDATE proofs SET proof = x'00'", [
      encodeFraudProof(fork, crypto),
    ]);
    expect(await describeIt(store)).toMatchObject({
      fraud: [],
      unreadable: [{ kind: 'proof', seq: null, issue: { code: 'ERR_FRAUD_ENCODING' } }],
    });
    await exported(store);
    await store.close();
  });
});

describe('a store with rows that cannot be read', () => {
  for (const [name, positions] of [
    ['the first', [1]],
    ['one between', [300]],
    ['neighbours', [299, 300, 301]],
    ['the last', [600]],
    ['several', [1, 2, 257, 599, 600]],
  ] as const) {
    it(`has its chain verified all the same when ${name} cannot be`, async () => {
      const chain = await chainOf(alice, 600);
      const store = await damagedStore(chain, unreadable(`seq IN (${positions.join()})`));
      const report = await verify(store);
      expect(report).toMatchObject({ sound: false, broken: 0, findings: [], gaps: [], proofs: 0 });
      expect(report.unreadable.map(({ kind, seq, issue }) => [kind, seq, issue.code])).toEqual(
        positions.map((seq) => ['block', seq, 'ERR_STORE_CORRUPT']),
      );
      expect(report.blocks).toBe(600 - positions.length);
      expect(report.levels.invalid).toBe(0);
      const highest = chain.filter(({ core }) => !(positions as readonly number[]).includes(core.seq)).at(-1);
      expect(report.head?.seq).toBe(highest?.core.seq);
      await store.close();
    });
  }

  it('tells what cannot be read from what is missing or broken', async () => {
    const chain = await chainOf(alice, 9);
    const broken = await blockOf(alice, { seq: 8, prev: itemAt(chain, 0).id, time: START + 8 });
    const blocks = chain.filter(({ core }) => ![3, 8].includes(core.seq));
    const store = await damagedStore([...blocks, broken], unreadable('seq = 5'));
    const report = await verify(store);
    expect(report.unreadable.map(({ seq }) => seq)).toEqual([5]);
    expect(report.gaps).toEqual([[3, 3]]);
    expect(report.findings.map(({ seq }) => seq)).toContain(8);
    expect(await verifyChain(store, alice.publicKey, { crypto, now, maxFindings: 0 })).toMatchObject({
      sound: false,
      unreadable: [],
      findings: [],
    });
    await store.close();
  });

  it('answers about every other block, and verifies the pairs whose other half is damaged', async () => {
    const proposal = await blockOf(bob, { peer: alice.publicKey });
    const agreement = await agreementTo(alice, proposal);
    const second = await blockOf(bob, { seq: 2, prev: proposal.id, peer: alice.publicKey, time: START + 1 });
    const blocks = [proposal, agreement, second];
    const store = await damagedStore(blocks, unreadable('arrival = 1'));
    expect(await codeOfAsync(store.get(proposal.id))).toBe('ERR_STORE_CORRUPT');
    for (const { id } of [agreement, second]) expect((await store.get(id))?.id.equals(id)).toBe(true);
    expect((await store.at(bob.publicKey, 2)).length).toBe(1);
    expect((await store.head(bob.publicKey))?.core.seq).toBe(2);
    expect((await store.since(1, 9)).length).toBe(2);
    expect(await verify(store)).toMatchObject({ sound: true, blocks: 1, unreadable: [] });
    expect((await verify(store, bob.publicKey)).unreadable.map(({ seq }) => seq)).toEqual([1]);
    await store.close();
    const answered = await damagedStore(blocks, unreadable('arrival = 2'));
    expect(await verify(answered, bob.publicKey)).toMatchObject({ sound: true, blocks: 2 });
    await answered.close();
  });

  it('is not asked for ever when nothing in it can be read', async () => {
    const chain = await chainOf(alice, 3);
    const inner = memoryBlockStore();
    await inner.put(chain);
    let asked = 0;
    const fail = async (): Promise<never> => {
      asked += 1;
      throw new StoreError('ERR_STORE_CORRUPT', 'nothing can be read');
    };
    const report = await verify({ ...inner, range: fail, at: fail, head: fail, neighbours: fail });
    expect(report).toMatchObject({ sound: false, blocks: 0, head: null });
    expect(report.unreadable.length).toBe(3);
    expect(asked).toBeLessThan(200);
    const io = new StoreError('ERR_STORE_IO', 'the disk is gone');
    const gone = verify({ ...inner, range: () => Promise.reject(io) });
    await expect(gone).rejects.toSatisfy((error) => isEdmpError(error, 'ERR_STORE_IO'));
  });

  it('names the proofs that cannot be read or prove nothing against the author', async () => {
    const proofOf = async (signer: typeof alice): Promise<FraudProof> => {
      const evidence = forkEvidence(await blockOf(signer, { tx: 1 }), await blockOf(signer, { tx: 2 }));
      if (evidence === undefined) throw new Error('no evidence');
      return encodeFraudProof(evidence, crypto);
    };
    const [own, others] = [await proofOf(alice), await proofOf(bob)];
    const chain = await chainOf(alice, 2);
    const torn = await damagedStore(chain, "UPDATE proofs SET proof = x'00'", [own]);
    expect(await verify(torn)).toMatchObject({
      sound: false,
      blocks: 2,
      proofs: 0,
      unreadable: [{ kind: 'proof', seq: null, issue: { code: 'ERR_FRAUD_ENCODING' } }],
    });
    await torn.close();
    const store = memoryBlockStore();
    await store.put(chain);
    await store.putProof(alice.publicKey, own.id, own.bytes);
    await store.putProof(alice.publicKey, others.id, others.bytes);
    expect(await verify(store)).toMatchObject({
      proofs: 1,
      unreadable: [{ kind: 'proof', seq: null, issue: { code: 'ERR_STORE_CORRUPT' } }],
    });
  });
});
