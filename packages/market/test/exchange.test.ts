import { seededRandom } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { executionPrice, type SignedOrder } from '../src/blocks/order.ts';
import {
  decodeMatchNotice,
  encodeMatchNotice,
  MATCH_PROTOCOL,
  ORDERS_PROTOCOL,
  ORDERS_TOPIC,
} from '../src/matching/messages.ts';
import { decodeSyncFrame, encodeSyncFrame } from '../src/matching/sync-messages.ts';
import { type ExchangeNode, type ExchangeWorld, exchangeWorld } from './support/exchange-world.ts';
import { assetOf, DAY, dataset, decode, START, trader } from './support/orders.ts';

let world: ExchangeWorld;
afterEach(async () => {
  await world?.stop();
});

const amounts = (orders: readonly SignedOrder[]): number[] =>
  orders.map((order) => Number(order.price.amount));
const candidateEvents = (node: ExchangeNode): SignedOrder[] =>
  node.events.filter((event) => event.type === 'candidate').map((event) => event.ask);

describe('M16 a trader looks itself', () => {
  it('M16 a buyer that knows asks at 5 and 50 tries 5 first, although the matchmaker withholds it', async () => {
    world = await exchangeWorld(1);
    const [cheap, dear, buyer] = await Promise.all(
      ['cheap', 'dear', 'buyer'].map((name) => world.node(name)),
    );
    const maker = await world.node('maker', { matchmaker: true });
    await world.link(cheap!, dear!, buyer!, maker);
    const document = dataset('sold twice');
    const five = await cheap!.place(await cheap!.ask({ document, price: 5, supply: 5 }));
    const fifty = await dear!.place(await dear!.ask({ document, price: 50, supply: 5 }));
    await world.environment.advance(100);
    world.networks.tamper(maker.key, (frame) => {
      if (frame.name !== MATCH_PROTOCOL || frame.kind !== 'request') return frame.body;
      const notice = decodeMatchNotice(frame.body);
      const asks = notice.asks.filter((ask) => decode(ask).key !== five.key);
      return encodeMatchNotice({ bid: notice.bid, asks });
    });
    const bid = await buyer!.place(await buyer!.bid({ asset: assetOf(document), price: 60 }));
    await world.environment.advance(2_000);
    const candidates = buyer!.exchange.candidates(bid.key);
    expect(candidates.map((ask) => ask.key)).toEqual([five.key, fifty.key]);
    expect(executionPrice(candidates[0]!, bid).amount).toBe(5n);
  });

  it('M16 two connected traders find each other without any matchmaker, whoever comes first', async () => {
    world = await exchangeWorld(2);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const first = dataset('ask first');
    const ask = await seller.place(await seller.ask({ document: first, price: 5 }));
    await world.environment.advance(100);
    const bid = await buyer.place(await buyer.bid({ asset: assetOf(first), price: 5 }));
    expect(buyer.exchange.candidates(bid.key).map((one) => one.key)).toEqual([ask.key]);
    const second = dataset('bid first');
    const early = await buyer.place(await buyer.bid({ asset: assetOf(second), price: 9 }));
    expect(buyer.exchange.candidates(early.key)).toEqual([]);
    const late = await seller.place(await seller.ask({ document: second, price: 7 }));
    await world.environment.advance(100);
    expect(candidateEvents(buyer).map((one) => one.key)).toEqual([late.key]);
    expect(buyer.exchange.candidates(early.key).map((one) => one.key)).toEqual([late.key]);
  });

  it('MS119 of what two matchmakers offer the better price comes first', async () => {
    world = await exchangeWorld(3);
    const buyer = await world.node('buyer', { limits: { total: 1 } });
    const makers = [
      await world.node('one', { matchmaker: true }),
      await world.node('two', { matchmaker: true }),
    ];
    const document = dataset('offered by two');
    const asks = await Promise.all([9, 4].map((price, i) => trader(`away ${i}`).ask({ document, price })));
    // Each matchmaker knows one ask; neither seller is connected, and the buyer has no room for the second one.
    for (const [i, maker] of makers.entries()) {
      const relay = await world.node(`relay ${i}`);
      await world.link(relay, maker);
      await relay.network.publish(ORDERS_TOPIC, asks[i]!.block.bytes);
      await world.environment.advance(100);
      await relay.stop();
    }
    const bid = await buyer.bid({ asset: assetOf(document), price: 10 });
    buyer.exchange.addOwn(bid);
    await world.link(buyer, makers[0]!);
    world.networks.link(buyer.key, makers[1]!.key);
    await buyer.exchange.publish(bid.block);
    await world.environment.advance(2_000);
    expect(amounts(buyer.exchange.candidates(bid.key))).toEqual([4, 9]);
    expect(new Set(amounts(candidateEvents(buyer)))).toEqual(new Set([4, 9]));
  });

  it('candidates are other traders’ open asks that cross, cheapest first, then oldest, at most 256', async () => {
    world = await exchangeWorld(4);
    const buyer = await world.node('buyer');
    const peer = await world.node('peer');
    await world.link(buyer, peer);
    const document = dataset('wanted');
    await buyer.place(await buyer.ask({ document, price: 1 }));
    const sent: SignedOrder[] = [];
    for (let i = 0; i < 300; i++) {
      const ask = await trader(`s ${i}`).ask({ document, price: 3 + (i % 3), time: START - 400 + i });
      sent.push(ask);
      await peer.network.publish(ORDERS_TOPIC, ask.block.bytes);
    }
    await world.environment.advance(1_000);
    const bid = await buyer.bid({ asset: assetOf(document), price: 4 });
    buyer.exchange.addOwn(bid);
    const expected = sent
      .filter((ask) => ask.price.amount <= 4n)
      .sort((a, b) => Number(a.price.amount - b.price.amount) || a.created - b.created)
      .map((ask) => ask.key);
    expect(buyer.exchange.candidates(bid.key).map((ask) => ask.key)).toEqual(expected);
    expect(expected).toHaveLength(200);
    const all = await buyer.bid({ asset: assetOf(document), price: 9 });
    buyer.exchange.addOwn(all);
    expect(buyer.exchange.candidates(all.key)).toHaveLength(256);
  });
});

describe('matchmakers', () => {
  it('M13 unfunded bids at any price keep nobody from being told at once', async () => {
    world = await exchangeWorld(5);
    const seller = await world.node('seller');
    const honest = await world.node('honest');
    const rogue = await world.node('rogue');
    const maker = await world.node('maker', { matchmaker: true });
    await world.link(seller, maker);
    await world.link(honest, maker);
    await world.link(rogue, maker);
    const document = dataset('blocked?');
    await seller.place(await seller.ask({ document, price: 5, supply: 1 }));
    await world.environment.advance(100);
    for (let i = 0; i < 20; i++) {
      const bid = await rogue.bid({ asset: assetOf(document), price: 10 ** 15 });
      await rogue.network.publish(ORDERS_TOPIC, bid.block.bytes);
    }
    await world.environment.advance(100);
    // It knows nothing of the ask until it is told.
    const bid = await honest.place(await honest.bid({ asset: assetOf(document), price: 5 }));
    await world.environment.advance(200);
    expect(amounts(honest.exchange.candidates(bid.key))).toEqual([5]);
    expect(maker.exchange.view(assetOf(document), 'DUM1').asks).toMatchObject([{ orders: 1, quantity: 1n }]);
  });

  it('M13 a bid whose owner says that it is closed leaves the book, one out of reach stays and takes nothing', async () => {
    world = await exchangeWorld(6);
    const seller = await world.node('seller');
    const owner = await world.node('owner');
    const maker = await world.node('maker', { matchmaker: true });
    await world.link(seller, owner, maker);
    const document = dataset('closed bid');
    const asset = assetOf(document);
    const unknown = await owner.bid({ asset, price: 9 });
    // Published without being open at its owner: a bid that it has forgotten.
    await owner.exchange.publish(unknown.block);
    const away = await trader('away').bid({ asset, price: 8 });
    await owner.network.publish(ORDERS_TOPIC, away.block.bytes);
    await world.environment.advance(100);
    await seller.place(await seller.ask({ document, price: 5, supply: 3 }));
    await world.environment.advance(20_000);
    expect(maker.exchange.left(unknown.key)).toBe(0);
    expect(maker.exchange.left(away.key)).toBe(1);
    expect(maker.exchange.view(asset, 'DUM1').asks[0]!.quantity).toBe(3n);
  });

  it('tell a bid’s owner of each crossing ask once, sixteen a message, and again of new ones', async () => {
    world = await exchangeWorld(7);
    const buyer = await world.node('buyer', { limits: { total: 1 } });
    const source = await world.node('source');
    const maker = await world.node('maker', { matchmaker: true });
    await world.link(source, maker);
    await world.link(buyer, maker);
    const told: number[] = [];
    world.networks.tamper(maker.key, (frame) => {
      if (frame.name === MATCH_PROTOCOL && frame.kind === 'request') {
        told.push(decodeMatchNotice(frame.body).asks.length);
      }
      return frame.body;
    });
    const document = dataset('many asks');
    for (let i = 0; i < 40; i++) {
      const ask = await trader(`seller ${i}`).ask({ document, price: 1 + i });
      await source.network.publish(ORDERS_TOPIC, ask.block.bytes);
    }
    await world.environment.advance(1_000);
    const bid = await buyer.place(await buyer.bid({ asset: assetOf(document), price: 100 }));
    await world.environment.advance(5_000);
    expect(told).toEqual([16, 16, 8]);
    expect(amounts(buyer.exchange.candidates(bid.key)).slice(0, 3)).toEqual([1, 2, 3]);
    const more = await trader('another').ask({ document, price: 1 });
    await source.network.publish(ORDERS_TOPIC, more.block.bytes);
    await world.environment.advance(5_000);
    expect(told).toEqual([16, 16, 8, 1]);
  });

  it('M13 a flood of dear bids without money does not keep a new ask from those who have some', async () => {
    const poor = Array.from({ length: 30 }, (_, i) => trader(`poor ${i}`));
    world = await exchangeWorld(19);
    const broke = new Set(poor.map((one) => one.hex));
    const maker = await world.node('maker', { matchmaker: true, funded: (owner) => !broke.has(owner) });
    const source = await world.node('source');
    const buyer = await world.node('buyer', { limits: { total: 1 } });
    await world.link(source, maker);
    await world.link(buyer, maker);
    const document = dataset('flooded');
    for (const one of poor) {
      for (let i = 0; i < 10; i++) {
        const bid = await one.bid({ asset: assetOf(document), price: 1_000 + i });
        await source.network.publish(ORDERS_TOPIC, bid.block.bytes);
      }
    }
    const bid = await buyer.place(await buyer.bid({ asset: assetOf(document), price: 5 }));
    await world.environment.advance(1_000);
    // Nobody hears of it by gossip but the matchmaker.
    world.networks.tamper(maker.key, (frame) => (frame.kind === 'topic' ? undefined : frame.body));
    const ask = await trader('seller').ask({ document, price: 5 });
    await source.network.publish(ORDERS_TOPIC, ask.block.bytes);
    await world.environment.advance(3_000);
    expect(buyer.exchange.candidates(bid.key).map((one) => one.key)).toEqual([ask.key]);
  });

  it('a bid’s owner that was told of very many asks still hears of a better one', async () => {
    world = await exchangeWorld(20);
    const maker = await world.node('maker', { matchmaker: true });
    const source = await world.node('source');
    const buyer = await world.node('buyer', { limits: { total: 1 } });
    await world.link(source, maker);
    await world.link(buyer, maker);
    const document = dataset('junk');
    for (let i = 0; i < 300; i++) {
      const ask = await trader(`junk ${i % 4}`).ask({ document, price: 50 + i });
      await source.network.publish(ORDERS_TOPIC, ask.block.bytes);
    }
    const bid = await buyer.place(await buyer.bid({ asset: assetOf(document), price: 500 }));
    await world.environment.advance(120_000);
    world.networks.tamper(maker.key, (frame) => (frame.kind === 'topic' ? undefined : frame.body));
    const [worse, better] = await Promise.all([
      trader('worse').ask({ document, price: 60 }),
      trader('better').ask({ document, price: 40 }),
    ]);
    for (const ask of [worse, better]) await source.network.publish(ORDERS_TOPIC, ask.block.bytes);
    await world.environment.advance(5_000);
    const found = buyer.exchange.candidates(bid.key);
    expect(found[0]?.key).toBe(better.key);
    expect(found.some((ask) => ask.key === worse.key)).toBe(false);
    // The cheapest that were told stay, although the registry of the buyer is full.
    expect(found).toHaveLength(64);
  });

  it('a match with an ask that does not cross, or is not signed, is refused and counts for nothing', async () => {
    world = await exchangeWorld(8);
    const buyer = await world.node('buyer');
    const liar = await world.node('liar');
    await world.link(buyer, liar);
    const document = dataset('lies');
    const bid = await buyer.bid({ asset: assetOf(document), price: 5 });
    buyer.exchange.addOwn(bid);
    const dear = await trader('dear').ask({ document, price: 6 });
    const forged = (await trader('forged').ask({ document, price: 1 })).block.bytes.slice();
    forged[forged.length - 1]! ^= 1;
    const ask = async (): Promise<void> => {
      for await (const _ of liar.network.request(
        buyer.key,
        MATCH_PROTOCOL,
        encodeMatchNotice({ bid: bid.id, asks: [dear.block.bytes, forged] }),
      ));
    };
    await world.environment.run(ask());
    expect(buyer.exchange.candidates(bid.key)).toEqual([]);
    expect(buyer.events.filter((event) => event.type === 'refused')).toHaveLength(2);
    let refused = '';
    for (let i = 0; i < 140 && refused === ''; i++) {
      await world.environment.run(
        ask().catch((error) => {
          refused = error.details?.code;
        }),
      );
    }
    expect(refused).toBe('ERR_ORDER_LIMIT');
  });
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

  it('costs one small request a round between two nodes that have the same', async () => {
    world = await exchangeWorld(14);
    const one = await world.node('one', { matchmaker: true });
    const two = await world.node('two', { matchmaker: true });
    for (let i = 0; i < 200; i++) {
      await publishTo(one, await trader(`s${i}`).ask({ document: dataset(`d${i}`), price: 1 }));
    }
    await world.link(one, two);
    await world.environment.advance(60_000);
    const sizes: number[] = [];
    world.networks.tamper(one.key, (frame) => {
      if (frame.name === ORDERS_PROTOCOL && frame.kind === 'request') sizes.push(frame.body.length);
      return frame.body;
    });
    await world.environment.advance(10 * 60_000);
    // With each of its two peers, about once a minute.
    expect(sizes.length).toBeGreaterThanOrEqual(14);
    expect(sizes.length).toBeLessThanOrEqual(26);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
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
