import { seededRandom } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SignedOrder } from '../src/blocks/order.ts';
import { MarketBooks } from '../src/book/market-books.ts';
import { keyOfDigest as keyOf } from '../src/codec/order-id.ts';
import { BlockArena } from '../src/order/block-arena.ts';
import { DigestIndex } from '../src/order/digest-index.ts';
import { Holds } from '../src/order/holds.ts';
import type { OrderRegistry } from '../src/order/order-registry.ts';
import { SlotHeap } from '../src/order/slot-heap.ts';
import { assetOf, crypto, DAY, dataset, registryOf, SECRET, START, trader } from './support/orders.ts';

const goneOf = (registry: OrderRegistry): string[] => {
  const gone: string[] = [];
  registry.on((change) => {
    if (change.type === 'gone') gone.push(`${change.reason} ${registry.table.key(change.slot)}`);
  });
  return gone;
};
const leftOf = (registry: OrderRegistry, order: SignedOrder): number =>
  registry.table.left[registry.find(order.key)] as number;
let holds = 0;
const holdOn = (ask: SignedOrder, bid: SignedOrder, quantity: number) => ({
  hold: `hold ${++holds}`,
  ask: ask.key,
  bid: bid.key,
  seller: ask.ownerHex,
  buyer: bid.ownerHex,
  quantity,
});

describe('holds', () => {
  it('M11 two strangers that trade "with" a victim’s ask take nothing of it', async () => {
    const registry = registryOf();
    const document = dataset('gold');
    const ask = await trader('victim').ask({ document, price: 5, supply: 1_000 });
    const bid = await trader('rogue buyer').bid({ asset: assetOf(document), price: 5, quantity: 7 });
    registry.add(ask);
    registry.add(bid);
    registry.holdTaken({ ...holdOn(ask, bid, 1_000_000), seller: trader('rogue seller').hex });
    expect(leftOf(registry, ask)).toBe(1_000);
    // The buyer owns its bid: what it says of that one counts.
    expect(leftOf(registry, bid)).toBe(0);
  });

  it('M11 a hold by a stranger on a victim’s bid takes nothing of it, and the owner’s own takes no more than is left', async () => {
    const registry = registryOf();
    const document = dataset('silver');
    const ask = await trader('seller').ask({ document, price: 5, supply: 10 });
    const bid = await trader('victim').bid({ asset: assetOf(document), price: 5, quantity: 10 });
    registry.add(ask);
    registry.add(bid);
    registry.holdTaken({ ...holdOn(ask, bid, 4), buyer: trader('rogue').hex });
    expect([leftOf(registry, ask), leftOf(registry, bid)]).toEqual([6, 10]);
    registry.holdTaken(holdOn(ask, bid, 9));
    expect([leftOf(registry, ask), leftOf(registry, bid)]).toEqual([0, 1]);
  });

  it('M11 a cancel by another key than the owner’s changes nothing, also when it comes first', async () => {
    const registry = registryOf();
    const ask = await trader('owner').ask({ document: dataset('mine'), price: 5 });
    const later = await trader('owner').ask({ document: dataset('mine too'), price: 5 });
    registry.add(ask);
    expect(registry.cancel(ask.key, trader('rogue').hex, undefined)).toBe(false);
    expect(registry.cancel(later.key, trader('rogue').hex, undefined)).toBe(true);
    expect(registry.add(later)).toBe('added');
    expect(registry.size).toBe(2);
    expect(registry.cancel(ask.key, ask.ownerHex, undefined)).toBe(true);
    expect(registry.add(ask)).toBe('closed');
  });

  it('MS122 fills are order independent: 3 of 10, then 7 of 10, or the other way round, before or after the orders', async () => {
    const document = dataset('ten');
    const asset = assetOf(document);
    const ask = await trader('seller').ask({ document, price: 5, supply: 10 });
    const small = await trader('small').bid({ asset, price: 5, quantity: 3 });
    const large = await trader('large').bid({ asset, price: 5, quantity: 7 });
    const first = holdOn(ask, small, 3);
    const second = holdOn(ask, large, 7);
    const steps = {
      ask: (r: OrderRegistry) => r.add(ask),
      small: (r: OrderRegistry) => r.add(small),
      large: (r: OrderRegistry) => r.add(large),
      first: (r: OrderRegistry) => r.holdTaken(first),
      second: (r: OrderRegistry) => r.holdTaken(second),
      returned: (r: OrderRegistry) => r.holdReturned(second.hold),
    };
    const partly = registryOf();
    for (const step of [steps.ask, steps.small, steps.large, steps.first]) step(partly);
    expect([ask, small, large].map((order) => leftOf(partly, order))).toEqual([7, 0, 7]);
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.values(steps), { minLength: 6 }), (order) => {
        const registry = registryOf();
        for (const step of order) step(registry);
        // Both bids are gone; the second hold came back, to the ask only.
        expect([ask, small, large].map((known) => leftOf(registry, known))).toEqual([7, 0, 0]);
      }),
    );
  });

  it('forget holds beyond their limit, keep what they took of open orders, and leave nothing of others', () => {
    const known = new Set(['ask 1']);
    const book = new Holds(4, (order) => known.has(order));
    const hold = (n: number, ask: string) => ({
      hold: `${n}`,
      ask,
      bid: `bid ${n}`,
      seller: trader('s').hex,
      buyer: trader('b').hex,
      quantity: 1,
    });
    for (let n = 0; n < 3; n++) book.take(hold(n, 'ask 1'));
    for (let n = 3; n < 20; n++) book.take(hold(n, `other ${n}`));
    expect(book.size).toBe(4);
    expect(book.left('ask 1', trader('s').hex, 10)).toBe(7);
    expect(book.left('other 3', trader('s').hex, 10)).toBe(10);
    expect(book.giveBack('0')).toBeUndefined();
    known.clear();
    book.orderGone('ask 1', trader('s').hex);
    expect(book.left('ask 1', trader('s').hex, 10)).toBe(10);
    expect(book.take(hold(19, 'x'))).toBe(false);
  });
});

describe('room', () => {
  it.each([
    // A sixth of 200 places is 33: the one who holds most gives way until all hold as much.
    ['everybody has money', undefined, 33],
    ['the bidders have none', 'honest', 40],
  ] as const)(
    'M14 250 one-day bids of five keys do not push out 40 honest 30-day asks, and nothing leaks: %s',
    async (_, funded, kept) => {
      const seller = trader('honest');
      const registry = registryOf({
        limits: { total: 200, perTrader: 50 },
        ...(funded === undefined ? {} : { funded: (owner) => owner === seller.hex }),
      });
      const books = new MarketBooks(registry.table, SECRET);
      registry.on((change) => {
        if (change.type === 'added') books.add(change.slot);
        else if (change.type === 'gone') books.remove(change.slot);
      });
      const honest: SignedOrder[] = [];
      for (let i = 0; i < 40; i++) {
        const ask = await seller.ask({ document: dataset(`honest ${i}`), price: 5 });
        registry.add(ask);
        honest.push(ask);
      }
      const asset = honest[0]!.asset;
      for (let key = 0; key < 5; key++) {
        const rogue = trader(`rogue ${key}`);
        for (let i = 0; i < 50; i++) registry.add(await rogue.bid({ asset, price: 1 + i }));
      }
      const left = honest.filter((ask) => registry.find(ask.key) !== -1).length;
      expect(left).toBeGreaterThanOrEqual(kept);
      expect(registry.size).toBe(200);
      let bids = 0;
      books.each('bid', asset, 'DUM1', () => ++bids > 0);
      expect(bids).toBe(200 - left);
      for (const ask of honest) {
        expect(books.view(ask.asset, 'DUM1').asks).toHaveLength(registry.find(ask.key) === -1 ? 0 : 1);
      }
    },
  );

  it('M14 whoever has nothing behind its orders gives way first, however little it holds; own orders never do', async () => {
    const self = trader('self');
    const broke = new Set([trader('broke').hex]);
    const registry = registryOf({
      limits: { total: 6 },
      self: self.hex,
      funded: (owner) => !broke.has(owner),
    });
    const gone = goneOf(registry);
    const own = await self.ask({ document: dataset('own'), price: 1, expires: START + 300 * DAY });
    registry.add(own);
    const bare = await trader('broke').ask({ document: dataset('bare'), price: 1, expires: START + DAY });
    registry.add(bare);
    const rich = trader('rich');
    const many: SignedOrder[] = [];
    for (let i = 0; i < 4; i++) {
      many.push(await rich.ask({ document: dataset(`rich ${i}`), price: 1, expires: START + (i + 1) * DAY }));
      registry.add(many[i]!);
    }
    expect(registry.add(await trader('new 1').ask({ document: dataset('n1'), price: 1 }))).toBe('added');
    expect(gone).toEqual([`evicted ${bare.key}`]);
    // Then whoever holds most, and of those the order that expires last.
    expect(registry.add(await trader('new 2').ask({ document: dataset('n2'), price: 1 }))).toBe('added');
    expect(gone.at(-1)).toBe(`evicted ${many[3]!.key}`);
    expect(registry.add(await trader('broke').ask({ document: dataset('again'), price: 1 }))).toBe(
      'total-limit',
    );
    expect(registry.find(own.key)).not.toBe(-1);
  });

  it('M14 orders count by their bytes too, within a trader the one that lasts longest goes', async () => {
    const seller = trader('s');
    const one = await seller.ask({ document: dataset('first'), price: 1, expires: START + 2 * DAY });
    const size = one.block.bytes.length;
    const registry = registryOf({ limits: { bytes: 3 * size + 200 } });
    const gone = goneOf(registry);
    registry.add(one);
    for (const [i, days] of [9, 5].entries()) {
      registry.add(await seller.ask({ document: dataset(`a${i}`), price: 1, expires: START + days * DAY }));
    }
    const longest = registry
      .ordersOf(seller.hex)
      .map((slot) => registry.table.key(slot))
      .at(-1);
    registry.add(await trader('t').ask({ document: dataset('other'), price: 1 }));
    expect(gone).toEqual([`evicted ${longest}`]);
    expect(registry.bytes).toBeLessThanOrEqual(3 * size + 200);
    // One that lasts longer than all own ones is refused, one that lasts less makes room among them.
    expect(await add(registry, seller, 50)).toBe('total-limit');
    expect(await add(registry, seller, 1)).toBe('added');
  });

  const add = async (registry: OrderRegistry, seller: ReturnType<typeof trader>, days: number) =>
    registry.add(await seller.ask({ document: dataset(`d${days}`), price: 1, expires: START + days * DAY }));

  it('M22 opened and closed orders leave nothing behind but a bounded memory of cancels', async () => {
    const registry = registryOf();
    const books = new MarketBooks(registry.table, SECRET);
    registry.on((change) => {
      if (change.type === 'added') books.add(change.slot);
      else if (change.type === 'gone') books.remove(change.slot);
    });
    const document = dataset('churn');
    const template = await trader('churner').ask({ document, price: 5 });
    const { order } = renamed(template);
    for (let i = 0; i < 8_000; i++) {
      const made = order(i, `${i}`);
      registry.add(made);
      if (i % 2 === 0) registry.cancel(made.key, made.ownerHex, undefined);
      else registry.cancel(order(i + 1_000_000, `${i}`).key, made.ownerHex, undefined);
      if (i % 2 === 1) registry.cancel(made.key, made.ownerHex, undefined);
    }
    expect(registry.size).toBe(0);
    expect(registry.bytes).toBe(0);
    expect(registry.traders).toBe(0);
    expect(registry.nextExpiry()).toBe(Number.POSITIVE_INFINITY);
    expect(books.assets).toBe(0);
    expect(registry.closed.size).toBeLessThanOrEqual(65_536);
    for (let i = 0; i < 3_000; i++)
      registry.cancel(order(i + 5_000_000, 'x').key, trader('one author').hex, undefined);
    const before = registry.closed.size;
    registry.cancel(order(9_999_999, 'x').key, trader('one author').hex, undefined);
    expect(registry.closed.size).toBe(before);
  });

  it('M22 refusing a newcomer in a full registry looks at a handful of orders, not at all of them', async () => {
    const template = await trader('filler').ask({ document: dataset('fill'), price: 5 });
    const { order } = renamed(template);
    const total = 20_000;
    const registry = registryOf({ limits: { total } });
    for (let i = 0; i < total; i++) registry.add(order(i, `${i >> 4}`));
    expect(registry.size).toBe(total);
    let reads = 0;
    const { expires } = registry.table;
    // Every look at an order reads its expiry.
    registry.table.expires = new Proxy(expires, {
      get(target, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads++;
        return Reflect.get(target, name, target);
      },
    });
    const answers = new Set<string>();
    for (let i = 0; i < 100; i++) answers.add(registry.add(order(total + i, `${i}`)));
    expect(answers).toEqual(new Set(['total-limit']));
    expect(reads).toBeLessThan(100 * 40);
  });
});

/** Orders like one, under other ids and names, without the cost of a signature each. */
function renamed(template: SignedOrder) {
  const order = (i: number, owner: string): SignedOrder => {
    const digest = crypto.sha256(new TextEncoder().encode(`renamed ${i}`));
    const id = {
      ...template.id,
      multihash: { ...template.id.multihash, digest },
    } as unknown as SignedOrder['id'];
    return {
      ...template,
      id,
      key: keyOf(digest),
      ownerHex: owner.padStart(64, '0') as SignedOrder['ownerHex'],
    };
  };
  return { order };
}

describe('structures', () => {
  it('a slot heap gives the lowest rank first, whatever is taken out in between', () => {
    const random = seededRandom(4);
    const rank = Array.from({ length: 400 }, () => random.below(100));
    const heap = new SlotHeap((slot) => rank[slot]!);
    const model = new Set<number>();
    for (let step = 0; step < 6_000; step++) {
      const slot = random.below(400);
      if (!model.has(slot)) {
        model.add(slot);
        heap.push(slot);
      } else if (random.below(2) === 0) {
        model.delete(slot);
        heap.remove(slot);
      } else {
        rank[slot] = random.below(100);
        heap.update(slot);
      }
      const lowest = Math.min(...[...model].map((one) => rank[one]!));
      expect(heap.first() === -1 ? Number.POSITIVE_INFINITY : rank[heap.first()]).toBe(lowest);
    }
    expect(heap.size).toBe(model.size);
  });

  it('a digest index finds what is there and nothing else, also when all digests begin alike', () => {
    const column = new Uint8Array(2_000 * 32);
    for (let slot = 0; slot < 2_000; slot++) {
      column.set(crypto.sha256(Uint8Array.of(slot & 255, slot >> 8)), slot * 32);
      if (slot % 2 === 0) column.fill(1, slot * 32, slot * 32 + 20);
    }
    const index = new DigestIndex(() => column, SECRET);
    const random = seededRandom(9);
    const model = new Set<number>();
    for (let step = 0; step < 5_000; step++) {
      const slot = random.below(2_000);
      if (model.delete(slot)) index.remove(slot);
      else {
        model.add(slot);
        index.add(slot);
      }
      const probe = random.below(2_000);
      expect(index.find(column, probe * 32)).toBe(model.has(probe) ? probe : -1);
    }
    expect(index.size).toBe(model.size);
  });

  it('an arena keeps every block through frees and moves', () => {
    const random = seededRandom(8);
    const arena = new BlockArena();
    const model = new Map<number, Uint8Array>();
    let bytes = 0;
    for (let step = 0; step < 8_000; step++) {
      const slot = random.below(600);
      const known = model.get(slot);
      if (known !== undefined) {
        expect(arena.get(slot)).toEqual(known);
        arena.free(slot);
        model.delete(slot);
        bytes -= known.length;
      } else {
        const block = random.bytes(1 + random.below(random.below(20) === 0 ? 67_000 : 900));
        arena.put(slot, block);
        model.set(slot, block);
        bytes += block.length;
      }
    }
    for (const [slot, block] of model) expect(arena.get(slot)).toEqual(block);
    expect(arena.bytes).toBe(bytes);
  });
});
