import { publicKeyToHex, seededRandom } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { price } from '../src/asset/price.ts';
import type { SignedOrder } from '../src/blocks/order.ts';
import { MarketBooks } from '../src/book/market-books.ts';
import { assetOf, dataset, registryOf, SECRET, START, trader } from './support/orders.ts';

function world() {
  let now = START;
  const registry = registryOf({ now: () => now });
  const books = new MarketBooks(registry.table, SECRET);
  registry.on((change) => {
    if (change.type === 'added') books.add(change.slot);
    else if (change.type === 'left') books.change(change.slot, change.before);
    else books.remove(change.slot);
  });
  const asks = (asset: string, currency = 'DUM1'): string[] => {
    const keys: string[] = [];
    books.each('ask', asset, currency, (slot) => {
      keys.push(registry.table.key(slot));
      return true;
    });
    return keys;
  };
  return { registry, books, asks, at: (time: number) => (now = time) };
}

describe('books of many markets', () => {
  it('keeps a handful in a list, promotes above 16 and demotes at 8, with the same order throughout', async () => {
    const { registry, books, asks } = world();
    const document = dataset('one asset');
    const asset = assetOf(document);
    const random = seededRandom(3);
    const orders: SignedOrder[] = [];
    const expected = (): string[] =>
      [...orders]
        .sort((a, b) => Number(a.price.amount - b.price.amount) || a.created - b.created)
        .map((order) => order.key);
    for (let i = 0; i < 40; i++) {
      const order = await trader(`seller ${i}`).ask({
        document,
        price: 1 + random.below(9),
        time: START - 100 + i,
      });
      registry.add(order);
      orders.push(order);
      expect(books.largeMarkets).toBe(i < 16 ? 0 : 1);
      expect(asks(asset)).toEqual(expected());
    }
    while (orders.length > 0) {
      const [gone] = orders.splice(random.below(orders.length), 1);
      registry.cancel(gone!.key, gone!.ownerHex, undefined);
      expect(asks(asset)).toEqual(expected());
      expect(books.largeMarkets).toBe(orders.length > 8 ? 1 : 0);
    }
    expect(books.assets).toBe(0);
  });

  it('shows levels of both sides and every currency apart, in both forms', async () => {
    for (const crowd of [2, 20]) {
      const { registry, books } = world();
      const document = dataset(`crowd of ${crowd}`);
      const asset = assetOf(document);
      for (let i = 0; i < crowd; i++) {
        registry.add(await trader(`s${i}`).ask({ document, price: 5 + (i % 2), supply: 10 }));
        registry.add(await trader(`t${i}`).ask({ document, price: price('DUM2', 7, 3), supply: 9 }));
        registry.add(await trader(`b${i}`).bid({ asset, price: 3 + (i % 2), quantity: 4 }));
      }
      const view = books.view(asset, 'DUM1');
      const half = crowd / 2;
      expect(view.asks).toEqual([
        { price: price('DUM1', 5), orders: half, quantity: BigInt(10 * half) },
        { price: price('DUM1', 6), orders: half, quantity: BigInt(10 * half) },
      ]);
      expect(view.bids.map((level) => level.price.amount)).toEqual([4n, 3n]);
      expect(books.view(asset, 'DUM2').asks).toEqual([
        { price: price('DUM2', 7, 3), orders: crowd, quantity: BigInt(9 * crowd) },
      ]);
    }
  });

  it('finds crossing orders past those of the same trader', async () => {
    for (const crowd of [1, 20]) {
      const { registry, books } = world();
      const document = dataset(`crossing ${crowd}`);
      const asset = assetOf(document);
      const buyer = trader('buyer');
      registry.add(await buyer.ask({ document, price: 1 }));
      const wanted: string[] = [];
      for (let i = 0; i < crowd; i++) {
        const order = await trader(`s${i}`).ask({ document, price: 2 + i, time: START - 50 + i });
        registry.add(order);
        if (2 + i <= 11) wanted.push(order.key);
      }
      const bid = await buyer.bid({ asset, price: 11 });
      registry.add(bid);
      const found: string[] = [];
      books.eachCrossing(registry.find(bid.key), (slot) => {
        found.push(registry.table.key(slot));
        expect(registry.ownerOf(slot)).not.toBe(publicKeyToHex(buyer.key));
        return true;
      });
      expect(found).toEqual(wanted);
    }
  });

  it('M15 an order dated ahead gains no place in time, and one that came earlier keeps its own', async () => {
    const { registry, asks, at } = world();
    const document = dataset('dated ahead');
    const late = await trader('ahead').ask({ document, price: 5, time: START + 240_000 });
    const honest = await trader('honest').ask({ document, price: 5, time: START + 10 });
    const early = await trader('early').ask({ document, price: 5, time: START - 10 });
    at(START + 5);
    registry.add(early);
    at(START + 10);
    registry.add(honest);
    at(START + 20);
    registry.add(late);
    expect(asks(assetOf(document))).toEqual([early.key, honest.key, late.key]);
    expect(registry.table.since[registry.find(late.key)]).toBe(START + 20);
  });

  it('a book keeps nothing of currencies that are gone, nor gigabytes for prices far apart', async () => {
    const { registry, books } = world();
    const document = dataset('many currencies');
    const asset = assetOf(document);
    const seller = trader('issuer of many');
    for (let i = 0; i < 12; i++) registry.add(await trader(`s${i}`).ask({ document, price: 1 + i }));
    for (let i = 0; i < 30; i++) {
      const currency = assetOf(dataset(`currency ${i}`)).slice(2);
      const asks = await Promise.all(
        Array.from({ length: 6 }, (_, n) => seller.ask({ document, price: price(currency, 1 + n) })),
      );
      for (const ask of asks) registry.add(ask);
      expect(books.view(asset, currency).asks).toHaveLength(6);
      for (const ask of asks) registry.cancel(ask.key, ask.ownerHex, undefined);
      expect(books.view(asset, currency).asks).toHaveLength(0);
      expect(registry.table.currencyNumber(currency)).toBe(-1);
    }
    expect(books.view(asset, 'DUM1').asks).toHaveLength(12);
    expect([books.largeMarkets, books.largeBooks]).toEqual([1, 1]);
  });
});
