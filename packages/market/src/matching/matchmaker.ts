import type { AssetId } from '@edmp/interface';
import { minHeap } from '@edmp/interface/bounded';
import { NO_ORDER, type OrderBook, type OrderHandle, orderBook } from '../book/order-book.ts';
import type { BookView, TradeId } from '../market.ts';
import type { SignedOrder } from '../order/signed-order.ts';

/** Levels of a side in a {@link BookView}. */
const VIEW_LEVELS = 1_000;
/** How long a match stays out of the book without evidence of a trade, ms. */
export const MATCH_HOLD_MS = 30_000;
/** Pairs that an order will not be matched with again, at most. */
const MAX_BLOCKED = 256;

/** Trades remembered so that a failed one can be undone, at most. */
const MAX_TRADES = 100_000;

/** Tells the owner of `order` that it matches `counter`. */
export type Inform = (order: SignedOrder, counter: SignedOrder) => void;

/**
 * Keeps the books and finds matches; it informs, traders decide (DESIGN §4.2).
 *
 * Matched quantities leave the book until evidence of a trade comes, an owner says otherwise, or
 * {@link MATCH_HOLD_MS} pass. What an owner says speaks for its own order alone.
 */
export interface Matchmaker {
  /** Adds an open order and matches it. */
  add(order: SignedOrder, available: number): void;
  /** Takes an order out: cancelled, expired, evicted or filled. */
  remove(key: string): void;
  /** The owner says how much is left and whom it will not trade with; then matches again. */
  update(key: string, available: number, blocked: readonly string[]): void;
  /** Both owners' chains say that `quantity` was traded. */
  filled(trade: TradeId, ask: string, bid: string, quantity: number): void;
  /** A trade that filled fell through: its quantity is for sale again. */
  reopened(trade: TradeId): void;
  /** Ends overdue matches. */
  tick(now: number): void;
  /** Moment of the next overdue match, or +∞. */
  nextDue(): number;
  view(asset: AssetId, currency: AssetId): BookView;
  /** Quantity of an order that rests in the book. */
  resting(key: string): number;
}

interface Entry {
  readonly order: SignedOrder;
  readonly market: MarketBook;
  readonly priority: number;
  handle: OrderHandle;
  readonly matched: Map<string, number>;
  readonly blocked: Set<string>;
}

interface MarketBook {
  readonly book: OrderBook;
  readonly byHandle: Map<OrderHandle, Entry>;
  orders: number;
}

const nameOf = (asset: AssetId, currency: AssetId): string => `${currency} ${asset}`;

/** A matchmaker without orders. */
export function matchmaker(options: { readonly now: () => number; readonly inform: Inform }): Matchmaker {
  const { now, inform } = options;
  const books = new Map<string, MarketBook>();
  const entries = new Map<string, Entry>();
  const owners = new Map<string, number>();
  const trades = new Map<
    TradeId,
    { readonly ask: string; readonly bid: string; readonly quantity: number }
  >();
  const due = minHeap<{ readonly ask: string; readonly bid: string }>();
  let priorities = 0;
  let ownerCount = 0;

  const marketOf = (asset: AssetId, currency: AssetId): MarketBook => {
    const name = nameOf(asset, currency);
    let market = books.get(name);
    if (market === undefined) {
      market = { book: orderBook({ capacity: 4 }), byHandle: new Map(), orders: 0 };
      books.set(name, market);
    }
    return market;
  };
  const ownerOf = (order: SignedOrder): number => {
    let owner = owners.get(order.ownerHex);
    if (owner === undefined) {
      owner = ownerCount++;
      owners.set(order.ownerHex, owner);
    }
    return owner;
  };
  const restingOf = (entry: Entry): number =>
    entry.handle === NO_ORDER ? 0 : entry.market.book.quantity(entry.handle);
  const unrest = (entry: Entry): number => {
    const quantity = restingOf(entry);
    if (entry.handle !== NO_ORDER) {
      entry.market.byHandle.delete(entry.handle);
      entry.market.book.cancel(entry.handle);
      entry.handle = NO_ORDER;
    }
    return quantity;
  };
  const rest = (entry: Entry, quantity: number): void => {
    const total = quantity + unrest(entry);
    if (total < 1) return;
    const { order, market, priority } = entry;
    entry.handle = market.book.rest(order.side, order.price, total, ownerOf(order), {
      expires: order.expires,
      priority,
    });
    market.byHandle.set(entry.handle, entry);
  };

  const match = (entry: Entry, quantity: number): void => {
    const { order, market } = entry;
    const { book, byHandle } = market;
    const found: { readonly other: Entry; readonly quantity: number }[] = [];
    const left = book.match(order.side, order.price, quantity, ownerOf(order), {
      now: now(),
      accept: (maker) => {
        const other = byHandle.get(maker);
        return other !== undefined && !entry.blocked.has(other.order.key) && !other.blocked.has(order.key);
      },
    });
    for (let i = 0; i < book.fills.count; i++) {
      const handle = book.fills.maker(i);
      const other = byHandle.get(handle);
      if (other === undefined) continue;
      found.push({ other, quantity: book.fills.quantity(i) });
      if (book.quantity(handle) === 0) {
        byHandle.delete(handle);
        other.handle = NO_ORDER;
      }
    }
    rest(entry, left);
    for (const fill of found) {
      const { other } = fill;
      entry.matched.set(other.order.key, fill.quantity + (entry.matched.get(other.order.key) ?? 0));
      other.matched.set(order.key, fill.quantity + (other.matched.get(order.key) ?? 0));
      const [ask, bid] = order.side === 'ask' ? [order, other.order] : [other.order, order];
      due.push(now() + MATCH_HOLD_MS, { ask: ask.key, bid: bid.key });
      inform(bid, ask);
      inform(ask, bid);
    }
  };

  const rematch = (entry: Entry): void => match(entry, unrest(entry));

  const block = (entry: Entry, counter: string): void => {
    if (entry.blocked.size >= MAX_BLOCKED) {
      for (const oldest of entry.blocked) {
        entry.blocked.delete(oldest);
        break;
      }
    }
    entry.blocked.add(counter);
  };

  /** Puts a match's quantity back on both sides. */
  const undo = (a: string, b: string): void => {
    for (const [key, counter] of [
      [a, b],
      [b, a],
    ] as const) {
      const entry = entries.get(key);
      const quantity = entry?.matched.get(counter);
      if (entry === undefined || quantity === undefined) continue;
      entry.matched.delete(counter);
      rest(entry, quantity);
    }
  };

  const remove = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    unrest(entry);
    entries.delete(key);
    entry.market.orders--;
    if (entry.market.orders === 0) books.delete(nameOf(entry.order.asset, entry.order.price.currency));
    for (const counter of entry.matched.keys()) {
      const other = entries.get(counter);
      const quantity = other?.matched.get(key) ?? 0;
      if (other === undefined || quantity === 0) continue;
      other.matched.delete(key);
      rest(other, quantity);
      rematch(other);
    }
  };

  return {
    add(order, available) {
      if (entries.has(order.key) || available < 1 || order.expires <= now()) return;
      const entry: Entry = {
        order,
        market: marketOf(order.asset, order.price.currency),
        priority: ++priorities,
        handle: NO_ORDER,
        matched: new Map(),
        blocked: new Set(),
      };
      entries.set(order.key, entry);
      entry.market.orders++;
      match(entry, available);
    },
    remove,
    update(key, available, blocked) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      if (available > 0) {
        // An owner that has more to offer is worth a new try for those that gave up on it.
        if (available > restingOf(entry)) {
          for (const other of entry.market.byHandle.values()) other.blocked.delete(key);
        }
        entry.blocked.clear();
      }
      for (const counter of blocked) block(entry, counter);
      for (const counter of [...entry.matched.keys()]) {
        const other = entries.get(counter);
        entry.matched.delete(counter);
        const back = other?.matched.get(key) ?? 0;
        if (other === undefined || back === 0) continue;
        other.matched.delete(key);
        rest(other, back);
      }
      unrest(entry);
      if (available > 0) match(entry, Math.min(available, entry.order.quantity));
      for (const counter of blocked) {
        const other = entries.get(counter);
        if (other !== undefined && restingOf(other) > 0) rematch(other);
      }
    },
    filled(trade, ask, bid, quantity) {
      if (trades.has(trade)) return;
      if (trades.size >= MAX_TRADES) {
        for (const oldest of trades.keys()) {
          trades.delete(oldest);
          break;
        }
      }
      trades.set(trade, { ask, bid, quantity });
      for (const [key, counter] of [
        [ask, bid],
        [bid, ask],
      ] as const) {
        const entry = entries.get(key);
        if (entry === undefined) continue;
        const held = entry.matched.get(counter) ?? 0;
        entry.matched.delete(counter);
        if (held > quantity) rest(entry, held - quantity);
        else if (held < quantity) {
          const left = unrest(entry) - (quantity - held);
          if (left > 0) rest(entry, left);
        }
      }
      // What the trade left over may meet others now.
      for (const key of [ask, bid]) {
        const entry = entries.get(key);
        if (entry !== undefined && restingOf(entry) > 0) rematch(entry);
      }
    },
    reopened(trade) {
      const known = trades.get(trade);
      if (known === undefined) return;
      trades.delete(trade);
      for (const [key, counter] of [
        [known.ask, known.bid],
        [known.bid, known.ask],
      ] as const) {
        const entry = entries.get(key);
        if (entry === undefined) continue;
        block(entry, counter);
        rest(entry, known.quantity);
        rematch(entry);
      }
    },
    tick(moment) {
      while (due.peekRank() <= moment) {
        const pair = due.pop();
        if (pair === undefined) break;
        const ask = entries.get(pair.ask);
        const bid = entries.get(pair.bid);
        if (ask?.matched.has(pair.bid) !== true && bid?.matched.has(pair.ask) !== true) continue;
        if (bid !== undefined) block(bid, pair.ask);
        undo(pair.ask, pair.bid);
        if (bid !== undefined) rematch(bid);
        if (ask !== undefined) rematch(ask);
      }
    },
    nextDue: () => due.peekRank(),
    view(asset, currency) {
      const market = books.get(nameOf(asset, currency));
      return {
        asset,
        currency,
        asks: market?.book.levels('ask', currency, VIEW_LEVELS) ?? [],
        bids: market?.book.levels('bid', currency, VIEW_LEVELS) ?? [],
      };
    },
    resting(key) {
      const entry = entries.get(key);
      return entry === undefined ? 0 : restingOf(entry);
    },
  };
}
