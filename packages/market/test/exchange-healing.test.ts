import { seededRandom } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import type { SignedOrder } from '../src/blocks/order.ts';
import { ORDERS_PROTOCOL, ORDERS_TOPIC } from '../src/matching/messages.ts';
import { decodeSyncFrame, encodeSyncFrame } from '../src/matching/sync-messages.ts';
import { type ExchangeNode, type ExchangeWorld, exchangeWorld } from './support/exchange-world.ts';
import { assetOf, DAY, dataset, START, trader } from './support/orders.ts';

let world: ExchangeWorld;
afterEach(async () => {
  await world?.stop();
});

describe('healing', () => {
  it('M17 an ask lost once in gossip is known within two minutes', async () => {
    world = await exchangeWorld(9);
    const seller = await world.node('seller');
    const other = await world.node('other');
    const maker = await world.node('maker', { matchmaker: true });
    await world.link(seller, other, maker);
    world.networks.tamper(seller.key, (frame) => (frame.kind === 'topic' ? undefined : frame.body));
    const ask = await seller.place(await seller.ask({ document: dataset('lost'), price: 5 }));
    await world.environment.advance(1_000);
    expect([other.open(), maker.open()]).toEqual([[], []]);
    await world.environment.advance(119_000);
    expect([other.open(), maker.open()]).toEqual([[ask.key], [ask.key]]);
  });

  it('M17 a lost bid reaches the matchmaker, and a lost cancel reaches everybody, within two minutes', async () => {
    world = await exchangeWorld(10);
    const trades = await world.node('trader');
    const other = await world.node('other');
    const maker = await world.node('maker', { matchmaker: true });
    await world.link(trades, other, maker);
    const document = dataset('cancelled');
    const ask = await trades.place(await trades.ask({ document, price: 50 }));
    await world.environment.advance(1_000);
    expect(other.open()).toEqual([ask.key]);
    world.networks.tamper(trades.key, (frame) => (frame.kind === 'topic' ? undefined : frame.body));
    const bid = await trades.place(await trades.bid({ asset: assetOf(dataset('x')), price: 5 }));
    const cancel = await trades.cancel(ask.id);
    trades.exchange.cancelOwn(cancel);
    await trades.exchange.publish(cancel);
    await world.environment.advance(120_000);
    expect(other.open()).toEqual([]);
    expect(maker.open()).toEqual([bid.key]);
    expect(trades.events.filter((event) => event.type === 'closed')).toMatchObject([{ reason: 'cancelled' }]);
  });

  it('MS110 MS121 a node that connects later learns all open orders, and only verified ones', async () => {
    world = await exchangeWorld(11);
    const full = await world.node('full', { matchmaker: true });
    const document = dataset('for all');
    const asks: string[] = [];
    await publishTo(full, await trader('bidder').bid({ asset: assetOf(document), price: 1 }));
    for (let i = 0; i < 130; i++) {
      const ask = await trader(`s${i}`).ask({ document, price: 1 + i });
      asks.push(ask.key);
      await publishTo(full, ask);
    }
    await world.environment.advance(1_000);
    // A matchmaker takes in both sides.
    expect(full.open()).toHaveLength(131);
    const late = await world.node('late');
    await world.link(late, full);
    expect(late.open()).toEqual([...asks].sort());
    expect(late.verified()).toBe(130);
    expect(late.exchange.view(assetOf(document), 'DUM1').asks).toHaveLength(130);
  });

  /** Hands an order to a node's topic from a stranger of its own. */
  const publishTo = async (node: ExchangeNode, order: SignedOrder): Promise<void> => {
    strangers ??= await world.node('stranger');
    if (!strangers.network.peers().some((peer) => String(peer) === String(node.key))) {
      await world.link(strangers, node);
    }
    await strangers.network.publish(ORDERS_TOPIC, order.block.bytes);
  };
  let strangers: ExchangeNode | undefined;
  afterEach(() => {
    strangers = undefined;
  });

  it('a peer that sends what is no open order, or nothing new for ever, costs bounded work and is put off', async () => {
    world = await exchangeWorld(12);
    const victim = await world.node('victim');
    const liar = await world.node('liar');
    for (let i = 0; i < 200; i++) {
      victim.exchange.addOwn(await victim.ask({ document: dataset(`own ${i}`), price: 1 }));
    }
    for (let i = 0; i < 60; i++)
      liar.exchange.addOwn(await liar.ask({ document: dataset(`l ${i}`), price: 1 }));
    let requests = 0;
    const junk = (await trader('junk').block('market/other', { v: 1 })).bytes;
    let lie: 'prints' | 'junk' = 'prints';
    world.networks.tamper(victim.key, (frame) => {
      if (frame.name === ORDERS_PROTOCOL && frame.kind === 'request') requests++;
      return frame.body;
    });
    world.networks.tamper(liar.key, (frame) => {
      if (frame.name !== ORDERS_PROTOCOL || frame.kind !== 'response') return frame.body;
      const read = decodeSyncFrame(frame.body);
      return encodeSyncFrame({
        ...read,
        blocks: lie === 'junk' ? [junk] : [],
        parts: read.parts.map((part) =>
          part.kind === 'print' ? { ...part, print: new Uint8Array(16).fill(3) } : part,
        ),
      });
    });
    await world.link(victim, liar);
    await world.environment.advance(10_000);
    expect(requests).toBeLessThanOrEqual(40);
    lie = 'junk';
    await world.environment.advance(4 * 3_600_000);
    // At most 2, 4, 8 … 60 minutes apart once it was caught.
    expect(requests).toBeLessThanOrEqual(80);
    expect(victim.events.some((event) => event.type === 'refused')).toBe(true);
    expect(victim.exchange.size).toBe(200);
  });

  it('M17 a peer that stalls holds up the others for less than a minute, and a lost ask is still known in two', async () => {
    world = await exchangeWorld(24);
    const victim = await world.node('victim');
    const seller = await world.node('seller');
    const staller = world.networks.create();
    await staller.start();
    staller.handle(ORDERS_PROTOCOL, async function* () {
      for (;;) {
        await new Promise<void>((resolve) => world.environment.schedule(9_000, resolve));
        yield encodeSyncFrame({ matchmaker: true, parts: [], blocks: [] });
      }
    });
    await world.link(victim, seller);
    world.networks.tamper(seller.key, (frame) => (frame.kind === 'topic' ? undefined : frame.body));
    world.networks.link(victim.key, staller.self);
    await world.environment.advance(30_000);
    const ask = await seller.place(await seller.ask({ document: dataset('behind a staller'), price: 5 }));
    await world.environment.advance(120_000);
    expect(victim.open()).toEqual([ask.key]);
    await staller.stop();
  });

  it('a node that is full goes on learning from others without being flooded with what it has no room for', async () => {
    world = await exchangeWorld(13);
    const small = await world.node('small', { limits: { total: 10 } });
    const full = await world.node('full');
    for (let i = 0; i < 60; i++) {
      await publishTo(full, await trader(`s${i}`).ask({ document: dataset(`d${i}`), price: 1 }));
    }
    await world.link(small, full);
    await world.environment.advance(5 * 60_000);
    expect(small.exchange.size).toBe(10);
    // Sixty blocks a round at most, and a session ends when nothing comes of it.
    expect(small.verified()).toBeLessThanOrEqual(60 * 8);
  });

  it('random orders, holds, cancels and expiry in any order give the same open set on two nodes', async () => {
    for (const seed of [21, 22, 23]) {
      world = await exchangeWorld(seed);
      const random = seededRandom(seed);
      const nodes = [
        await world.node('one', { matchmaker: true }),
        await world.node('two', { matchmaker: true }),
      ] as const;
      const sources = [await world.node('source one'), await world.node('source two')] as const;
      const traders = Array.from({ length: 6 }, (_, i) => trader(`random ${seed} ${i}`));
      const documents = [dataset('a'), dataset('b')];
      const messages: Uint8Array[] = [];
      const asks: SignedOrder[] = [];
      const bids: SignedOrder[] = [];
      for (let i = 0; i < 80; i++) {
        const who = traders[random.below(6)]!;
        const document = documents[random.below(2)]!;
        const life = random.below(4) === 0 ? 90_000 : DAY;
        const made =
          random.below(2) === 0
            ? await who.ask({ document, price: 1 + random.below(9), supply: 9, expires: START + life })
            : await who.bid({
                asset: assetOf(document),
                price: 1 + random.below(9),
                quantity: 9,
                expires: START + life,
              });
        (made.side === 'ask' ? asks : bids).push(made);
        messages.push(made.block.bytes);
        if (random.below(5) === 0) messages.push((await who.cancel(made.id)).bytes);
        if (random.below(9) === 0) messages.push((await traders[random.below(6)]!.cancel(made.id)).bytes);
      }
      const holds = Array.from({ length: 60 }, (_, i) => {
        const ask = asks[random.below(asks.length)]!;
        const bid = bids[random.below(bids.length)]!;
        return {
          hold: `hold ${i}`,
          ask: ask.key,
          bid: bid.key,
          seller: random.below(5) === 0 ? traders[0]!.hex : ask.ownerHex,
          buyer: random.below(5) === 0 ? traders[1]!.hex : bid.ownerHex,
          quantity: 1 + random.below(4),
        };
      });
      await world.link(nodes[0], sources[0]);
      await world.link(nodes[1], sources[1]);
      for (const [at, node] of nodes.entries()) {
        const order = shuffled(messages, random);
        const kept = order.filter((_, i) => i % 10 !== at);
        const left = shuffled([...holds.keys(), ...holds.keys()], random);
        for (const body of kept) {
          await sources[at]!.network.publish(ORDERS_TOPIC, body);
          const hold = left.pop();
          if (hold !== undefined) node.exchange.holdTaken(holds[hold]!);
          if (hold !== undefined && hold % 7 === 0) node.exchange.holdReturned(`hold ${hold}`);
          await world.environment.advance(20);
        }
        for (const [i, hold] of holds.entries()) {
          node.exchange.holdTaken(hold);
          if (i % 7 === 0) node.exchange.holdReturned(hold.hold);
        }
      }
      await world.link(...nodes);
      await world.environment.advance(4 * 60_000);
      const state = (node: ExchangeNode): string[] =>
        node.open().map((key) => `${key} ${node.exchange.left(key)}`);
      expect(state(nodes[0]), `seed ${seed}`).toEqual(state(nodes[1]));
      expect(nodes[0].open().length).toBeGreaterThan(20);
      for (const document of documents) {
        expect(nodes[0].exchange.view(assetOf(document), 'DUM1')).toEqual(
          nodes[1].exchange.view(assetOf(document), 'DUM1'),
        );
      }
      await world.stop();
    }
  });

  it('is nearly silent between nodes that have the same, and asks small', async () => {
    world = await exchangeWorld(14);
    const one = await world.node('one', { matchmaker: true });
    const two = await world.node('two', { matchmaker: true });
    for (let i = 0; i < 200; i++) {
      await publishTo(one, await trader(`s${i}`).ask({ document: dataset(`d${i}`), price: 1 }));
    }
    await world.link(one, two);
    await world.environment.advance(3 * 60_000);
    const sizes: number[] = [];
    world.networks.tamper(one.key, (frame) => {
      if (frame.name === ORDERS_PROTOCOL && frame.kind === 'request') sizes.push(frame.body.length);
      return frame.body;
    });
    await world.environment.advance(10 * 60_000);
    // Of each pair, one asks the other about every five minutes.
    expect(sizes.length).toBeGreaterThanOrEqual(2);
    expect(sizes.length).toBeLessThanOrEqual(8);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
  });

  it('a change after a long silence that gossip loses is known within two minutes, on both sides of a hub', async () => {
    world = await exchangeWorld(25);
    const hub = await world.node('hub', { matchmaker: true });
    const leaves: ExchangeNode[] = [];
    for (let i = 0; i < 4; i++) leaves.push(await world.node(`leaf ${i}`));
    for (const leaf of leaves) await world.link(hub, leaf);
    for (const leaf of leaves) await leaf.place(await leaf.ask({ document: dataset('early'), price: 3 }));
    await world.environment.advance(30 * 60_000);
    for (const node of [hub, ...leaves]) {
      world.networks.tamper(node.key, (frame) => (frame.kind === 'topic' ? undefined : frame.body));
    }
    const [seller, ...others] = leaves as [ExchangeNode, ...ExchangeNode[]];
    const ask = await seller.place(await seller.ask({ document: dataset('late'), price: 5 }));
    await world.environment.advance(120_000);
    expect(hub.open()).toContain(ask.key);
    await world.environment.advance(120_000);
    for (const other of others) expect(other.open()).toContain(ask.key);
  });

  it('two nodes that never take what the other has do not ask each other in circles', async () => {
    world = await exchangeWorld(26);
    const one = await world.node('one', { limits: { total: 5 } });
    const two = await world.node('two', { limits: { total: 5 } });
    let requests = 0;
    for (const node of [one, two]) {
      for (let i = 0; i < 5; i++) {
        node.exchange.addOwn(await node.ask({ document: dataset(`${node.hex} ${i}`), price: 1 }));
      }
      world.networks.tamper(node.key, (frame) => {
        if (frame.name === ORDERS_PROTOCOL && frame.kind === 'request') requests++;
        return frame.body;
      });
    }
    await world.link(one, two);
    await world.environment.advance(60 * 60_000);
    expect(one.open()).not.toEqual(two.open());
    // At most one session each in half a minute, of a few requests.
    expect(requests).toBeLessThanOrEqual(2 * 120 * 4);
  });
});

function shuffled<T>(list: readonly T[], random: ReturnType<typeof seededRandom>): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [out[i], out[other]] = [out[other]!, out[i]!];
  }
  return out;
}
