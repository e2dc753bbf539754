/** Own blocks reach their counterparties, however often it takes. */

import { type BlockStore, EdmpError, type Network, type Trustchain } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { PUSH_PROTOCOL } from '@edmp/trustchain/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { outbox } from '../src/protocol/delivery/outbox.ts';
import { OFFER_PROTOCOL } from '../src/protocol/messages.ts';
import { chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
import { type Inhabitant, type Town, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

const bob = signerOf(9);

/** A peer that speaks only what `handle` adds. */
async function stranger({ networks, run }: Town): Promise<Network> {
  const network = networks.create({ self: bob.publicKey });
  await run(network.start());
  return network;
}
/** An ordinary node of Bob's. */
async function bobs(place: Town, store: BlockStore = memoryBlockStore()): Promise<Inhabitant> {
  const network = await stranger(place);
  const chain = await createTrustchain({
    signer: bob,
    crypto,
    store,
    network,
    environment: place.environment,
  });
  return { signer: bob, network, store, chain, events: [] };
}
/** The node stops, and starts again with the same store. */
async function restarted(place: Town, { chain, ...node }: Inhabitant): Promise<Trustchain> {
  await place.run(chain.stop());
  return createTrustchain({ ...node, crypto, environment: place.environment });
}
const propose = (place: Town, tx: number) =>
  place.run(place.at(0).chain.propose({ peer: bob.publicKey, type: 'test', tx }));

describe('a delivery', () => {
  it('that a full queue or quota, a failing store or a clock behind refuses is tried again', async () => {
    current = await town({ size: 1 });
    const network = await stranger(current);
    const answers = ['ERR_CHAIN_BUSY', 'ERR_STORE_IO', 'ERR_BLOCK_FUTURE', 'ERR_CHAIN_STOPPED'];
    let tries = 0;
    network.handle(PUSH_PROTOCOL, async () => encodeCanonical([answers[tries++] ?? null]));
    current.networks.link(bob.publicKey, current.at(0).chain.self);
    await current.pass();
    await propose(current, 1);
    await current.pass(600_000);
    expect(tries, 'until it was stored, not longer').toBe(answers.length + 1);
  });

  it('that is refused for good is not tried again', async () => {
    current = await town({ size: 1 });
    const network = await stranger(current);
    let tries = 0;
    network.handle(PUSH_PROTOCOL, async () => encodeCanonical([['ERR_BLOCK_SIGNATURE'][tries++] ?? null]));
    current.networks.link(bob.publicKey, current.at(0).chain.self);
    await propose(current, 1);
    await current.pass(600_000);
    expect(tries).toBe(1);
  });

  it('goes on for as long as the peer is connected, ever less often', async () => {
    current = await town({ size: 1 });
    const { environment, networks, pass } = current;
    const network = await stranger(current);
    const tries: number[] = [];
    network.handle(PUSH_PROTOCOL, async () => {
      tries.push(environment.now());
      if (tries.length < 40) throw new EdmpError('ERR_CHAIN_BUSY', 'over quota', { retryable: true });
      return encodeCanonical([null]);
    });
    networks.link(bob.publicKey, current.at(0).chain.self);
    await pass();
    await propose(current, 1);
    await pass(24 * 3_600_000);
    expect(tries.length).toBe(40);
    const waits = tries.slice(1).map((at, index) => at - itemAt(tries, index));
    expect(waits.slice(0, 4).map((ms) => Math.round(ms / 1_000))).toEqual([1, 2, 4, 8]);
    expect(Math.round(Math.max(...waits) / 1_000), 'at least every five minutes').toBe(300);
  });

  it('of a new block does not wait for one that is refused for now', async () => {
    current = await town({ size: 1 });
    const network = await stranger(current);
    const seen: number[] = [];
    network.handle(PUSH_PROTOCOL, async ({ body }) => {
      seen.push(body.length);
      return encodeCanonical([seen.length === 2 ? null : 'ERR_BLOCK_FUTURE']);
    });
    current.networks.link(bob.publicKey, current.at(0).chain.self);
    await current.pass();
    await propose(current, 1);
    await current.pass(100);
    await propose(current, 2);
    await current.pass(100);
    expect(seen.length).toBe(2);
  });

  it('to a peer that comes and goes is begun at most once a second', async () => {
    current = await town({ size: 1 });
    const { networks, at, pass } = current;
    const network = await stranger(current);
    let tries = 0;
    network.handle(PUSH_PROTOCOL, async () => {
      tries += 1;
      throw new EdmpError('ERR_CHAIN_BUSY', 'over quota', { retryable: true });
    });
    await propose(current, 1);
    for (let n = 0; n < 100; n++) {
      networks.link(bob.publicKey, at(0).chain.self);
      await pass(50);
      networks.cut(bob.publicKey, at(0).chain.self);
      networks.heal();
    }
    // A greeting may come on top.
    expect(tries).toBeLessThan(12);
  });

  it('gets through a quota that is smaller than what is to be delivered', async () => {
    const limits = { push: { burst: 40, perSecond: 1 }, maxFetchedBefore: 0 };
    current = await town({ size: 2, linked: false, limits });
    const { at, run, pass, networks } = current;
    const peer = at(1).chain.self;
    await run(
      Promise.all(Array.from({ length: 200 }, (_, n) => at(0).chain.propose({ peer, type: 'test', tx: n }))),
    );
    networks.link(at(0).chain.self, peer);
    await pass(3_600_000);
    const proposals = await at(1).store.byType('test', { author: at(0).chain.self, limit: 1_000 });
    expect(proposals.length).toBe(200);
  });

  it('reaches a peer whose clock is behind once its clock has come there', async () => {
    current = await town({ size: 1 });
    const { environment, networks, at, run, pass } = current;
    const network = await stranger(current);
    const store = memoryBlockStore();
    const late = { ...environment, now: () => environment.now() - 6 * 60_000 };
    const chain = await createTrustchain({ signer: bob, crypto, store, network, environment: late });
    networks.link(at(0).chain.self, bob.publicKey);
    await pass();
    const proposal = await propose(current, 1);
    await pass(3_600_000);
    expect(await store.has(proposal.id)).toBe(true);
    await run(chain.stop());
  });
});

describe('after a restart', () => {
  it('a proposal under hundreds of other blocks still arrives', async () => {
    current = await town({ size: 1, linked: false });
    const { at, run, pass, networks } = current;
    const proposal = await propose(current, 1);
    for (let n = 0; n < 300; n++) await run(at(0).chain.source({ type: 'test', tx: n }));
    const again = await restarted(current, at(0));
    const node = await bobs(current);
    networks.link(again.self, bob.publicKey);
    await pass();
    expect(await node.store.has(proposal.id)).toBe(true);
    await run(Promise.all([again.stop(), node.chain.stop()]));
  });

  it('an answer still arrives', async () => {
    current = await town({ size: 1 });
    const { at, run, pass, networks } = current;
    const node = await bobs(current);
    networks.link(at(0).chain.self, bob.publicKey);
    await pass();
    const proposal = await run(node.chain.propose({ peer: at(0).chain.self, type: 'test', tx: 1 }));
    await pass();
    networks.cut(at(0).chain.self, bob.publicKey);
    await run(at(0).chain.agree(proposal.id));
    await run(at(0).chain.source({ type: 'test', tx: 'the head, which a greeting brings' }));
    const again = await restarted(current, at(0));
    networks.heal();
    networks.link(again.self, bob.publicKey);
    await pass();
    expect(await node.chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
    await run(Promise.all([again.stop(), node.chain.stop()]));
  });

  it('blocks that the peer stores are named, not sent again', async () => {
    current = await town({ size: 1 });
    const { at, run, pass, networks, requests } = current;
    const node = await bobs(current);
    networks.link(at(0).chain.self, bob.publicKey);
    for (let n = 0; n < 100; n++) await propose(current, n);
    await pass();
    expect(await node.store.count(at(0).chain.self)).toBe(100);
    requests.clear();
    let bytes = 0;
    networks.tamper(at(0).chain.self, ({ kind, name, body }) => {
      if (kind === 'request' && name === PUSH_PROTOCOL) bytes += body.length;
      return body;
    });
    const again = await restarted(current, at(0));
    await pass();
    expect(requests.get(OFFER_PROTOCOL)).toBe(1);
    expect(bytes, 'no more than the head').toBeLessThan(400);
    await run(Promise.all([again.stop(), node.chain.stop()]));
  });

  it('proposals that were answered are not even named', async () => {
    current = await town({ size: 1 });
    const { at, run, pass, networks, requests } = current;
    const node = await bobs(current);
    networks.link(at(0).chain.self, bob.publicKey);
    const proposal = await propose(current, 1);
    await pass();
    await run(node.chain.agree(proposal.id));
    await pass();
    requests.clear();
    const again = await restarted(current, at(0));
    await pass();
    expect(requests.get(OFFER_PROTOCOL) ?? 0).toBe(0);
    await run(Promise.all([again.stop(), node.chain.stop()]));
  });
});

describe('an outbox', () => {
  it('of a peer that is away keeps the newest blocks, up to a limit', async () => {
    current = await town({ size: 1 });
    const { environment, networks, pass, run } = current;
    const alice = signerOf(30);
    const network = networks.create({ self: alice.publicKey });
    await run(network.start());
    const store = memoryBlockStore();
    const chain = await chainOf(alice, 30, (seq) => ({ peer: bob.publicKey, tx: seq }));
    await store.put(chain);
    const box = outbox({ self: alice.publicKey, network, store, environment, maxPositions: 20 });
    for (const block of chain) box.deliver(bob.publicKey, block);
    const node = await bobs(current);
    networks.link(alice.publicKey, bob.publicKey);
    box.connected(bob.publicKey);
    await pass();
    expect(await node.store.count(alice.publicKey)).toBe(20);
    expect((await node.store.at(alice.publicKey, 10)).length).toBe(0);
    await run(box.stop());
    await run(node.chain.stop());
    await run(network.stop());
  });

  it('refuses offers that are none', async () => {
    current = await town({ size: 2 });
    const { at, run } = current;
    for (const value of [5, [5], [new Uint8Array(35)], Array(257).fill(new Uint8Array(36))]) {
      const ask = async (): Promise<void> => {
        const body = encodeCanonical(value as never);
        for await (const _ of at(0).network.request(at(1).chain.self, OFFER_PROTOCOL, body));
      };
      const error = await run(ask()).catch((caught) => caught);
      expect(error.details?.code ?? error.code).toMatch(/^ERR_CHAIN_PROTOCOL|^ERR_NETWORK_LIMIT/);
    }
  });
});
