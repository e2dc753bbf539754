import { afterEach, describe, expect, it } from 'vitest';
import { executionPrice, type SignedOrder } from '../src/blocks/order.ts';
import {
  decodeMatchNotice,
  encodeMatchNotice,
  MATCH_PROTOCOL,
  ORDERS_TOPIC,
} from '../src/matching/messages.ts';
import { type ExchangeNode, type ExchangeWorld, exchangeWorld } from './support/exchange-world.ts';
import { assetOf, dataset, decode, START, trader } from './support/orders.ts';

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
