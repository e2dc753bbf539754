import { publicKey, seededRandom } from '../packages/interface/src/index.ts';
import type { Listing, ListingQuery } from '../packages/market/src/index.ts';
import { orderBook, price } from '../packages/market/src/index.ts';
import { listingIndex } from '../packages/market/src/listing/search.ts';
import { documentOf, idOf } from '../packages/market/test/support/documents.ts';
import { createWorld, DAY } from '../packages/market/test/support/world.ts';
import { type Bench, elapsedMs, median, medianOf, percentile, type Report } from './harness.ts';

const ORDERS = 1_000_000;
const LISTINGS = 100_000;

interface OrderFlow {
  readonly side: Uint8Array;
  readonly amount: Int32Array;
  readonly quantity: Int32Array;
}

function randomOrders(levels: number): OrderFlow {
  const random = seededRandom(7);
  const side = new Uint8Array(ORDERS);
  const amount = new Int32Array(ORDERS);
  const quantity = new Int32Array(ORDERS);
  for (let i = 0; i < ORDERS; i++) {
    side[i] = random.below(2);
    amount[i] = 1 + random.below(levels);
    quantity[i] = 1 + random.below(100);
  }
  return { side, amount, quantity };
}

/** The floor: a sorted array of levels with a FIFO each, whole numbers, no cancels, no owners, no expiry. */
function arrayBook(flow: OrderFlow): void {
  const levels: { readonly amount: number; readonly queue: { left: number }[]; head: number }[][] = [[], []];
  for (let i = 0; i < ORDERS; i++) {
    const side = flow.side[i] ?? 0;
    const amount = flow.amount[i] ?? 0;
    let left = flow.quantity[i] ?? 0;
    const opposite = levels[1 - side] ?? [];
    while (left > 0) {
      const best = side === 1 ? opposite[0] : opposite.at(-1);
      if (best === undefined || (side === 1 ? best.amount > amount : best.amount < amount)) break;
      for (
        let maker = best.queue[best.head];
        left > 0 && maker !== undefined;
        maker = best.queue[best.head]
      ) {
        const fill = Math.min(left, maker.left);
        left -= fill;
        maker.left -= fill;
        if (maker.left === 0) best.head++;
      }
      if (best.head === best.queue.length) side === 1 ? opposite.shift() : opposite.pop();
    }
    if (left === 0) continue;
    const own = levels[side] ?? [];
    let low = 0;
    for (let high = own.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((own[middle]?.amount ?? 0) < amount) low = middle + 1;
      else high = middle;
    }
    const level = own[low];
    if (level?.amount === amount) level.queue.push({ left });
    else own.splice(low, 0, { amount, queue: [{ left }], head: 0 });
  }
}

async function books(report: Report): Promise<void> {
  const flow = randomOrders(1_000);
  const run = (): void => {
    const book = orderBook();
    for (let i = 0; i < ORDERS; i++) {
      book.place((flow.side[i] ?? 0) as 0 | 1, flow.amount[i] ?? 0, flow.quantity[i] ?? 0, i);
    }
  };
  const rate = await median(async () => (ORDERS / (await elapsedMs(run))) * 1_000);
  const floor = await median(async () => (ORDERS / (await elapsedMs(() => arrayBook(flow)))) * 1_000);
  report({
    metric: 'order-book-1000-levels',
    value: rate,
    unit: '1/s',
    floor,
    peer: 'nodejs-order-book 10.1.1',
    peerValue: 316_388,
  });
  const wide = randomOrders(100_000);
  const insert = await median(async () => {
    const book = orderBook();
    const ms = await elapsedMs(() => {
      for (let i = 0; i < ORDERS; i++) {
        const side = (i & 1) as 0 | 1;
        book.place(side, (side === 1 ? 0 : 200_000) + (wide.amount[i] ?? 0), 5, i);
      }
    });
    return (ORDERS / ms) * 1_000;
  });
  report({
    metric: 'order-book-insert-200000-levels',
    value: insert,
    unit: '1/s',
    peer: 'nodejs-order-book 10.1.1',
    peerValue: 131_893,
  });
}

function listings(): readonly Listing[] {
  const random = seededRandom(3);
  const words = ['roof', 'gas', 'winter', 'office', 'solar', 'heat', 'pump', 'family', 'night', 'street'];
  const word = (): string => words[random.below(words.length)] ?? '';
  const seller = publicKey(random.bytes(32));
  return Array.from({ length: LISTINGS }, (_, i) => ({
    order: idOf(`listing ${i}`),
    seller,
    asset: `EW${i}`,
    document: documentOf(`${word()} ${word()} ${i}`, {
      cell: `u${random.below(10)}${random.below(10)}`,
      commodity: random.below(4) === 0 ? 'gas' : 'electricity',
    }),
    price: price('DUM1', 1 + random.below(1_000)),
    supply: 1,
    available: 1,
    created: i,
    expires: 1_000_000,
  }));
}

async function search(report: Report): Promise<void> {
  const index = listingIndex();
  for (const listing of listings()) index.set(listing);
  const random = seededRandom(4);
  const queries: ListingQuery[] = Array.from({ length: 500 }, (_, i) => {
    const cell = `u${random.below(10)}${random.below(10)}`;
    const kinds: readonly ListingQuery[] = [
      { text: 'solar roof' },
      { text: String(random.below(LISTINGS)) },
      { cell, commodity: 'gas' },
      { maxPrice: price('DUM1', 1 + random.below(20)), text: 'night' },
      { cell, attestation: 'anchored' },
    ];
    return kinds[i % kinds.length] ?? {};
  });
  index.search({}, 0);
  const times: number[] = [];
  for (const query of queries) times.push(await elapsedMs(() => void index.search(query, 0)));
  report({ metric: 'search-100000-listings-p50', value: medianOf(times), unit: 'ms' });
  report({ metric: 'search-100000-listings-p99', value: percentile(times, 0.99), unit: 'ms' });
}

/** Whole trades of three nodes in one process on a simulated network: ask, bid, match, terms, four blocks. */
async function trades(report: Report): Promise<void> {
  const world = await createWorld(12, 0);
  const seller = await world.node('seller', { matchmaker: false });
  const buyer = await world.node('buyer', { matchmaker: false });
  const maker = await world.node('maker');
  await world.link(seller, buyer, maker);
  let done = 0;
  for (const node of [seller, buyer]) {
    node.market.on((event) => {
      if (event.type === 'trade' && event.trade.state === 'completed') done++;
    });
  }
  const times: number[] = [];
  for (let i = 0; i < 400; i++) {
    const document = documentOf(`trade ${i}`);
    const asset = seller.settlement.add(document);
    const ms = await elapsedMs(async () => {
      const unit = price('DUM1', 1);
      await world.environment.run(seller.market.sell({ document, price: unit, supply: 1, lifetimeMs: DAY }));
      await world.environment.run(buyer.market.buy({ asset, price: unit, lifetimeMs: DAY }));
      await world.until(() => done >= 2 * (i + 1), 10_000, 1);
    });
    if (i >= 100) times.push(ms);
  }
  await world.stop();
  const sum = times.reduce((total, ms) => total + ms, 0);
  report({
    metric: 'trade-separate-matchmaker',
    value: (times.length / sum) * 1_000,
    unit: '1/s',
    peer: 'AnyDex 596fd17',
    peerValue: 42.1,
  });
  report({
    metric: 'trade-separate-matchmaker-p50',
    value: medianOf(times),
    unit: 'ms',
    peer: 'AnyDex 596fd17',
    peerValue: 22.7,
  });
}

/** Order book, listing search and whole trades (DESIGN §8). Peers' figures are from the reference machine. */
export const bench: Bench = {
  name: 'market',
  async run(report) {
    await books(report);
    await search(report);
    await trades(report);
  },
};
