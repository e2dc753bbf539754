import { type Crypto, type HalfBlock, publicKeyToHex } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { FRAUD_TOPIC, HEADS_TOPIC, PUSH_PROTOCOL, SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { after, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';
import { type Town, type TownOptions, town, townStores } from './support/town.ts';

let current: Town | undefined;
const open = async (options: TownOptions): Promise<Town> => {
  current = await town(options);
  return current;
};
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

describe('pairs over a network', () => {
  it('S092 S098 delivers the proposal and the agreement: both stores hold both halves', async () => {
    const { at, run, pass } = await open({ size: 2 });
    const [alice, bob] = [at(0), at(1)];
    bob.chain.on((event) => {
      if (event.type === 'block' && !event.own && event.block.core.link === null)
        void bob.chain.agree(event.block.id);
    });
    const proposal = await run(alice.chain.propose({ peer: bob.chain.self, type: 'test', tx: { n: 1 } }));
    await pass();
    expect(await alice.chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
    expect(await bob.chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
    expect(await alice.store.count()).toBe(2);
    expect(await bob.store.count()).toBe(2);
  });

  it('costs two signatures and two verifications a pair, no more', async () => {
    const counts = { signed: 0, verified: 0 };
    const counting: Crypto = {
      ...crypto,
      ed25519Verify(...item) {
        counts.verified += 1;
        return crypto.ed25519Verify(...item);
      },
      ed25519VerifyMany(items) {
        counts.verified += items.length;
        return crypto.ed25519VerifyMany(items);
      },
    };
    const { at, run, pass } = await open({
      size: 2,
      crypto: counting,
      onSign: () => {
        counts.signed += 1;
      },
    });
    const [alice, bob] = [at(0), at(1)];
    bob.chain.on((event) => {
      if (event.type === 'block' && !event.own) void bob.chain.agree(event.block.id);
    });
    const soon = townStores.seenBy === undefined ? 15 : 200;
    for (let n = 0; n < 20; n++) {
      const proposal = await run(alice.chain.propose({ peer: bob.chain.self, type: 'test', tx: n }));
      await pass(n % 2 === 0 ? soon : 2_000);
      expect(await alice.chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
    }
    await pass(5_000);
    expect(counts).toEqual({ signed: 40, verified: 40 });
  });

  it('S095 answers two proposals made at once', async () => {
    const { at, run, pass } = await open({ size: 2 });
    const [alice, bob] = [at(0), at(1)];
    bob.chain.on((event) => {
      if (event.type === 'block' && !event.own) void bob.chain.agree(event.block.id);
    });
    const made = await run(
      Promise.all([1, 2].map((n) => alice.chain.propose({ peer: bob.chain.self, type: 'test', tx: n }))),
    );
    await pass();
    for (const proposal of made)
      expect(await alice.chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
    expect((await bob.store.head(bob.chain.self))?.core.seq).toBe(2);
  });

  it('delivers a refusal', async () => {
    const { at, run, pass } = await open({ size: 2 });
    const proposal = await run(at(0).chain.propose({ peer: at(1).chain.self, type: 'test', tx: 1 }));
    await pass();
    await run(at(1).chain.refuse(proposal.id, 'too dear'));
    await pass();
    expect(await at(0).chain.pair(proposal.id)).toMatchObject({ state: 'refused' });
  });

  it('S096 S099 fetches the blocks before a proposal from its sender', async () => {
    const { at, run, pass, requests, networks } = await open({ size: 2, linked: false });
    const [alice, bob] = [at(0), at(1)];
    for (let n = 0; n < 30; n++) await run(alice.chain.source({ type: 'test', tx: n }));
    networks.link(alice.chain.self, bob.chain.self);
    await pass();
    requests.clear();
    await run(alice.chain.source({ type: 'test', tx: 'between' }));
    await run(alice.chain.propose({ peer: bob.chain.self, type: 'test', tx: 1 }));
    await pass();
    expect(await bob.store.count(alice.chain.self)).toBe(32);
    expect(requests.get(SYNC_PROTOCOL), 'one request for all holes').toBe(1);
  });

  it('fetches nothing for proposals whose predecessors come in the same frame', async () => {
    const { at, run, pass, requests } = await open({ size: 2 });
    const [alice, bob] = [at(0), at(1)];
    requests.clear();
    const propose = (n: number) => alice.chain.propose({ peer: bob.chain.self, type: 'test', tx: n });
    await run(Promise.all(Array.from({ length: 200 }, (_, n) => propose(n))));
    await pass();
    expect(await bob.store.count(alice.chain.self)).toBe(200);
    expect(requests.get(SYNC_PROTOCOL) ?? 0).toBe(0);
    expect(requests.get(PUSH_PROTOCOL), 'in few frames').toBeLessThan(10);
  });

  it('keeps what could not be delivered until the peer connects', async () => {
    const { at, run, pass, networks } = await open({ size: 2, linked: false });
    const proposal = await run(at(0).chain.propose({ peer: at(1).chain.self, type: 'test', tx: 1 }));
    await pass();
    expect(await at(1).store.has(proposal.id)).toBe(false);
    networks.link(at(0).chain.self, at(1).chain.self);
    await pass();
    expect(await at(1).store.has(proposal.id)).toBe(true);
  });

  it('offers undelivered blocks again after a restart', async () => {
    const { at, run, pass, networks, environment } = await open({ size: 2, linked: false });
    const [alice, bob] = [at(0), at(1)];
    const proposal = await run(alice.chain.propose({ peer: bob.chain.self, type: 'test', tx: 1 }));
    await run(alice.chain.stop());
    const again = await createTrustchain({
      signer: alice.signer,
      crypto,
      store: alice.store,
      network: alice.network,
      environment,
    });
    networks.link(again.self, bob.chain.self);
    await pass();
    expect(await bob.store.has(proposal.id)).toBe(true);
    await run(again.stop());
  });
});

describe('push', () => {
  it('S120 stores both halves of a pair', async () => {
    const { at, run } = await open({ size: 2 });
    const [carol, dave] = [signerOf(8), signerOf(9)];
    const proposal = await blockOf(carol, { peer: dave.publicKey });
    const agreement = await blockOf(dave, { peer: carol.publicKey, link: proposal.id });
    await run(at(0).chain.push(at(1).chain.self, [proposal, agreement]));
    expect(await at(1).chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
  });

  it('says which blocks were refused and why', async () => {
    const { at, run } = await open({ size: 2 });
    const good = await blockOf(signerOf(8));
    const forged: HalfBlock = {
      ...good,
      bytes: good.bytes.with(good.bytes.length - 2, 0) as HalfBlock['bytes'],
    };
    const cut: HalfBlock = { ...good, bytes: good.bytes.slice(0, 40) };
    const undecodable = await run(at(0).chain.push(at(1).chain.self, [cut])).catch((caught) => caught);
    expect(undecodable.details.refused).toEqual({ [good.id.toString()]: 'ERR_BLOCK_ENCODING' });
    const ahead = await blockOf(signerOf(9), { time: START + 3_600_000 });
    expect(await codeOfAsync(run(at(0).chain.push(at(1).chain.self, [forged])))).toBe('ERR_CHAIN_PUSH');
    const error = await run(at(0).chain.push(at(1).chain.self, [good, ahead])).catch((caught) => caught);
    expect(error.details.refused).toEqual({ [ahead.id.toString()]: 'ERR_BLOCK_FUTURE' });
    expect(await at(1).store.has(good.id)).toBe(true);
  });

  it('limits what one peer can push', async () => {
    const { at, run, pass } = await open({ size: 2, limits: { push: { burst: 10, perSecond: 1 } } });
    const chain = await chainOf(signerOf(8), 12);
    await run(at(0).chain.push(at(1).chain.self, chain.slice(0, 10)));
    expect(await codeOfAsync(run(at(0).chain.push(at(1).chain.self, chain.slice(10))))).toBe(
      'ERR_NETWORK_REMOTE',
    );
    await pass(2_000);
    await run(at(0).chain.push(at(1).chain.self, chain.slice(10)));
    await pass(10_000);
    expect(await codeOfAsync(run(at(0).chain.push(at(1).chain.self, chain)))).toBe('ERR_NETWORK_REMOTE');
  });

  it('a withheld predecessor costs one request, not a storm', async () => {
    const { at, run, pass, requests } = await open({ size: 2 });
    const [mallory, bob] = [at(0), at(1)];
    const cheat = signerOf(77);
    const withheld = await chainOf(cheat, 20);
    requests.clear();
    let last = itemAt(withheld, 19);
    for (let n = 0; n < 50; n++) {
      last = await after(cheat, last, { peer: bob.chain.self, tx: n });
      if (n % 2 === 1) await run(mallory.chain.push(bob.chain.self, [last]));
    }
    await pass();
    expect(requests.get(SYNC_PROTOCOL)).toBe(1);
    expect(await bob.store.count(cheat.publicKey)).toBe(25);
  });
});

describe('sync', () => {
  it('S126 S133 S130 fetches what is missing, holes included', async () => {
    const { at, run } = await open({ size: 2 });
    const author = signerOf(50);
    const chain = await chainOf(author, 700);
    await at(0).store.put(chain);
    await at(1).store.put(chain.filter((block) => block.core.seq % 7 === 3 || block.core.seq > 650));
    const held = await at(1).store.count();
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey))).toBe(700 - held);
    expect(await at(1).store.count(author.publicKey)).toBe(700);
  });

  it('resumes where one answer ends: more blocks than a server sends at once', async () => {
    // Signatures are not what is tested here, and 16 400 of them take long.
    const trusting: Crypto = {
      ...crypto,
      ed25519Verify: () => true,
      ed25519VerifyMany: async (items) => items.map(() => true),
    };
    const { at, run, requests } = await open({ size: 2, crypto: trusting });
    const author = { publicKey: signerOf(50).publicKey, sign: async () => new Uint8Array(64) };
    await at(0).store.put(await chainOf(author, 16_400));
    requests.clear();
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey))).toBe(16_400);
    expect(requests.get(SYNC_PROTOCOL)).toBe(2);
  });

  it('S127 finds nothing without waiting', async () => {
    const { at, run } = await open({ size: 2 });
    expect(await run(at(1).chain.sync(at(0).chain.self, signerOf(50).publicKey))).toBe(0);
  });

  it('S135 S136 asks again for what has grown', async () => {
    const { at, run } = await open({ size: 2 });
    const author = signerOf(50);
    const chain = await chainOf(author, 7);
    await at(0).store.put(chain.slice(0, 4));
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey))).toBe(4);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey))).toBe(0);
    await at(0).store.put(chain);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey))).toBe(3);
  });

  it('S132 S153 fetches the other halves with links', async () => {
    const { at, run } = await open({ size: 2 });
    const [author, other] = [signerOf(50), signerOf(51)];
    const theirs = await blockOf(other, { peer: author.publicKey });
    const answer = await blockOf(author, { peer: other.publicKey, link: theirs.id });
    const mine = await after(author, answer, { peer: other.publicKey });
    const answered = await after(other, theirs, { peer: author.publicKey, link: mine.id });
    await at(0).store.put([theirs, answer, mine, answered]);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey))).toBe(2);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey, { links: true }))).toBe(2);
    expect(await at(1).chain.pair(mine.id)).toMatchObject({ state: 'agreed' });
  });

  it('fetches every branch of a fork and proves it', async () => {
    const { at, run } = await open({ size: 2 });
    const author = signerOf(50);
    const chain = await chainOf(author, 300);
    const fork = await blockOf(author, {
      seq: 256,
      prev: itemAt(chain, 254).id,
      tx: 'fork',
      time: START + 256,
    });
    await at(0).store.put([...chain, fork]);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey))).toBe(301);
    expect(await at(1).chain.isFraudulent(author.publicKey)).toBe(true);
  });

  it('refuses blocks that were not asked for', async () => {
    const { at, run, networks } = await open({ size: 2 });
    const [author, stranger] = [signerOf(50), signerOf(51)];
    await at(0).store.put(await chainOf(author, 3));
    const other = await chainOf(stranger, 3);
    const { encodeCanonical } = await import('@edmp/interface/format');
    networks.tamper(at(0).chain.self, (frame) =>
      frame.kind === 'response' && frame.name === SYNC_PROTOCOL
        ? encodeCanonical(other.map((block) => block.bytes))
        : frame.body,
    );
    expect(await codeOfAsync(run(at(1).chain.sync(at(0).chain.self, author.publicKey)))).toBe(
      'ERR_CHAIN_PROTOCOL',
    );
    expect(await at(1).store.count()).toBe(0);
  });

  it('refuses requests that are none, and serves within a quota', async () => {
    const { at, run } = await open({ size: 2, limits: { sync: { burst: 400, perSecond: 1 } } });
    const ask = async (body: Uint8Array): Promise<void> => {
      for await (const _ of at(1).network.request(at(0).chain.self, SYNC_PROTOCOL, body));
    };
    expect(await codeOfAsync(run(ask(new Uint8Array([1, 2, 3]))))).toBe('ERR_NETWORK_REMOTE');
    expect(await codeOfAsync(run(ask(new Uint8Array([0xa0]))))).toBe('ERR_NETWORK_REMOTE');
    const author = signerOf(50);
    await at(0).store.put(await chainOf(author, 600));
    expect(await codeOfAsync(run(at(1).chain.sync(at(0).chain.self, author.publicKey)))).toBe(
      'ERR_NETWORK_REMOTE',
    );
    expect(await at(1).store.count()).toBeGreaterThan(0);
  });
});

describe('gossip', () => {
  it('announces heads to everybody, at most once a second', async () => {
    const { at, run, pass } = await open({ size: 3 });
    for (let n = 0; n < 20; n++) await run(at(0).chain.source({ type: 'test', tx: n }));
    await pass(3_000);
    expect((await at(2).store.head(at(0).chain.self))?.core.seq).toBe(20);
    expect(await at(2).store.count(at(0).chain.self)).toBeLessThanOrEqual(3);
  });

  it('S144 spreads a fraud proof to nodes that saw neither branch', async () => {
    const { at, run, pass, networks } = await open({ size: 4, linked: false });
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ] as const)
      networks.link(at(a).chain.self, at(b).chain.self);
    await pass();
    const cheat = signerOf(66);
    const [one, two] = [await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 })];
    await run(at(0).chain.receive(one.bytes));
    await run(at(0).chain.receive(two.bytes));
    await pass();
    for (const node of [0, 1, 2, 3]) {
      expect(await at(node).chain.isFraudulent(cheat.publicKey), `node ${node}`).toBe(true);
      expect(at(node).events.filter((event) => event.type === 'fraud').length).toBe(1);
    }
    expect(await at(3).store.count(cheat.publicKey)).toBe(2);
  });

  it('S145 relays neither wrongly signed heads nor unfounded proofs', async () => {
    const { at, pass, networks } = await open({ size: 3, linked: false });
    for (const [a, b] of [
      [0, 1],
      [1, 2],
    ] as const)
      networks.link(at(a).chain.self, at(b).chain.self);
    await pass();
    const block = await blockOf(signerOf(66));
    await at(0).network.publish(HEADS_TOPIC, block.bytes.with(block.bytes.length - 1, 1));
    await at(0).network.publish(FRAUD_TOPIC, block.bytes);
    await at(0).network.publish(HEADS_TOPIC, new Uint8Array([1]));
    await pass();
    expect(await at(1).store.count()).toBe(0);
    expect(await at(2).store.count()).toBe(0);
  });

  it('a fork made while apart comes to light when the two sides meet', async () => {
    const { at, run, pass, networks } = await open({ size: 3, linked: false });
    const [alice, bob, carol] = [at(0), at(1), at(2)];
    const cheat = signerOf(66);
    await run(alice.chain.receive((await blockOf(cheat, { tx: 'to alice' })).bytes));
    await run(bob.chain.receive((await blockOf(cheat, { tx: 'to bob' })).bytes));
    networks.link(alice.chain.self, carol.chain.self);
    networks.link(bob.chain.self, carol.chain.self);
    await pass();
    for (const node of [alice, bob, carol]) {
      expect(await node.chain.isFraudulent(cheat.publicKey), publicKeyToHex(node.chain.self)).toBe(true);
    }
  });
});

describe('a store that went back in time', () => {
  it('learns its own head from a peer before it signs', async () => {
    const { at, run, pass, networks, environment } = await open({ size: 2 });
    const [alice, bob] = [at(0), at(1)];
    for (let n = 0; n < 10; n++)
      await run(alice.chain.propose({ peer: bob.chain.self, type: 'test', tx: n }));
    await pass();
    expect(await bob.store.count(alice.chain.self)).toBe(10);
    const backup = memoryBlockStore();
    await backup.put((await alice.store.range(alice.chain.self, 1, 4, 99)).slice());
    await run(alice.chain.stop());
    const restored = await createTrustchain({
      signer: alice.signer,
      crypto,
      store: backup,
      network: alice.network,
      environment,
    });
    const next = await run(restored.propose({ peer: bob.chain.self, type: 'test', tx: 'after' }));
    expect(next.core.seq).toBe(11);
    await pass();
    expect(await bob.chain.isFraudulent(restored.self)).toBe(false);
    await run(restored.stop());
    expect(networks.count('request')).toBeGreaterThan(0);
  });

  it('does not sign on a chain with holes until they are closed', async () => {
    const { at, run, pass } = await open({ size: 2, limits: { askTimeoutMs: 500 } });
    const [alice, bob] = [at(0), at(1)];
    const own = await chainOf(alice.signer, 9);
    await bob.store.put(own);
    await run(alice.chain.receive(itemAt(own, 8).bytes));
    const error = await run(alice.chain.source({ type: 'test', tx: 1 })).catch((caught) => caught);
    expect(error.code).toBe('ERR_CHAIN_REGRESSED');
    await run(alice.chain.sync(bob.chain.self, alice.chain.self));
    expect((await run(alice.chain.source({ type: 'test', tx: 1 }))).core.seq).toBe(10);
    await pass();
  });

  it('with confirmations required, does not sign before a peer has answered', async () => {
    const { at, run, pass, networks } = await open({ size: 2, linked: false, confirmations: 1 });
    expect(await codeOfAsync(run(at(0).chain.source({ type: 'test', tx: 1 })))).toBe('ERR_CHAIN_UNCONFIRMED');
    networks.link(at(0).chain.self, at(1).chain.self);
    await pass();
    expect((await run(at(0).chain.source({ type: 'test', tx: 1 }))).core.seq).toBe(1);
  });

  it('does not sign any more once its own key is burnt', async () => {
    const { at, run } = await open({ size: 1 });
    const signer = at(0).signer;
    await run(at(0).chain.receive((await blockOf(signer, { tx: 1 })).bytes));
    await run(at(0).chain.receive((await blockOf(signer, { tx: 2 })).bytes));
    expect(await codeOfAsync(run(at(0).chain.source({ type: 'test', tx: 1 })))).toBe('ERR_CHAIN_FRAUD');
  });
});

describe('protocol names', () => {
  it('carry their version', () => {
    expect([PUSH_PROTOCOL, SYNC_PROTOCOL, HEADS_TOPIC, FRAUD_TOPIC]).toEqual([
      '/edmp/tc/push/1',
      '/edmp/tc/sync/2',
      '/edmp/tc/heads/1',
      '/edmp/tc/fraud/1',
    ]);
  });
});
