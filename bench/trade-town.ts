import type { PublicKey } from '../packages/interface/src/index.ts';
import { memoryKeyValueStore, publicKey } from '../packages/interface/src/index.ts';
import { type Currency, type Price, price } from '../packages/market/src/index.ts';
import { openDirectory } from '../packages/market/src/notary/directory.ts';
import { DELTA_MS } from '../packages/market/src/notary/limits.ts';
import { openNotary } from '../packages/market/src/notary/notary.ts';
import { defaultRiskPolicy } from '../packages/market/src/risk.ts';
import { crypto, documentOf } from '../packages/market/test/support/documents.ts';
import { createWorld, DAY, type Node, type World } from '../packages/market/test/support/world.ts';

/** Simulated time between two rounds of trades, outside of what is measured: heads and orders are compared then, ms. */
const PAUSE_MS = 20_000;
/** Turns of the event loop without progress after which the simulated clock is moved by 1 ms. */
const IDLE_TURNS = 2;
/** Simulated time after which a round of trades counts as stuck, ms. */
const STUCK_MS = 600_000;

/** Who takes part in the trades that are measured. */
export interface TownOptions {
  /** `separate`: one node that does not trade keeps the books. `both`: the two traders do. */
  readonly matchmakers: 'separate' | 'both';
  /** 0: trades in test money, with one witness. Else in a currency with so many notaries, who are the witnesses too. */
  readonly notaries: 0 | 1 | 4;
}

/**
 * A seller, a buyer and who helps them, in one process on a simulated network without delay; the data is sealed by
 * a stand-in that costs nothing, because sealing has a benchmark of its own. Where the books are kept apart, their
 * keeper is the (first) witness or notary; further notaries do nothing else.
 */
export class TradeTown {
  readonly world: World;
  readonly seller: Node;
  readonly buyer: Node;
  readonly #unit: Price;
  #made = 0;
  #completed = 0;
  /** What went wrong for good. */
  #failure: string | undefined;
  /** Why the last deal failed that its buyer tries again: sellers make few offers to one buyer at once. */
  #declined = 'none failed';

  private constructor(world: World, seller: Node, buyer: Node, unit: Price) {
    this.world = world;
    this.seller = seller;
    this.buyer = buyer;
    this.#unit = unit;
    for (const { market } of [seller, buyer]) {
      market.on((event) => {
        if (event.type !== 'trade' || !event.trade.finished) return;
        if (event.trade.state === 'completed') this.#completed += 1;
        else this.#declined = event.trade.failure?.reason ?? event.trade.state;
      });
    }
  }

  static async open({ matchmakers, notaries }: TownOptions): Promise<TradeTown> {
    const world = await createWorld(12, 0);
    const separate = matchmakers === 'separate';
    const keeper = separate ? await world.node('keeper', {}, true) : undefined;
    const keys = [...(keeper?.market.notaryKeys ?? [])];
    while (keys.length < Math.max(1, notaries)) keys.push(await loneNotary(world));
    // One peer trades without a pause here, which the limit of requests a second is there to prevent.
    const risk = { ...defaultRiskPolicy, requestRate: { burst: 1e6, perSecond: 1e6 } };
    const options = { matchmaker: !separate, witnesses: { keys: keys.slice(0, 1) }, risk };
    const seller = await world.node('seller', options);
    const buyer = await world.node('buyer', options);
    const issuer = notaries === 0 ? undefined : await world.node('issuer', { matchmaker: false });
    const traders = [seller, buyer, ...(keeper === undefined ? [] : [keeper])];
    const network = world.networks;
    await world.link(...traders, ...(issuer === undefined ? [] : [issuer]));
    for (const { self } of loneNotaries.get(world) ?? []) {
      for (const { key } of [...traders, ...(issuer === undefined ? [] : [issuer])]) network.link(self, key);
    }
    await world.environment.advance(5_000);
    const unit = issuer === undefined ? price('DUM1', 1) : await funded(world, issuer, traders, buyer, keys);
    if (issuer !== undefined) {
      await issuer.market.stop();
      await issuer.trustchain.stop();
      await issuer.network.stop();
    }
    return new TradeTown(world, seller, buyer, unit);
  }

  /** Lets the clock of the simulation run on. */
  async pause(): Promise<void> {
    await this.world.environment.advance(PAUSE_MS);
  }

  /** So many sales of a new dataset each, all begun at once; resolves when both sides of all have them completed. */
  async trade(count: number): Promise<void> {
    const { seller, buyer } = this;
    const until = this.#completed + 2 * count;
    const documents = Array.from({ length: count }, () => documentOf(`trade ${this.#made++}`));
    const common = { price: this.#unit, lifetimeMs: DAY };
    let listed = false;
    const asks = documents.map((document) => {
      seller.settlement.add(document);
      return seller.market.sell({ document, supply: 1, ...common });
    });
    const bidding = Promise.all(asks).then(async (orders) => {
      listed = true;
      await Promise.all(orders.map(({ asset }) => buyer.market.buy({ asset, ...common })));
    });
    bidding.catch((error: unknown) => {
      this.#failure = String(error);
    });
    await this.#until(() => listed && this.#completed >= until);
    await bidding;
  }

  /** The seller asks what became of the holds so far, and claims the money of 64 of them. */
  async claim(): Promise<void> {
    let claimed = false;
    const claiming = this.seller.market.claim(this.#unit.currency).then(() => {
      claimed = true;
    });
    claiming.catch((error: unknown) => {
      this.#failure = String(error);
    });
    await this.#until(() => claimed);
  }

  async stop(): Promise<void> {
    await this.world.stop();
  }

  /** Turns the event loop, and moves the clock only when nothing else is left to happen. */
  #until(reached: () => boolean): Promise<void> {
    const { environment } = this.world;
    const limit = environment.now() + STUCK_MS;
    return new Promise((resolve, reject) => {
      let turns = 0;
      const look = (): void => {
        if (reached()) resolve();
        else if (this.#failure !== undefined) reject(new Error(`a trade failed: ${this.#failure}`));
        else if (environment.now() > limit)
          reject(new Error(`the trades do not come to an end; the last failure: ${this.#declined}`));
        else if (++turns < IDLE_TURNS) setImmediate(look);
        else {
          turns = 0;
          environment.advance(1).then(look, reject);
        }
      };
      look();
    });
  }
}

const loneNotaries = new WeakMap<World, { readonly self: PublicKey }[]>();

/** A notary on a node of its own, which does not trade; its statement key. */
async function loneNotary(world: World): Promise<PublicKey> {
  const { environment, networks } = world;
  const known = loneNotaries.get(world) ?? [];
  const self = publicKey(environment.randomBytes(32));
  const network = networks.create({ self });
  await network.start();
  const notary = await openNotary({
    store: memoryKeyValueStore(),
    crypto,
    environment,
    network,
    directory: openDirectory({ network, crypto, environment }),
    judge: () => ({ guilty: false, kind: 'none', reason: 'nothing is judged here' }),
    deltaMs: DELTA_MS,
  });
  const [key] = notary.keys();
  if (key === undefined) throw new Error('a notary has a key');
  loneNotaries.set(world, [...known, { self }]);
  return key;
}

/** Opens a currency, gives the buyer a lot of it, and tells the traders of it; the price of a licence. */
async function funded(
  world: World,
  issuer: Node,
  traders: readonly Node[],
  buyer: Node,
  notaries: readonly PublicKey[],
): Promise<Price> {
  const sun: Currency = await world.run(
    issuer.market.issueCurrency({ label: 'SUN', precision: 2, notaries }),
  );
  for (const { market } of traders) await market.addCurrency(issuer.market.currencyBlock(sun.id).bytes);
  await world.run(issuer.market.transfer({ currency: sun.id, to: buyer.key, amount: 1_000_000n }));
  for (let waited = 0; waited < 600; waited++) {
    if ((await buyer.market.balance(buyer.key, sun.id)).available > 0n) return price(sun.id, 1);
    await world.environment.advance(100);
  }
  throw new Error('the buyer was not paid');
}
