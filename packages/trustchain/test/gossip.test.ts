/** Heads and fraud proofs reach everybody, whoever was shown what, and what they cost is bounded. */

import { type Crypto, type HalfBlock, type Network, type Signer, singleFrame } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { encodeFraudProof, forkEvidence } from '@edmp/trustchain/fraud';
import { FRAUD_TOPIC, HEADS_TOPIC, PUSH_PROTOCOL, SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { MAX_HEAD_BYTES } from '../src/protocol/gossip/head-bounds.ts';
import { after, agreementTo, blockOf, chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
import { type Town, type TownOptions, town } from './support/town.ts';

let current: Town | undefined;
const open = async (options: TownOptions): Promise<Town> => {
  current = await town(options);
  return current;
};
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

/** Links the nodes of a town in a line. */
const inLine = async (options: TownOptions): Promise<Town> => {
  const made = await open({ ...options, linked: false });
  for (let n = 1; n < options.size; n++) made.networks.link(made.at(n - 1).chain.self, made.at(n).chain.self);
  await made.pass();
  return made;
};
/** A peer that follows no protocol, linked to the nodes given. */
const stranger = async ({ networks, run, at, pass }: Town, signer: Signer, ...linked: number[]) => {
  const network = networks.create({ self: signer.publicKey });
  await run(network.start());
  for (const index of linked) networks.link(signer.publicKey, at(index).chain.self);
  await pass();
  return network;
};
const pushTo = (network: Network, peer: HalfBlock['core']['key'], block: HalfBlock) =>
  singleFrame(network.request(peer, PUSH_PROTOCOL, encodeCanonical([block.bytes])));
const proofAgainst = async (cheat: Signer, seed = 0) => {
  const [one, two] = [await blockOf(cheat, { tx: seed + 1 }), await blockOf(cheat, { tx: seed + 2 })];
  const evidence = forkEvidence(one, two);
  if (evidence === undefined) throw new Error('no evidence');
  return encodeFraudProof(evidence, crypto);
};
const whoKnows = ({ nodes }: Town, author: HalfBlock['core']['key']) =>
  Promise.all(nodes.map(({ chain }) => chain.isFraudulent(author)));
const everyone = (made: Town) => made.nodes.map(() => true);

describe('a fork', () => {
  it('that was shown by push alone, a branch to each of two victims, is known to everybody in seconds', async () => {
    const made = await inLine({ size: 6 });
    const cheat = signerOf(99);
    const network = await stranger(made, cheat, 0, 5);
    for (const [index, tx] of [
      [0, 'a'],
      [5, 'b'],
    ] as const) {
      const { self } = made.at(index).chain;
      await made.run(pushTo(network, self, await blockOf(cheat, { peer: self, tx })));
    }
    await made.pass(2_000);
    expect(await whoKnows(made, cheat.publicKey)).toEqual(everyone(made));
  });

  it('of answers that were shown by push alone is known to everybody too', async () => {
    const made = await inLine({ size: 4 });
    const cheat = signerOf(99);
    const network = await stranger(made, cheat, 0, 3);
    for (const index of [0, 3]) {
      const { chain } = made.at(index);
      const proposal = await made.run(chain.propose({ peer: cheat.publicKey, type: 'test', tx: index }));
      await made.run(pushTo(network, chain.self, await agreementTo(cheat, proposal)));
    }
    await made.pass(2_000);
    expect(await whoKnows(made, cheat.publicKey)).toEqual(everyone(made));
  });

  it('is found however much its author was announced before', async () => {
    const made = await inLine({ size: 3 });
    const cheat = signerOf(99);
    const network = await stranger(made, cheat, 0, 2);
    const chain = await chainOf(cheat, 60);
    for (const block of chain) await network.publish(HEADS_TOPIC, block.bytes);
    await made.pass(100);
    expect(await made.at(1).store.count(cheat.publicKey), 'bounded by author').toBeLessThan(40);
    const branch = await blockOf(cheat, { tx: 'branch' });
    await network.publish(HEADS_TOPIC, branch.bytes);
    await made.pass(1_000);
    expect(await whoKnows(made, cheat.publicKey)).toEqual(everyone(made));
  });

  it('of which each half of a network holds one branch is found when the halves meet', async () => {
    const made = await open({ size: 4 });
    const { at, run, pass, networks } = made;
    const [a, b, c, d] = [at(0), at(1), at(2), at(3)].map((node) => node.chain.self) as [
      HalfBlock['core']['key'],
      HalfBlock['core']['key'],
      HalfBlock['core']['key'],
      HalfBlock['core']['key'],
    ];
    networks.partition([a, b], [c, d]);
    const cheat = signerOf(97);
    const [one, two] = [await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 })];
    for (const index of [0, 1]) await run(at(index).chain.receive(one.bytes));
    for (const index of [2, 3]) await run(at(index).chain.receive(two.bytes));
    await pass(120_000);
    networks.heal();
    networks.link(b, c);
    await pass(2_000);
    expect(await whoKnows(made, cheat.publicKey)).toEqual(everyone(made));
  });

  it('that shows in a hash link, one position apart, is found when the halves meet', async () => {
    const made = await open({ size: 2, linked: false });
    const { at, run, pass, networks } = made;
    const cheat = signerOf(97);
    const first = await blockOf(cheat, { tx: 1 });
    const other = await after(cheat, await blockOf(cheat, { tx: 2 }));
    await run(at(0).chain.receive(first.bytes));
    // The newest block alone would show nothing: only the one before it contradicts the first.
    for (const block of [other, await after(cheat, other)]) await run(at(1).chain.receive(block.bytes));
    networks.link(at(0).chain.self, at(1).chain.self);
    await pass(2_000);
    expect(await whoKnows(made, cheat.publicKey)).toEqual(everyone(made));
  });

  it('that gossip lost is found in the next round of comparing', async () => {
    const made = await inLine({ size: 3 });
    const { at, run, pass, networks } = made;
    networks.setTopicFaults({ loss: 1 });
    const cheat = signerOf(97);
    await run(at(0).chain.receive((await blockOf(cheat, { tx: 1 })).bytes));
    await run(at(2).chain.receive((await blockOf(cheat, { tx: 2 })).bytes));
    await pass(400_000);
    expect(await whoKnows(made, cheat.publicKey)).toEqual(everyone(made));
  });
});

describe('fraud proofs', () => {
  it('reach a node that joins late, which then signs nothing for the cheat', async () => {
    const made = await open({ size: 3 });
    const { at, run, pass, networks, environment } = made;
    const cheat = signerOf(99);
    for (const tx of [1, 2]) await run(at(0).chain.receive((await blockOf(cheat, { tx })).bytes));
    await pass();
    const signer = signerOf(50);
    const network = networks.create({ self: signer.publicKey });
    await run(network.start());
    const chain = await createTrustchain({ signer, crypto, store: memoryBlockStore(), network, environment });
    networks.link(chain.self, at(1).chain.self);
    await pass(1_000);
    expect(await chain.isFraudulent(cheat.publicKey)).toBe(true);
    const proposal = await blockOf(cheat, { peer: chain.self, tx: 3 });
    await run(chain.receive(proposal.bytes));
    await expect(run(chain.agree(proposal.id))).rejects.toThrow();
    await run(chain.stop());
  });

  it('are offered again after a restart, more than fit one page', async () => {
    const made = await open({ size: 1 });
    const { at, run, pass, networks, environment } = made;
    const store = memoryBlockStore();
    const cheats = Array.from({ length: 600 }, (_, n) => signerOf(1_000 + n));
    for (const cheat of cheats) {
      const proof = await proofAgainst(cheat);
      await store.put(proof.blocks);
      await store.putProof(cheat.publicKey, proof.id, proof.bytes);
    }
    const signer = signerOf(50);
    const network = networks.create({ self: signer.publicKey });
    await run(network.start());
    const chain = await createTrustchain({ signer, crypto, store, network, environment });
    await pass(100);
    networks.link(chain.self, at(0).chain.self);
    await pass(10_000);
    const known = await Promise.all(cheats.map((cheat) => at(0).chain.isFraudulent(cheat.publicKey)));
    expect(known.filter(Boolean).length).toBe(600);
    await run(chain.stop());
  });

  it('are relayed by a node whose receive queue is full', async () => {
    let openGate = (): void => {};
    const gate = new Promise<void>((resolve) => {
      openGate = resolve;
    });
    const slow: Crypto = {
      ...crypto,
      async ed25519VerifyMany(items) {
        if (items.length > 3) await gate;
        return crypto.ed25519VerifyMany(items);
      },
    };
    const made = await inLine({ size: 3, crypto: slow, limits: { maxReceiving: 16 } });
    const { at, pass } = made;
    const blocks = await chainOf(signerOf(77), 64);
    for (const block of blocks)
      at(1)
        .chain.receive(block.bytes)
        .catch(() => {});
    await pass(10);
    for (const block of blocks)
      at(1)
        .chain.receive(block.bytes)
        .catch(() => {});
    const cheat = signerOf(99);
    await at(0).network.publish(FRAUD_TOPIC, (await proofAgainst(cheat)).bytes);
    await pass(200);
    expect(await at(2).chain.isFraudulent(cheat.publicKey)).toBe(true);
    openGate();
    await pass(1_000);
  });

  it('are believed of a peer whose heads are not listened to any more', async () => {
    const made = await open({ size: 2, limits: { gossip: { burst: 3, perSecond: 0 } } });
    const { at, pass } = made;
    await at(0).network.publish(HEADS_TOPIC, Uint8Array.of(1));
    await pass(100);
    const head = await blockOf(signerOf(40));
    await at(0).network.publish(HEADS_TOPIC, head.bytes);
    const cheat = signerOf(99);
    await at(0).network.publish(FRAUD_TOPIC, (await proofAgainst(cheat)).bytes);
    await pass(100);
    expect(await at(1).store.has(head.id)).toBe(false);
    expect(await at(1).chain.isFraudulent(cheat.publicKey)).toBe(true);
  });

  it('are judged within a quota', async () => {
    const made = await open({ size: 1, limits: { proofs: { burst: 2, perSecond: 0 } } });
    const network = await stranger(made, signerOf(77), 0);
    const cheats = [91, 92, 93, 94].map(signerOf);
    for (const cheat of cheats) await network.publish(FRAUD_TOPIC, (await proofAgainst(cheat)).bytes);
    await made.pass(100);
    const known = await Promise.all(cheats.map(({ publicKey }) => made.at(0).chain.isFraudulent(publicKey)));
    expect(known).toEqual([true, true, false, false]);
  });

  it('pass a hub that is busy with the heads of a hundred nodes', async () => {
    const made = await open({ size: 2, linked: false });
    const { at, pass, networks } = made;
    networks.link(at(0).chain.self, at(1).chain.self);
    const crowd = Array.from({ length: 100 }, (_, n) => signerOf(1_000 + n));
    const network = await stranger(made, signerOf(77), 0);
    for (let seq = 1; seq <= 20; seq++) {
      for (const signer of crowd) {
        // Positions apart: nobody else knows the blocks between.
        const block = await blockOf(signer, { seq: 2 * seq, prev: (await blockOf(signer, { tx: seq })).id });
        await network.publish(HEADS_TOPIC, block.bytes);
      }
      await pass(1_000);
    }
    const cheat = signerOf(99);
    await network.publish(FRAUD_TOPIC, (await proofAgainst(cheat)).bytes);
    await pass(100);
    expect(await whoKnows(made, cheat.publicKey)).toEqual([true, true]);
    for (const signer of crowd) expect((await at(1).store.head(signer.publicKey))?.core.seq).toBe(40);
  });
});

describe('heads', () => {
  it('that came by push first are relayed all the same', async () => {
    const made = await inLine({ size: 3 });
    const { at, run, pass } = made;
    const head = await blockOf(signerOf(40), { peer: signerOf(41).publicKey });
    await run(at(0).chain.push(at(1).chain.self, [head]));
    await at(0).network.publish(HEADS_TOPIC, head.bytes);
    await pass();
    expect(await at(2).store.has(head.id)).toBe(true);
  });

  it('that everybody stored long ago do not travel again', async () => {
    const made = await inLine({ size: 3 });
    const { at, pass, networks } = made;
    const chain = await chainOf(signerOf(40), 30);
    for (const index of [0, 1]) await at(index).store.put(chain);
    const before = networks.count('deliver');
    for (const block of chain) await at(0).network.publish(HEADS_TOPIC, block.bytes);
    await pass();
    expect(networks.count('deliver') - before, 'to the neighbour, and the head alone further').toBe(31);
  });

  it('beyond a size are neither announced nor taken in, and reach neighbours in a round of comparing', async () => {
    const made = await inLine({ size: 3 });
    const { at, run, pass } = made;
    const block = await run(at(0).chain.source({ type: 'test', tx: new Uint8Array(MAX_HEAD_BYTES) }));
    await pass(10);
    expect(made.networks.count('publish')).toBe(0);
    await at(0).network.publish(HEADS_TOPIC, block.bytes);
    await pass(1_000);
    expect(await at(1).store.has(block.id)).toBe(false);
    await pass(300_000);
    expect(await at(2).store.has(block.id)).toBe(true);
  });

  it('of strangers fill stores only as fast as their bytes allow', async () => {
    const limits = { headBytes: { burst: 20_000, perSecond: 100 } };
    const made = await inLine({ size: 2, limits });
    const network = await stranger(made, signerOf(77), 0);
    for (let n = 0; n < 100; n++) {
      const block = await blockOf(signerOf(1_000 + n), { tx: new Uint8Array(1_000) });
      await network.publish(HEADS_TOPIC, block.bytes);
    }
    await made.pass(1_000);
    expect(await made.at(0).store.count()).toBeGreaterThan(10);
    expect(await made.at(0).store.count()).toBeLessThan(20);
  });

  it('wrongly signed in the name of another author cost that author nothing', async () => {
    const made = await inLine({ size: 3 });
    const { at, run, pass } = made;
    const author = at(0).signer;
    const network = await stranger(made, signerOf(77), 1);
    for (let n = 0; n < 200; n++) {
      const block = await blockOf(author, { tx: n });
      const last = block.bytes.length - 1;
      await network.publish(HEADS_TOPIC, block.bytes.with(last, (block.bytes[last] ?? 0) ^ 1));
    }
    await pass(100);
    const head = await run(at(0).chain.source({ type: 'test', tx: 'genuine' }));
    await pass(1_000);
    expect(await at(2).store.has(head.id)).toBe(true);
  });

  it('of a proven cheat are not relayed any more', async () => {
    const made = await inLine({ size: 3 });
    const cheat = signerOf(99);
    const network = await stranger(made, cheat, 0);
    const proof = await proofAgainst(cheat);
    await network.publish(FRAUD_TOPIC, proof.bytes);
    await made.pass();
    const next = await after(cheat, itemAt(proof.blocks, 0));
    await network.publish(HEADS_TOPIC, next.bytes);
    await made.pass(200_000);
    for (const { store } of made.nodes) expect(await store.has(next.id)).toBe(false);
  });
});

describe('a peer that reconnects a hundred times', () => {
  const flap = async (made: Town, key: HalfBlock['core']['key'], times: number): Promise<void> => {
    const { self } = made.at(0).chain;
    for (let n = 0; n < times; n++) {
      made.networks.link(key, self);
      await made.pass(50);
      made.networks.cut(key, self);
      made.networks.heal();
    }
  };

  /** Serves what a chain node asks for, and counts the requests. */
  const answering = (network: Network): Map<string, number> => {
    const asked = new Map<string, number>();
    const count = (protocol: string): void => void asked.set(protocol, (asked.get(protocol) ?? 0) + 1);
    network.handle(PUSH_PROTOCOL, async () => {
      count(PUSH_PROTOCOL);
      return encodeCanonical([null]);
    });
    network.handle(SYNC_PROTOCOL, async function* (): AsyncGenerator<Uint8Array> {
      count(SYNC_PROTOCOL);
      yield* [];
    });
    return asked;
  };

  it('S138 is asked for the own head once a minute, and told it once', async () => {
    const made = await open({ size: 1 });
    await made.run(made.at(0).chain.source({ type: 'test', tx: 1 }));
    const network = await stranger(made, signerOf(77));
    const asked = answering(network);
    await flap(made, network.self, 100);
    expect(asked.get(PUSH_PROTOCOL)).toBe(1);
    expect(asked.get(SYNC_PROTOCOL)).toBe(1);
    const next = await made.run(made.at(0).chain.source({ type: 'test', tx: 2 }));
    await flap(made, network.self, 1);
    expect(asked.get(PUSH_PROTOCOL), `told the new head ${next.id}`).toBe(2);
  });

  it('and does not answer is asked again, and told, when it does', async () => {
    const made = await open({ size: 1 });
    await made.run(made.at(0).chain.source({ type: 'test', tx: 1 }));
    const network = await stranger(made, signerOf(77), 0);
    const asked = answering(network);
    await made.pass(100_000);
    const once = new Map([
      [PUSH_PROTOCOL, 1],
      [SYNC_PROTOCOL, 1],
    ]);
    expect(asked).toEqual(once);
    await made.pass(600_000);
    expect(asked, 'once is enough').toEqual(once);
  });
});
