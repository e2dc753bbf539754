import type { BlockId, HalfBlock, PublicKey, TopicVerdict } from '@edmp/interface';
import { equalBytes, isEdmpError, publicKeyToHex } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { hex } from '../codec/fields.ts';
import type { MarketContext } from '../context.ts';
import type { BookView } from '../market.ts';
import {
  ASK_TYPE,
  BID_TYPE,
  CANCEL_TYPE,
  decodeCancel,
  decodeOrder,
  type SignedOrder,
} from '../order/signed-order.ts';
import { COMPLAINT_TYPE, TRADE_TYPE, WITHDRAWAL_TYPE } from '../trade/blocks.ts';
import { bookSync } from './book-sync.ts';
import { matchMessages } from './match-messages.ts';
import { MAX_UPDATE_BLOCKED } from './messages.ts';
import { type OrderKeeperEvents, orderKeeper } from './order-keeper.ts';

/** Topic messages that one peer may deliver. */
const TOPIC_RATE = { burst: 5_000, perSecond: 500 };

/** What the order flow tells its market. */
export interface OrderFlowEvents extends Pick<OrderKeeperEvents, 'onListing' | 'onOwnClosed'> {
  /** An own bid met an ask. */
  onMatch(bid: string, ask: SignedOrder): void;
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

/** Starts serving and listening. `isMatchmaker`: keep books and inform traders. */
export function orderFlow(
  context: MarketContext,
  topic: string,
  isMatchmaker: boolean,
  events: OrderFlowEvents,
): OrderFlow {
  const { crypto, environment, network, own, registry, selfHex, trustchain } = context;
  const topicRate = tokenBuckets(TOPIC_RATE, environment.now);

  const onOwnMatch = (order: SignedOrder, counter: SignedOrder): void => {
    if (order.side === 'bid') events.onMatch(order.key, counter);
  };
  const keeper = orderKeeper(context, isMatchmaker, {
    onListing: events.onListing,
    onOwnClosed: events.onOwnClosed,
    onMatch(order, counter) {
      if (order.ownerHex === selfHex) onOwnMatch(order, counter);
      else messages.inform(order, counter);
    },
  });
  const messages = matchMessages(context, keeper, onOwnMatch);

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
    keeper.drop(key);
    return 'accept';
  };

  /** Takes in a block that has passed TrustChain's checks. */
  const consume = async (block: HalfBlock, from: PublicKey): Promise<TopicVerdict> => {
    switch (block.core.type) {
      case ASK_TYPE:
      case BID_TYPE: {
        const order = decodeOrder(block, crypto);
        if (order.expires <= environment.now()) return 'ignore';
        return keeper.takeIn(order) || registry.get(order.key) !== undefined || !isMatchmaker
          ? 'accept'
          : 'ignore';
      }
      case CANCEL_TYPE:
        return cancelBy(block, from);
      case TRADE_TYPE:
        if (block.core.link === null) return 'reject';
        keeper.traded(block);
        return 'accept';
      case COMPLAINT_TYPE:
      case WITHDRAWAL_TYPE:
        keeper.traded(block);
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

  const leave = network.subscribe(topic, onTopic);
  const sync = bookSync(context, isMatchmaker, consume);

  return {
    async place(order) {
      keeper.takeIn(order);
      await context.publish(order.block);
    },
    async cancel(order, block) {
      keeper.drop(order.key);
      await context.publish(block);
    },
    restore(order) {
      keeper.takeIn(order);
    },
    changed(key, available, blocked) {
      const status = own.status(key);
      if (status === 'filled' || status === 'cancelled' || status === 'expired') {
        keeper.drop(key);
        return;
      }
      const listed = blocked.slice(0, MAX_UPDATE_BLOCKED);
      keeper.update(key, available, listed);
      const order = own.get(key);
      if (order === undefined) return;
      for (const peer of sync.matchmakers()) messages.tell(peer, order, available, listed);
    },
    traded: keeper.traded,
    book: keeper.book,
    matchmakers: sync.matchmakers,
    stop() {
      keeper.stop();
      leave();
      messages.stop();
      sync.stop();
    },
  };
}
