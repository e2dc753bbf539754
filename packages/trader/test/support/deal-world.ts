import {
  type Crypto,
  memoryKeyValueStore,
  type Network,
  type PublicKey,
  type Settlement,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Listing, type Market, type Order, price, type Trade } from '@edmp/market';
import { notary } from '@edmp/market/notary';
import { createTrader, type Trader, type TraderOptions } from '@edmp/trader';
import { exportDeal } from '@edmp/trader/deal';
import { constantLatency, simulatedNetworks } from '@edmp/trustchain/simulated';
import { quarterHours } from '../../../data-settlement/test/support/fixtures.ts';

/** Nothing on other threads: virtual time must not run ahead of real work. */
export const crypto: Crypto = nodeCrypto({ threads: false });
const DAY = 86_400_000;

/** A seller, a buyer and a witness that is a notary too, on one virtual clock. */
export interface DealWorld {
  readonly environment: VirtualEnvironment;
  readonly seller: Trader;
  readonly buyer: Trader;
  readonly witness: Trader;
  /** Puts a series of `days` up for sale, and waits until the buyer knows it. */
  offer(currency?: string): Promise<Listing>;
  /** The deal that a bid of the buyer comes to, when both sides have ended it. */
  ended(order: Order): Promise<Trade>;
  /** A network of somebody else, linked to the seller's. */
  stranger(self: PublicKey): Promise<Network>;
  /** A whole deal, from the buyer's side, when both sides have ended it. */
  deal(currency?: string): Promise<Trade>;
  /** A currency of one of the three, by default the witness, kept by the witness, with money in the buyer's hands. */
  issue(issuer?: 'witness' | 'seller' | 'buyer'): Promise<string>;
  /** Lets time pass until `done`. */
  until(done: () => boolean | Promise<boolean>): Promise<void>;
  /** Lets a long time pass, ms. */
  later(ms: number): Promise<void>;
  /** What a call gives, while time passes. */
  act<T>(call: Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** A network whose node answers spot checks otherwise than it meant to. */
function changing(
  network: Network,
  change: ((request: Uint8Array, answer: Uint8Array) => Uint8Array) | undefined,
): Network {
  if (change === undefined) return network;
  const handle: Network['handle'] = (protocol, handler, limits) =>
    network.handle(
      protocol,
      protocol !== '/edmp/spot-check/1'
        ? handler
        : async (request) => change(request.body, (await handler(request)) as Uint8Array),
      limits,
    );
  return new Proxy(network, {
    get(target, name) {
      if (name === 'handle') return handle;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A network whose every message, sent or answered, is looked at. */
function tapped(network: Network, tap: ((bytes: Uint8Array) => void) | undefined): Network {
  if (tap === undefined) return network;
  const request: Network['request'] = (to, protocol, body, options) => {
    tap(body);
    const frames = network.request(to, protocol, body, options);
    return (async function* () {
      for await (const frame of frames) {
        tap(frame);
        yield frame;
      }
    })();
  };
  const publish: Network['publish'] = (topic, body) => {
    tap(body);
    return network.publish(topic, body);
  };
  return new Proxy(network, {
    get(target, name) {
      if (name === 'request') return request;
      if (name === 'publish') return publish;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

export async function dealWorld(
  options: {
    readonly seed?: number;
    readonly wrapSeller?: (honest: Settlement) => Settlement;
    readonly buyer?: Partial<TraderOptions>;
    readonly seller?: Partial<TraderOptions>;
    readonly witnesses?: boolean;
    readonly days?: number;
    /** Changes what the seller answers to spot checks. */
    readonly spotReplies?: (request: Uint8Array, answer: Uint8Array) => Uint8Array;
    /** Looks at every message of everybody. */
    readonly tap?: (bytes: Uint8Array) => void;
    /** Stores on a disk, which take real time. */
    readonly disk?: boolean;
  } = {},
): Promise<DealWorld> {
  const seed = options.seed ?? 1;
  const environment = virtualEnvironment({ seed });
  const networks = simulatedNetworks({ environment, seed, latency: constantLatency(2) });
  const create: TraderOptions['network'] = (identity) => tapped(networks.create(identity), options.tap);
  const base = { network: create, environment, crypto };
  const witnessed = options.witnesses !== false;
  const secret = (n: number): Uint8Array => new Uint8Array(32).fill(n + 10 * seed);
  const witness = await createTrader({
    ...base,
    secretKey: secret(3),
    notary: notary({ store: memoryKeyValueStore() }),
  });
  const witnesses = witnessed ? { keys: witness.market.notaryKeys } : { allowNone: true };
  const { wrapSeller } = options;
  const seller = await createTrader({
    ...base,
    witnesses,
    secretKey: secret(1),
    network: (identity) => changing(tapped(networks.create(identity), options.tap), options.spotReplies),
    ...(wrapSeller === undefined ? {} : { wrapSettlement: wrapSeller }),
    ...options.seller,
  });
  const buyer = await createTrader({ ...base, witnesses, secretKey: secret(2), ...options.buyer });
  const all = [seller, buyer, witness];
  for (const [i, one] of all.entries()) {
    for (const other of all.slice(i + 1)) networks.link(one.key, other.key);
  }
  const until: DealWorld['until'] = async (done) => {
    for (let step = 0; step < 4_000; step++) {
      if (await done()) return;
      await environment.advance(50);
      await new Promise((resolve) =>
        options.disk === true ? setTimeout(resolve, 2) : setImmediate(resolve),
      );
    }
    throw new Error('it did not come to pass in the time of the test');
  };
  /** What a call gives, while time passes. */
  const act: DealWorld['act'] = async (call) => {
    let settled = false;
    const result = call.finally(() => {
      settled = true;
    });
    result.catch(() => undefined);
    await until(() => settled);
    return result;
  };
  await environment.advance(500);
  const isEnded = (market: Market, id: string): boolean =>
    market.trades().some((trade) => trade.id === id && trade.finished);
  const bought = (order: Order): Trade | undefined =>
    buyer.market.trades().find((trade) => trade.bid.equals(order.id) && trade.finished);
  let sold = 0;
  const world: DealWorld = {
    environment,
    seller,
    buyer,
    witness,
    until,
    async later(ms) {
      for (let left = ms; left > 0; left -= 30_000) {
        await environment.advance(Math.min(left, 30_000));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    act,
    async offer(currency = 'DUM1') {
      sold += 1;
      const series = quarterHours({ days: options.days ?? 1, seed: 7 + sold });
      const { document, asset } = await seller.settlement.addDataset(series);
      await act(seller.market.sell({ document, price: price(currency, 7), supply: 3, lifetimeMs: DAY }));
      await until(async () => (await buyer.market.listings({ asset })).length > 0);
      const [listing] = await buyer.market.listings({ asset });
      if (listing === undefined) throw new Error('nothing is for sale');
      return listing;
    },
    async ended(order) {
      await until(() => bought(order) !== undefined);
      const trade = bought(order);
      if (trade === undefined) throw new Error('no deal');
      if (trade.state !== 'failed') await until(() => isEnded(seller.market, trade.id));
      return trade;
    },
    async stranger(self) {
      const network = networks.create({ self });
      await network.start();
      networks.link(self, seller.key);
      await environment.advance(50);
      return network;
    },
    async deal(currency = 'DUM1') {
      const { asset, price: asked } = await world.offer(currency);
      return world.ended(await act(buyer.market.buy({ asset, price: asked, lifetimeMs: DAY })));
    },
    async issue(by = 'witness') {
      const issuer = { witness, seller, buyer }[by];
      const notaries = witness.market.notaryKeys;
      const currency = await act(issuer.market.issueCurrency({ label: 'SUN', precision: 2, notaries }));
      const block = issuer.market.currencyBlock(currency.id);
      for (const trader of all) if (trader !== issuer) await act(trader.market.addCurrency(block.bytes));
      // Its issuer makes what it pays with.
      if (by === 'buyer') return currency.id;
      await act(issuer.market.transfer({ currency: currency.id, to: buyer.key, amount: 100n }));
      await until(async () => {
        const { available, pending } = await buyer.market.balance(buyer.key, currency.id);
        return available + pending >= 100n;
      });
      return currency.id;
    },
    async stop() {
      await act(Promise.all(all.map((trader) => trader.stop())));
    },
  };
  return world;
}

/** The file of a deal that was done and is over. */
export async function finishedDealFile(): Promise<Uint8Array> {
  const world = await dealWorld();
  const { id } = await world.deal();
  const bytes = await world.act(exportDeal({ market: world.seller.market, crypto }, id));
  await world.stop();
  return bytes;
}
