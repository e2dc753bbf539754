import type { BlockId, HalfBlock } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { hex } from '../codec/fields.ts';
import type { MarketContext } from '../context.ts';
import type { BookView, Listing } from '../market.ts';
import type { KnownOrder } from '../order/order-registry.ts';
import type { SignedOrder } from '../order/signed-order.ts';
import {
  COMPLAINT_TYPE,
  decodeComplaintTx,
  decodeReferenceTx,
  decodeTradeTx,
  TRADE_TYPE,
  WITHDRAWAL_TYPE,
} from '../trade/blocks.ts';
import { matchmaker } from './matchmaker.ts';

/** Trades remembered so that a failed one can be undone, at most. */
const MAX_FILLS = 100_000;
/** Longest pause in which nobody looks for expired orders, ms. */
const LONGEST_PAUSE_MS = 3_600_000;

/** What an {@link OrderKeeper} tells. */
export interface OrderKeeperEvents {
  /** A listing came, changed or went. */
  onListing(change: 'added' | 'removed' | 'changed', listing: Listing): void;
  /** An own order left the market: expired, filled or cancelled. */
  onOwnClosed(key: string): void;
  /** A matchmaker's book found `counter` for `order`. */
  onMatch(order: SignedOrder, counter: SignedOrder): void;
}

/** The orders that this node knows, until they are filled, cancelled or expired; and a matchmaker's book of them. */
export interface OrderKeeper {
  /** Whether the order is new and kept. Bids of others are only a matchmaker's business. */
  takeIn(order: SignedOrder): boolean;
  /** Takes an order out. */
  drop(key: string): void;
  /** What is left of an order, and the asks that it gave up on, as its owner says. */
  update(key: string, available: number, blocked: readonly BlockId[]): void;
  /** Blocks of finished and failed trades move listed quantities. */
  traded(block: HalfBlock): void;
  book(asset: string, currency: string): BookView;
  stop(): void;
}

/** A listing's public form. */
export function listingOf(known: KnownOrder): Listing | undefined {
  const { order } = known;
  if (order.document === undefined) return undefined;
  return {
    order: order.id,
    seller: order.owner,
    asset: order.asset,
    document: order.document,
    price: order.price,
    supply: order.quantity,
    available: known.available,
    created: order.created,
    expires: order.expires,
  };
}

/** An {@link OrderKeeper}. `isMatchmaker`: keep everybody's bids too, and a book. */
export function orderKeeper(
  context: MarketContext,
  isMatchmaker: boolean,
  events: OrderKeeperEvents,
): OrderKeeper {
  const { crypto, environment, own, registry, selfHex } = context;
  const fills = new Map<string, { readonly ask: string; readonly bid: string; readonly quantity: number }>();
  const maker = isMatchmaker ? matchmaker({ now: environment.now, inform: events.onMatch }) : undefined;
  let cancelTimer = (): void => undefined;
  let stopped = false;

  const reschedule = (): void => {
    cancelTimer();
    if (stopped) return;
    const next = Math.min(registry.nextExpiry(), maker?.nextDue() ?? Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(LONGEST_PAUSE_MS, Math.max(0, next - environment.now()));
    cancelTimer = environment.schedule(delay, () => {
      for (const known of registry.expire(environment.now())) gone(known);
      maker?.tick(environment.now());
      reschedule();
    });
  };

  const gone = (known: KnownOrder): void => {
    const { order } = known;
    maker?.remove(order.key);
    const listing = listingOf(known);
    if (listing !== undefined) events.onListing('removed', listing);
    if (order.ownerHex === selfHex) events.onOwnClosed(order.key);
  };

  const drop = (key: string): void => {
    const known = registry.close(key);
    if (known === undefined) {
      maker?.remove(key);
      return;
    }
    gone(known);
    reschedule();
  };

  const takeIn = (order: SignedOrder): boolean => {
    // Bids of others are only a matchmaker's business.
    if (order.side === 'bid' && !isMatchmaker && order.ownerHex !== selfHex) return false;
    if (registry.add(order) !== 'added') return false;
    const known = registry.get(order.key);
    if (known === undefined) return false;
    if (order.ownerHex === selfHex) known.available = own.available(order.key);
    const listing = listingOf(known);
    if (listing !== undefined) events.onListing('added', listing);
    maker?.add(order, known.available);
    reschedule();
    return true;
  };

  const setAvailable = (key: string, available: number): void => {
    const known = registry.get(key);
    if (known === undefined || known.available === available) return;
    known.available = Math.max(0, Math.min(available, known.order.quantity));
    const listing = listingOf(known);
    if (listing !== undefined) events.onListing('changed', listing);
  };

  /** Changes what is listed of others' orders; own ones follow from own trades. */
  const shift = (key: string, by: number): void => {
    const known = registry.get(key);
    if (known !== undefined && known.order.ownerHex !== selfHex) setAvailable(key, known.available + by);
  };

  const traded = (block: HalfBlock): void => {
    const { type, link } = block.core;
    if (type === TRADE_TYPE && link !== null) {
      const { encoded } = decodeTradeTx(block.core.tx, crypto);
      if (fills.has(encoded.id)) return;
      const { quantity, ask, bid } = encoded.terms;
      const fill = { ask: ask.toString(), bid: bid.toString(), quantity };
      if (fills.size >= MAX_FILLS) {
        for (const oldest of fills.keys()) {
          fills.delete(oldest);
          break;
        }
      }
      fills.set(encoded.id, fill);
      shift(fill.ask, -quantity);
      shift(fill.bid, -quantity);
      maker?.filled(encoded.id, fill.ask, fill.bid, quantity);
      reschedule();
      return;
    }
    if (type !== COMPLAINT_TYPE && type !== WITHDRAWAL_TYPE) return;
    const trade =
      type === COMPLAINT_TYPE
        ? decodeComplaintTx(block.core.tx, crypto).trade
        : decodeReferenceTx(block.core.tx).trade;
    const id = hex(trade);
    const fill = fills.get(id);
    const buyer = context.ledger.trade(id)?.blocks.trade.encoded.terms.buyer;
    if (fill === undefined || buyer === undefined || !equalBytes(buyer, block.core.key)) return;
    fills.delete(id);
    shift(fill.ask, fill.quantity);
    shift(fill.bid, fill.quantity);
    maker?.reopened(id);
    reschedule();
  };

  return {
    takeIn,
    drop,
    update(key, available, blocked) {
      setAvailable(key, available);
      maker?.update(
        key,
        available,
        blocked.map((id) => id.toString()),
      );
      reschedule();
    },
    traded,
    book: (asset, currency) => maker?.view(asset, currency) ?? { asset, currency, asks: [], bids: [] },
    stop() {
      stopped = true;
      cancelTimer();
    },
  };
}
