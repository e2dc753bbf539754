import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { OrderBook as PeerBook } from 'nodejs-order-book';
import {
  type HalfBlock,
  publicKeyToHex,
  seededRandom,
  softwareSigner,
  virtualEnvironment,
} from '../packages/interface/src/index.ts';
import { price } from '../packages/market/src/asset/price.ts';
import { ASK_TYPE, askToTx, decodeOrder } from '../packages/market/src/blocks/order.ts';
import { orderBook } from '../packages/market/src/book/order-book.ts';
import type { ListingQuery } from '../packages/market/src/listing/listing.ts';
import { orderExchange } from '../packages/market/src/matching/exchange.ts';
import { ORDERS_PROTOCOL } from '../packages/market/src/matching/messages.ts';
import { OpenOrders } from '../packages/market/src/matching/open-orders.ts';
import { answerRequest } from '../packages/market/src/matching/reconcile.ts';
import { decodeSyncRequest, encodeSyncFrame } from '../packages/market/src/matching/sync-messages.ts';
import { DEFAULT_ORDER_LIMITS } from '../packages/market/src/order/limits.ts';
import { crypto, DAY, dataset, START } from '../packages/market/test/support/orders.ts';
import { decodeHalfBlock, signHalfBlock, verifySignature } from '../packages/trustchain/src/block.ts';
import { constantLatency, simulatedNetworks } from '../packages/trustchain/src/simulated.ts';
import { against, elapsedMs, medianOf, percentile, type Report } from './harness.ts';
import { floorBook, ORDERS, type OrderFlow, randomOrders, restingOrders } from './order-flow.ts';

const PEER = 'nodejs-order-book 10.1.1';
const ASKS = 100_000;
const ASKS_A_TRADER = 100;

function ourBook(flow: OrderFlow): void {
  const book = orderBook();
  for (let i = 0; i < ORDERS; i++) {
    book.place(flow.side[i] as 0 | 1, flow.amount[i] as number, flow.quantity[i] as number, i);
  }
}

function peerBook(flow: OrderFlow): void {
  const book = new PeerBook();
  for (let i = 0; i < ORDERS; i++) {
    book.limit({
      side: (flow.side[i] === 1 ? 'buy' : 'sell') as Parameters<typeof book.limit>[0]['side'],
      id: String(i),
      size: flow.quantity[i] as number,
      price: flow.amount[i] as number,
    });
  }
}

async function books(report: Report): Promise<void> {
  for (const [metric, flow, highest] of [
    ['order-book-1000-levels', randomOrders(1_000), 1_000],
    ['order-book-insert-200000-levels', restingOrders(100_000), 200_000],
  ] as const) {
    const measured = await against(
      ORDERS,
      () => ourBook(flow),
      () => floorBook(flow, highest),
      5,
    );
    const peerMs = await elapsedMs(() => peerBook(flow));
    report({ metric, ...measured, unit: '1/s', peer: PEER, peerValue: (ORDERS * 1_000) / peerMs });
  }
}

/** Signed asks, each for an asset of its own, of a thousand traders. */
async function signedAsks(): Promise<readonly Uint8Array[]> {
  const random = seededRandom(3);
  const words = ['roof', 'gas', 'winter', 'office', 'solar', 'heat', 'pump', 'family', 'night', 'street'];
  const word = (): string => words[random.below(words.length)] as string;
  const blocks: Uint8Array[] = [];
  for (let trader = 0; trader < ASKS / ASKS_A_TRADER; trader++) {
    const signer = softwareSigner({ crypto, secretKey: random.bytes(32) });
    let head: HalfBlock | undefined;
    for (let seq = 1; seq <= ASKS_A_TRADER; seq++) {
      const document = dataset(`${word()} ${word()} ${blocks.length}`, {
        cell: `u${random.below(10)}${random.below(10)}`,
        ...(random.below(4) === 0 ? { commodity: 'gas', unit: 'uM3' } : {}),
      });
      const unit = price('DUM1', 1 + random.below(1_000));
      head = await signHalfBlock(
        {
          v: 1,
          key: signer.publicKey,
          seq,
          prev: head?.id ?? null,
          peer: null,
          link: null,
          type: ASK_TYPE,
          tx: askToTx({ document, price: unit, supply: 1, expires: START + 300 * DAY }),
          time: START,
        },
        signer,
        crypto,
      );
      blocks.push(head.bytes.slice());
    }
  }
  return blocks;
}

const nobody = publicKeyToHex(softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(1) }).publicKey);

function emptyOrders(): OpenOrders {
  return new OpenOrders(
    {
      crypto,
      now: () => START,
      self: nobody,
      limits: DEFAULT_ORDER_LIMITS,
      secret: new Uint8Array(8).fill(5),
      funded: undefined,
    },
    () => undefined,
  );
}

function fill(orders: OpenOrders, blocks: readonly Uint8Array[]): void {
  for (const bytes of blocks) orders.registry.add(decodeOrder(decodeHalfBlock(bytes, crypto), crypto));
}

/** Bytes on and off the heap that are in use. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/**
 * What a resting ask with its own asset takes: registry, trader, expiry, book, listing, search terms, sets for
 * reconciliation and the cache of decoded orders; everything but the bytes of its signed block.
 */
function restingAsk(report: Report, blocks: readonly Uint8Array[]): OpenOrders {
  fill(emptyOrders(), blocks.slice(0, 2_000));
  const before = memoryInUse();
  const orders = emptyOrders();
  fill(orders, blocks);
  const used = memoryInUse() - before - orders.registry.bytes;
  report({ metric: 'resting-ask-bytes', value: used / orders.registry.size, unit: 'B' });
  return orders;
}

async function search(report: Report, blocks: readonly Uint8Array[]): Promise<void> {
  const random = seededRandom(4);
  const queries = Array.from({ length: 500 }, (_, i): ListingQuery => {
    const cell = `u${random.below(10)}${random.below(10)}`;
    const kinds: readonly ListingQuery[] = [
      { text: 'solar roof' },
      { text: String(random.below(ASKS)) },
      { cell, commodity: 'gas' },
      { maxPrice: price('DUM1', 1 + random.below(20)), text: 'night' },
      { cell, attestation: 'anchored' },
      { sort: 'newest', commodity: 'gas', text: 'office winter' },
      { commodity: 'water' },
      { from: '2030-01-01', text: 'solar' },
    ];
    return kinds[i % kinds.length] as ListingQuery;
  });
  // The same code has run before, as it has in a node; the index is new.
  const warm = emptyOrders();
  fill(warm, blocks.slice(0, 5_000));
  for (const query of queries) warm.search(query);
  const orders = emptyOrders();
  fill(orders, blocks);
  const times: number[] = [];
  for (const query of [{}, ...queries]) times.push(await elapsedMs(() => void orders.search(query)));
  report({ metric: 'search-100k-first', value: times[0] as number, unit: 'ms' });
  report({ metric: 'search-100k-p50', value: medianOf(times), unit: 'ms' });
  report({ metric: 'search-100k-p99', value: percentile(times, 0.99), unit: 'ms' });
}

const cpuSeconds = (since: NodeJS.CpuUsage): number => {
  const used = process.cpuUsage(since);
  return (used.user + used.system) / 1e6;
};

/** A node without orders beside one that has them all; both run in this process and count. */
async function sync(report: Report, orders: OpenOrders, blocks: readonly Uint8Array[]): Promise<void> {
  const environment = virtualEnvironment({ start: START });
  const networks = simulatedNetworks({ environment, latency: constantLatency(1) });
  const self = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(2) }).publicKey;
  const [server, client] = [networks.create(), networks.create({ self })];
  await server.start();
  await client.start();
  let bytes = 0;
  server.handle(ORDERS_PROTOCOL, async function* ({ body }) {
    bytes += body.length;
    const { sets, registry } = orders;
    const sources = { matchmaker: true, sets, table: registry.table, closed: registry.closed };
    for (const frame of answerRequest(decodeSyncRequest(body), { ...sources, maxBytes: 8 * 1024 * 1024 })) {
      const encoded = encodeSyncFrame(frame);
      bytes += encoded.length;
      yield encoded;
    }
  });
  const stop = new AbortController();
  const exchange = orderExchange({
    network: client,
    environment,
    crypto,
    self,
    receive: async (received) =>
      received.map((block) => {
        const decoded = decodeHalfBlock(block, crypto);
        return verifySignature(decoded, crypto) ? decoded : undefined;
      }),
    matchmaker: true,
    signal: stop.signal,
  });
  const start = process.cpuUsage();
  networks.link(server.self, client.self);
  while (exchange.size < ASKS) await environment.advance(20);
  const fresh = cpuSeconds(start);
  const decoded = blocks.map((block) => decodeHalfBlock(block, crypto));
  const verifying = process.cpuUsage();
  for (const block of decoded) verifySignature(block, crypto);
  report({ metric: 'book-sync-100k-fresh', value: fresh, unit: 'CPU s', floor: cpuSeconds(verifying) });
  report({ metric: 'book-sync-100k-fresh-bytes', value: bytes, unit: 'B' });
  await environment.advance(1_000);
  bytes = 0;
  await environment.advance(70_000);
  report({ metric: 'book-sync-100k-same', value: bytes, unit: 'B' });
  stop.abort();
  exchange.stop();
  await server.stop();
  await client.stop();
}

/** Order book, memory of resting asks, search and reconciliation of 100 000 orders (DESIGN §8). */
export async function orderRows(report: Report): Promise<void> {
  await books(report);
  const blocks = await signedAsks();
  const orders = restingAsk(report, blocks);
  await search(report, blocks);
  await sync(report, orders, blocks);
}
