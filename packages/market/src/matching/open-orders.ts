import type { AssetId, Crypto, PublicKeyHex } from '@edmp/interface';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import { comparePrices } from '../asset/price.ts';
import { decodeKnownOrder, type SignedOrder } from '../blocks/order.ts';
import { MarketBooks } from '../book/market-books.ts';
import type { BookView } from '../book/view.ts';
import type { Listing, ListingQuery } from '../listing/listing.ts';
import { ListingIndex } from '../listing/listing-index.ts';
import { hashSecret } from '../order/digest-index.ts';
import type { OrderLimits } from '../order/limits.ts';
import { type OrderChange, OrderRegistry } from '../order/order-registry.ts';
import { ASK_SIDE, BID_SIDE, type DecodeKnown } from '../order/order-table.ts';
import { IdSet } from './id-set.ts';
import type { OrderSets } from './reconcile.ts';

/** Most candidates for one bid. */
export const MAX_CANDIDATES = 256;

/** What the orders of a node are made with. */
export interface OpenOrdersOptions {
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly now: () => number;
  readonly self: PublicKeyHex;
  readonly limits: OrderLimits;
  /** 8 or more random bytes. */
  readonly secret: Uint8Array;
  readonly funded: ((owner: PublicKeyHex) => boolean) | undefined;
}

/** What is told of changes, after all structures have followed. */
export type OpenOrdersListener = (change: OrderChange) => void;

/**
 * All open orders that a node knows, with everything that is kept in step with them: the books of all markets, the
 * searchable listings, and the sets that peers compare.
 */
export class OpenOrders {
  readonly registry: OrderRegistry;
  readonly books: MarketBooks;
  readonly sets: OrderSets;
  readonly #listings: ListingIndex;
  readonly #now: () => number;
  readonly #self: PublicKeyHex;

  constructor(options: OpenOrdersOptions, listener: OpenOrdersListener) {
    const { crypto, now, self, limits, funded } = options;
    const secret = hashSecret(options.secret);
    this.#now = now;
    this.#self = self;
    const decode: DecodeKnown = (bytes, asset) => decodeKnownOrder(decodeHalfBlock(bytes, crypto), asset);
    const registry = new OrderRegistry({ limits, now, self, secret, decode, funded });
    const { table } = registry;
    const books = new MarketBooks(table, secret);
    this.registry = registry;
    this.books = books;
    this.sets = {
      asks: new IdSet(() => table.ids, crypto),
      bids: new IdSet(() => table.ids, crypto),
    };
    this.#listings = new ListingIndex({
      table,
      ordersOf: (owner) => registry.ordersOf(owner),
      eachAskOf: (digest, visit) => books.eachAskOf(digest, visit),
    });
    registry.on((change) => {
      this.#follow(change);
      listener(change);
    });
  }

  /** Open listings that a query wants. Throws `ERR_MARKET_FORMAT` on a query out of range. */
  search(query: ListingQuery): readonly Listing[] {
    return this.#listings.search(query, this.#now()).map((slot) => this.listing(slot) as Listing);
  }

  /** An ask as a listing; undefined for bids. */
  listing(slot: number): Listing | undefined {
    const order = this.registry.table.order(slot);
    if (order.document === undefined) return undefined;
    return {
      order: order.id,
      seller: order.owner,
      asset: order.asset,
      document: order.document,
      price: order.price,
      supply: order.quantity,
      available: this.registry.table.left[slot] as number,
      witnesses: order.witnesses,
      created: order.created,
      expires: order.expires,
    };
  }

  /** Both sides of a market. */
  view(asset: AssetId, currency: AssetId): BookView {
    return this.books.view(asset, currency);
  }

  /** Open asks of others that cross one’s own open bid, cheapest first, then oldest, together with `told` ones. */
  candidates(bid: string, told: readonly SignedOrder[]): readonly SignedOrder[] {
    const { table } = this.registry;
    const slot = this.registry.find(bid);
    if (slot === -1 || table.sides[slot] !== BID_SIDE || table.left[slot] === 0) return [];
    const found: SignedOrder[] = [];
    this.books.eachCrossing(slot, (ask) => {
      if ((table.expires[ask] as number) > this.#now()) found.push(table.order(ask));
      return found.length < MAX_CANDIDATES;
    });
    const others = told.filter(
      (ask) => ask.expires > this.#now() && this.registry.find(ask.key) === -1 && !this.isClosed(ask),
    );
    if (others.length === 0) return found;
    return [...found, ...others]
      .sort((a, b) => comparePrices(a.price, b.price) || a.created - b.created)
      .slice(0, MAX_CANDIDATES);
  }

  /** Whether its owner cancelled an order, as far as remembered. */
  isClosed(order: SignedOrder): boolean {
    return this.registry.closed.has(order.key, order.ownerHex);
  }

  /** Slots of own open bids that an ask of somebody else crosses. */
  suitedBids(ask: number): readonly number[] {
    const { table } = this.registry;
    if (this.registry.ownerOf(ask) === this.#self) return [];
    return this.registry
      .ordersOf(this.#self)
      .filter(
        (bid) =>
          table.sides[bid] === BID_SIDE &&
          table.left[bid] !== 0 &&
          table.currencies[bid] === table.currencies[ask] &&
          table.sameAsset(bid, ask) &&
          table.comparePrices(bid, ask) >= 0,
      );
  }

  #follow(change: OrderChange): void {
    const { slot } = change;
    const { table } = this.registry;
    const isAsk = table.sides[slot] === ASK_SIDE;
    const set = isAsk ? this.sets.asks : this.sets.bids;
    switch (change.type) {
      case 'added':
        this.books.add(slot);
        set.add(slot);
        if (isAsk && table.left[slot] !== 0) this.#list(slot);
        return;
      case 'left':
        this.books.change(slot, change.before);
        if (!isAsk) return;
        if (change.before === 0) this.#list(slot);
        else if (table.left[slot] === 0) this.#listings.remove(slot);
        return;
      case 'gone':
        this.books.remove(slot);
        set.remove(slot);
        if (isAsk) this.#listings.remove(slot);
    }
  }

  #list(slot: number): void {
    const { document } = this.registry.table.order(slot);
    if (document !== undefined) this.#listings.add(slot, document);
  }
}
