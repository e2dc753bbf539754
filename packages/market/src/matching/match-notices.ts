import type { Environment, Network, PublicKey, PublicKeyHex } from '@edmp/interface';
import { isEdmpError, publicKeyToHex, singleFrame } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { comparePrices, type Price } from '../asset/price.ts';
import type { MarketBooks } from '../book/market-books.ts';
import { idOfDigest } from '../codec/order-id.ts';
import type { OrderRegistry } from '../order/order-registry.ts';
import { ASK_SIDE } from '../order/order-table.ts';
import { decodeMatchReply, encodeMatchNotice, MATCH_PROTOCOL, MAX_MATCH_ASKS } from './messages.ts';

/** Notices that one trader gets: a burst for all its bids, then one every two seconds. */
const NOTICE_RATE = { burst: 64, perSecond: 0.5 };
/** Notices under way at once. */
const MAX_UNDER_WAY = 32;
/** Asks of which a bid's owner is told in all: more than anybody tries for one bid. */
const MAX_TOLD = 256;
/** Bids that wait for their notice, at most. */
const MAX_WAITING = 10_000;
/** Crossing bids that one new ask is compared with, the dearest first. */
const MAX_LOOKS = 4_096;
/** Bids of one owner that one new ask may concern. */
const MAX_OF_OWNER = 16;
/** Bids without money that one new ask may concern: they come first in price, and must not crowd out others. */
const MAX_UNFUNDED = 64;
/** Pause before a trader that was told too much is told more, ms. */
const PAUSE_MS = 2_000;
/** Waiting for an answer, ms. */
const REPLY_TIMEOUT_MS = 10_000;
/** Largest answer, bytes. */
const MAX_REPLY_BYTES = 256;

/** What informing needs. */
export interface MatchNoticesOptions {
  readonly network: Network;
  readonly environment: Environment;
  readonly registry: OrderRegistry;
  readonly books: MarketBooks;
  /** Whether a trader has something behind its orders. */
  readonly funded: (owner: PublicKeyHex) => boolean;
  /** A bid's owner says that it is not open. */
  readonly closed: (bid: string) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

interface Told {
  readonly asks: Set<string>;
  /** Cheapest ask so far. */
  best: Price;
}

/**
 * A matchmaker's work: tells the owner of a bid about asks that cross it, cheapest first, each once, and nobody else.
 * Nothing is reserved and nothing leaves a book (DESIGN §4.2), so a lost notice or a bid without money costs nobody
 * anything, and several matchmakers do no harm.
 */
export class MatchNotices {
  readonly #options: MatchNoticesOptions;
  readonly #told = new Map<string, Told>();
  /** Bids that wait, by owner. */
  readonly #waiting = new Map<PublicKeyHex, Set<string>>();
  /** Owners that can be told now. */
  readonly #ready = new Set<PublicKeyHex>();
  /** Owners that were told too much just now. */
  readonly #paused = new Set<PublicKeyHex>();
  /** Owners with a notice under way: one at a time. */
  readonly #busy = new Set<PublicKeyHex>();
  readonly #take: (owner: string) => boolean;
  readonly #release: () => void;
  #waits = 0;
  #cancelPause: (() => void) | undefined;

  constructor(options: MatchNoticesOptions) {
    const { network, registry, environment } = options;
    this.#options = options;
    this.#take = tokenBuckets(NOTICE_RATE, environment.now).take;
    // Whoever was away hears when it is back.
    this.#release = network.onPeer(({ type, peer }) => {
      if (type !== 'connected') return;
      for (const slot of registry.ordersOf(publicKeyToHex(peer))) {
        if (registry.table.sides[slot] !== ASK_SIDE) this.#wait(slot);
      }
      this.#pump();
    });
  }

  /** An order came, or an ask has something left again. */
  concern(slot: number): void {
    const { table } = this.#options.registry;
    if (table.sides[slot] === ASK_SIDE) this.#concernBids(slot);
    else this.#wait(slot);
    this.#pump();
  }

  /** A bid is gone. */
  forget(bid: string): void {
    this.#told.delete(bid);
  }

  stop(): void {
    this.#cancelPause?.();
    this.#release();
    this.#waiting.clear();
    this.#ready.clear();
  }

  #concernBids(ask: number): void {
    const { books, registry, funded } = this.#options;
    const perOwner = new Map<PublicKeyHex, number>();
    let looks = 0;
    let unfunded = 0;
    books.eachCrossing(ask, (bid) => {
      const owner = registry.ownerOf(bid);
      const seen = perOwner.get(owner) ?? 0;
      perOwner.set(owner, seen + 1);
      if (seen < MAX_OF_OWNER && (funded(owner) || ++unfunded <= MAX_UNFUNDED)) this.#wait(bid);
      return ++looks < MAX_LOOKS;
    });
  }

  #wait(bid: number): void {
    const { registry, network } = this.#options;
    const owner = registry.ownerOf(bid);
    if (owner === publicKeyToHex(network.self) || this.#waits >= MAX_WAITING) return;
    const bids = this.#waiting.get(owner) ?? new Set();
    const before = bids.size;
    bids.add(registry.table.key(bid));
    this.#waits += bids.size - before;
    this.#waiting.set(owner, bids);
    if (!this.#paused.has(owner) && !this.#busy.has(owner)) this.#ready.add(owner);
  }

  /** Tells owners that are ready, each of one bid; each look at an owner ends in a notice, a pause or nothing to tell. */
  #pump(): void {
    for (const owner of this.#ready) {
      if (this.#busy.size >= MAX_UNDER_WAY || this.#options.signal.aborted) return;
      this.#ready.delete(owner);
      if (!this.#take(owner)) {
        this.#pause(owner);
        continue;
      }
      const next = this.#nextOf(owner);
      if (next === undefined) continue;
      this.#busy.add(owner);
      void this.#tell(next.bid, next.key, next.asks).finally(() => {
        this.#busy.delete(owner);
        if (this.#waiting.has(owner)) this.#ready.add(owner);
        this.#pump();
      });
    }
  }

  /** The first of an owner's waiting bids of which there is something to tell. */
  #nextOf(
    owner: PublicKeyHex,
  ): { readonly bid: number; readonly key: string; readonly asks: readonly number[] } | undefined {
    const bids = this.#waiting.get(owner) ?? new Set();
    for (const key of bids) {
      bids.delete(key);
      this.#waits--;
      if (bids.size === 0) this.#waiting.delete(owner);
      const bid = this.#options.registry.find(key);
      const asks = bid === -1 ? [] : this.#untold(bid, key);
      if (asks.length > 0) return { bid, key, asks };
    }
    return undefined;
  }

  #pause(owner: PublicKeyHex): void {
    this.#paused.add(owner);
    this.#cancelPause ??= this.#options.environment.schedule(PAUSE_MS, () => {
      this.#cancelPause = undefined;
      for (const paused of this.#paused) this.#ready.add(paused);
      this.#paused.clear();
      this.#pump();
    });
  }

  /** Slots of the cheapest crossing asks that the bid's owner was not told of. */
  #untold(bid: number, key: string): readonly number[] {
    const { books, registry, environment } = this.#options;
    const { table } = registry;
    const told = this.#told.get(key);
    const found: number[] = [];
    if (table.left[bid] === 0) return found;
    books.eachCrossing(bid, (ask) => {
      // Who was told of very many hears only of better ones, so that junk does not use up its attention.
      if (
        told !== undefined &&
        told.asks.size >= MAX_TOLD &&
        comparePrices(table.price(ask), told.best) >= 0
      ) {
        return false;
      }
      const isNew = told === undefined || !told.asks.has(table.key(ask));
      if (isNew && (table.expires[ask] as number) > environment.now()) found.push(ask);
      return found.length < MAX_MATCH_ASKS;
    });
    return found;
  }

  async #tell(bid: number, key: string, asks: readonly number[]): Promise<void> {
    const { network, registry, closed, signal } = this.#options;
    const { table } = registry;
    const keys = asks.map((ask) => table.key(ask));
    const best = table.price(asks[0] as number);
    const body = encodeMatchNotice({
      bid: idOfDigest(table.digest(bid)),
      asks: asks.map((ask) => table.bytes(ask).slice()),
    });
    const owner: PublicKey = table.order(bid).owner;
    try {
      const reply = decodeMatchReply(
        await singleFrame(
          network.request(owner, MATCH_PROTOCOL, body, {
            signal,
            timeoutMs: REPLY_TIMEOUT_MS,
            maxFrameBytes: MAX_REPLY_BYTES,
          }),
        ),
      );
      if (!reply.open) {
        // The owner speaks for its own bid.
        closed(key);
        return;
      }
      const slot = registry.find(key);
      if (slot === -1) return;
      this.#remember(key, keys, best);
      this.#wait(slot);
    } catch (error) {
      // Out of reach: it is told when it is back, or when another ask comes.
      if (!isEdmpError(error)) throw error;
    }
  }

  #remember(bid: string, asks: readonly string[], best: Price): void {
    const told = this.#told.get(bid) ?? { asks: new Set<string>(), best };
    for (const ask of asks) if (told.asks.size < MAX_TOLD) told.asks.add(ask);
    if (comparePrices(best, told.best) < 0) told.best = best;
    this.#told.set(bid, told);
  }
}
