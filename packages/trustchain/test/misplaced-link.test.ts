/** A block whose `prev` names its author's own block at another position contradicts it, whatever is missing between. */
import { type HalfBlock, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { encodeFraudProof, hashLinkEvidence, verifyFraudProof } from '@edmp/trustchain/fraud';
import { describe, expect, it } from 'vitest';
import { contradicts } from '../src/protocol/gossip/contradiction.ts';
import { after, blockOf, chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';

const [alice, bob] = [signerOf(1), signerOf(2)];

async function node() {
  const store = memoryBlockStore();
  const chain = await createTrustchain({
    signer: signerOf(9),
    crypto,
    store,
    environment: virtualEnvironment(),
  });
  const invalid: string[] = [];
  chain.on((event) => {
    if (event.type === 'invalid') invalid.push(event.block.id.toString());
  });
  return { store, chain, invalid };
}
const misplaced = async (first: HalfBlock, seq: number): Promise<HalfBlock> =>
  blockOf(alice, { seq, prev: first.id, tx: 'misplaced' });

describe('a hash link to the wrong position of one’s own chain', () => {
  it.each([
    ['below', 1, 3],
    ['far below', 2, 9],
    ['above', 7, 3],
  ])('T7 proves fraud in either order of arrival: %s', async (_, at, seq) => {
    const chain = await chainOf(alice, 7);
    const named = itemAt(chain, at - 1);
    const wrong = await misplaced(named, seq);
    const proofs = new Set<string>();
    for (const order of [
      [named, wrong],
      [wrong, named],
    ]) {
      const { chain: judge, store, invalid } = await node();
      const results = [];
      for (const block of order) results.push(await judge.receive(block.bytes));
      expect(await judge.isFraudulent(alice.publicKey)).toBe(true);
      expect(invalid).toEqual([wrong.id.toString()]);
      expect(await judge.receive(wrong.bytes)).toMatchObject({
        level: 'invalid',
        issues: [{ code: 'ERR_BLOCK_PREVIOUS_MISMATCH' }],
      });
      expect((await judge.receive(named.bytes)).level, 'the block that is named').not.toBe('invalid');
      const [proof] = await store.proofs(alice.publicKey);
      if (proof === undefined) throw new Error('no proof');
      expect(verifyFraudProof(proof, crypto)).toMatchObject({ kind: 'hash-link', author: alice.publicKey });
      proofs.add(Buffer.from(proof).toString('hex'));
    }
    expect(proofs.size, 'one proof').toBe(1);
  });

  it('T7 has a verdict that says so once, also when the position before is known', async () => {
    const chain = await chainOf(alice, 3);
    const { chain: judge } = await node();
    for (const block of chain.slice(0, 2)) await judge.receive(block.bytes);
    const { issues } = await judge.receive((await misplaced(itemAt(chain, 0), 3)).bytes);
    expect(issues.map(({ code }) => code)).toEqual(['ERR_BLOCK_PREVIOUS_MISMATCH']);
  });

  it('T7 is no evidence against others, nor where the link fits', async () => {
    const [first, second] = await chainOf(alice, 2);
    if (first === undefined || second === undefined) throw new Error('no chain');
    expect(hashLinkEvidence(first, second)).toBeUndefined();
    expect(hashLinkEvidence(second, first)).toBeUndefined();
    const stolen = await blockOf(bob, { seq: 3, prev: first.id });
    expect(hashLinkEvidence(first, stolen)).toBeUndefined();
    const { chain: judge } = await node();
    await judge.receive(first.bytes);
    expect(await judge.receive(stolen.bytes)).toMatchObject({ level: 'no-info', issues: [] });
    expect(await judge.isFraudulent(bob.publicKey)).toBe(false);
    expect(await judge.isFraudulent(alice.publicKey)).toBe(false);
  });

  it('T7 cannot be turned round into another proof', async () => {
    const [first] = await chainOf(alice, 1);
    if (first === undefined) throw new Error('no block');
    const wrong = await misplaced(first, 3);
    const evidence = hashLinkEvidence(first, wrong);
    if (evidence === undefined) throw new Error('no evidence');
    expect(hashLinkEvidence(wrong, first)).toBeUndefined();
    const { bytes } = encodeFraudProof({ ...evidence, blocks: [wrong, first] }, crypto);
    expect(() => verifyFraudProof(bytes, crypto)).toThrow(/do not prove/);
  });

  it('T7 as a head is of interest although its author’s room is used up', async () => {
    const store = memoryBlockStore();
    const chain = await chainOf(alice, 5);
    await store.put(chain.slice(0, 1));
    expect(await contradicts(store, await misplaced(itemAt(chain, 0), 3))).toBe(true);
    expect(await contradicts(store, itemAt(chain, 1))).toBe(false);
    expect(await contradicts(store, itemAt(chain, 4))).toBe(false);
    expect(await contradicts(store, await after(alice, itemAt(chain, 0), { tx: 'fork' }))).toBe(false);
    await store.put(chain.slice(1));
    expect(await contradicts(store, await after(alice, itemAt(chain, 0), { tx: 'fork' }))).toBe(true);
  });
});
