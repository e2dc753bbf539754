import { describe, expect, it } from 'vitest';
import { price } from '../src/asset/price.ts';
import { decodeCancel, type SignedOrder } from '../src/blocks/order.ts';
import type { Bid, Offer } from '../src/market.ts';
import { OrderDesk } from '../src/order/order-desk.ts';
import { OwnOrders } from '../src/order/own-orders.ts';
import { assetOf, crypto, DAY, dataset, START, trader } from './support/orders.ts';

function desk(options: { perTrader?: number; publish?: () => Promise<void> } = {}) {
  const self = trader('desk');
  let now = START;
  const own = new OwnOrders(self.hex, () => now);
  const open = new Map<string, SignedOrder>();
  let signed = 0;
  const made = new OrderDesk({
    own,
    exchange: {
      addOwn: (order) => open.set(order.key, order) !== undefined,
      cancelOwn: (block) => void open.delete(decodeCancel(block).toString()),
      publish: options.publish ?? (async () => undefined),
      order: (key) => open.get(key),
    },
    environment: { now: () => now },
    crypto,
    sign: ({ type, tx }) => {
      signed++;
      return self.block(type, tx, now);
    },
    holdsData: async (asset) => asset !== assetOf(dataset('elsewhere')),
    minUnit: (currency) => (currency === 'DUM1' ? 2n : undefined),
    available: () => 100n,
    perTrader: options.perTrader ?? 10,
  });
  return { desk: made, own, open, self, signed: () => signed, at: (time: number) => (now = time) };
}
const offer = (title: string, changes: Partial<Offer> = {}): Offer => ({
  document: dataset(title),
  price: price('DUM1', 5),
  supply: 1,
  lifetimeMs: DAY,
  ...changes,
});
const wanted = (changes: Partial<Bid> = {}): Bid => ({
  asset: assetOf(dataset('wanted')),
  price: price('DUM1', 30),
  lifetimeMs: 3_600_000,
  ...changes,
});
const code = (expected: string) => expect.objectContaining({ code: expected });
const hold = (ask: string, bid: string, seller: string, buyer: string, quantity: number, id = 'h') =>
  ({ hold: id, ask, bid, seller, buyer, quantity }) as Parameters<OwnOrders['holdTaken']>[0];

describe('order desk', () => {
  it('S150 refuses a bid above what is free after open bids, and counts what holds took as held', async () => {
    const { desk: own, own: orders, self } = desk();
    const bid = await own.buy(wanted({ quantity: 2 }));
    expect(own.promised('DUM1')).toBe(60n);
    await expect(own.buy(wanted({ price: price('DUM1', 41) }))).rejects.toThrow(
      code('ERR_WALLET_INSUFFICIENT'),
    );
    orders.holdTaken(hold('ask', bid.id.toString(), trader('s').hex, self.hex, 1));
    expect(own.promised('DUM1')).toBe(30n);
  });

  it('S153 refuses a second sale of an exclusive dataset, until a hold comes back and the first is cancelled', async () => {
    const { desk: own, own: orders, self } = desk();
    const first = await own.sell(offer('exclusive'));
    await expect(own.sell(offer('exclusive', { supply: 5 }))).rejects.toThrow(code('ERR_ORDER_EXCLUSIVE'));
    const key = first.id.toString();
    orders.holdTaken(hold(key, 'bid', self.hex, trader('b').hex, 1));
    expect(orders.view(key)).toMatchObject({ status: 'filled', reserved: 1, filled: 0 });
    await expect(own.cancel(first.id)).rejects.toThrow(code('ERR_ORDER_CLOSED'));
    orders.holdReturned('h');
    expect(orders.status(key)).toBe('open');
    await own.cancel(first.id);
    expect((await own.sell(offer('exclusive'))).status).toBe('open');
  });

  it('S132 cancels own open orders only', async () => {
    const { desk: own, open, at } = desk();
    const order = await own.sell(offer('mine'));
    expect(await own.cancel(order.id)).toMatchObject({ status: 'cancelled' });
    expect(open.size).toBe(0);
    await expect(own.cancel(order.id)).rejects.toThrow(code('ERR_ORDER_CLOSED'));
    const foreign = await trader('other').ask({ document: dataset('other'), price: 1 });
    await expect(own.cancel(foreign.id)).rejects.toThrow(code('ERR_MARKET_UNKNOWN'));
    open.set(foreign.key, foreign);
    await expect(own.cancel(foreign.id)).rejects.toThrow(code('ERR_ORDER_OWNER'));
    const short = await own.sell(offer('short', { lifetimeMs: 10 }));
    at(START + 10);
    await expect(own.cancel(short.id)).rejects.toThrow(/this one is expired/);
  });

  it.each([
    ['a price of an unknown currency', { price: price('DUM2', 5) }, 'ERR_MARKET_UNKNOWN'],
    ['a price below the smallest amount', { price: price('DUM1', 1) }, 'ERR_ORDER_AMOUNT'],
    ['less than a lot', { price: price('DUM1', 5, 3), supply: 2 }, 'ERR_ORDER_AMOUNT'],
    ['half a licence', { supply: 0.5 }, 'ERR_ORDER_AMOUNT'],
    ['a life of 367 days', { lifetimeMs: 367 * DAY }, 'ERR_ORDER_LIFETIME'],
    ['data that is not here', { document: dataset('elsewhere') }, 'ERR_ORDER_NO_DATA'],
  ] as const)('signs nothing for %s', async (_, changes, expected) => {
    const { desk: own, signed } = desk();
    await expect(own.sell(offer('x', changes as Partial<Offer>))).rejects.toThrow(code(expected));
    expect(signed()).toBe(0);
  });

  it('limits open orders, and an order that could not be published exists all the same', async () => {
    const { desk: own, own: orders } = desk({
      perTrader: 1,
      publish: async () => {
        throw Object.assign(new Error('down'), { code: 'ERR_NETWORK_STOPPED', name: 'EdmpError' });
      },
    });
    await own.sell(offer('unpublished')).catch(() => undefined);
    expect(orders.open()).toHaveLength(1);
    await expect(own.sell(offer('second'))).rejects.toThrow(code('ERR_ORDER_LIMIT'));
  });

  it('MS122 counts holds of its own keys only, in any order, settled ones as filled', () => {
    const self = trader('desk');
    const own = new OwnOrders(self.hex, () => START);
    own.holdTaken(hold('a', 'b', trader('x').hex, trader('y').hex, 5, '1'));
    own.holdTaken(hold('a', 'b', self.hex, trader('y').hex, 3, '2'));
    own.holdTaken(hold('a', 'b', self.hex, trader('y').hex, 4, '3'));
    own.holdTaken(hold('a', 'b', self.hex, trader('y').hex, 4, '3'));
    own.holdSettled('2');
    own.holdReturned('2');
    own.add({
      key: 'a',
      quantity: 10,
      side: 'ask',
      asset: 'EW',
      expires: START + 1,
      block: { core: { seq: 4 } },
    } as never);
    expect(own.view('a')).toMatchObject({ filled: 3, reserved: 4, status: 'open', number: 4 });
    expect(own.available('a')).toBe(3);
    own.holdReturned('3');
    expect(own.available('a')).toBe(7);
    expect(own.all()).toHaveLength(1);
    expect(own.onAsset('EW')).toEqual(['a']);
  });

  it('MS122 a return that comes before its hold, or before the order, counts for the ask and never for the bid', () => {
    const self = trader('desk');
    const own = new OwnOrders(self.hex, () => START);
    own.holdReturned('early');
    own.holdTaken(hold('a', 'x', self.hex, trader('y').hex, 3, 'early'));
    own.holdTaken(hold('x', 'b', trader('y').hex, self.hex, 2, 'bought'));
    own.holdReturned('bought');
    const order = { quantity: 10, asset: 'EW', expires: START + 1, block: { core: { seq: 4 } } };
    own.add({ ...order, key: 'a', side: 'ask' } as never);
    own.add({ ...order, key: 'b', side: 'bid' } as never);
    expect([own.available('a'), own.available('b')]).toEqual([10, 8]);
  });
});
