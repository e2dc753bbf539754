import type { AssetId } from '@edmp/interface';
import type { Price } from '../asset/price.ts';
import type { OrderSide } from '../blocks/order.ts';
import { digestOfAsset } from '../codec/order-id.ts';
import type { HashSecret } from '../order/digest-index.ts';
import { ASK_SIDE, type OrderTable } from '../order/order-table.ts';
import { AssetChains } from './asset-chains.ts';
import { NO_ORDER, type OrderBook, type OrderHandle, orderBook } from './order-book.ts';
import type { BookLevel, BookView } from './view.ts';

/** Orders of one asset beyond which it gets a book: walking a list of sixteen is faster than a tree. */
const PROMOTE_ABOVE = 16;
/** Orders of one asset at which it becomes a list again; half, so that it does not change to and fro. */
const DEMOTE_AT = 8;
/** Levels of a side in a {@link BookView}. */
const VIEW_LEVELS = 1_000;

interface CurrencyBook {
  readonly book: OrderBook;
  /** Order of each handle. */
  readonly slots: number[];
}

interface LargeMarket {
  orders: number;
  readonly books: Map<number, CurrencyBook>;
}

/**
 * The book of every asset in every currency, in price–time order: a short list while an asset has a handful of orders,
 * an {@link OrderBook} for each currency when it has more (DESIGN §4.2). Only orders of which something is left rest.
 */
export class MarketBooks {
  readonly #table: OrderTable;
  readonly #chains: AssetChains;
  readonly #large = new Map<string, LargeMarket>();
  /** Handle of an order in its large book, by slot. */
  readonly #handles = new Map<number, OrderHandle>();

  constructor(table: OrderTable, secret: HashSecret) {
    this.#table = table;
    this.#chains = new AssetChains(table, secret);
  }

  /** Assets that have orders. */
  get assets(): number {
    return this.#chains.assets + this.#large.size;
  }

  /** Assets that have a book of the large kind. */
  get largeMarkets(): number {
    return this.#large.size;
  }

  /** Books of the large kind, one for each currency of such an asset. */
  get largeBooks(): number {
    let books = 0;
    for (const market of this.#large.values()) books += market.books.size;
    return books;
  }

  /** An order came; nothing happens when nothing is left of it. */
  add(slot: number): void {
    if (this.#table.left[slot] === 0) return;
    const market = this.#marketOf(slot);
    if (market !== undefined) this.#rest(market, slot);
    else if (this.#chains.add(slot) > PROMOTE_ABOVE) this.#promote(slot);
  }

  /** What is left of an order changed from `before`. */
  change(slot: number, before: number): void {
    const left = this.#table.left[slot] as number;
    if (before === 0) this.add(slot);
    else if (left === 0) this.remove(slot);
    else this.#bookOf(slot)?.book.setQuantity(this.#handles.get(slot) ?? NO_ORDER, left);
  }

  /** An order goes. */
  remove(slot: number): void {
    const market = this.#marketOf(slot);
    if (market === undefined) {
      this.#chains.remove(slot);
      return;
    }
    const handle = this.#handles.get(slot);
    if (handle === undefined) return;
    const currency = this.#table.currencies[slot] as number;
    const book = market.books.get(currency)?.book;
    book?.cancel(handle);
    if (book !== undefined && book.size('ask') + book.size('bid') === 0) market.books.delete(currency);
    this.#handles.delete(slot);
    market.orders--;
    if (market.orders <= DEMOTE_AT) this.#demote(slot, market);
  }

  /** Orders of one side of a market in matching order, until `visit` returns `false`. */
  each(side: OrderSide, asset: AssetId, currency: AssetId, visit: (slot: number) => boolean): void {
    const digest = digestOfAsset(asset);
    const number = this.#table.currencyNumber(currency);
    if (digest !== undefined && number !== -1) this.#each(side, digest, 0, number, visit);
  }

  /** Asks for an asset in every currency. `digest` of the asset. */
  eachAskOf(digest: Uint8Array, visit: (slot: number) => void): void {
    const market = this.#large.size === 0 ? undefined : this.#large.get(nameOf(digest, 0));
    for (const { book, slots } of market?.books.values() ?? []) {
      for (const handle of book.handles('ask')) visit(slots[handle] as number);
    }
    for (let slot = this.#chains.first(digest); slot !== -1; slot = this.#chains.next(slot)) {
      if (this.#table.sides[slot] === ASK_SIDE) visit(slot);
    }
  }

  /** Orders on the other side that an order of `slot`'s price would trade with, best first, until `visit` returns `false`. */
  eachCrossing(slot: number, visit: (slot: number) => boolean): void {
    const table = this.#table;
    const isAsk = table.sides[slot] === ASK_SIDE;
    this.#each(isAsk ? 'bid' : 'ask', table.assets, slot * 32, table.currencies[slot] as number, (other) => {
      const order = table.comparePrices(other, slot);
      if (isAsk ? order < 0 : order > 0) return false;
      // Nobody trades with itself, and its own order does not hide what rests behind it.
      return table.owners[other] === table.owners[slot] || visit(other);
    });
  }

  /** Both sides of a market, best levels first. */
  view(asset: AssetId, currency: AssetId): BookView {
    return {
      asset,
      currency,
      asks: this.#levels('ask', asset, currency),
      bids: this.#levels('bid', asset, currency),
    };
  }

  #levels(side: OrderSide, asset: AssetId, currency: AssetId): readonly BookLevel[] {
    const table = this.#table;
    const levels: { price: Price; orders: number; quantity: bigint }[] = [];
    let last = -1;
    this.each(side, asset, currency, (slot) => {
      const level = levels.at(-1);
      const quantity = BigInt(table.left[slot] as number);
      if (level !== undefined && table.comparePrices(last, slot) === 0) {
        level.orders++;
        level.quantity += quantity;
      } else {
        if (levels.length === VIEW_LEVELS) return false;
        levels.push({ price: table.price(slot), orders: 1, quantity });
      }
      last = slot;
      return true;
    });
    return levels;
  }

  #each(
    side: OrderSide,
    digest: Uint8Array,
    at: number,
    currency: number,
    visit: (slot: number) => boolean,
  ): void {
    const market = this.#large.size === 0 ? undefined : this.#large.get(nameOf(digest, at));
    if (market !== undefined) {
      const found = market.books.get(currency);
      found?.book.each(side, (handle) => visit(found.slots[handle] as number));
      return;
    }
    const wanted = side === 'ask' ? ASK_SIDE : 1 - ASK_SIDE;
    for (let slot = this.#chains.first(digest, at); slot !== -1; slot = this.#chains.next(slot)) {
      if (this.#table.sides[slot] !== wanted || this.#table.currencies[slot] !== currency) continue;
      if (!visit(slot)) return;
    }
  }

  #marketOf(slot: number): LargeMarket | undefined {
    return this.#large.size === 0 ? undefined : this.#large.get(nameOf(this.#table.assets, slot * 32));
  }

  #bookOf(slot: number): CurrencyBook | undefined {
    return this.#marketOf(slot)?.books.get(this.#table.currencies[slot] as number);
  }

  #rest(market: LargeMarket, slot: number): void {
    const table = this.#table;
    const currency = table.currencies[slot] as number;
    let found = market.books.get(currency);
    if (found === undefined) {
      found = { book: orderBook({ capacity: 2 * PROMOTE_ABOVE }), slots: [] };
      market.books.set(currency, found);
    }
    const side: OrderSide = table.sides[slot] === ASK_SIDE ? 'ask' : 'bid';
    const handle = found.book.rest(
      side,
      table.price(slot),
      table.left[slot] as number,
      table.owners[slot] as number,
      { expires: table.expires[slot] as number, priority: table.since[slot] as number },
    );
    found.slots[handle] = slot;
    this.#handles.set(slot, handle);
    market.orders++;
  }

  #promote(slot: number): void {
    const market: LargeMarket = { orders: 0, books: new Map() };
    const name = nameOf(this.#table.assets, slot * 32);
    for (;;) {
      const first = this.#chains.first(this.#table.assets, slot * 32);
      if (first === -1) break;
      this.#chains.remove(first);
      this.#rest(market, first);
    }
    this.#large.set(name, market);
  }

  #demote(slot: number, market: LargeMarket): void {
    this.#large.delete(nameOf(this.#table.assets, slot * 32));
    for (const { book, slots } of market.books.values()) {
      for (const side of ['ask', 'bid'] as const) {
        for (const handle of book.handles(side)) {
          const resting = slots[handle] as number;
          this.#handles.delete(resting);
          this.#chains.add(resting);
        }
      }
    }
  }
}

/** A digest as a short text, one character a byte. */
function nameOf(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 32));
}
