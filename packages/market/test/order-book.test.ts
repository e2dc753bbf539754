import { seededRandom } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePrices, costOf, price, wholeLots } from '../src/asset/price.ts';
import { priceKey } from '../src/asset/price-key.ts';
import { LevelTree } from '../src/book/level-tree.ts';
import { ASK, BID, NO_ORDER, orderBook } from '../src/book/order-book.ts';
import { PriceLadder } from '../src/book/price-ladder.ts';
import { PriceTree } from '../src/book/price-tree.ts';

const fillsOf = (book: ReturnType<typeof orderBook>): readonly (readonly [number, number])[] =>
  Array.from({ length: book.fills.count }, (_, i) => [book.fills.maker(i), book.fills.quantity(i)] as const);

describe('order book', () => {
  it('MS052 fills by price and then by time: asks 20, 25, 10 at one price against a bid of 50', () => {
    const book = orderBook();
    const makers = [20, 25, 10].map((quantity, i) => book.place(ASK, 5, quantity, i));
    expect(book.place(BID, 5, 50, 9)).toBe(NO_ORDER);
    expect(fillsOf(book)).toEqual([
      [makers[0], 20],
      [makers[1], 25],
      [makers[2], 5],
    ]);
    expect(book.quantity(makers[2]!)).toBe(5);
  });

  it('MS051 walks three levels and stops at the limit', () => {
    const book = orderBook();
    const makers = [8, 9, 10, 11].map((amount) => book.place(ASK, amount, 60, 1));
    const rest = book.place(BID, 10, 200, 2);
    expect(fillsOf(book).map(([maker]) => maker)).toEqual(makers.slice(0, 3));
    expect(book.quantity(rest)).toBe(20);
    expect(book.levels('bid', 'DUM1', 9)).toEqual([{ price: price('DUM1', 10), orders: 1, quantity: 20n }]);
  });

  it('E16 own best order neither trades nor hides the next level', () => {
    const book = orderBook();
    const own = book.place(ASK, 5, 10, 7);
    const other = book.place(ASK, 6, 10, 8);
    book.place(BID, 9, 10, 7);
    expect(fillsOf(book)).toEqual([[other, 10]]);
    expect(book.quantity(own)).toBe(10);
  });

  it('E6 depth shows what is left, not what was offered', () => {
    const book = orderBook();
    book.place(ASK, 5, 5, 1);
    book.place(BID, 5, 3, 2);
    expect(book.levels('ask', 'DUM1', 1)[0]?.quantity).toBe(2n);
  });

  it('removes expired orders instead of matching them', () => {
    const book = orderBook();
    book.rest('ask', price('DUM1', 5), 10, 1, { expires: 1_000 });
    expect(book.match('bid', price('DUM1', 5), 4, 2, { now: 999 })).toBe(0);
    expect(book.match('bid', price('DUM1', 5), 4, 2, { now: 1_000 })).toBe(4);
    expect(book.size('ask')).toBe(0);
    expect(book.levelCount('ask')).toBe(0);
  });

  it('MS155 tells 2⁶²−1 from 2⁶² and 1/3 from 3333333333333333/10¹⁶', () => {
    const book = orderBook();
    const high = 2n ** 62n;
    for (const amount of [high, high - 1n, high + 1n]) book.rest('ask', price('DUM1', amount), 1, 1);
    expect(book.levels('ask', 'DUM1', 9).map((level) => level.price.amount)).toEqual([
      high - 1n,
      high,
      high + 1n,
    ]);
    expect(book.match('bid', price('DUM1', high), 9, 2)).toBe(7);
    const third = price('DUM1', 1, 3);
    const almost = price('DUM1', 3_333_333_333_333_333n, 9_007_199_254_740_991n);
    expect(comparePrices(price('DUM1', 1, 3), third)).toBe(0);
    // 3·3333333333333333 = 9999999999999999 > 9007199254740991, so `almost` is dearer than a third.
    expect(comparePrices(almost, third)).toBeGreaterThan(0);
  });

  it('E12 fills in whole lots only, so no licence is ever free', () => {
    const book = orderBook();
    const unit = price('DUM1', 1, 3);
    const maker = book.rest('ask', unit, 10, 1);
    expect(book.match('bid', price('DUM1', 1), 5, 2)).toBe(2);
    expect(fillsOf(book)).toEqual([[maker, 3]]);
    expect(costOf(unit, 3)).toBe(1n);
    expect(() => costOf(unit, 2)).toThrow(/whole lots/);
    expect(book.match('bid', price('DUM1', 1), 2, 2)).toBe(2);
  });

  it('puts a returning order back at its own place in time', () => {
    const book = orderBook();
    const unit = price('DUM1', 5);
    book.rest('ask', unit, 1, 1, { priority: 1 });
    book.rest('ask', unit, 1, 2, { priority: 3 });
    const back = book.rest('ask', unit, 1, 3, { priority: 2 });
    expect(book.handles('ask')[1]).toBe(back);
  });

  it.each([
    ['ratios', 40, true, 1],
    ['whole prices close together', 40, false, 1],
    ['whole prices that widen the window', 40, false, 997],
    ['whole prices too far apart for a window', 40, false, 100_003],
  ] as const)('agrees with a naive book on random orders and cancels: %s', (_, prices, ratios, spread) => {
    const random = seededRandom(5);
    const book = orderBook();
    interface Naive {
      readonly handle: number;
      readonly side: 0 | 1;
      readonly unit: ReturnType<typeof price>;
      readonly owner: number;
      readonly time: number;
      left: number;
    }
    let naive: Naive[] = [];
    let fills = 0;
    let offered = 0n;
    let traded = 0n;
    let cancelled = 0n;
    for (let time = 0; time < 6_000; time++) {
      if (random.below(12) === 0 && naive.length > 0) {
        const victim = naive[random.below(naive.length)]!;
        cancelled += BigInt(victim.left);
        expect(book.cancel(victim.handle)).toBe(true);
        naive = naive.filter((order) => order !== victim);
        continue;
      }
      const side = random.below(2) as 0 | 1;
      const unit = price(
        'DUM1',
        1 + spread * random.below(prices),
        ratios && random.below(8) === 0 ? 1 + random.below(5) : 1,
      );
      const quantity = Number(unit.per) * (1 + random.below(30));
      const owner = random.below(6);
      offered += BigInt(quantity);
      const expected: [number, number][] = [];
      let left = quantity;
      const opposite = naive
        .filter((order) => order.side !== side)
        .sort((a, b) => (side === BID ? 1 : -1) * comparePrices(a.unit, b.unit) || a.time - b.time);
      for (const maker of opposite) {
        if (left === 0) break;
        if (side === BID ? comparePrices(maker.unit, unit) > 0 : comparePrices(maker.unit, unit) < 0) break;
        if (maker.owner === owner) continue;
        const fill = wholeLots(maker.unit, Math.min(left, maker.left));
        if (fill === 0) continue;
        expected.push([maker.handle, fill]);
        left -= fill;
        maker.left -= fill;
      }
      naive = naive.filter((order) => order.left > 0);
      const rest = book.match(side === ASK ? 'ask' : 'bid', unit, quantity, owner);
      const got = fillsOf(book);
      if (got.length !== expected.length || rest !== left)
        expect({ got, rest }).toEqual({ got: expected, rest: left });
      for (const [i, [maker, fill]] of got.entries()) {
        if (maker !== expected[i]![0] || fill !== expected[i]![1]) expect(got).toEqual(expected);
        traded += 2n * BigInt(fill);
        fills++;
      }
      if (left > 0 && naive.length < 80) {
        const handle = book.rest(side === ASK ? 'ask' : 'bid', unit, left, owner);
        naive.push({ handle, side, unit, owner, time, left });
      } else {
        cancelled += BigInt(left);
      }
    }
    let resting = 0n;
    for (const side of ['ask', 'bid'] as const) {
      for (const level of book.levels(side, 'DUM1', 10_000)) resting += level.quantity;
    }
    expect(resting + traded + cancelled).toBe(offered);
    expect(fills).toBeGreaterThan(2_000);
  });

  it('MS155 loses and creates nothing over 10⁵ random fills', () => {
    const random = seededRandom(6);
    const book = orderBook();
    let fills = 0;
    let offered = 0;
    let traded = 0;
    for (let i = 0; fills < 100_000 && i < 1_000_000; i++) {
      const quantity = 1 + random.below(50);
      offered += quantity;
      book.place(random.below(2) as 0 | 1, 1 + random.below(500), quantity, i);
      for (let at = 0; at < book.fills.count; at++) {
        if (book.fills.quantity(at) < 1) expect(book.fills.quantity(at)).toBeGreaterThan(0);
        traded += 2 * book.fills.quantity(at);
        fills++;
      }
    }
    let resting = 0n;
    for (const side of ['ask', 'bid'] as const) {
      for (const level of book.levels(side, 'DUM1', 1_000)) resting += level.quantity;
    }
    expect(fills).toBeGreaterThanOrEqual(100_000);
    expect(Number(resting) + traded).toBe(offered);
  });
});

describe('price ladder', () => {
  it('is as wide as its levels are many, and becomes a tree and a ladder again without losing an order', () => {
    const book = orderBook();
    const wide = (count: number): PriceLadder | undefined => {
      const from = new PriceTree(ASK);
      for (let i = 0; i < count; i++) from.at(1 + i * 7, 1, null);
      return PriceLadder.of(from, ASK, 3, () => undefined);
    };
    expect(wide(2)?.heads.length).toBeLessThanOrEqual(512);
    expect(wide(5_000)?.heads.length).toBeLessThanOrEqual(16 * 5_000);
    const apart = new PriceTree(ASK);
    for (const key of [1, 100_000]) apart.at(key, 1, null);
    expect(PriceLadder.of(apart, ASK, 5, () => undefined)).toBeUndefined();
    const random = seededRandom(12);
    const model = new Map<number, number>();
    for (let i = 0; i < 4_000; i++) {
      const amount = i < 3_000 ? 1 + random.below(3_000) : 1_000_000 * random.below(50) + 1;
      book.place(ASK, amount, 1, i);
      model.set(amount, (model.get(amount) ?? 0) + 1);
      if (i === 2_000) book.rest('ask', price('DUM1', 1, 3), 3, 0);
      if (i % 500 !== 0) continue;
      const levels = book.levels('ask', 'DUM1', 10_000).filter((level) => level.price.per === 1n);
      expect(levels.map((level) => [Number(level.price.amount), level.orders])).toEqual(
        [...model].sort((a, b) => a[0] - b[0]),
      );
    }
  });
});

describe('level tree', () => {
  it('is an ordered map under random inserts and removals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.boolean()), {
          minLength: 200,
          maxLength: 3_000,
        }),
        (steps) => {
          const tree = new LevelTree();
          const model = new Map<number, number>();
          for (const [i, [key, removes]] of steps.entries()) {
            tree.locate(key);
            expect(tree.value).toBe(model.get(key) ?? -1);
            if (tree.value === -1) {
              if (model.size > 0) expect(tree.above !== -1 || tree.below !== -1).toBe(true);
              tree.insert(key, i);
              model.set(key, i);
            } else if (removes) {
              tree.remove(key);
              model.delete(key);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('price key', () => {
  const amounts = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });
  const lots = fc.bigInt({ min: 1n, max: 2n ** 53n - 1n });

  it('never orders two prices against cross-multiplication', () => {
    fc.assert(
      fc.property(amounts, lots, amounts, lots, (a, b, c, d) => {
        const order = Math.sign(comparePrices(price('DUM1', a, b), price('DUM1', c, d)));
        const keys = Math.sign(priceKey(a, b) - priceKey(c, d));
        if (keys !== 0) expect(keys).toBe(order);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is the nearest double also for neighbours beyond 2⁵³', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 2n }),
        fc.bigInt({ min: 1n, max: 1000n }),
        (a, b) => {
          expect(priceKey(a + 1n, b)).toBeGreaterThanOrEqual(priceKey(a, b));
          expect(priceKey(a, 1n)).toBe(Number(a));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
