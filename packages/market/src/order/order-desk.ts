import type { AbortOptions, BlockId } from '@edmp/interface';
import { throwIfAborted } from '@edmp/interface';
import { assetIdOf, isAssetId } from '../asset/document.ts';
import { costOf, MAX_QUANTITY, type Price, price, wholeLots } from '../asset/price.ts';
import type { MarketContext } from '../context.ts';
import { MarketError } from '../errors.ts';
import type { Bid, Offer, Order } from '../market.ts';
import type { OrderFlow } from '../matching/order-flow.ts';
import { MAX_ASK_LIFETIME_MS, MAX_BID_LIFETIME_MS, type OrderLimits } from './limits.ts';
import {
  ASK_TYPE,
  askToTx,
  BID_TYPE,
  bidToTx,
  CANCEL_TYPE,
  cancelToTx,
  decodeOrder,
  type SignedOrder,
} from './signed-order.ts';

/** Makes, checks and cancels own orders. */
export interface OrderDesk {
  sell(offer: Offer, options?: AbortOptions): Promise<Order>;
  buy(bid: Bid, options?: AbortOptions): Promise<Order>;
  cancel(id: BlockId, options?: AbortOptions): Promise<void>;
  /** Minor units that open bids may still cost. */
  promised(currency: string): bigint;
}

/** The desk of one market. */
export function orderDesk(context: MarketContext, flow: OrderFlow, limits: OrderLimits): OrderDesk {
  const { crypto, environment, ledger, own, settlement, trustchain } = context;

  const checkPrice = (unit: Price): Price => {
    const checked = price(unit.currency, unit.amount, unit.per);
    const currency = ledger.currencies.get(checked.currency);
    if (currency === undefined) {
      throw new MarketError(
        'ERR_MARKET_UNKNOWN',
        `The currency ${checked.currency} is not configured here; known: ${[...ledger.currencies.keys()].join(', ')}`,
      );
    }
    if (checked.amount < currency.minUnit) {
      throw new MarketError(
        'ERR_ORDER_AMOUNT',
        `A price in ${currency.id} is at least ${currency.minUnit} minor units`,
      );
    }
    return checked;
  };
  const checkQuantity = (quantity: number, unit: Price): void => {
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
  };
  const checkLifetime = (lifetimeMs: number, longest: number): void => {
    if (!Number.isSafeInteger(lifetimeMs) || lifetimeMs < 1 || lifetimeMs > longest) {
      throw new MarketError('ERR_ORDER_LIFETIME', `Expected a life of 1 to ${longest} ms, got ${lifetimeMs}`);
    }
  };
  const checkRoom = (): void => {
    const open = own.open().length;
    if (open >= limits.perTrader) {
      throw new MarketError(
        'ERR_ORDER_LIMIT',
        `${open} own orders are open, at most ${limits.perTrader} may be`,
      );
    }
  };

  const checkExclusive = (asset: string, supply: number): void => {
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
  };

  const promised = (currency: string): bigint => {
    let sum = 0n;
    for (const key of own.open()) {
      const order = own.get(key);
      if (order?.side !== 'bid' || order.price.currency !== currency) continue;
      // What is agreed is held in the ledger; the rest of the order, negotiations included, is promised here.
      const rest = wholeLots(order.price, own.unheld(key));
      if (rest > 0) sum += costOf(order.price, rest);
    }
    return sum;
  };

  const place = async (
    type: string,
    tx: Parameters<typeof trustchain.source>[0]['tx'],
    options: AbortOptions,
  ): Promise<Order> => {
    const block = await trustchain.source({ type, tx }, options);
    const order: SignedOrder = decodeOrder(block, crypto);
    ledger.apply(block);
    own.add(order);
    const view = own.view(order.key);
    if (view === undefined) throw new MarketError('ERR_MARKET_UNKNOWN', 'The new order was not kept');
    context.emit({ type: 'order', order: view });
    await flow.place(order);
    return view;
  };

  return {
    async sell(offer, options = {}) {
      throwIfAborted(options.signal);
      const unit = checkPrice(offer.price);
      checkQuantity(offer.supply, unit);
      checkLifetime(offer.lifetimeMs, MAX_ASK_LIFETIME_MS);
      const asset = assetIdOf(offer.document, crypto);
      checkExclusive(asset, offer.supply);
      checkRoom();
      if (!(await settlement.holds(asset))) {
        throw new MarketError(
          'ERR_ORDER_NO_DATA',
          `The data behind ${asset} is not on this node; add it first`,
        );
      }
      checkExclusive(asset, offer.supply);
      const expires = environment.now() + offer.lifetimeMs;
      const { document, supply } = offer;
      return place(ASK_TYPE, askToTx({ document, price: unit, supply, expires }), options);
    },
    async buy(bid, options = {}) {
      throwIfAborted(options.signal);
      const unit = checkPrice(bid.price);
      const quantity = bid.quantity ?? Number(unit.per);
      checkQuantity(quantity, unit);
      checkLifetime(bid.lifetimeMs, MAX_BID_LIFETIME_MS);
      if (!isAssetId(bid.asset)) {
        throw new MarketError(
          'ERR_MARKET_FORMAT',
          'Expected an asset id: EW and the CID of a dataset document',
        );
      }
      checkRoom();
      const cost = costOf(unit, wholeLots(unit, quantity));
      ledger.advance(environment.now());
      const free = ledger.balance(context.self, unit.currency).available - promised(unit.currency);
      if (cost > free) {
        throw new MarketError(
          'ERR_WALLET_INSUFFICIENT',
          `${free} ${unit.currency} are free after holds and open bids, ${cost} are needed`,
          { details: { free, cost } },
        );
      }
      const expires = environment.now() + bid.lifetimeMs;
      return place(BID_TYPE, bidToTx({ asset: bid.asset, price: unit, quantity, expires }), options);
    },
    async cancel(id, options = {}) {
      const key = id.toString();
      const order = own.get(key);
      if (order === undefined) {
        if (context.registry.get(key) !== undefined) {
          throw new MarketError('ERR_ORDER_OWNER', 'Only its owner can cancel an order');
        }
        throw new MarketError('ERR_MARKET_UNKNOWN', `No order ${key} is known here`);
      }
      const status = own.status(key);
      if (status !== 'open') {
        throw new MarketError('ERR_ORDER_CLOSED', `Only open orders can be cancelled; this one is ${status}`);
      }
      const block = await trustchain.source({ type: CANCEL_TYPE, tx: cancelToTx(id) }, options);
      own.cancel(key);
      await flow.cancel(order, block);
      const view = own.view(key);
      if (view !== undefined) context.emit({ type: 'order', order: view });
    },
    promised,
  };
}
