import type { DatasetDocument, PublicKeyHex } from '@edmp/interface';
import type { Price } from '../asset/price.ts';
import { compareExact, exactRatio, priceKey } from '../asset/price-key.ts';
import { digestOfAsset } from '../codec/order-id.ts';
import type { OrderTable } from '../order/order-table.ts';
import type { ListingQuery } from './listing.ts';
import {
  commodityNumber,
  flowNumber,
  ListingColumns,
  levelNumber,
  packCell,
  stepNumber,
} from './listing-columns.ts';
import { type PreparedQuery, prepareQuery } from './listing-query.ts';
import { Postings } from './postings.ts';
import { SortedSlots } from './sorted-slots.ts';

/** Results up to which they are collected and sorted; of more, the sorted list is walked until the page is full. */
const SORT_UP_TO = 1_000;
/** Listings that are looked at in order before terms are: at most half a millisecond. */
const SHORT_WALK = 8_000;
/** Longest geohash of a query. */
const MAX_CELL = 5;

/** What an index needs to know of others. */
export interface ListingSources {
  readonly table: OrderTable;
  /** Orders of a trader. */
  ordersOf(owner: PublicKeyHex): readonly number[];
  /** Asks for an asset, in any currency, until `visit` returns `false`. */
  eachAskOf(digest: Uint8Array, visit: (slot: number) => void): void;
}

/**
 * Open asks, searchable by everything a buyer may ask for (DESIGN §4.2). All structures are kept up to date at every
 * change, so that the first search costs as much as any other. Terms narrow by the beginnings of words, places and
 * levels; what is left is checked in columns, and results come in order of price or age from lists kept sorted.
 */
export class ListingIndex {
  readonly #sources: ListingSources;
  readonly #columns = new ListingColumns();
  readonly #postings: Postings;
  readonly #cheapest: SortedSlots;
  readonly #newest: SortedSlots;
  /** Round in which a slot was last marked. */
  #marks = new Int32Array(16);
  #round = 0;

  constructor(sources: ListingSources) {
    const { table } = sources;
    this.#sources = sources;
    this.#postings = new Postings((slot, term) => this.#columns.hasTerm(slot, term));
    this.#cheapest = new SortedSlots(
      (a, b) => this.#compareCurrencies(a, b) || table.comparePrices(a, b) || table.compareTimes(a, b),
    );
    this.#newest = new SortedSlots((a, b) => table.compareTimes(b, a));
  }

  get size(): number {
    return this.#cheapest.size;
  }

  /** Lists an ask. */
  add(slot: number, document: DatasetDocument): void {
    if (slot >= this.#marks.length) {
      const more = new Int32Array(Math.max(slot + 1, this.#marks.length * 2));
      more.set(this.#marks);
      this.#marks = more;
    }
    this.#columns.set(slot, document);
    for (const term of this.#columns.termsOf(slot)) this.#postings.add(slot, term);
    this.#cheapest.add(slot);
    this.#newest.add(slot);
  }

  /** Takes an ask off the list. */
  remove(slot: number): void {
    if (!this.#cheapest.remove(slot)) return;
    this.#newest.remove(slot);
    const terms = this.#columns.termsOf(slot);
    this.#columns.clear(slot);
    for (const term of terms) this.#postings.remove(slot, term);
  }

  /** Slots of the listings that a query wants, in its order. Throws `ERR_MARKET_FORMAT` on a query out of range. */
  search(query: ListingQuery, now: number): readonly number[] {
    const prepared = prepareQuery(query);
    const fits = this.#filter(prepared, now);
    if (fits === undefined) return [];
    // A page of what is common is full after a short walk; what is rare is found by its rarest term.
    const isNamed = query.asset !== undefined || query.seller !== undefined;
    const soon = isNamed ? undefined : this.#walk(prepared, fits, SHORT_WALK);
    if (soon !== undefined) return soon;
    const few = this.#few(prepared, fits);
    if (few === undefined) return this.#walk(prepared, fits, this.size) ?? [];
    const compare = query.sort === 'newest' ? this.#compareNewest : this.#compareCheapest;
    return few.sort(compare).slice(prepared.offset, prepared.offset + prepared.limit);
  }

  /** A page of results in order; undefined when it is not complete after `most` listings. */
  #walk(
    { query, offset, limit }: PreparedQuery,
    fits: (slot: number) => boolean,
    most: number,
  ): number[] | undefined {
    const list = query.sort === 'newest' ? this.#newest : this.#cheapest;
    const isBeyond = this.#beyond(query);
    const out: number[] = [];
    let skipped = 0;
    let seen = 0;
    let complete = true;
    list.each((slot) => {
      if (++seen > most) {
        complete = false;
        return false;
      }
      if (!fits(slot)) return !isBeyond(slot);
      if (skipped < offset) skipped++;
      else out.push(slot);
      return out.length < limit;
    });
    return complete ? out : undefined;
  }

  readonly #compareCheapest = (a: number, b: number): number => {
    const { table } = this.#sources;
    return this.#compareCurrencies(a, b) || table.comparePrices(a, b) || table.compareTimes(a, b);
  };

  readonly #compareNewest = (a: number, b: number): number => this.#sources.table.compareTimes(b, a);

  /** Currencies in order of their names. */
  #compareCurrencies(a: number, b: number): number {
    const { table } = this.#sources;
    const first = table.currencies[a] as number;
    const second = table.currencies[b] as number;
    if (first === second) return 0;
    return table.currencyName(first) < table.currencyName(second) ? -1 : 1;
  }

  /** A test whether a listing, in order of currency and price, lies after every listing that the query admits. */
  #beyond(query: ListingQuery): (slot: number) => boolean {
    const { table } = this.#sources;
    const currency = query.maxPrice?.currency ?? query.currency;
    if (currency === undefined || query.sort === 'newest') return () => false;
    const number = table.currencyNumber(currency);
    const isDearer = dearerThan(table, query.maxPrice);
    return (slot) => {
      const own = table.currencies[slot] as number;
      return own === number ? isDearer(slot) : table.currencyName(own) > currency;
    };
  }

  /** All results, unsorted, when an asset, a seller or a term leads to them and they are few; else undefined. */
  #few({ query, seller, words }: PreparedQuery, fits: (slot: number) => boolean): number[] | undefined {
    if (query.asset !== undefined) {
      const found: number[] = [];
      const digest = digestOfAsset(query.asset);
      const own = seller === undefined ? undefined : new Set(this.#sources.ordersOf(seller as PublicKeyHex));
      if (digest === undefined) return found;
      this.#sources.eachAskOf(digest, (slot) => {
        if (own?.has(slot) !== false && fits(slot)) found.push(slot);
      });
      return found;
    }
    if (seller !== undefined) return this.#sources.ordersOf(seller as PublicKeyHex).filter(fits);
    const term = this.#rarest(query, words);
    return term === undefined ? undefined : this.#fewOf(term, fits);
  }

  #fewOf(term: string, fits: (slot: number) => boolean): number[] | undefined {
    if (++this.#round === 0x7fff_ffff) {
      this.#marks.fill(0);
      this.#round = 1;
    }
    const round = this.#round;
    const marks = this.#marks;
    const found: number[] = [];
    this.#postings.each(term, (slot) => {
      // A slot may stand in the list twice.
      if (marks[slot] !== round && fits(slot)) {
        marks[slot] = round;
        found.push(slot);
      }
      return found.length <= SORT_UP_TO;
    });
    return found.length <= SORT_UP_TO ? found : undefined;
  }

  #rarest(query: ListingQuery, words: readonly string[]): string | undefined {
    const terms = words.map((word) => `w${word.slice(0, 3)}`);
    if (query.cell !== undefined && query.cell !== '') terms.push(`c${query.cell.slice(0, MAX_CELL)}`);
    const level = query.attestation === undefined ? 0 : levelNumber(query.attestation);
    if (level > 0) terms.push(`l${level}`);
    if (query.commodity !== undefined) terms.push(`m${commodityNumber(query.commodity)}`);
    if (query.flow !== undefined) terms.push(`f${flowNumber(query.flow)}`);
    if (query.step !== undefined) terms.push(`s${stepNumber(query.step)}`);
    let rarest: string | undefined;
    for (const term of terms) {
      if (rarest === undefined || this.#postings.count(term) < this.#postings.count(rarest)) rarest = term;
    }
    return rarest;
  }

  /** A test of one listing, cheap conditions first; undefined when nothing can pass. */
  #filter(prepared: PreparedQuery, now: number): ((slot: number) => boolean) | undefined {
    const { table } = this.#sources;
    const columns = this.#columns;
    const { query, words, from, to } = prepared;
    const beginnings = words.map((word) => ` ${word}`);
    const commodity = query.commodity === undefined ? -1 : commodityNumber(query.commodity);
    const flow = query.flow === undefined ? -1 : flowNumber(query.flow);
    const step = query.step === undefined ? -1 : stepNumber(query.step);
    const level = query.attestation === undefined ? 0 : levelNumber(query.attestation);
    const length = query.cell?.length ?? 0;
    if (length > MAX_CELL) return undefined;
    const cell = packCell(query.cell ?? '');
    const { maxPrice } = query;
    const wanted = maxPrice?.currency ?? query.currency;
    if (maxPrice !== undefined && query.currency !== undefined && query.currency !== maxPrice.currency) {
      return undefined;
    }
    const currency = wanted === undefined ? -1 : table.currencyNumber(wanted);
    const isDearer = dearerThan(table, maxPrice);
    if (wanted !== undefined && currency === -1) return undefined;
    return (slot) =>
      (columns.to[slot] as number) >= from &&
      (columns.from[slot] as number) <= to &&
      (columns.levels[slot] as number) >= level &&
      (commodity === -1 || columns.commodities[slot] === commodity) &&
      (flow === -1 || columns.flows[slot] === flow) &&
      (step === -1 || columns.steps[slot] === step) &&
      (currency === -1 || table.currencies[slot] === currency) &&
      (length === 0 || columns.isWithin(slot, cell, length)) &&
      !isDearer(slot) &&
      (table.expires[slot] as number) > now &&
      (columns.texts[slot] ?? '') !== '' &&
      columns.hasAll(slot, beginnings);
  }
}

/** A test whether the price of an order in the same currency is above a limit; by doubles where they differ, else exact. */
function dearerThan(table: OrderTable, limit: Price | undefined): (slot: number) => boolean {
  if (limit === undefined) return () => false;
  const key = priceKey(limit.amount, limit.per);
  const exact = exactRatio(limit);
  return (slot) => {
    const own = table.priceKeys[slot] as number;
    return own === key ? compareExact(key, table.exact(slot), exact) > 0 : own > key;
  };
}
