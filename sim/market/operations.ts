import type { PublicKey, SeededRandom } from '../../packages/interface/src/index.ts';
import { type Listing, type Order, price, UNLIMITED_SUPPLY } from '../../packages/market/src/index.ts';
import { assetOf } from '../../packages/market/test/support/documents.ts';
import type { Calls } from '../lib/calls.ts';
import { type Cast, type Member, membersOf } from './members.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** What the issuer gives each buyer at the beginning, minor units. */
export const MINTED = 3_000n;

/** What a history does to its nodes, and how often each is drawn. */
const OPERATIONS = [
  ['sell', 4],
  ['buy', 12],
  ['cancel', 1],
  ['transfer', 3],
  ['repeat', 1],
  ['claim', 2],
  ['restart', 1],
  ['wait', 2],
] as const;
type Operation = (typeof OPERATIONS)[number][0];

/** A payment that its owner gave a name, to be made once. */
interface Payment {
  readonly from: Member | undefined;
  readonly to: PublicKey;
  readonly currency: string;
  readonly amount: bigint;
  readonly key: string;
  /** Its block, once a call has told it. */
  id: string | null;
}

/** Does what owners of nodes do, drawn from a seed. Nothing is waited for. */
export class Operations {
  readonly #cast: Cast;
  readonly #calls: Calls;
  readonly #randoms: SeededRandom;
  /** What the operation that is being made draws from: its own, so that others do not change when one is left out. */
  #random: SeededRandom;
  readonly #asks: Order[] = [];
  readonly #payments: Payment[] = [];
  #datasets = 0;
  #done = 0;

  constructor(cast: Cast, calls: Calls) {
    this.#cast = cast;
    this.#calls = calls;
    this.#randoms = cast.world.random.fork('operations');
    this.#random = this.#randoms;
  }

  /** Operations so far. */
  get count(): number {
    return this.#done;
  }

  /** Gives the buyers money. */
  mint(): void {
    const [issuer] = membersOf(this.#cast, 'issuer');
    for (const { node } of membersOf(this.#cast, 'buyer')) {
      this.#call(issuer, 'transfer', (market, sun) =>
        market.transfer({ currency: sun, to: node.key, amount: MINTED }),
      );
    }
  }

  /** One drawn operation. */
  next(): void {
    this.#random = this.#randoms.fork(`operation ${this.#done + 1}`);
    const total = OPERATIONS.reduce((sum, [, weight]) => sum + weight, 0);
    let at = this.#random.below(total);
    const found = OPERATIONS.find(([, weight]) => {
      at -= weight;
      return at < 0;
    });
    this.run(found?.[0] ?? 'wait');
  }

  /** One named operation. */
  run(operation: Operation): void {
    this.#done++;
    if (!this.#cast.world.plan.allows(`operation ${this.#done} ${operation}`)) return;
    switch (operation) {
      case 'sell':
        this.#sell();
        break;
      case 'buy':
        this.#buy();
        break;
      case 'cancel':
        this.#cancel();
        break;
      case 'transfer':
        this.#transfer();
        break;
      case 'repeat':
        this.#repeat();
        break;
      case 'claim':
        this.#claim();
        break;
      case 'restart':
        this.#restart();
        break;
      default:
      // Only time passes.
    }
  }

  /** A seller offers a new dataset. */
  #sell(): void {
    const member = this.#oneOf(membersOf(this.#cast, 'seller'));
    if (member === undefined) return;
    const title = `dataset ${this.#cast.world.seed} ${++this.#datasets}`;
    const currency = this.#oneOf(['DUM1', 'DUM2', 'SUN', 'SUN', 'SUN']) ?? 'SUN';
    const amount = 1 + this.#random.below(currency === 'DUM1' ? 600 : 400);
    const supply = this.#oneOf([1, 1, 2, 5, UNLIMITED_SUPPLY]) ?? 1;
    void this.#call(member, 'sell', async (market, sun) => {
      const unit = price(currency === 'SUN' ? sun : currency, amount);
      const made = member.goods.create(title);
      const document = made instanceof Promise ? await made : made;
      this.#asks.push(await market.sell({ document, price: unit, supply, lifetimeMs: DAY }));
    });
  }

  /** A buyer bids for something that it sees listed, or knows of. */
  #buy(): void {
    const member = this.#oneOf(membersOf(this.#cast, 'buyer'));
    const pick = this.#random.uint32();
    const keepTrying = this.#random.below(3) === 0;
    const again = this.#random.below(4) === 0;
    if (member === undefined) return;
    void this.#call(member, 'buy', async (market) => {
      const listings: readonly Listing[] = await market.listings({});
      const listing = listings[pick % Math.max(1, listings.length)];
      if (listing === undefined) return;
      const { document, price: unit } = listing;
      await market.buy({ asset: assetOf(document), price: unit, lifetimeMs: HOUR, keepTrying, again });
    });
  }

  #cancel(): void {
    const member = this.#oneOf(membersOf(this.#cast, 'seller', 'buyer'));
    const pick = this.#random.uint32();
    void this.#call(member, 'cancel', async (market) => {
      const open = market.orders().filter(({ status }) => status === 'open');
      const order = open[pick % Math.max(1, open.length)];
      if (order !== undefined) await market.cancel(order.id);
    });
  }

  #transfer(): void {
    const members = membersOf(this.#cast, 'seller', 'buyer', 'issuer');
    const from = this.#oneOf(members);
    // Payments go to whom one can reach: a block that was handed to nobody cannot pay anybody.
    const { wanted } = this.#cast.world.links;
    const reached = members.filter(
      ({ node }) => node !== from?.node && from !== undefined && wanted(from.node.key, node.key),
    );
    const to = this.#oneOf(reached);
    const currency = this.#oneOf(['DUM1', 'SUN', 'SUN', 'SUN']) ?? 'SUN';
    const amount = BigInt(1 + this.#random.below(300));
    if (to === undefined) return;
    const payment: Payment = {
      from,
      to: to.node.key,
      currency,
      amount,
      key: `payment ${this.#done}`,
      id: null,
    };
    this.#payments.push(payment);
    this.#pay(payment);
  }

  /** An owner that did not hear of its payment, or clicked twice: named alike, it is made once. */
  #repeat(): void {
    const payment = this.#oneOf(this.#payments);
    if (payment !== undefined) this.#pay(payment);
  }

  #pay(payment: Payment): void {
    const { from, to, currency, amount, key } = payment;
    void this.#call(from, 'transfer', async (market, sun) => {
      const id = await market.transfer(
        { currency: currency === 'SUN' ? sun : currency, to, amount },
        { key },
      );
      // Whoever goes back to an old backup has forgotten what it paid since.
      const remembers = from?.node.byzantine === null;
      if (remembers && payment.id !== null && payment.id !== id.toString()) {
        const { findings } = this.#cast.world;
        findings.add('lost', 'paid-twice', `${from?.node.name} ${key}: ${payment.id} and ${id}`);
      }
      payment.id = id.toString();
    });
  }

  #claim(): void {
    const member = this.#oneOf(membersOf(this.#cast, 'seller', 'buyer'));
    const currency = this.#oneOf(['DUM1', 'SUN', 'SUN']) ?? 'SUN';
    void this.#call(member, 'claim', (market, sun) => market.claim(currency === 'SUN' ? sun : currency));
  }

  #restart(): void {
    const member = this.#oneOf(this.#cast.members);
    if (member === undefined) return;
    crashFor(this.#cast, member, this.#random.below(60_000));
  }

  #call<T>(
    member: Member | undefined,
    name: string,
    call: (market: Parameters<Parameters<Calls['make']>[2]>[0], sun: string) => Promise<T>,
  ): Promise<T | undefined> {
    const sun = this.#cast.sun?.id ?? '';
    if (member === undefined) return Promise.resolve(undefined);
    return this.#calls.make(member.node, name, (market) => call(market, sun));
  }

  #oneOf<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.#random.below(items.length)];
  }
}

/** Ends a node's process now and starts it again later. */
export function crashFor(cast: Cast, { node }: Member, ms: number): void {
  const { world } = cast;
  if (!node.isUp) return;
  world.fault('crash', node.name);
  node.crash();
  world.environment.schedule(ms, () => startAgain(cast, node));
}

/** Starts a node until it starts: what it stumbles on is noted once. */
export function startAgain(cast: Cast, node: Member['node']): void {
  const { world } = cast;
  if (cast.isOff) return;
  node.start().catch((error: unknown) => {
    world.trace(`${node.name} does not start: ${error instanceof Error ? error.message : String(error)}`);
    if (node.startFailures++ < 5) world.environment.schedule(5_000, () => startAgain(cast, node));
  });
}
