import type {
  AbortOptions,
  AssetId,
  BlockId,
  Crypto,
  Environment,
  HalfBlock,
  PublicKey,
  TxValue,
} from '@edmp/interface';
import { isEdmpError, throwIfAborted } from '@edmp/interface';
import { assetIdOf, isAssetId } from '../asset/document.ts';
import { costOf, MAX_QUANTITY, type Price, price, wholeLots } from '../asset/price.ts';
import {
  ASK_TYPE,
  askToTx,
  BID_TYPE,
  bidToTx,
  CANCEL_TYPE,
  cancelToTx,
  decodeOrder,
} from '../blocks/order.ts';
import { MarketError } from '../errors.ts';
import type { Bid, Offer, Order } from '../market.ts';
import type { OrderExchange } from '../matching/exchange.ts';
import { MAX_ASK_LIFETIME_MS, MAX_BID_LIFETIME_MS } from './limits.ts';
import type { OwnOrders } from './own-orders.ts';

/** What a desk needs. */
export interface OrderDeskOptions {
  readonly own: OwnOrders;
  readonly exchange: Pick<OrderExchange, 'addOwn' | 'cancelOwn' | 'publish' | 'order'>;
  readonly environment: Pick<Environment, 'now'>;
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** Signs a source block on the own chain, durably. */
  readonly sign: (
    block: { readonly type: string; readonly tx: TxValue },
    options: AbortOptions,
  ) => Promise<HalfBlock>;
  /** Whether the data behind an asset is on this node. */
  readonly holdsData: (asset: AssetId) => Promise<boolean>;
  /** Smallest amount that can be traded in a currency, minor units; undefined for one that is not known here. */
  readonly minUnit: (currency: AssetId) => bigint | undefined;
  /** Minor units that the own account may spend, holds apart. */
  readonly available: (currency: AssetId) => bigint;
  /** Own orders that may be open at once. */
  readonly perTrader: number;
}

/** Makes, checks and cancels own orders. Once a block is signed its order exists, whatever else fails. */
export class OrderDesk {
  readonly #options: OrderDeskOptions;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** Signs and publishes an ask. Throws `ERR_ORDER_*`, `ERR_MARKET_UNKNOWN` (currency) or `ERR_MARKET_FORMAT` (document, witnesses). */
  async sell(
    offer: Offer & { readonly witnesses?: readonly PublicKey[] },
    options: AbortOptions = {},
  ): Promise<Order> {
    throwIfAborted(options.signal);
    const { crypto, environment, holdsData } = this.#options;
    const { document, supply } = offer;
    const unit = this.#checkPrice(offer.price);
    checkQuantity(supply, unit);
    checkLifetime(offer.lifetimeMs, MAX_ASK_LIFETIME_MS);
    const asset = assetIdOf(document, crypto);
    this.#checkExclusive(asset, supply);
    this.#checkRoom();
    if (!(await holdsData(asset))) {
      throw new MarketError(
        'ERR_ORDER_NO_DATA',
        `The data behind ${asset} is not on this node; add it first`,
      );
    }
    // Another sale may have begun meanwhile.
    this.#checkExclusive(asset, supply);
    const expires = environment.now() + offer.lifetimeMs;
    const witnesses = offer.witnesses ?? [];
    return this.#place(ASK_TYPE, askToTx({ document, price: unit, supply, expires, witnesses }), options);
  }

  /** Signs and publishes a bid. Throws as {@link OrderDesk.sell} does, and `ERR_WALLET_INSUFFICIENT`. */
  async buy(bid: Bid, options: AbortOptions = {}): Promise<Order> {
    throwIfAborted(options.signal);
    const unit = this.#checkPrice(bid.price);
    const quantity = bid.quantity ?? 1;
    checkQuantity(quantity, unit);
    checkLifetime(bid.lifetimeMs, MAX_BID_LIFETIME_MS);
    if (!isAssetId(bid.asset)) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        'Expected an asset id: EW and the CID of a dataset document',
      );
    }
    this.#checkRoom();
    const cost = costOf(unit, wholeLots(unit, quantity));
    const free = this.#options.available(unit.currency) - this.promised(unit.currency);
    if (cost > free) {
      throw new MarketError(
        'ERR_WALLET_INSUFFICIENT',
        `${free} ${unit.currency} are free after holds and open bids, ${cost} are needed`,
        { details: { free, cost } },
      );
    }
    const expires = this.#options.environment.now() + bid.lifetimeMs;
    return this.#place(BID_TYPE, bidToTx({ asset: bid.asset, price: unit, quantity, expires }), options);
  }

  /** Cancels an own open order; holds on it stay. Throws `ERR_MARKET_UNKNOWN`, `ERR_ORDER_OWNER` or `ERR_ORDER_CLOSED`. */
  async cancel(id: BlockId, options: AbortOptions = {}): Promise<Order> {
    const { own, exchange, sign } = this.#options;
    const key = id.toString();
    const status = own.status(key);
    if (status === undefined) {
      if (exchange.order(key) !== undefined) {
        throw new MarketError('ERR_ORDER_OWNER', 'Only its owner can cancel an order');
      }
      throw new MarketError('ERR_MARKET_UNKNOWN', `No order ${key} is known here`);
    }
    if (status !== 'open') {
      throw new MarketError('ERR_ORDER_CLOSED', `Only open orders can be cancelled; this one is ${status}`);
    }
    const block = await sign({ type: CANCEL_TYPE, tx: cancelToTx(id) }, options);
    own.cancel(key);
    exchange.cancelOwn(block);
    await this.#publish(block);
    return this.#viewOf(key);
  }

  /** Minor units that open bids may still cost; what a hold took of them is held in the ledger. */
  promised(currency: AssetId): bigint {
    const { own } = this.#options;
    let sum = 0n;
    for (const key of own.open()) {
      const order = own.get(key);
      if (order?.side !== 'bid' || order.price.currency !== currency) continue;
      const rest = wholeLots(order.price, own.available(key));
      if (rest > 0) sum += costOf(order.price, rest);
    }
    return sum;
  }

  async #place(type: string, tx: TxValue, options: AbortOptions): Promise<Order> {
    const { own, exchange, sign, crypto } = this.#options;
    const block = await sign({ type, tx }, options);
    const order = decodeOrder(block, crypto);
    own.add(order);
    exchange.addOwn(order);
    await this.#publish(block);
    return this.#viewOf(order.key);
  }

  /** Sends a block; a network that is down is no error, because peers reconcile. */
  async #publish(block: HalfBlock): Promise<void> {
    try {
      await this.#options.exchange.publish(block);
    } catch (error) {
      if (!isEdmpError(error)) throw error;
    }
  }

  #viewOf(key: string): Order {
    const view = this.#options.own.view(key);
    if (view === undefined) throw new MarketError('ERR_MARKET_UNKNOWN', `No own order ${key} is known here`);
    return view;
  }

  #checkPrice(unit: Price): Price {
    const checked = price(unit.currency, unit.amount, unit.per);
    const least = this.#options.minUnit(checked.currency);
    if (least === undefined) {
      throw new MarketError('ERR_MARKET_UNKNOWN', `The currency ${checked.currency} is not known here`);
    }
    if (checked.amount < least) {
      throw new MarketError(
        'ERR_ORDER_AMOUNT',
        `A price in ${checked.currency} is at least ${least} minor units`,
      );
    }
    return checked;
  }

  #checkRoom(): void {
    const open = this.#options.own.open().length;
    if (open >= this.#options.perTrader) {
      throw new MarketError(
        'ERR_ORDER_LIMIT',
        `${open} own orders are open, at most ${this.#options.perTrader} may be`,
      );
    }
  }

  #checkExclusive(asset: AssetId, supply: number): void {
    const { own } = this.#options;
    for (const key of own.onAsset(asset)) {
      const order = own.view(key);
      if (order?.side !== 'ask') continue;
      const taken = order.filled + order.reserved;
      if ((order.status === 'open' || taken > 0) && (order.quantity === 1 || supply === 1)) {
        throw new MarketError(
          'ERR_ORDER_EXCLUSIVE',
          `This dataset is ${taken > 0 ? 'sold' : 'on sale'} already, and one of the offers is exclusive`,
        );
      }
    }
  }
}

function checkQuantity(quantity: number, unit: Price): void {
  if (
    !Number.isSafeInteger(quantity) ||
    quantity < 1 ||
    quantity > MAX_QUANTITY ||
    wholeLots(unit, quantity) < 1
  ) {
    throw new MarketError(
      'ERR_ORDER_AMOUNT',
      `Expected 1 … 2⁵³−1 licences and at least one lot of ${unit.per}, got ${quantity}`,
    );
  }
}

function checkLifetime(lifetimeMs: number, longest: number): void {
  if (!Number.isSafeInteger(lifetimeMs) || lifetimeMs < 1 || lifetimeMs > longest) {
    throw new MarketError('ERR_ORDER_LIFETIME', `Expected a life of 1 to ${longest} ms, got ${lifetimeMs}`);
  }
}
