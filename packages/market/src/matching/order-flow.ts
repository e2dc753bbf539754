import type { BlockId, HalfBlock, IncomingRequest, PublicKey, TopicVerdict } from '@edmp/interface';
import { equalBytes, isEdmpError, publicKeyToHex, singleFrame } from '@edmp/interface';
import { hex } from '../codec/fields.ts';
import { gate } from '../codec/gate.ts';
import { tokenBuckets } from '../codec/token-bucket.ts';
import type { MarketContext } from '../context.ts';
import { MarketError } from '../errors.ts';
import type { BookView, Listing } from '../market.ts';
import type { KnownOrder } from '../order/order-registry.ts';
import {
  ASK_TYPE,
  BID_TYPE,
  CANCEL_TYPE,
  decodeCancel,
  decodeOrder,
  type SignedOrder,
} from '../order/signed-order.ts';
import {
  COMPLAINT_TYPE,
  decodeComplaintTx,
  decodeReferenceTx,
  decodeTradeTx,
  TRADE_TYPE,
  WITHDRAWAL_TYPE,
} from '../trade/blocks.ts';
import { matchmaker } from './matchmaker.ts';
import {
  BOOK_PROTOCOL,
  decodeBookFrame,
  decodeBookRequest,
  decodeMatchMessage,
  decodeMatchReply,
  encodeBookFrame,
  encodeBookRequest,
  encodeMatchMessage,
  encodeMatchReply,
  MATCH_PROTOCOL,
  MAX_UPDATE_BLOCKED,
  SYNC_FRAME_BLOCKS,
} from './messages.ts';

/** Topic messages that one peer may deliver. */
const TOPIC_RATE = { burst: 5_000, perSecond: 500 };
/** Match messages that one peer may send. */
const MATCH_RATE = { burst: 2_000, perSecond: 200 };
/** Book syncs that one peer may ask for. */
const SYNC_RATE = { burst: 4, perSecond: 0.1 };
/** Frames of a book sync that are read, at most. */
const MAX_SYNC_FRAMES = 2_000;
/** Trades remembered so that a failed one can be undone, at most. */
const MAX_FILLS = 100_000;
/** Match messages under way at once, below what a peer serves. */
const MAX_TELLING = 64;
/** Longest pause in which nobody looks for expired orders, ms. */
const LONGEST_PAUSE_MS = 3_600_000;

/** What the order flow tells its market. */
export interface OrderFlowEvents {
  /** An own bid met an ask. */
  onMatch(bid: string, ask: SignedOrder): void;
  /** A listing came, changed or went. */
  onListing(change: 'added' | 'removed' | 'changed', listing: Listing): void;
  /** An own order left the market: expired, filled or cancelled. */
  onOwnClosed(key: string): void;
}

/** Orders between nodes: topic, sync on connect, the book and its matches. */
export interface OrderFlow {
  /** Takes in an own new order and publishes it. */
  place(order: SignedOrder): Promise<void>;
  /** Takes a cancelled own order out and publishes the cancel. */
  cancel(order: SignedOrder, block: HalfBlock): Promise<void>;
  /** Takes in what a restart found in the store. */
  restore(order: SignedOrder): void;
  /** An own order's free quantity, and asks that a bid gave up on. */
  changed(key: string, available: number, blocked: readonly BlockId[]): void;
  /** Blocks of finished and failed trades move listed quantities. */
  traded(block: HalfBlock): void;
  book(asset: string, currency: string): BookView;
  /** Connected peers that are matchmakers. */
  matchmakers(): readonly PublicKey[];
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

/** Starts serving and listening. `isMatchmaker`: keep books and inform traders. */
export function orderFlow(
  context: MarketContext,
  topic: string,
  isMatchmaker: boolean,
  events: OrderFlowEvents,
): OrderFlow {
  const { crypto, environment, network, own, registry, selfHex, trustchain } = context;
  const topicRate = tokenBuckets(TOPIC_RATE, environment.now);
  const matchRate = tokenBuckets(MATCH_RATE, environment.now);
  const syncRate = tokenBuckets(SYNC_RATE, environment.now);
  const knownMatchmakers = new Map<string, PublicKey>();
  const fills = new Map<string, { readonly ask: string; readonly bid: string; readonly quantity: number }>();
  const telling = gate(MAX_TELLING);
  let cancelTimer = (): void => undefined;
  let stopped = false;

  // Matching

  const onOwnMatch = (order: SignedOrder, counter: SignedOrder): void => {
    if (order.side === 'bid') events.onMatch(order.key, counter);
  };

  const inform = (order: SignedOrder, counter: SignedOrder): void => {
    if (order.ownerHex === selfHex) {
      onOwnMatch(order, counter);
      return;
    }
    context.background('telling a trader about a match', async () => {
      const body = encodeMatchMessage({ kind: 'match', order: order.id, counter: counter.block.bytes });
      try {
        const reply = decodeMatchReply(
          await telling.run(() =>
            singleFrame(
              network.request(order.owner, MATCH_PROTOCOL, body, {
                signal: context.signal,
                timeoutMs: context.durations.negotiate,
                maxFrameBytes: 256,
              }),
            ),
          ),
        );
        // The owner speaks for its own order: what it says is closed is closed.
        if (!reply.open) drop(order.key);
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        // Out of reach: the match ends by itself and the order stays for when its owner is back.
      }
    });
  };
  const maker = isMatchmaker ? matchmaker({ now: environment.now, inform }) : undefined;

  // Keeping orders

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

  const cancelBy = async (block: HalfBlock, from: PublicKey): Promise<TopicVerdict> => {
    const id = decodeCancel(block);
    const key = id.toString();
    const known = registry.get(key)?.order ?? own.get(key);
    if (known === undefined) {
      registry.closeBefore(key, publicKeyToHex(block.core.key));
      return 'accept';
    }
    if (!equalBytes(known.owner, block.core.key)) {
      context.refuse(from, 'ERR_ORDER_OWNER', 'a cancel of an order by another key than its owner’s');
      return 'reject';
    }
    drop(key);
    return 'accept';
  };

  /** Takes in a block that has passed TrustChain's checks. */
  const consume = async (block: HalfBlock, from: PublicKey): Promise<TopicVerdict> => {
    switch (block.core.type) {
      case ASK_TYPE:
      case BID_TYPE: {
        const order = decodeOrder(block, crypto);
        if (order.expires <= environment.now()) return 'ignore';
        return takeIn(order) || registry.get(order.key) !== undefined || !isMatchmaker ? 'accept' : 'ignore';
      }
      case CANCEL_TYPE:
        return cancelBy(block, from);
      case TRADE_TYPE:
        if (block.core.link === null) return 'reject';
        traded(block);
        return 'accept';
      case COMPLAINT_TYPE:
      case WITHDRAWAL_TYPE:
        traded(block);
        return 'accept';
      default:
        context.refuse(from, 'ERR_MARKET_FORMAT', `a block of type ${block.core.type} on the orders topic`);
        return 'reject';
    }
  };

  const onTopic = async (body: Uint8Array, from: PublicKey): Promise<TopicVerdict> => {
    if (!topicRate.take(hex(from))) return 'ignore';
    try {
      const received = await trustchain.receive(body);
      if (received.level === 'invalid') {
        context.refuse(
          from,
          received.issues[0]?.code ?? 'ERR_MARKET_FORMAT',
          'an invalid block on the orders topic',
        );
        return 'reject';
      }
      return await consume(received.block, from);
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      if (error.code === 'ERR_CHAIN_STOPPED') return 'ignore';
      context.refuse(from, error.code, error.message);
      return 'reject';
    }
  };

  // Protocols

  const onMatchRequest = async ({ from, body }: IncomingRequest): Promise<Uint8Array> => {
    if (!matchRate.take(hex(from))) {
      throw new MarketError('ERR_ORDER_LIMIT', 'Too many match messages; wait and try again', {
        retryable: true,
      });
    }
    const message = decodeMatchMessage(body);
    const key = message.order.toString();
    if (message.kind === 'update') {
      const known = registry.get(key);
      if (known === undefined) return encodeMatchReply({ open: false });
      if (!equalBytes(known.order.owner, from)) {
        context.refuse(from, 'ERR_ORDER_OWNER', 'news about an order of somebody else');
        throw new MarketError('ERR_ORDER_OWNER', 'Only the owner of an order says what is left of it');
      }
      setAvailable(key, message.available);
      maker?.update(
        key,
        message.available,
        message.blocked.map((id) => id.toString()),
      );
      reschedule();
      return encodeMatchReply({ open: true });
    }
    const order = own.get(key);
    if (order === undefined || own.status(key) !== 'open') return encodeMatchReply({ open: false });
    const received = await trustchain.receive(message.counter);
    if (received.level === 'invalid') {
      throw new MarketError('ERR_MARKET_FORMAT', 'Expected the valid block of an order');
    }
    onOwnMatch(order, decodeOrder(received.block, crypto));
    return encodeMatchReply({ open: true });
  };

  async function* onBookRequest({ from, body }: IncomingRequest): AsyncIterable<Uint8Array> {
    const request = decodeBookRequest(body);
    if (!syncRate.take(hex(from))) {
      throw new MarketError('ERR_ORDER_LIMIT', 'Too many book syncs; wait and try again', {
        retryable: true,
      });
    }
    noteMatchmaker(from, request.matchmaker);
    let blocks: Uint8Array[] = [];
    let sent = false;
    for (const known of [...registry.values()]) {
      if (known.order.side === 'bid' && !request.matchmaker) continue;
      blocks.push(known.order.block.bytes);
      if (blocks.length === SYNC_FRAME_BLOCKS) {
        yield encodeBookFrame({ matchmaker: isMatchmaker, blocks });
        blocks = [];
        sent = true;
      }
    }
    if (blocks.length > 0 || !sent) yield encodeBookFrame({ matchmaker: isMatchmaker, blocks });
  }

  const noteMatchmaker = (peer: PublicKey, is: boolean): void => {
    if (is) knownMatchmakers.set(hex(peer), peer);
    else knownMatchmakers.delete(hex(peer));
  };

  const syncWith = async (peer: PublicKey): Promise<void> => {
    try {
      let frames = 0;
      const answer = network.request(peer, BOOK_PROTOCOL, encodeBookRequest({ matchmaker: isMatchmaker }), {
        signal: context.signal,
        maxFrameBytes: SYNC_FRAME_BLOCKS * 67 * 1024,
      });
      for await (const bytes of answer) {
        if (++frames > MAX_SYNC_FRAMES) break;
        const frame = decodeBookFrame(bytes);
        noteMatchmaker(peer, frame.matchmaker);
        for (const block of frame.blocks) {
          const received = await trustchain.receive(block);
          if (received.level !== 'invalid') await consume(received.block, peer);
        }
      }
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      if (error.code.startsWith('ERR_MARKET_') || error.code.startsWith('ERR_BLOCK_')) {
        context.refuse(peer, error.code, 'a book that breaks the format');
      }
      // Peers without a market, or gone again: nothing to sync.
    }
  };

  const releases = [
    network.subscribe(topic, onTopic),
    network.handle(MATCH_PROTOCOL, onMatchRequest, {
      maxRequestBytes: 128 * 1024,
      maxConcurrentPerPeer: 256,
    }),
    network.handle(BOOK_PROTOCOL, onBookRequest, { maxRequestBytes: 1_024, maxConcurrentPerPeer: 2 }),
    network.onPeer(({ type, peer }) => {
      if (type === 'connected') context.background('a book sync', () => syncWith(peer));
      else knownMatchmakers.delete(hex(peer));
    }),
  ];
  for (const peer of network.peers()) context.background('a book sync', () => syncWith(peer));

  return {
    async place(order) {
      takeIn(order);
      await context.publish(order.block);
    },
    async cancel(order, block) {
      drop(order.key);
      await context.publish(block);
    },
    restore(order) {
      takeIn(order);
    },
    changed(key, available, blocked) {
      const status = own.status(key);
      if (status === 'filled' || status === 'cancelled' || status === 'expired') {
        drop(key);
        return;
      }
      setAvailable(key, available);
      const listed = blocked.slice(0, MAX_UPDATE_BLOCKED);
      maker?.update(
        key,
        available,
        listed.map((id) => id.toString()),
      );
      reschedule();
      const order = own.get(key);
      if (order === undefined) return;
      for (const peer of knownMatchmakers.values()) {
        context.background('telling a matchmaker', async () => {
          const body = encodeMatchMessage({ kind: 'update', order: order.id, available, blocked: listed });
          await telling.run(() =>
            singleFrame(
              network.request(peer, MATCH_PROTOCOL, body, { signal: context.signal, maxFrameBytes: 256 }),
            ),
          );
        });
      }
    },
    traded,
    book: (asset, currency) => maker?.view(asset, currency) ?? { asset, currency, asks: [], bids: [] },
    matchmakers: () => [...knownMatchmakers.values()],
    stop() {
      stopped = true;
      cancelTimer();
      for (const release of releases) release();
    },
  };
}
