import { ATTESTATION_LEVELS, equalBytes, publicKeyToHex } from '@edmp/interface';
import { comparePrices } from '../asset/price.ts';
import { MarketError } from '../errors.ts';
import type { Listing, ListingQuery } from '../market.ts';

/** Most results of one query. */
const MAX_RESULTS = 1_000;
const DEFAULT_RESULTS = 50;
/** Most words of a query. */
const MAX_WORDS = 16;

/** Open listings, searchable. */
export interface ListingIndex {
  readonly size: number;
  set(listing: Listing): void;
  delete(order: string): void;
  /** Matching listings. Throws `ERR_MARKET_FORMAT` on a query out of range. */
  search(query: ListingQuery, now: number): readonly Listing[];
}

interface Entry {
  readonly key: string;
  listing: Listing;
  readonly words: readonly string[];
  readonly level: number;
}

function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 0);
}

function compareListings(a: Listing, b: Listing): number {
  if (a.price.currency !== b.price.currency) return a.price.currency < b.price.currency ? -1 : 1;
  return (
    comparePrices(a.price, b.price) ||
    a.created - b.created ||
    (a.asset < b.asset ? -1 : a.asset > b.asset ? 1 : 0)
  );
}

/** Whether a listing, in order of currency and price, lies after every listing that `maxPrice` admits. */
function isBeyond(listing: Listing, query: ListingQuery): boolean {
  const { maxPrice } = query;
  if (maxPrice === undefined || listing.price.currency < maxPrice.currency) return false;
  return listing.price.currency > maxPrice.currency || comparePrices(listing.price, maxPrice) > 0;
}

function newestFirst(a: Listing, b: Listing): number {
  return b.created - a.created || compareListings(a, b);
}

/**
 * An empty index. Words are indexed by their first three letters, places by every prefix, attestation by every level
 * reached, so a selective query reads one short list; others read the sorted list until their page is full.
 */
export function listingIndex(): ListingIndex {
  const entries = new Map<string, Entry>();
  const byStem = new Map<string, Set<Entry>>();
  let cheapest: readonly Entry[] | undefined;
  let newest: readonly Entry[] | undefined;

  const stem = (word: string): string => `w ${word.slice(0, 3)}`;
  const stemsOf = (entry: Entry): Set<string> => {
    const { listing } = entry;
    const { cell } = listing.document.descriptor;
    const stems = new Set<string>([`a ${listing.asset}`, `s ${publicKeyToHex(listing.seller)}`]);
    for (const word of entry.words) for (let n = 1; n <= 3; n++) stems.add(`w ${word.slice(0, n)}`);
    for (let n = 1; n <= (cell?.length ?? 0); n++) stems.add(`c ${cell?.slice(0, n)}`);
    for (let level = 1; level <= entry.level; level++) stems.add(`l ${level}`);
    return stems;
  };
  /** Names of the short lists that every result of a query is in. */
  const listsFor = (query: ListingQuery, words: readonly string[], level: number): readonly string[] => [
    ...words.map(stem),
    ...(query.cell === undefined || query.cell === '' ? [] : [`c ${query.cell}`]),
    ...(query.asset === undefined ? [] : [`a ${query.asset}`]),
    ...(query.seller === undefined ? [] : [`s ${publicKeyToHex(query.seller)}`]),
    ...(level === 0 ? [] : [`l ${level}`]),
  ];
  const ordered = (sort: 'price' | 'newest'): readonly Entry[] => {
    if (sort === 'newest') {
      newest ??= [...entries.values()].sort((a, b) => newestFirst(a.listing, b.listing));
      return newest;
    }
    cheapest ??= [...entries.values()].sort((a, b) => compareListings(a.listing, b.listing));
    return cheapest;
  };
  const forget = (): void => {
    cheapest = undefined;
    newest = undefined;
  };

  const fits = (
    entry: Entry,
    query: ListingQuery,
    words: readonly string[],
    level: number,
    now: number,
  ): boolean => {
    const { listing } = entry;
    const { descriptor } = listing.document;
    return (
      listing.expires > now &&
      listing.available > 0 &&
      entry.level >= level &&
      (query.commodity === undefined || descriptor.commodity === query.commodity) &&
      (query.flow === undefined || descriptor.flow === query.flow) &&
      (query.step === undefined || descriptor.step === query.step) &&
      (query.cell === undefined || descriptor.cell?.startsWith(query.cell) === true) &&
      (query.from === undefined || descriptor.to >= query.from) &&
      (query.to === undefined || descriptor.from <= query.to) &&
      (query.currency === undefined || listing.price.currency === query.currency) &&
      (query.maxPrice === undefined ||
        (listing.price.currency === query.maxPrice.currency &&
          comparePrices(listing.price, query.maxPrice) <= 0)) &&
      (query.asset === undefined || listing.asset === query.asset) &&
      (query.seller === undefined || equalBytes(listing.seller, query.seller)) &&
      words.every((word) => entry.words.some((own) => own.startsWith(word)))
    );
  };

  return {
    get size() {
      return entries.size;
    },
    set(listing) {
      const key = listing.order.toString();
      const known = entries.get(key);
      if (known !== undefined) {
        known.listing = listing;
        return;
      }
      const { descriptor } = listing.document;
      const entry: Entry = {
        key,
        listing,
        words: [
          ...new Set(
            wordsOf(
              [descriptor.title, descriptor.licence, descriptor.commodity, ...descriptor.purposes].join(' '),
            ),
          ),
        ],
        level: ATTESTATION_LEVELS.indexOf(descriptor.attestation),
      };
      entries.set(key, entry);
      for (const part of stemsOf(entry)) {
        let set = byStem.get(part);
        if (set === undefined) {
          set = new Set();
          byStem.set(part, set);
        }
        set.add(entry);
      }
      forget();
    },
    delete(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      entries.delete(key);
      for (const part of stemsOf(entry)) {
        const set = byStem.get(part);
        set?.delete(entry);
        if (set?.size === 0) byStem.delete(part);
      }
      forget();
    },
    search(query, now) {
      const limit = query.limit ?? DEFAULT_RESULTS;
      const offset = query.offset ?? 0;
      if (
        !Number.isSafeInteger(limit) ||
        limit < 1 ||
        limit > MAX_RESULTS ||
        !Number.isSafeInteger(offset) ||
        offset < 0
      ) {
        throw new MarketError(
          'ERR_MARKET_FORMAT',
          `Expected a limit of 1 to ${MAX_RESULTS} and an offset ≥ 0`,
        );
      }
      const words = wordsOf((query.text ?? '').slice(0, 500)).slice(0, MAX_WORDS);
      const level = query.attestation === undefined ? 0 : ATTESTATION_LEVELS.indexOf(query.attestation);
      const sort = query.sort ?? 'price';
      // The shortest list narrows most.
      let narrowed: Set<Entry> | undefined;
      for (const name of listsFor(query, words, level)) {
        const set = byStem.get(name);
        if (set === undefined) return [];
        if (narrowed === undefined || set.size < narrowed.size) narrowed = set;
      }
      if (narrowed !== undefined && narrowed.size * 8 < entries.size) {
        return [...narrowed]
          .filter((entry) => fits(entry, query, words, level, now))
          .map((entry) => entry.listing)
          .sort(sort === 'newest' ? newestFirst : compareListings)
          .slice(offset, offset + limit);
      }
      const out: Listing[] = [];
      let skipped = 0;
      for (const entry of ordered(sort)) {
        // In order of price, everything after the first listing that is too dear is too dear.
        if (sort === 'price' && isBeyond(entry.listing, query)) break;
        if (!fits(entry, query, words, level, now)) continue;
        if (skipped < offset) {
          skipped++;
          continue;
        }
        out.push(entry.listing);
        if (out.length === limit) break;
      }
      return out;
    },
  };
}
