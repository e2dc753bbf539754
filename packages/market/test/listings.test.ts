import { ASK_TYPE, askToTx, DEFAULT_ORDER_LIMITS, decodeOrder, type Listing, price } from '@edmp/market';
import { describe, expect, it } from 'vitest';
import { listingIndex } from '../src/listing/search.ts';
import { orderRegistry } from '../src/order/order-registry.ts';
import { author, START } from './support/chains.ts';
import { assetOf, crypto, documentOf } from './support/documents.ts';

async function listing(
  i: number,
  changes: Parameters<typeof documentOf>[1] = {},
  amount = 5,
): Promise<Listing> {
  const document = documentOf(`House number ${i} north`, changes);
  const who = author(`lister ${i}`);
  const block = await who.sign(
    ASK_TYPE,
    askToTx({ document, price: price('DUM1', amount), supply: 1, expires: START + 90_000 }),
    { time: START + i },
  );
  return {
    order: block.id,
    seller: who.key,
    asset: assetOf(document),
    document,
    price: price('DUM1', amount),
    supply: 1,
    available: 1,
    created: START + i,
    expires: START + 90_000,
  };
}

describe('listing search', () => {
  it('finds by text, day, cell, commodity, flow, step, price, attestation, seller and asset', async () => {
    const index = listingIndex();
    const all = [
      await listing(1, { title: 'Sunny roof', flow: 'export' }, 9),
      await listing(
        2,
        {
          title: 'Gas of a cold winter',
          commodity: 'gas',
          unit: 'uM3',
          from: '2025-01-01',
          to: '2025-01-31',
        },
        3,
      ),
      await listing(
        3,
        { title: 'Office', cell: 'u17', attestation: 'anchored', step: 'PT1H', count: 720 },
        7,
      ),
      await listing(4, { title: 'Roof terrace', cell: null, attestation: 'unsigned' }, 1),
    ];
    for (const one of all) index.set(one);
    const titles = (query: Parameters<typeof index.search>[0], now = START): string[] =>
      index.search(query, now).map((found) => found.document.descriptor.title);
    expect(titles({})).toEqual(['Roof terrace', 'Gas of a cold winter', 'Office', 'Sunny roof']);
    expect(titles({ sort: 'newest' })).toEqual([
      'Roof terrace',
      'Office',
      'Gas of a cold winter',
      'Sunny roof',
    ]);
    expect(titles({ text: 'ROOF' })).toEqual(['Roof terrace', 'Sunny roof']);
    expect(titles({ text: 'cold wint' })).toEqual(['Gas of a cold winter']);
    expect(titles({ text: 'nothing' })).toEqual([]);
    expect(titles({ from: '2025-01-15', to: '2025-02-01' })).toEqual(['Gas of a cold winter']);
    expect(titles({ cell: 'u1' })).toEqual(['Gas of a cold winter', 'Office', 'Sunny roof']);
    expect(titles({ cell: 'u17' })).toEqual(['Office']);
    expect(titles({ commodity: 'gas' })).toEqual(['Gas of a cold winter']);
    expect(titles({ flow: 'export' })).toEqual(['Sunny roof']);
    expect(titles({ step: 'PT1H' })).toEqual(['Office']);
    expect(titles({ maxPrice: price('DUM1', 3) })).toEqual(['Roof terrace', 'Gas of a cold winter']);
    expect(titles({ maxPrice: price('DUM2', 3) })).toEqual([]);
    expect(titles({ attestation: 'linked' })).toEqual(['Office']);
    expect(titles({ seller: all[0]!.seller })).toEqual(['Sunny roof']);
    expect(titles({ asset: all[2]!.asset })).toEqual(['Office']);
    expect(titles({ offset: 1, limit: 2 })).toEqual(['Gas of a cold winter', 'Office']);
    expect(titles({}, START + 90_000)).toEqual([]);
    expect(() => titles({ limit: 0 })).toThrow(expect.objectContaining({ code: 'ERR_MARKET_FORMAT' }));
    index.set({ ...all[0]!, available: 0 });
    expect(titles({ text: 'sunny' })).toEqual([]);
    index.delete(all[3]!.order.toString());
    expect(titles({ text: 'roof' })).toEqual([]);
    expect(index.size).toBe(3);
  });
});

describe('order registry', () => {
  const orderOf = async (name: string, expires: number, seq = 1) => {
    const who = author(name);
    let block = await who.sign('x', null);
    for (let i = 0; i < seq; i++) {
      block = await who.sign(
        ASK_TYPE,
        askToTx({ document: documentOf(name), price: price('DUM1', 1 + i), supply: 1, expires }),
      );
    }
    return decodeOrder(block, crypto);
  };
  const registry = (limits: Partial<typeof DEFAULT_ORDER_LIMITS>, evicted: string[] = []) =>
    orderRegistry({
      limits: { ...DEFAULT_ORDER_LIMITS, ...limits },
      now: () => START + 10,
      self: author('self').blocks as never,
      onEvict: ({ order }) => evicted.push(order.key),
    });

  it('limits orders per trader', async () => {
    const orders = registry({ perTrader: 1 });
    expect(orders.add(await orderOf('greedy', START + 900))).toBe('added');
    expect(orders.add(await orderOf('greedy', START + 900, 2))).toBe('trader-limit');
    expect(orders.add(await orderOf('modest', START + 900))).toBe('added');
  });

  it('makes room by evicting what expires last, for orders that expire earlier', async () => {
    const evicted: string[] = [];
    const orders = registry({ total: 2 }, evicted);
    const far = await orderOf('far', START + 9_000);
    orders.add(far);
    orders.add(await orderOf('near', START + 100));
    expect(orders.add(await orderOf('farther', START + 10_000))).toBe('total-limit');
    expect(orders.add(await orderOf('middle', START + 500))).toBe('added');
    expect(evicted).toEqual([far.key]);
    expect(orders.size).toBe(2);
  });

  it('limits bytes, refuses what is expired, and does not reopen what was closed', async () => {
    const first = await orderOf('first', START + 900);
    const orders = registry({ bytes: first.block.bytes.length });
    expect(orders.add(first)).toBe('added');
    expect(orders.add(first)).toBe('known');
    expect(orders.add(await orderOf('second', START + 950))).toBe('total-limit');
    expect(orders.add(await orderOf('expired', START + 10))).toBe('expired');
    orders.close(first.key);
    expect(orders.bytes).toBe(0);
    expect(orders.add(first)).toBe('closed');
    const cancelledEarly = await orderOf('early', START + 900);
    orders.closeBefore(cancelledEarly.key, cancelledEarly.ownerHex);
    expect(orders.add(cancelledEarly)).toBe('closed');
  });

  it('expires in order', async () => {
    const orders = registry({});
    const soon = await orderOf('soon', START + 100);
    const later = await orderOf('later', START + 200);
    orders.add(later);
    orders.add(soon);
    expect(orders.nextExpiry()).toBe(START + 100);
    expect(orders.expire(START + 99)).toEqual([]);
    expect(orders.expire(START + 100).map(({ order }) => order.key)).toEqual([soon.key]);
    expect(orders.expire(START + 200).map(({ order }) => order.key)).toEqual([later.key]);
  });
});
