import { seededRandom } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { comparePrices, price } from '../src/asset/price.ts';
import type { SignedOrder } from '../src/blocks/order.ts';
import type { ListingQuery } from '../src/listing/listing.ts';
import { Postings } from '../src/listing/postings.ts';
import { SortedSlots } from '../src/listing/sorted-slots.ts';
import { OpenOrders } from '../src/matching/open-orders.ts';
import { DEFAULT_ORDER_LIMITS } from '../src/order/limits.ts';
import { assetOf, crypto, DAY, dataset, START, trader } from './support/orders.ts';

function orders(): OpenOrders & { at(time: number): void } {
  let now = START;
  const made = new OpenOrders(
    {
      crypto,
      now: () => now,
      self: trader('self').hex,
      limits: DEFAULT_ORDER_LIMITS,
      secret: new Uint8Array(8).fill(7),
      funded: undefined,
    },
    () => undefined,
  );
  return Object.assign(made, { at: (time: number) => (now = time) });
}

describe('listing search', () => {
  it('finds by text, day, cell, commodity, flow, step, price, attestation, seller and asset', async () => {
    const open = orders();
    const all: SignedOrder[] = [];
    const list = async (i: number, changes: Parameters<typeof dataset>[1], amount: number) => {
      const order = await trader(`lister ${i}`).ask({
        document: dataset(`House number ${i} north`, changes),
        price: amount,
        time: START - 10 + i,
        expires: START + 90_000,
      });
      open.registry.add(order);
      all.push(order);
    };
    await list(1, { title: 'Sunny roof', flow: 'export' }, 9);
    await list(
      2,
      { title: 'Gas of a cold winter', commodity: 'gas', unit: 'uM3', from: '2025-01-01', to: '2025-01-30' },
      3,
    );
    await list(3, { title: 'Office', cell: 'u17', attestation: 'anchored', step: 'PT1H', count: 720 }, 7);
    await list(4, { title: 'Roof terrace', cell: null, attestation: 'unsigned' }, 1);
    const titles = (query: ListingQuery): string[] =>
      open.search(query).map((found) => found.document.descriptor.title);
    expect(titles({})).toEqual(['Roof terrace', 'Gas of a cold winter', 'Office', 'Sunny roof']);
    expect(titles({ sort: 'newest' })).toEqual([
      'Roof terrace',
      'Office',
      'Gas of a cold winter',
      'Sunny roof',
    ]);
    expect(titles({ text: 'ROOF' })).toEqual(['Roof terrace', 'Sunny roof']);
    expect(titles({ text: 'cold wint' })).toEqual(['Gas of a cold winter']);
    expect(titles({ text: 'oof' })).toEqual([]);
    expect(titles({ from: '2025-01-15', to: '2025-02-01' })).toEqual(['Gas of a cold winter']);
    expect(titles({ cell: 'u1' })).toEqual(['Gas of a cold winter', 'Office', 'Sunny roof']);
    expect(titles({ cell: 'u17' })).toEqual(['Office']);
    expect(titles({ cell: 'u17000' })).toEqual([]);
    expect(titles({ commodity: 'gas' })).toEqual(['Gas of a cold winter']);
    expect(titles({ flow: 'export' })).toEqual(['Sunny roof']);
    expect(titles({ step: 'PT1H' })).toEqual(['Office']);
    expect(titles({ maxPrice: price('DUM1', 3) })).toEqual(['Roof terrace', 'Gas of a cold winter']);
    expect(titles({ maxPrice: price('DUM2', 3) })).toEqual([]);
    expect(titles({ currency: 'DUM2' })).toEqual([]);
    expect(titles({ attestation: 'linked' })).toEqual(['Office']);
    expect(titles({ seller: all[0]!.owner })).toEqual(['Sunny roof']);
    expect(titles({ asset: all[2]!.asset })).toEqual(['Office']);
    expect(titles({ asset: all[2]!.asset, seller: all[0]!.owner })).toEqual([]);
    expect(titles({ offset: 1, limit: 2 })).toEqual(['Gas of a cold winter', 'Office']);
    expect(() => titles({ limit: 0 })).toThrow(expect.objectContaining({ code: 'ERR_MARKET_FORMAT' }));
    expect(() => titles({ from: 'June' })).toThrow(expect.objectContaining({ code: 'ERR_MARKET_FORMAT' }));
    const hold = { hold: 'h', ask: all[0]!.key, bid: 'b', seller: all[0]!.ownerHex, buyer: trader('b').hex };
    open.registry.holdTaken({ ...hold, quantity: 1 });
    expect(titles({ text: 'sunny' })).toEqual([]);
    open.registry.holdReturned('h');
    expect(titles({ text: 'sunny' })).toEqual(['Sunny roof']);
    open.registry.cancel(all[3]!.key, all[3]!.ownerHex, undefined);
    expect(titles({ text: 'roof' })).toEqual(['Sunny roof']);
    open.at(START + 90_000);
    expect(titles({})).toEqual([]);
  });

  it('agrees with a plain filter on random listings, queries and removals', async () => {
    const random = seededRandom(11);
    const words = ['roof', 'gas', 'winter', 'office', 'solar', 'rooftop', 'night', 'été', '2025'];
    const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
    const open = orders();
    let known: SignedOrder[] = [];
    for (let i = 0; i < 1_200; i++) {
      if (known.length > 300 && random.below(3) === 0) {
        const gone = pick(known);
        known = known.filter((order) => order !== gone);
        open.registry.cancel(gone.key, gone.ownerHex, undefined);
      } else {
        const commodity = pick(['gas', 'electricity'] as const);
        const order = await trader(`seller ${random.below(40)} ${i}`).ask({
          document: dataset(`${pick(words)} ${pick(words)} ${i}`, {
            cell: random.below(6) === 0 ? null : `u${random.below(3)}${random.below(3)}`,
            commodity,
            unit: commodity === 'gas' ? 'uM3' : 'uKWh',
            attestation: pick(['unsigned', 'signed', 'anchored'] as const),
          }),
          price: price(pick(['DUM1', 'DUM2']), 1 + random.below(50), 1 + random.below(2)),
          supply: 10,
          time: START - random.below(1_000),
        });
        open.registry.add(order);
        known.push(order);
      }
      if (i % 20 !== 0) continue;
      const query: ListingQuery = {
        ...(random.below(2) === 0 ? { text: `${pick(words).slice(0, 1 + random.below(6))}` } : {}),
        ...(random.below(3) === 0 ? { cell: pick(['u', 'u1', 'u12', 'v']) } : {}),
        ...(random.below(3) === 0 ? { commodity: pick(['gas', 'electricity'] as const) } : {}),
        ...(random.below(4) === 0 ? { attestation: pick(['signed', 'anchored'] as const) } : {}),
        ...(random.below(4) === 0 ? { maxPrice: price(pick(['DUM1', 'DUM2']), 20) } : {}),
        ...(random.below(3) === 0 ? { sort: 'newest' as const } : {}),
        offset: random.below(4),
        limit: 1 + random.below(30),
      };
      const level = (name: string): number =>
        ['unsigned', 'intact', 'signed', 'linked', 'anchored'].indexOf(name);
      const expected = known
        .filter(({ document, price: unit }) => {
          const { title, cell, commodity, attestation, licence, purposes } = document!.descriptor;
          const own = `${title} ${licence} ${commodity} ${purposes.join(' ')}`
            .toLowerCase()
            .split(/[^\p{L}\p{N}]+/u);
          return (
            (query.text === undefined || own.some((word) => word.startsWith(query.text!))) &&
            (query.cell === undefined || cell?.startsWith(query.cell) === true) &&
            (query.commodity === undefined || commodity === query.commodity) &&
            (query.attestation === undefined || level(attestation) >= level(query.attestation)) &&
            (query.maxPrice === undefined ||
              (unit.currency === query.maxPrice.currency && comparePrices(unit, query.maxPrice) <= 0))
          );
        })
        .sort((a, b) => {
          const byId = Buffer.compare(a.id.multihash.digest, b.id.multihash.digest);
          if (query.sort === 'newest') return b.created - a.created || -byId;
          if (a.price.currency !== b.price.currency) return a.price.currency < b.price.currency ? -1 : 1;
          return comparePrices(a.price, b.price) || a.created - b.created || byId;
        })
        .slice(query.offset, query.offset! + query.limit!)
        .map((order) => order.key);
      expect(
        open.search(query).map((found) => found.order.toString()),
        JSON.stringify(query, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
      ).toEqual(expected);
    }
  });

  it('MS126 shows one listing and one level after one ask', async () => {
    const open = orders();
    const document = dataset('one');
    open.registry.add(await trader('s').ask({ document, price: 4, supply: 7, expires: START + DAY }));
    expect(open.search({})).toMatchObject([{ asset: assetOf(document), supply: 7, available: 7 }]);
    expect(open.view(assetOf(document), 'DUM1').asks).toHaveLength(1);
  });
});

describe('sorted slots', () => {
  it('stays sorted under random adds and removals', () => {
    const random = seededRandom(2);
    const rank = Array.from({ length: 5_000 }, () => random.below(300));
    const sorted = new SortedSlots((a, b) => rank[a]! - rank[b]! || a - b);
    const model = new Set<number>();
    for (let step = 0; step < 12_000; step++) {
      const slot = random.below(5_000);
      if (model.has(slot) && random.below(step < 6_000 ? 4 : 1) === 0) {
        model.delete(slot);
        expect(sorted.remove(slot)).toBe(true);
      } else if (!model.has(slot)) {
        expect(sorted.remove(slot)).toBe(false);
        model.add(slot);
        sorted.add(slot);
      }
    }
    const seen: number[] = [];
    sorted.each((slot) => seen.push(slot) > 0);
    expect(seen).toEqual([...model].sort((a, b) => rank[a]! - rank[b]! || a - b));
    expect(sorted.size).toBe(model.size);
  });
});

describe('postings', () => {
  it('forgets stale slots instead of growing, and terms without slots', () => {
    const live = new Set<number>();
    const postings = new Postings((slot) => live.has(slot));
    for (let i = 0; i < 10_000; i++) {
      live.add(i);
      postings.add(i, 'w');
      if (i < 10) continue;
      live.delete(i - 10);
      postings.remove(i - 10, 'w');
    }
    const seen: number[] = [];
    postings.each('w', (slot) => seen.push(slot) > 0);
    expect(postings.count('w')).toBe(10);
    expect(seen.length).toBeLessThanOrEqual(40);
    for (const slot of [...live]) {
      live.delete(slot);
      postings.remove(slot, 'w');
    }
    expect(postings.terms).toBe(0);
  });
});
