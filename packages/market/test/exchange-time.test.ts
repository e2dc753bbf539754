import { afterEach, describe, expect, it } from 'vitest';
import { executionPrice, type SignedOrder } from '../src/blocks/order.ts';
import type { ExchangeEvent } from '../src/matching/exchange-events.ts';
import { ORDERS_TOPIC } from '../src/matching/messages.ts';
import { type ExchangeNode, type ExchangeWorld, exchangeWorld } from './support/exchange-world.ts';
import { assetOf, dataset, START, trader } from './support/orders.ts';

let world: ExchangeWorld;
afterEach(async () => {
  await world?.stop();
});

const candidateEvents = (node: ExchangeNode): SignedOrder[] =>
  node.events.filter((event) => event.type === 'candidate').map((event) => event.ask);

describe('orders in time', () => {
  it('MS145 expiry is exact to within 100 ms and an expired order is no candidate', async () => {
    world = await exchangeWorld(15);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = dataset('short');
    const expires = world.environment.now() + 10_000;
    const ask = await seller.place(await seller.ask({ document, price: 5, expires }));
    const bid = await buyer.place(await buyer.bid({ asset: assetOf(document), price: 5 }));
    await world.environment.advance(expires - world.environment.now() - 1);
    expect(buyer.exchange.candidates(bid.key)).toHaveLength(1);
    await world.environment.advance(1);
    expect(buyer.exchange.candidates(bid.key)).toEqual([]);
    await world.environment.advance(99);
    expect([seller.open(), buyer.open()]).toEqual([[], [bid.key]]);
    const of = (event: ExchangeEvent): string => (event.type === 'closed' ? event.reason : '');
    expect(seller.events.map(of).filter((reason) => reason !== '')).toEqual(['expired']);
    expect(buyer.events.filter((event) => event.type === 'listing').map((event) => event.change)).toEqual([
      'added',
      'removed',
    ]);
    expect(buyer.exchange.order(ask.key)).toBeUndefined();
  });

  it('M15 an ask dated four minutes ahead is bought at its own price, and comes after one of the same price that was there', async () => {
    world = await exchangeWorld(16);
    const buyer = await world.node('buyer');
    const seller = await world.node('seller');
    await world.link(buyer, seller);
    const document = dataset('ahead');
    const now = world.environment.now();
    const ahead = await seller.place(await seller.ask({ document, price: 10, time: now + 240_000 }));
    await world.environment.advance(50);
    const bid = await buyer.bid({ asset: assetOf(document), price: 900, time: now + 50 });
    buyer.exchange.addOwn(bid);
    expect(executionPrice(ahead, bid)).toEqual(ahead.price);
    const earlier = await trader('earlier').ask({ document, price: 10, time: now - 50 });
    await seller.network.publish(ORDERS_TOPIC, earlier.block.bytes);
    await world.environment.advance(50);
    expect(buyer.exchange.candidates(bid.key).map((ask) => ask.key)).toEqual([earlier.key, ahead.key]);
  });

  it('M15 a bid above the ask trades at the ask, whichever was there first', async () => {
    const document = dataset('whichever');
    const ask = await trader('s').ask({ document, price: 10, time: START });
    for (const time of [START - 1_000, START, START + 1_000]) {
      const bid = await trader('b').bid({
        asset: assetOf(document),
        price: 12,
        time,
        expires: START + 3_600_000,
      });
      expect(executionPrice(ask, bid)).toEqual(ask.price);
    }
  });

  it('a hold that comes back makes its ask a candidate again; a filled order of one’s own says so', async () => {
    world = await exchangeWorld(17);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = dataset('held');
    const ask = await seller.place(await seller.ask({ document, price: 5 }));
    const bid = await buyer.place(await buyer.bid({ asset: assetOf(document), price: 5, quantity: 2 }));
    await world.environment.advance(50);
    const hold = {
      hold: 'h',
      ask: ask.key,
      bid: bid.key,
      seller: seller.hex,
      buyer: trader('somebody').hex,
      quantity: 1,
    };
    for (const node of [seller, buyer]) node.exchange.holdTaken(hold);
    expect(buyer.exchange.candidates(bid.key)).toEqual([]);
    expect(buyer.exchange.listings()).toEqual([]);
    expect(seller.events.filter((event) => event.type === 'closed')).toMatchObject([{ reason: 'filled' }]);
    buyer.exchange.holdReturned('h');
    expect(buyer.exchange.candidates(bid.key)).toHaveLength(1);
    expect(candidateEvents(buyer)).toHaveLength(2);
  });

  it('M18 a listener that throws, or calls back in, disturbs nobody', async () => {
    world = await exchangeWorld(18);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const seen: string[] = [];
    buyer.exchange.on((event) => {
      seen.push(event.type);
      if (event.type === 'listing') buyer.exchange.holdReturned('none');
      throw new Error('a broken application');
    });
    await seller.place(await seller.ask({ document: dataset('one'), price: 5 }));
    await seller.place(await seller.ask({ document: dataset('two'), price: 5 }));
    await world.environment.advance(50);
    expect(seen).toEqual(['listing', 'listing']);
    expect(buyer.open()).toHaveLength(2);
    expect(() => buyer.exchange.addOwn({ ...buyer.exchange.order(buyer.open()[0]!)! })).toThrow(
      expect.objectContaining({ code: 'ERR_ORDER_OWNER' }),
    );
  });
});
