import type { Environment, Network, PublicKey } from '@edmp/interface';
import { isEdmpError, publicKeyToHex, singleFrame } from '@edmp/interface';
import type { MarketBooks } from '../book/market-books.ts';
import { tokenBuckets } from '@edmp/interface/bounded';
import { idOfDigest } from '../order/order-id.ts';
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
/** Bids that one new ask may concern, at most; the dearest come first. */
const MAX_CONCERNED = 256;
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
  /** A bid's owner says that it is not open. */
  readonly closed: (bid: string) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/**
 * A matchmaker's work: tells the owner of a bid about asks that cross it, cheapest first, each once, and nobody else.
 * Nothing is reserved and nothing leaves a book (DESIGN §4.2), so a lost notice or a bid without money costs nobody
 * anything, and several matchmakers do no harm.
 */
export class MatchNotices {
  readonly #options: MatchNoticesOptions;
  readonly #told = new Map<string, Set<string>>();
  readonly #waiting = new Set<string>();
  readonly #owners = new Set<string>();
  readonly #take: (owner: string) => boolean;
  readonly #release: () => void;
  #underWay = 0;
  #cancelPause: (() => void) | undefined;

  constructor(options: MatchNoticesOptions) {
    const { network, registry, environment } = options;
    this.#options = options;
    this.#take = tokenBuckets(NOTICE_RATE, environment.now).take;
    // Whoever was away hears when it is back.
    this.#release = network.onPeer(({ type, peer }) => {
      if (type !== 'connected') return;
      for (const slot of registry.ordersOf(publicKeyToHex(peer))) this.concern(slot);
    });
  }

  /** An order came, or an ask has something left again. */
  concern(slot: number): void {
    const { books, registry, network } = this.#options;
    const { table } = registry;
    const self = publicKeyToHex(network.self);
    if (table.sides[slot] === ASK_SIDE) {
      let concerned = 0;
      books.eachCrossing(slot, (bid) => {
        if (registry.ownerOf(bid) !== self) this.#wait(table.key(bid));
        return ++concerned < MAX_CONCERNED;
      });
    } else if (registry.ownerOf(slot) !== self) {
      this.#wait(table.key(slot));
    }
    this.#pump();
  }

  /** A bid is gone. */
  forget(bid: string): void {
    this.#told.delete(bid);
    this.#waiting.delete(bid);
  }

  stop(): void {
    this.#cancelPause?.();
    this.#release();
    this.#waiting.clear();
  }

  #wait(bid: string): void {
    if (this.#waiting.size < MAX_WAITING) this.#waiting.add(bid);
  }

  #pump(): void {
    const { registry, signal } = this.#options;
    for (const bid of this.#waiting) {
      if (this.#underWay >= MAX_UNDER_WAY || signal.aborted) return;
      const slot = registry.find(bid);
      const asks = slot === -1 ? [] : this.#untold(slot, bid);
      if (asks.length === 0) {
        this.#waiting.delete(bid);
        continue;
      }
      const owner = registry.ownerOf(slot);
      if (this.#owners.has(owner)) continue;
      if (!this.#take(owner)) {
        this.#pause();
        continue;
      }
      this.#waiting.delete(bid);
      this.#underWay++;
      this.#owners.add(owner);
      void this.#tell(slot, bid, asks).finally(() => {
        this.#underWay--;
        this.#owners.delete(owner);
        this.#pump();
      });
    }
  }

  #pause(): void {
    this.#cancelPause ??= this.#options.environment.schedule(PAUSE_MS, () => {
      this.#cancelPause = undefined;
      this.#pump();
    });
  }

  /** Slots of the cheapest crossing asks that the bid's owner was not told of. */
  #untold(bid: number, key: string): readonly number[] {
    const { books, registry, environment } = this.#options;
    const { table } = registry;
    const told = this.#told.get(key);
    const found: number[] = [];
    if (table.left[bid] === 0 || (told?.size ?? 0) >= MAX_TOLD) return found;
    books.eachCrossing(bid, (ask) => {
      const isNew = told === undefined || !told.has(table.key(ask));
      if (isNew && (table.expires[ask] as number) > environment.now()) found.push(ask);
      return found.length < MAX_MATCH_ASKS;
    });
    return found;
  }

  async #tell(bid: number, key: string, asks: readonly number[]): Promise<void> {
    const { network, registry, closed, signal } = this.#options;
    const { table } = registry;
    const keys = asks.map((ask) => table.key(ask));
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
      const told = this.#told.get(key) ?? new Set();
      for (const ask of keys) told.add(ask);
      if (registry.find(key) === -1) return;
      this.#told.set(key, told);
      this.#wait(key);
    } catch (error) {
      // Out of reach: it is told when it is back, or when another ask comes.
      if (!isEdmpError(error)) throw error;
    }
  }
}
