import type { BlockId, IncomingRequest, PublicKey } from '@edmp/interface';
import { equalBytes, isEdmpError, singleFrame } from '@edmp/interface';
import { semaphore, tokenBuckets } from '@edmp/interface/bounded';
import { hex } from '../codec/fields.ts';
import type { MarketContext } from '../context.ts';
import { MarketError } from '../errors.ts';
import { decodeOrder, type SignedOrder } from '../order/signed-order.ts';
import {
  decodeMatchMessage,
  decodeMatchReply,
  encodeMatchMessage,
  encodeMatchReply,
  MATCH_PROTOCOL,
} from './messages.ts';
import type { OrderKeeper } from './order-keeper.ts';

/** Match messages that one peer may send. */
const MATCH_RATE = { burst: 2_000, perSecond: 200 };
/** Match messages under way at once, below what a peer serves. */
const MAX_TELLING = 64;
/** Largest answer to a match message, bytes. */
const MAX_REPLY_BYTES = 256;

/** News between matchmakers and traders. */
export interface MatchMessages {
  /** Tells the owner of `order` that `counter` fits. */
  inform(order: SignedOrder, counter: SignedOrder): void;
  /** Tells a matchmaker what is left of an own order, and which asks it gave up on. */
  tell(matchmaker: PublicKey, order: SignedOrder, available: number, blocked: readonly BlockId[]): void;
  stop(): void;
}

/** Starts serving {@link MATCH_PROTOCOL}. `onOwnMatch`: a matchmaker found `counter` for an own order. */
export function matchMessages(
  context: MarketContext,
  keeper: Pick<OrderKeeper, 'drop' | 'update'>,
  onOwnMatch: (order: SignedOrder, counter: SignedOrder) => void,
): MatchMessages {
  const { crypto, environment, network, own, registry, trustchain } = context;
  const matchRate = tokenBuckets(MATCH_RATE, environment.now);
  const telling = semaphore(MAX_TELLING);

  const onRequest = async ({ from, body }: IncomingRequest): Promise<Uint8Array> => {
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
      keeper.update(key, message.available, message.blocked);
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

  const release = network.handle(MATCH_PROTOCOL, onRequest, {
    maxRequestBytes: 128 * 1024,
    maxConcurrentPerPeer: 256,
  });

  return {
    inform(order, counter) {
      context.background('telling a trader about a match', async () => {
        const body = encodeMatchMessage({ kind: 'match', order: order.id, counter: counter.block.bytes });
        try {
          const reply = decodeMatchReply(
            await telling.run(() =>
              singleFrame(
                network.request(order.owner, MATCH_PROTOCOL, body, {
                  signal: context.signal,
                  timeoutMs: context.durations.negotiate,
                  maxFrameBytes: MAX_REPLY_BYTES,
                }),
              ),
            ),
          );
          // The owner speaks for its own order: what it says is closed is closed.
          if (!reply.open) keeper.drop(order.key);
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          // Out of reach: the match ends by itself and the order stays for when its owner is back.
        }
      });
    },
    tell(matchmaker, order, available, blocked) {
      context.background('telling a matchmaker', async () => {
        const body = encodeMatchMessage({ kind: 'update', order: order.id, available, blocked });
        await telling.run(() =>
          singleFrame(
            network.request(matchmaker, MATCH_PROTOCOL, body, {
              signal: context.signal,
              maxFrameBytes: MAX_REPLY_BYTES,
            }),
          ),
        );
      });
    },
    stop: release,
  };
}
