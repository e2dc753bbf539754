import { type TypeRule, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
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
import { codeOfAsync } from './support/errors.ts';

const tradeRule: TypeRule = {
  checkProposal: (block) =>
    typeof block.core.tx === 'object' ? [] : [{ code: 'ERR_TEST_TX', message: 'a map is needed' }],
  checkAgreement: (agreement) =>
    agreement.core.tx === 'wrong' ? [{ code: 'ERR_TEST_WRONG', message: 'wrong answer' }] : [],
};

async function alone(seed = 1, rules: Readonly<Record<string, TypeRule>> = {}, store = memoryBlockStore()) {
  const environment = virtualEnvironment();
  const signer = signerOf(seed);
  const chain = await createTrustchain({ signer, crypto, store, environment, rules });
  return { environment, signer, store, chain };
}

const bob = signerOf(2);

describe('own chain', () => {
  it('S003 starts at position 1 without a previous block', async () => {
    const { chain, signer } = await alone();
    const block = await chain.propose({ peer: bob.publicKey, type: 'test', tx: { a: 1 } });
    expect(block.core).toMatchObject({ seq: 1, prev: null, link: null, type: 'test', time: START });
    expect(block.core.key).toEqual(signer.publicKey);
  });

  it('S004 continues with the next position and the id of the block before', async () => {
    const { chain } = await alone();
    const one = await chain.source({ type: 'test', tx: null });
    const two = await chain.source({ type: 'test', tx: null });
    expect(two.core.seq).toBe(2);
    expect(two.core.prev?.equals(one.id)).toBe(true);
  });

  it('S006 answers with the next own position and a link to the proposal', async () => {
    const { chain, signer } = await alone();
    await chain.source({ type: 'test', tx: null });
    const proposal = await blockOf(bob, { peer: signer.publicKey });
    await chain.receive(proposal.bytes);
    const agreement = await chain.agree(proposal.id);
    expect(agreement.core.seq).toBe(2);
    expect(agreement.core.link?.equals(proposal.id)).toBe(true);
    expect(agreement.core.peer).toEqual(bob.publicKey);
    expect(await chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
  });

  it('S024 S025 opens empty, and continues a stored chain', async () => {
    const { chain, store, signer, environment } = await alone();
    expect(await store.count()).toBe(0);
    await chain.source({ type: 'test', tx: 1 });
    await chain.source({ type: 'test', tx: 2 });
    await chain.stop();
    const again = await createTrustchain({ signer, crypto, store, environment });
    expect((await again.source({ type: 'test', tx: 3 })).core.seq).toBe(3);
    expect(await store.at(signer.publicKey, 5)).toEqual([]);
  });

  it('S116 signs 50 proposals at once at 50 positions, without a fork', async () => {
    const { chain, store, signer } = await alone();
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, n) => chain.propose({ peer: bob.publicKey, type: 'test', tx: n })),
    );
    expect(made.map((block) => block.core.seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(await store.count(signer.publicKey)).toBe(50);
  });

  it('keeps time from running backwards when the clock does', async () => {
    const environment = virtualEnvironment();
    let now = START + 1_000;
    const chain = await createTrustchain({
      signer: signerOf(1),
      crypto,
      store: memoryBlockStore(),
      environment: { ...environment, now: () => now },
    });
    await chain.source({ type: 'test', tx: 1 });
    now = START;
    expect((await chain.source({ type: 'test', tx: 2 })).core.time).toBe(START + 1_000);
  });

  it('refuses what cannot be signed, and goes on with the rest of the batch', async () => {
    const { chain } = await alone();
    const results = await Promise.all([
      codeOfAsync(chain.source({ type: 'test', tx: 1 })),
      codeOfAsync(chain.source({ type: 'test', tx: 1.5 })),
      codeOfAsync(chain.source({ type: 'NO', tx: 1 })),
      codeOfAsync(chain.source({ type: 'tc/refuse', tx: 1 })),
      codeOfAsync(chain.source({ type: 'test', tx: 2 })),
    ]);
    expect(results).toEqual([
      'no error',
      'ERR_BLOCK_FLOAT',
      'ERR_BLOCK_TYPE',
      'ERR_INVALID_ARGUMENT',
      'no error',
    ]);
    expect((await chain.source({ type: 'test', tx: 3 })).core.seq).toBe(3);
  });

  it('refuses a proposal that the rule of its type forbids', async () => {
    const { chain } = await alone(1, { trade: tradeRule });
    expect(await codeOfAsync(chain.source({ type: 'trade', tx: 1 }))).toBe('ERR_PAIR_RULE');
    expect((await chain.source({ type: 'trade', tx: {} })).core.seq).toBe(1);
  });

  it('registers one rule per type', async () => {
    const { chain } = await alone(1, { trade: tradeRule });
    expect(() => chain.registerType('trade', {})).toThrow(/has a rule/);
    expect(() => chain.registerType('A', {})).toThrow(/Not a type/);
  });

  it('honours an abort before the position is reserved', async () => {
    const { chain } = await alone();
    const signal = AbortSignal.abort();
    expect(await codeOfAsync(chain.source({ type: 'test', tx: 1 }, { signal }))).toBe('ERR_ABORTED');
    expect((await chain.source({ type: 'test', tx: 1 })).core.seq).toBe(1);
  });

  it('does nothing after stop, and needs a network for peers', async () => {
    const { chain } = await alone();
    expect(await codeOfAsync(chain.push(bob.publicKey, []))).toBe('ERR_CHAIN_OFFLINE');
    expect(await codeOfAsync(chain.sync(bob.publicKey, bob.publicKey))).toBe('ERR_CHAIN_OFFLINE');
    await chain.stop();
    await chain.stop();
    expect(await codeOfAsync(chain.source({ type: 'test', tx: 1 }))).toBe('ERR_CHAIN_STOPPED');
    const block = await blockOf(bob);
    expect(await codeOfAsync(chain.receive(block.bytes))).toBe('ERR_CHAIN_STOPPED');
  });
});

describe('answering', () => {
  it('S107 S110 S105 refuses to answer a proposal made to somebody else', async () => {
    const { chain } = await alone();
    const proposal = await blockOf(bob, { peer: signerOf(3).publicKey });
    await chain.receive(proposal.bytes);
    expect(await codeOfAsync(chain.agree(proposal.id))).toBe('ERR_PAIR_NOT_ADDRESSED');
    expect(await codeOfAsync(chain.refuse(proposal.id, 'no'))).toBe('ERR_PAIR_NOT_ADDRESSED');
  });

  it('S108 refuses to answer what it does not know', async () => {
    const { chain } = await alone();
    for (const call of [
      chain.agree(strangeId(1)),
      chain.refuse(strangeId(1), ''),
      chain.withdraw(strangeId(1), ''),
      chain.pair(strangeId(1)),
    ]) {
      expect(await codeOfAsync(call)).toBe('ERR_PAIR_UNKNOWN');
    }
  });

  it('S111 refuses to answer an answer', async () => {
    const { chain, signer } = await alone();
    const mine = await chain.propose({ peer: bob.publicKey, type: 'test', tx: 1 });
    const agreement = await agreementTo(bob, mine);
    await chain.receive(agreement.bytes);
    expect(await codeOfAsync(chain.agree(agreement.id))).toBe('ERR_PAIR_NOT_PROPOSAL');
    expect(await codeOfAsync(chain.agree(mine.id))).toBe('ERR_PAIR_OWN');
    const self = await chain.propose({ peer: signer.publicKey, type: 'test', tx: 1 });
    expect(await codeOfAsync(chain.agree(self.id))).toBe('ERR_PAIR_NOT_PROPOSAL');
    expect(await chain.pair(self.id)).toMatchObject({ state: 'agreed' });
  });

  it('S114 answers once, also when asked twice at the same moment', async () => {
    const { chain, signer } = await alone();
    const proposal = await blockOf(bob, { peer: signer.publicKey });
    await chain.receive(proposal.bytes);
    const codes = await Promise.all([
      codeOfAsync(chain.agree(proposal.id)),
      codeOfAsync(chain.refuse(proposal.id, 'no')),
      codeOfAsync(chain.agree(proposal.id)),
    ]);
    expect([...codes].sort()).toEqual(['ERR_PAIR_ANSWERED', 'ERR_PAIR_ANSWERED', 'no error']);
    expect(await codeOfAsync(chain.agree(proposal.id))).toBe('ERR_PAIR_ANSWERED');
  });

  it('S093 lets the rule decide what an agreement may say', async () => {
    const { chain, signer } = await alone(1, { trade: tradeRule });
    const proposal = await blockOf(bob, { peer: signer.publicKey, type: 'trade', tx: {} });
    await chain.receive(proposal.bytes);
    expect(await codeOfAsync(chain.agree(proposal.id, 'wrong'))).toBe('ERR_PAIR_RULE');
    expect((await chain.agree(proposal.id, 'other')).core.tx).toBe('other');
  });

  it('without a rule, an agreement repeats the transaction', async () => {
    const { chain, signer } = await alone();
    const proposal = await blockOf(bob, { peer: signer.publicKey, tx: { amount: 5 } });
    await chain.receive(proposal.bytes);
    expect(await codeOfAsync(chain.agree(proposal.id, { amount: 6 }))).toBe('ERR_PAIR_RULE');
    expect((await chain.agree(proposal.id)).core.tx).toEqual({ amount: 5 });
  });

  it('S119 signs nothing with a proven cheat', async () => {
    const { chain, signer } = await alone();
    const proposal = await blockOf(bob, { peer: signer.publicKey, tx: 1 });
    const fork = await blockOf(bob, { peer: signer.publicKey, tx: 2 });
    await chain.receive(proposal.bytes);
    expect(await chain.isFraudulent(bob.publicKey)).toBe(false);
    const { level, issues } = await chain.receive(fork.bytes);
    expect(level).toBe('invalid');
    expect(issues.map((found) => found.code)).toEqual(['ERR_BLOCK_FORK']);
    expect(await chain.isFraudulent(bob.publicKey)).toBe(true);
    expect(await codeOfAsync(chain.agree(proposal.id))).toBe('ERR_CHAIN_FRAUD');
    expect(await codeOfAsync(chain.propose({ peer: bob.publicKey, type: 'test', tx: 1 }))).toBe(
      'ERR_CHAIN_FRAUD',
    );
    expect((await chain.refuse(proposal.id, 'cheat')).core.type).toBe('tc/refuse');
  });

  it('does not agree to a proposal that is invalid', async () => {
    const { chain, signer } = await alone(1, { trade: tradeRule });
    const proposal = await blockOf(bob, { peer: signer.publicKey, type: 'trade', tx: 5 });
    expect((await chain.receive(proposal.bytes)).level).toBe('invalid');
    expect(await codeOfAsync(chain.agree(proposal.id))).toBe('ERR_PAIR_INVALID');
  });
});

describe('deadlines', () => {
  it('refuses to agree after the deadline and lets the proposer withdraw only then', async () => {
    const { chain, signer, environment } = await alone();
    const theirs = await blockOf(bob, { peer: signer.publicKey, tx: { deadline: START + 1_000 } });
    await chain.receive(theirs.bytes);
    const mine = await chain.propose({ peer: bob.publicKey, type: 'test', tx: { deadline: START + 1_000 } });
    expect(await codeOfAsync(chain.withdraw(mine.id, 'too early'))).toBe('ERR_PAIR_NOT_EXPIRED');
    await environment.advance(1_000);
    expect(await chain.pair(mine.id)).toMatchObject({ state: 'pending', deadline: START + 1_000 });
    await environment.advance(1);
    expect(await chain.pair(mine.id)).toMatchObject({ state: 'expired' });
    expect(await codeOfAsync(chain.agree(theirs.id))).toBe('ERR_PAIR_EXPIRED');
    expect(await codeOfAsync(chain.withdraw(theirs.id, 'not mine'))).toBe('ERR_PAIR_NOT_OWN');
    await chain.withdraw(mine.id, 'nobody came');
    expect(await chain.pair(mine.id)).toMatchObject({ state: 'withdrawn' });
    expect(await codeOfAsync(chain.withdraw(mine.id, 'again'))).toBe('ERR_PAIR_ANSWERED');
  });

  it('never withdraws a proposal without a deadline', async () => {
    const { chain } = await alone();
    const mine = await chain.propose({ peer: bob.publicKey, type: 'test', tx: 1 });
    expect(await codeOfAsync(chain.withdraw(mine.id, ''))).toBe('ERR_PAIR_NO_DEADLINE');
    expect(await codeOfAsync(chain.withdraw(mine.id, 'x'.repeat(201)))).toBe('ERR_INVALID_ARGUMENT');
  });
});

describe('receiving', () => {
  it('S015 S056 throws on a signature that the author did not make', async () => {
    const { chain, store } = await alone();
    const block = await blockOf(bob);
    const bytes = block.bytes.slice();
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(await codeOfAsync(chain.receive(bytes))).toBe('ERR_BLOCK_SIGNATURE');
    expect(await store.count()).toBe(0);
    await chain.receive(block.bytes);
    expect(await codeOfAsync(chain.receive(bytes)), 'also when the core is known').toBe(
      'ERR_BLOCK_SIGNATURE',
    );
  });

  it('S066 takes ten deliveries of one block as one', async () => {
    const { chain, store } = await alone();
    const block = await blockOf(bob);
    const results = await Promise.all(Array.from({ length: 10 }, () => chain.receive(block.bytes)));
    expect(results.filter((result) => result.added).length).toBe(1);
    expect(await store.count()).toBe(1);
    expect(await chain.isFraudulent(bob.publicKey)).toBe(false);
    expect((await chain.receive(block.bytes)).added).toBe(false);
  });

  it('S065 records a fork after 100 honest blocks exactly once', async () => {
    const { chain, store } = await alone();
    let proofs = 0;
    chain.on((event) => {
      if (event.type === 'fraud') proofs += 1;
    });
    const honest = await chainOf(bob, 100);
    await Promise.all(honest.map((block) => chain.receive(block.bytes)));
    const fork = await blockOf(bob, { seq: 100, prev: itemAt(honest, 98).id, tx: 'other' });
    for (let n = 0; n < 3; n++) await chain.receive(fork.bytes);
    expect(proofs).toBe(1);
    expect((await store.proofs(bob.publicKey)).length).toBe(1);
  });

  it('S046 S047 defers what is dated more than five minutes ahead', async () => {
    const { chain, environment } = await alone();
    const near = await blockOf(bob, { time: START + 300_000 });
    const far = await blockOf(signerOf(3), { time: START + 300_001 });
    expect(await chain.receive(near.bytes)).toMatchObject({ added: true, level: 'partial-next' });
    const deferred = await chain.receive(far.bytes);
    expect(deferred).toMatchObject({ added: false, level: 'no-info' });
    expect(deferred.issues.map((found) => found.code)).toEqual(['ERR_BLOCK_FUTURE']);
    await environment.advance(1);
    expect(await chain.receive(far.bytes)).toMatchObject({ added: true, issues: [] });
  });

  it('S089 links an agreement that came before its proposal', async () => {
    const { chain } = await alone();
    const carol = signerOf(3);
    const proposal = await blockOf(bob, { peer: carol.publicKey });
    const agreement = await agreementTo(carol, proposal);
    expect(await chain.receive(agreement.bytes)).toMatchObject({ issues: [] });
    await chain.receive(proposal.bytes);
    expect(await chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
  });

  it('S090 a stranger cannot discredit a block by linking to it', async () => {
    const { chain } = await alone();
    const stranger = signerOf(9);
    const carol = signerOf(3);
    const honest = await blockOf(bob, { peer: carol.publicKey });
    const claim = await agreementTo(stranger, honest);
    const events: string[] = [];
    chain.on((event) => events.push(event.type));
    await chain.receive(claim.bytes);
    expect(await chain.receive(honest.bytes)).toMatchObject({
      added: true,
      level: 'partial-next',
      issues: [],
    });
    const again = await chain.receive(claim.bytes);
    expect(again.level).toBe('invalid');
    expect(again.issues.map((found) => found.code)).toEqual(['ERR_BLOCK_LINK_COUNTERPARTY']);
    expect(events, 'the claim is reported once its proposal is known').toEqual(['block', 'block', 'invalid']);
    expect(await chain.pair(honest.id)).toMatchObject({ state: 'pending' });
  });

  it('reports events of own and received blocks', async () => {
    const { chain } = await alone();
    const seen: unknown[] = [];
    const off = chain.on((event) => {
      if (event.type === 'block') seen.push([event.own, event.level]);
    });
    await chain.source({ type: 'test', tx: 1 });
    const [one, two] = await chainOf(bob, 2);
    await chain.receive(itemAt([two!], 0).bytes);
    await chain.receive(itemAt([one!], 0).bytes);
    off();
    await chain.source({ type: 'test', tx: 2 });
    expect(seen).toEqual([
      [true, 'partial-next'],
      [false, 'no-info'],
      [false, 'valid'],
    ]);
  });
});

describe('a block that is heard again', () => {
  it('is answered with what was found before, without asking the store', async () => {
    const reads = { count: 0 };
    const inner = memoryBlockStore();
    const { chain } = await alone(
      1,
      {},
      {
        ...inner,
        getMany: (ids) => {
          reads.count += 1;
          return inner.getMany(ids);
        },
      },
    );
    const blocks = await chainOf(bob, 2);
    const [first, second] = [itemAt(blocks, 0), itemAt(blocks, 1)];
    await chain.receive(first.bytes);
    const found = await chain.receive(second.bytes);
    reads.count = 0;
    const again = await chain.receive(second.bytes);
    expect(again).toMatchObject({ added: false, level: found.level, issues: [] });
    expect(reads.count).toBe(0);
    expect((await chain.receive(first.bytes)).added).toBe(false);
    expect(reads.count).toBe(1);
  });

  it('with another signature is verified', async () => {
    const { chain } = await alone();
    const first = itemAt(await chainOf(bob, 1), 0);
    await chain.receive(first.bytes);
    const forged = first.bytes.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    expect(await codeOfAsync(chain.receive(forged))).toBe('ERR_BLOCK_SIGNATURE');
  });

  it('is judged anew when a rule, a rival or its proposal came meanwhile', async () => {
    const { chain } = await alone();
    const carol = signerOf(3);
    const first = itemAt(await chainOf(bob, 1), 0);
    await chain.receive(first.bytes);
    const rival = await blockOf(bob, { seq: 1, prev: null, type: first.core.type, tx: 'another' });
    expect((await chain.receive(rival.bytes)).level).toBe('invalid');
    expect((await chain.receive(first.bytes)).level).toBe('invalid');

    const proposal = await blockOf(carol, { peer: signerOf(4).publicKey, type: 'test/late', tx: 1 });
    const answer = await agreementTo(signerOf(4), proposal, { tx: 2 });
    expect((await chain.receive(answer.bytes)).level).not.toBe('invalid');
    await chain.receive(proposal.bytes);
    expect((await chain.receive(answer.bytes)).level).toBe('invalid');

    const dave = signerOf(5);
    const odd = await blockOf(dave, { type: 'test/ruled', tx: 'odd' });
    expect((await chain.receive(odd.bytes)).level).not.toBe('invalid');
    chain.registerType('test/ruled', tradeRule);
    expect((await chain.receive(odd.bytes)).level).toBe('invalid');
  });
});
