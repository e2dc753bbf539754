import type {
  AssetId,
  Crypto,
  Environment,
  HalfBlock,
  IncomingRequest,
  Network,
  PublicKey,
  PublicKeyHex,
  TopicVerdict,
} from '@edmp/interface';
import { isEdmpError, publicKeyToHex } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { comparePrices } from '../asset/price.ts';
import {
  ASK_TYPE,
  BID_TYPE,
  CANCEL_TYPE,
  decodeCancel,
  decodeOrder,
  ordersCross,
  type SignedOrder,
} from '../blocks/order.ts';
import type { BookView } from '../book/view.ts';
import { MarketError } from '../errors.ts';
import type { Listing, ListingQuery } from '../listing/listing.ts';
import type { OrderHold } from '../order/holds.ts';
import { DEFAULT_ORDER_LIMITS, MAX_BLOCK_BYTES, type OrderLimits } from '../order/limits.ts';
import type { OrderChange } from '../order/order-registry.ts';
import { ASK_SIDE } from '../order/order-table.ts';
import { EventQueue, type ExchangeEvent } from './exchange-events.ts';
import { MatchNotices } from './match-notices.ts';
import {
  decodeMatchNotice,
  encodeMatchReply,
  MATCH_PROTOCOL,
  MAX_MATCH_BYTES,
  ORDERS_TOPIC,
} from './messages.ts';
import { OpenOrders } from './open-orders.ts';
import { type BlockOutcome, OrderSync } from './order-sync.ts';

/** Topic messages that one peer may deliver. */
const TOPIC_RATE = { burst: 5_000, perSecond: 500 };
/** Match notices that one peer may send. */
const NOTICE_RATE = { burst: 128, perSecond: 2 };
/** Asks for one bid that were told and for which the registry had no room, at most: the cheapest. */
const MAX_TOLD_ASKS = 64;
/** Longest pause in which nobody looks for expired orders, ms. */
const LONGEST_PAUSE_MS = 3_600_000;
/** Peers remembered as matchmakers, at most: more than a node is connected to. */
const MAX_MATCHMAKERS = 1_024;

/** What an order exchange needs. */
export interface OrderExchangeOptions {
  readonly network: Network;
  readonly environment: Environment;
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** Own key. */
  readonly self: PublicKey;
  /**
   * Verifies signed blocks together, in order; undefined for one that TrustChain refuses. An `EdmpError` that it throws
   * (busy, stopped) speaks against nobody.
   */
  readonly receive: (blocks: readonly Uint8Array[]) => Promise<readonly (HalfBlock | undefined)[]>;
  /** Keep everybody's bids too, and tell their owners about asks. */
  readonly matchmaker: boolean;
  readonly limits?: Partial<OrderLimits>;
  /** Whether a trader has something behind its orders; whoever has not gives way first. Absent = everybody has. */
  readonly funded?: (owner: PublicKeyHex) => boolean;
  /** Hears what listeners throw. Default: nobody does. */
  readonly onListenerError?: (error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/**
 * Orders between nodes: takes in what gossip, peers and matchmakers bring, keeps it in step with the network, and says
 * which asks suit one’s own bid. It holds and reserves nothing: only holds that the ledger reports take quantity.
 */
export class OrderExchange {
  readonly #options: OrderExchangeOptions;
  readonly #selfHex: PublicKeyHex;
  readonly #orders: OpenOrders;
  readonly #events: EventQueue<ExchangeEvent>;
  readonly #sync: OrderSync;
  readonly #notices: MatchNotices | undefined;
  readonly #matchmakers = new Map<PublicKeyHex, PublicKey>();
  /** Told asks that found no room, by own bid. */
  readonly #told = new Map<string, SignedOrder[]>();
  readonly #releases: (() => void)[];
  #cancelTimer = (): void => undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: OrderExchangeOptions) {
    const { network, environment, crypto, matchmaker, signal } = options;
    this.#options = options;
    this.#selfHex = publicKeyToHex(options.self);
    this.#events = new EventQueue(options.onListenerError ?? (() => undefined));
    this.#orders = new OpenOrders(
      {
        crypto,
        now: environment.now,
        self: this.#selfHex,
        limits: { ...DEFAULT_ORDER_LIMITS, ...options.limits },
        secret: environment.randomBytes(8),
        funded: options.funded,
      },
      (change) => this.#changed(change),
    );
    const { registry, books, sets } = this.#orders;
    this.#notices = matchmaker
      ? new MatchNotices({
          network,
          environment,
          registry,
          books,
          funded: options.funded ?? (() => true),
          closed: (bid) => this.#ownerClosed(bid),
          signal,
        })
      : undefined;
    this.#sync = new OrderSync({
      network,
      environment,
      registry,
      sets,
      matchmaker,
      take: (blocks, from) => this.#takeBlocks(blocks, from),
      note: (peer, isMatchmaker) => this.#note(peer, isMatchmaker),
      refused: (peer, code, reason) => this.#refuse(peer, code, reason),
      signal,
    });
    const topicRate = tokenBuckets(TOPIC_RATE, environment.now);
    const noticeRate = tokenBuckets(NOTICE_RATE, environment.now);
    this.#releases = [
      network.subscribe(ORDERS_TOPIC, (body, from) =>
        topicRate.take(publicKeyToHex(from)) ? this.#onTopic(body, from) : 'ignore',
      ),
      network.handle(
        MATCH_PROTOCOL,
        async (request) => {
          if (noticeRate.take(publicKeyToHex(request.from))) return this.#onNotice(request);
          throw new MarketError('ERR_ORDER_LIMIT', 'Too many match notices; wait and try again', {
            retryable: true,
          });
        },
        { maxRequestBytes: MAX_MATCH_BYTES, maxConcurrentPerPeer: 4 },
      ),
      network.onPeer(({ type, peer }) => {
        if (type === 'disconnected') this.#matchmakers.delete(publicKeyToHex(peer));
      }),
    ];
  }

  /** Everybody's open orders. */
  get size(): number {
    return this.#orders.registry.size;
  }

  /** Listens until the returned function is called. Events come when the change that caused them is complete. */
  on(listener: (event: ExchangeEvent) => void): () => void {
    return this.#events.on(listener);
  }

  /** Sends a signed order or cancel to everybody who listens. Resolves when it is handed over. */
  async publish(block: HalfBlock): Promise<void> {
    await this.#options.network.publish(ORDERS_TOPIC, block.bytes);
  }

  /** Takes in an order of one's own: a new one, or one found in the store at a restart. `false` when it is not open. */
  addOwn(order: SignedOrder): boolean {
    if (order.ownerHex !== this.#selfHex) {
      throw new MarketError('ERR_ORDER_OWNER', 'Expected an order of this node’s own key');
    }
    const answer = this.#orders.registry.add(order);
    this.#events.deliver();
    return answer === 'added' || answer === 'known';
  }

  /** Takes in an order of somebody else that this node had verified and stored before it was restarted. */
  restore(order: SignedOrder): void {
    if (order.side === 'bid' && !this.#options.matchmaker) return;
    this.#orders.registry.add(order);
    this.#events.deliver();
  }

  /** Takes in the signed cancel of one’s own order. Throws `ERR_ORDER_OWNER` for an order of somebody else. */
  cancelOwn(block: HalfBlock): void {
    const id = decodeCancel(block);
    if (!this.#orders.registry.cancel(id.toString(), this.#selfHex, block.bytes)) {
      throw new MarketError('ERR_ORDER_OWNER', 'Only its owner can cancel an order');
    }
    this.#events.deliver();
  }

  /** Open asks of others that cross one’s own open bid, cheapest first, then oldest by arrival; at most 256. */
  candidates(bid: string): readonly SignedOrder[] {
    return this.#orders.candidates(bid, this.#told.get(bid) ?? []);
  }

  /** Open listings that a query wants. Throws `ERR_MARKET_FORMAT` on a query out of range. */
  listings(query: ListingQuery = {}): readonly Listing[] {
    return this.#orders.search(query);
  }

  /** An open order by the text of its id. */
  order(key: string): SignedOrder | undefined {
    const { registry } = this.#orders;
    const slot = registry.find(key);
    return slot === -1 ? undefined : registry.table.order(slot);
  }

  /** Licences of an open order that no hold has taken; 0 when it is not open here. */
  left(key: string): number {
    const { registry } = this.#orders;
    const slot = registry.find(key);
    return slot === -1 ? 0 : (registry.table.left[slot] as number);
  }

  /** Both sides of a market, best levels first; the bids of others only on matchmakers. */
  view(asset: AssetId, currency: AssetId): BookView {
    return this.#orders.view(asset, currency);
  }

  /** All open orders known here, in order of id; decoded one by one. */
  *openOrders(): Generator<SignedOrder> {
    const { sets, registry } = this.#orders;
    const keys: string[] = [];
    const all = new Uint8Array(0);
    for (const set of [sets.asks, sets.bids]) {
      set.each(all, all, (slot) => keys.push(registry.table.key(slot)) > 0);
    }
    for (const key of keys) {
      const order = this.order(key);
      if (order !== undefined) yield order;
    }
  }

  /** Connected peers that said they are matchmakers. */
  matchmakers(): readonly PublicKey[] {
    return [...this.#matchmakers.values()];
  }

  /** The ledger saw a hold: it takes quantity from its ask and its bid, as far as its parties own them. */
  holdTaken(hold: OrderHold): void {
    this.#orders.registry.holdTaken(hold);
    this.#events.deliver();
  }

  /** The ledger saw a hold given back: its quantity returns to the ask. */
  holdReturned(hold: string): void {
    this.#orders.registry.holdReturned(hold);
    this.#events.deliver();
  }

  /** Stops serving, listening and all timers. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
    for (const release of this.#releases) release();
    this.#notices?.stop();
    this.#sync.stop();
  }

  async #onTopic(body: Uint8Array, from: PublicKey): Promise<TopicVerdict> {
    if (body.length > MAX_BLOCK_BYTES) return 'reject';
    try {
      const [block] = await this.#options.receive([body]);
      if (block === undefined) {
        this.#refuse(from, 'ERR_MARKET_FORMAT', 'an invalid block on the orders topic');
        return 'reject';
      }
      return this.#consume(block, from).verdict;
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return 'ignore';
    } finally {
      this.#events.deliver();
    }
  }

  async #takeBlocks(blocks: readonly Uint8Array[], from: PublicKey): Promise<readonly BlockOutcome[]> {
    if (blocks.length === 0 || this.#stopped) return [];
    const received = await this.#options.receive(blocks);
    const outcomes = blocks.map((_, at): BlockOutcome => {
      const block = received[at];
      return block === undefined ? 'wrong' : this.#consume(block, from).outcome;
    });
    this.#events.deliver();
    return outcomes;
  }

  /** Takes in a block that passed TrustChain's checks. */
  #consume(
    block: HalfBlock,
    from: PublicKey,
  ): { readonly verdict: TopicVerdict; readonly outcome: BlockOutcome } {
    try {
      switch (block.core.type) {
        case ASK_TYPE:
        case BID_TYPE:
          return this.#takeOrder(decodeOrder(block, this.#options.crypto));
        case CANCEL_TYPE:
          return this.#takeCancel(block, from);
        default:
          this.#refuse(from, 'ERR_MARKET_FORMAT', 'a block that is no order and no cancel');
          return { verdict: 'reject', outcome: 'wrong' };
      }
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      this.#refuse(from, error.code, error.message);
      return { verdict: 'reject', outcome: 'wrong' };
    }
  }

  #takeOrder(order: SignedOrder): { readonly verdict: TopicVerdict; readonly outcome: BlockOutcome } {
    // Orders of one's own come from one's own store only: nobody else knows whether they are still meant.
    if (order.ownerHex === this.#selfHex) return { verdict: 'accept', outcome: 'useless' };
    // Bids of others are only a matchmaker's business; the others pass them on.
    if (order.side === 'bid' && !this.#options.matchmaker) return { verdict: 'accept', outcome: 'useless' };
    const answer = this.#orders.registry.add(order);
    if (answer === 'added') return { verdict: 'accept', outcome: 'new' };
    return { verdict: answer === 'known' ? 'accept' : 'ignore', outcome: 'useless' };
  }

  #takeCancel(
    block: HalfBlock,
    from: PublicKey,
  ): { readonly verdict: TopicVerdict; readonly outcome: BlockOutcome } {
    const key = decodeCancel(block).toString();
    const { registry } = this.#orders;
    const wasOpen = registry.find(key) !== -1;
    if (!registry.cancel(key, publicKeyToHex(block.core.key), block.bytes)) {
      this.#refuse(from, 'ERR_ORDER_OWNER', 'a cancel of an order by another key than its owner’s');
      return { verdict: 'reject', outcome: 'wrong' };
    }
    return { verdict: 'accept', outcome: wasOpen ? 'new' : 'useless' };
  }

  async #onNotice({ from, body }: IncomingRequest): Promise<Uint8Array> {
    this.#note(from, true);
    const { bid, asks } = decodeMatchNotice(body);
    const key = bid.toString();
    const own = this.order(key);
    if (own === undefined || own.ownerHex !== this.#selfHex || this.left(key) === 0) {
      return encodeMatchReply({ open: false });
    }
    const received = await this.#options.receive(asks);
    for (const [at] of asks.entries()) {
      const block = received[at];
      const ask = block === undefined ? undefined : this.#askOf(block);
      if (ask === undefined || !ordersCross(ask, own)) {
        this.#refuse(from, 'ERR_MARKET_FORMAT', 'a match with an ask that does not fit the bid');
        continue;
      }
      this.#takeTold(key, own, ask);
    }
    this.#events.deliver();
    return encodeMatchReply({ open: this.left(key) > 0 });
  }

  #askOf(block: HalfBlock): SignedOrder | undefined {
    try {
      const order = decodeOrder(block, this.#options.crypto);
      return order.side === 'ask' ? order : undefined;
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return undefined;
    }
  }

  /** An ask that a matchmaker told of: kept for the bid even when the registry has no room. */
  #takeTold(bid: string, own: SignedOrder, ask: SignedOrder): void {
    const answer = this.#orders.registry.add(ask);
    if (answer !== 'trader-limit' && answer !== 'total-limit') return;
    const told = this.#told.get(bid) ?? [];
    if (told.some((known) => known.key === ask.key)) return;
    told.push(ask);
    told.sort((a, b) => comparePrices(a.price, b.price));
    if (told.length > MAX_TOLD_ASKS && told.pop() === ask) return;
    this.#told.set(bid, told);
    this.#events.add({ type: 'candidate', bid: own.id, ask });
  }

  /** A bid's owner says that it is closed there. */
  #ownerClosed(bid: string): void {
    const { registry } = this.#orders;
    const slot = registry.find(bid);
    if (slot !== -1) registry.cancel(bid, registry.ownerOf(slot), undefined);
    this.#events.deliver();
  }

  #note(peer: PublicKey, isMatchmaker: boolean): void {
    const hex = publicKeyToHex(peer);
    if (!isMatchmaker) this.#matchmakers.delete(hex);
    else if (this.#matchmakers.size < MAX_MATCHMAKERS) this.#matchmakers.set(hex, peer);
  }

  #refuse(peer: PublicKey, code: string, reason: string): void {
    this.#events.add({ type: 'refused', peer, code, reason });
    this.#events.deliver();
  }

  #changed(change: OrderChange): void {
    const { registry } = this.#orders;
    const { slot } = change;
    const isAsk = registry.table.sides[slot] === ASK_SIDE;
    const isOwn = registry.ownerOf(slot) === this.#selfHex;
    const left = registry.table.left[slot] as number;
    const wasListed = change.type === 'left' ? change.before > 0 : change.type === 'gone' && left > 0;
    const isListed = change.type !== 'gone' && left > 0;
    if (isAsk) this.#tellListing(slot, wasListed, isListed);
    if (isOwn) this.#tellOwn(change, left);
    if (change.type === 'gone') {
      const key = registry.table.key(slot);
      this.#told.delete(key);
      this.#notices?.forget(key);
    } else if (isListed && !wasListed) {
      if (isAsk) this.#tellCandidates(slot);
      this.#notices?.concern(slot);
    }
    this.#arm();
  }

  #tellListing(slot: number, wasListed: boolean, isListed: boolean): void {
    if (!this.#events.isHeard || (!wasListed && !isListed)) return;
    const listing = this.#orders.listing(slot);
    if (listing === undefined) return;
    const change = !wasListed ? 'added' : isListed ? 'changed' : 'removed';
    this.#events.add({ type: 'listing', change, listing });
  }

  #tellOwn(change: OrderChange, left: number): void {
    if (!this.#events.isHeard) return;
    const order = this.#orders.registry.table.order(change.slot).id;
    if (change.type === 'gone') {
      this.#events.add({
        type: 'closed',
        order,
        reason: change.reason === 'cancelled' ? 'cancelled' : 'expired',
      });
    } else if (change.type === 'left' && left === 0) {
      this.#events.add({ type: 'closed', order, reason: 'filled' });
    }
  }

  #tellCandidates(ask: number): void {
    if (!this.#events.isHeard) return;
    const { table } = this.#orders.registry;
    for (const bid of this.#orders.suitedBids(ask)) {
      this.#events.add({ type: 'candidate', bid: table.order(bid).id, ask: table.order(ask) });
    }
  }

  /** Sets the timer to the next expiry. */
  #arm(): void {
    if (this.#stopped) return;
    const { environment } = this.#options;
    const now = environment.now();
    if (this.#orders.registry.size === 0) return;
    const next = Math.min(this.#orders.registry.nextExpiry(), now + LONGEST_PAUSE_MS);
    if (next >= this.#timerAt) return;
    this.#cancelTimer();
    this.#timerAt = next;
    this.#cancelTimer = environment.schedule(Math.max(0, next - now), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#orders.registry.expire(environment.now());
      this.#arm();
      this.#events.deliver();
    });
  }
}

/** Starts an exchange: it serves, listens and compares until {@link OrderExchange.stop}. */
export function orderExchange(options: OrderExchangeOptions): OrderExchange {
  return new OrderExchange(options);
}
