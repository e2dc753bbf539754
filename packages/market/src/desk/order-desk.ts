import type {
  AbortOptions,
  BlockId,
  Crypto,
  DatasetDocument,
  Environment,
  HalfBlock,
  KeyValueStore,
  PublicKey,
  Settlement,
  Trustchain,
  TxValue,
} from '@edmp/interface';
import { equalBytes, throwIfAborted } from '@edmp/interface';
import { type Currency, type CurrencyId, currencyName, MAX_AMOUNT } from '../asset/currency.ts';
import { assetIdOf, isAssetId } from '../asset/document.ts';
import { costOf, wholeLots } from '../asset/price.ts';
import {
  ASK_TYPE,
  askToTx,
  BID_TYPE,
  bidToTx,
  CANCEL_TYPE,
  cancelToTx,
  decodeOrder,
  MAX_ASK_LIFETIME_MS,
  MAX_ASK_WITNESSES,
  MAX_BID_LIFETIME_MS,
  type SignedOrder,
} from '../blocks/order.ts';
import { MarketError } from '../errors.ts';
import type { Bid, CallOptions, Offer, WitnessSettings } from '../market.ts';
import type { OrderLimits } from '../order/limits.ts';
import type { Order } from '../order/order.ts';
import type { Once } from '../records/once.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';
import {
  asFormatError,
  blockIdArgument,
  flagOf,
  keyOption,
  objectOf,
  optionsOf,
  priceArgument,
} from './arguments.ts';
import { checkLifetime, checkQuantity, knownCurrency } from './order-checks.ts';
import type { OwnOrders } from './own-orders.ts';
import { decodeSigningTrace, encodeSigningTrace, signedBefore, traceOf } from './signed-before.ts';

/** Records of bids that go on after a deal failed. */
const KEEP_TRYING_PREFIX = 'market/keep-trying/';

/** Where orders go once they are signed. */
export interface OrderOutlet {
  /** Puts one’s own order before everybody. */
  place(order: SignedOrder): void;
  /** Takes it back with the cancel's block. */
  cancel(order: SignedOrder, block: HalfBlock): void;
  /** Whether an order of anybody is known. */
  knows(key: string): boolean;
}

/** What an {@link OrderDesk} needs. */
export interface OrderDeskNeeds {
  readonly trustchain: Pick<Trustchain, 'self' | 'store' | 'source'>;
  readonly settlement: Pick<Settlement, 'holds'>;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly environment: Pick<Environment, 'now'>;
  readonly books: Bookkeeper;
  readonly own: OwnOrders;
  readonly outlet: OrderOutlet;
  readonly once: Once;
  readonly records: KeyValueStore;
  readonly limits: Pick<OrderLimits, 'perTrader'>;
  readonly witnesses: WitnessSettings;
  /** The currency, asked of peers when it is not known. */
  readonly currencyOf: (id: CurrencyId, options: AbortOptions) => Promise<Currency | undefined>;
  /** Asks what became of own holds: earned money counts as available once its outcome is known. */
  readonly settleDue: (currency: CurrencyId, options: AbortOptions) => Promise<void>;
  /** Whether a purchase of the asset is under way. */
  readonly isBuying: (asset: string) => boolean;
  /** Hears of one’s own order that is new or changed. */
  readonly changed: (order: Order) => void;
}

/** Checks, signs and cancels this node's own orders. */
export class OrderDesk {
  readonly #needs: OrderDeskNeeds;
  /** Bids that go on after a deal failed. */
  readonly #keepTrying = new Set<string>();
  /** The end of the queue of orders being signed. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(needs: OrderDeskNeeds) {
    this.#needs = needs;
  }

  /** Reads which bids go on after a deal failed; forgets those that have closed. */
  async restore(): Promise<void> {
    const { records, own } = this.#needs;
    for (const [key] of await records.entries(KEEP_TRYING_PREFIX)) {
      const order = key.slice(KEEP_TRYING_PREFIX.length);
      if (own.status(order) === 'open') this.#keepTrying.add(order);
      else await records.delete(key);
    }
  }

  async sell(offer: Offer, given?: CallOptions): Promise<Order> {
    const options = optionsOf(given, 'options');
    const key = keyOption(options);
    const { document, price, supply, lifetimeMs } = objectOf(offer, 'offer');
    const unit = priceArgument(price, 'offer.price');
    const quantity = checkQuantity(supply, unit);
    const life = checkLifetime(lifetimeMs, MAX_ASK_LIFETIME_MS);
    const checked = document as DatasetDocument;
    const asset = asFormatError('offer.document', () => assetIdOf(checked, this.#needs.crypto));
    throwIfAborted(options.signal);
    return this.#place({
      call: 'sell',
      key,
      type: ASK_TYPE,
      arguments: [asset, unit.currency, unit.amount.toString(), unit.per.toString(), quantity, life],
      options,
      check: async () => {
        const currency = knownCurrency(await this.#needs.currencyOf(unit.currency, options), unit.currency);
        this.#checkRoom();
        if (!(await this.#needs.settlement.holds(asset))) {
          throw new MarketError(
            'ERR_ORDER_NO_DATA',
            `The data behind ${asset} is not on this node; add it first`,
          );
        }
        const witnesses = this.#askWitnesses(currency);
        return () => {
          this.#checkExclusive(asset, quantity);
          const expires = this.#needs.environment.now() + life;
          return askToTx({ document: checked, price: unit, supply: quantity, expires, witnesses });
        };
      },
    });
  }

  async buy(bid: Bid, given?: CallOptions): Promise<Order> {
    const options = optionsOf(given, 'options');
    const key = keyOption(options);
    const fields = objectOf(bid, 'bid');
    const unit = priceArgument(fields.price, 'bid.price');
    const quantity = checkQuantity(fields.quantity ?? Number(unit.per), unit);
    const life = checkLifetime(fields.lifetimeMs, MAX_BID_LIFETIME_MS);
    const again = flagOf(fields.again, 'bid.again');
    const keepTrying = flagOf(fields.keepTrying, 'bid.keepTrying');
    const { asset } = fields;
    if (typeof asset !== 'string' || !isAssetId(asset)) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        'bid.asset: expected an asset id, EW and the CID of a dataset document',
      );
    }
    const cost = costOf(unit, wholeLots(unit, quantity));
    throwIfAborted(options.signal);
    const order = await this.#place({
      call: 'buy',
      key,
      type: BID_TYPE,
      arguments: [
        asset,
        unit.currency,
        unit.amount.toString(),
        unit.per.toString(),
        quantity,
        life,
        again,
        keepTrying,
      ],
      options,
      check: async () => {
        const currency = knownCurrency(await this.#needs.currencyOf(unit.currency, options), unit.currency);
        if (cost > this.#free(currency)) await this.#needs.settleDue(currency.id, options);
        return () => {
          this.#checkRoom();
          if (!again) this.#checkRepeated(asset);
          this.#checkFunds(currency, cost);
          const expires = this.#needs.environment.now() + life;
          return bidToTx({ asset, price: unit, quantity, expires });
        };
      },
    });
    const id = order.id.toString();
    // The same call may be repeated long after: what is closed tries no more.
    if (keepTrying && !this.#keepTrying.has(id) && this.#needs.own.status(id) === 'open') {
      this.#keepTrying.add(id);
      await this.#needs.records.set(KEEP_TRYING_PREFIX + id, Uint8Array.of(1));
    }
    return order;
  }

  async cancel(id: BlockId, given?: AbortOptions): Promise<void> {
    const options = optionsOf(given, 'options');
    const key = blockIdArgument(id, 'order').toString();
    const { own, outlet, trustchain } = this.#needs;
    throwIfAborted(options.signal);
    const order = own.get(key);
    if (order === undefined) {
      if (outlet.knows(key)) throw new MarketError('ERR_ORDER_OWNER', 'Only its owner can cancel an order');
      throw new MarketError('ERR_MARKET_UNKNOWN', `No order ${key} is known here`);
    }
    const status = own.status(key);
    if (status !== 'open') {
      throw new MarketError('ERR_ORDER_CLOSED', `Only open orders can be cancelled; this one is ${status}`);
    }
    const block = await trustchain.source({ type: CANCEL_TYPE, tx: cancelToTx(order.id) }, options);
    // The cancel is signed: the order is off the market, whoever hears of it when.
    own.cancel(key);
    outlet.cancel(order, block);
    this.#tell(key);
    await this.#stopTrying(key);
  }

  /** A deal on one’s own bid failed after it had begun: the bid must not buy later, unless it was to keep trying. */
  async dealFailed(key: string): Promise<void> {
    if (this.#keepTrying.has(key) && this.#needs.own.available(key) > 0) return;
    const order = this.#needs.own.get(key);
    if (order?.side !== 'bid' || this.#needs.own.status(key) !== 'open') return;
    this.#needs.own.close(key);
    await this.cancel(order.id);
  }

  /** Minor units that open bids may still cost. */
  promised(currency: string): bigint {
    const { own } = this.#needs;
    let sum = 0n;
    for (const key of own.open()) {
      const order = own.get(key);
      if (order?.side !== 'bid' || order.price.currency !== currency) continue;
      const rest = wholeLots(order.price, own.available(key));
      if (rest > 0) sum += costOf(order.price, rest);
    }
    return sum;
  }

  async #place(request: {
    readonly call: string;
    readonly key: string | undefined;
    readonly type: string;
    readonly arguments: readonly unknown[];
    readonly options: AbortOptions;
    /** Checks that may wait; what it returns checks once more without waiting and makes the transaction. */
    readonly check: () => Promise<() => TxValue>;
  }): Promise<Order> {
    const { crypto, once, own, trustchain } = this.#needs;
    const { type, options } = request;
    const id = await once.run({
      ...request,
      signal: options.signal,
      work: async (mark) => {
        const transaction = await request.check();
        // One at a time from the last check to the signed order: two offers of one dataset never pass it together.
        return this.#inTurn(async () => {
          const tx = transaction();
          await mark(encodeSigningTrace(await traceOf(trustchain, crypto, { type, tx })));
          throwIfAborted(options.signal);
          return this.#sign(type, tx, options);
        });
      },
      find: (trace) => signedBefore(trustchain, crypto, decodeSigningTrace(trace), (id) => once.isResult(id)),
    });
    const view = own.view(id);
    if (view === undefined)
      throw new MarketError('ERR_MARKET_UNKNOWN', 'The order of that key is not kept any more');
    return view;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #sign(type: string, tx: TxValue, options: AbortOptions): Promise<string> {
    const { crypto, own, outlet, trustchain } = this.#needs;
    const block = await trustchain.source({ type, tx }, options);
    const order = decodeOrder(block, crypto);
    own.add(order);
    outlet.place(order);
    this.#tell(order.key);
    return order.key;
  }

  #tell(key: string): void {
    const view = this.#needs.own.view(key);
    if (view !== undefined) this.#needs.changed(view);
  }

  async #stopTrying(key: string): Promise<void> {
    if (this.#keepTrying.delete(key)) await this.#needs.records.delete(KEEP_TRYING_PREFIX + key);
  }

  #askWitnesses(currency: Currency): readonly PublicKey[] {
    if (currency.kind === 'issued') return [];
    const { keys = [], allowNone = false } = this.#needs.witnesses;
    if (keys.length === 0 && !allowNone) {
      throw new MarketError(
        'ERR_TRADE_WITNESSES',
        'A sale in test money needs a witness: name statement keys of nodes that you trust (start --witness KEY), or allow trades without (start --without-witnesses)',
      );
    }
    return keys.slice(0, MAX_ASK_WITNESSES);
  }

  #checkRoom(): void {
    const open = this.#needs.own.open().length;
    const { perTrader } = this.#needs.limits;
    if (open >= perTrader) {
      throw new MarketError('ERR_ORDER_LIMIT', `${open} own orders are open, at most ${perTrader} may be`);
    }
  }

  #checkExclusive(asset: string, supply: number): void {
    const { own } = this.#needs;
    for (const key of own.onAsset(asset)) {
      const order = own.view(key);
      if (order?.side !== 'ask') continue;
      const live = order.status === 'open' || order.filled > 0 || order.reserved > 0;
      if (live && (order.quantity === 1 || supply === 1)) {
        throw new MarketError(
          'ERR_ORDER_EXCLUSIVE',
          `This dataset is ${order.filled > 0 ? 'sold' : 'on sale'} already, and one of the offers is exclusive`,
        );
      }
    }
  }

  #checkRepeated(asset: string): void {
    const { books, isBuying, own, trustchain } = this.#needs;
    const holds = books
      .upToDate()
      .licences(asset)
      .some(({ buyer, status }) => status !== 'returned' && equalBytes(buyer, trustchain.self));
    const bids = Array.from(own.onAsset(asset)).some(
      (key) => own.get(key)?.side === 'bid' && own.status(key) === 'open',
    );
    if (holds || bids || isBuying(asset)) {
      throw new MarketError(
        'ERR_ORDER_REPEATED',
        `This node ${holds ? 'has a licence of' : 'is buying'} ${asset} already; set "again" (edmp buy --again) to buy another`,
      );
    }
  }

  /** Minor units that a new bid may cost; the issuer's account is the mint. */
  #free(currency: Currency): bigint {
    const { books, trustchain } = this.#needs;
    const mint = currency.kind === 'issued' && equalBytes(currency.issuer, trustchain.self);
    if (mint) return MAX_AMOUNT;
    const { available } = books.upToDate().balance(trustchain.self, currency.id);
    return available - this.promised(currency.id);
  }

  #checkFunds(currency: Currency, cost: bigint): void {
    const free = this.#free(currency);
    if (cost > free) {
      throw new MarketError(
        'ERR_WALLET_INSUFFICIENT',
        `${free} ${currencyName(currency)} are free after holds and open bids, ${cost} are needed`,
        { details: { free, cost } },
      );
    }
  }
}
