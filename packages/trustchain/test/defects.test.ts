/**
 * Seven attacks and failures that were shown to work against the Python reference implementation of 2020. Each is set
 * up again here and must fail.
 */
import { type HalfBlock, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { after, agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';
import { type Town, town } from './support/town.ts';

const [alice, bob, stranger] = [signerOf(1), signerOf(2), signerOf(9)];
let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});
const alone = () =>
  createTrustchain({
    signer: signerOf(50),
    crypto,
    store: memoryBlockStore(),
    environment: virtualEnvironment(),
  });

describe('defects of the reference implementation do not exist here', () => {
  it('1 a stranger cannot censor a block by claiming to answer its position first', async () => {
    const chain = await alone();
    const honest = await blockOf(alice, { peer: bob.publicKey, tx: 'honest' });
    await chain.receive((await agreementTo(stranger, honest)).bytes);
    expect(await chain.receive(honest.bytes)).toMatchObject({
      added: true,
      level: 'partial-next',
      issues: [],
    });
  });

  it('2 an agreement to another amount or type is not the other half', async () => {
    const chain = await alone();
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: { amount: 5 } });
    await chain.receive(proposal.bytes);
    const cheaper = await agreementTo(bob, proposal, { tx: { amount: 1 } });
    expect((await chain.receive(cheaper.bytes)).level).toBe('invalid');
    expect((await chain.pair(proposal.id)).state).toBe('pending');
  });

  it('3 both branches of a fork are kept, the proof spreads beyond the next hop, and the forker gets no signature', async () => {
    current = await town({ size: 4, linked: false });
    const { at, networks, run, pass } = current;
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ] as const) {
      networks.link(at(a).chain.self, at(b).chain.self);
    }
    await pass();
    const cheat = signerOf(66);
    const left = await blockOf(cheat, { peer: at(3).chain.self, tx: 1 });
    const right = await blockOf(cheat, { peer: at(3).chain.self, tx: 2 });
    await run(at(3).chain.receive(left.bytes));
    await run(at(0).chain.receive(left.bytes));
    await run(at(0).chain.receive(right.bytes));
    await pass();
    expect(await at(3).chain.isFraudulent(cheat.publicKey)).toBe(true);
    expect(await codeOfAsync(run(at(3).chain.agree(left.id)))).toBe('ERR_CHAIN_FRAUD');
    expect((await at(0).store.at(cheat.publicKey, 1)).length).toBe(2);
  });

  it('4 a double answer leaves a proof, not only an error', async () => {
    const chain = await alone();
    const proposal = await blockOf(alice, { peer: bob.publicKey });
    const first = await agreementTo(bob, proposal);
    const second = await after(bob, first, { peer: alice.publicKey, link: proposal.id });
    for (const block of [proposal, first, second]) await chain.receive(block.bytes);
    expect(await chain.isFraudulent(bob.publicKey)).toBe(true);
    expect((await chain.store.proofs(bob.publicKey)).length).toBe(1);
  });

  it('5 one proposal with withheld predecessors costs one request, and none for a while after', async () => {
    current = await town({ size: 2 });
    const { at, run, pass, requests } = current;
    const withheld = await chainOf(stranger, 20);
    const proposal = await after(stranger, itemAt(withheld, 19), { peer: at(1).chain.self });
    requests.clear();
    await run(at(0).chain.push(at(1).chain.self, [proposal]));
    await run(at(0).chain.push(at(1).chain.self, [proposal]));
    await pass(10_000);
    expect(requests.get(SYNC_PROTOCOL)).toBe(1);
  });

  it('6 blocks with dates from the far future or out of order are not taken as good', async () => {
    const chain = await alone();
    const future = await blockOf(alice, { time: 2 ** 52 });
    expect(await chain.receive(future.bytes)).toMatchObject({ added: false });
    const one = await blockOf(bob, { time: START });
    const back = await blockOf(bob, { seq: 2, prev: one.id, time: 1 });
    await chain.receive(one.bytes);
    expect((await chain.receive(back.bytes)).level).toBe('invalid');
  });

  it('7 looking up links does not slow down with other chains of the same positions', async () => {
    const store = sqliteBlockStore({ path: ':memory:', crypto });
    const blocks: HalfBlock[] = [];
    for (let n = 0; n < 400; n++) {
      const user = {
        publicKey: crypto.sha256(Uint8Array.of(n >> 8, n & 255)),
        sign: async () => new Uint8Array(64),
      } as never;
      const genesis = await blockOf(user, { peer: bob.publicKey });
      blocks.push(genesis, await agreementTo(bob, genesis, n === 0 ? {} : { seq: n + 1, prev: genesis.id }));
    }
    await store.put(blocks);
    // What is read, not how long it takes: one answer per genesis block, though 400 chains share position 1.
    for (const genesis of blocks.filter((block) => block.core.link === null)) {
      expect((await store.answers(genesis.id, { limit: 9 })).length).toBe(1);
    }
    await store.close();
  });

  it('an invalid block is not relayed', async () => {
    current = await town({ size: 3, linked: false });
    const { at, networks, pass } = current;
    networks.link(at(0).chain.self, at(1).chain.self);
    networks.link(at(1).chain.self, at(2).chain.self);
    await pass();
    const block = await blockOf(stranger);
    await at(0).network.publish('/edmp/tc/heads/1', block.bytes.with(block.bytes.length - 3, 7));
    await pass();
    expect([await at(1).store.count(), await at(2).store.count()]).toEqual([0, 0]);
  });
});
