import type { Crypto, Environment, HalfBlock, PublicKey, Trustchain } from '@edmp/interface';
import { equalBytes, isEdmpError } from '@edmp/interface';
import {
  ASK_TYPE,
  BID_TYPE,
  CANCEL_TYPE,
  decodeCancel,
  decodeOrder,
  type SignedOrder,
} from '../blocks/order.ts';
import { TRADE_TYPE, TRANSFER_TYPE } from '../blocks/types.ts';

/** Blocks read from the store at a time. */
const PAGE = 1_000;

/** What {@link readStore} needs. */
export interface RestoreNeeds {
  readonly trustchain: Pick<Trustchain, 'self' | 'store'>;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly environment: Pick<Environment, 'now'>;
  /** Hears of every stored block, in order of arrival. */
  readonly onBlock: (block: HalfBlock) => void;
}

/** What the store holds of orders. */
export interface RestoredOrders {
  /** All own orders, and whether each was cancelled. */
  readonly own: readonly { readonly order: SignedOrder; readonly cancelled: boolean }[];
  /** Others' orders that are neither expired nor cancelled. */
  readonly others: readonly SignedOrder[];
  /** The newest transfers to this node and holds for it, newest last. */
  readonly incoming: readonly HalfBlock[];
  /** Whether there are older ones. */
  readonly hasOlderIncoming: boolean;
}

/** Newest payments that are handed on at once; older ones are read from the store again, a page at a time. */
const MAX_INCOMING = 1_000;

/** Reads the whole store once, in order of arrival. */
export async function readStore(needs: RestoreNeeds): Promise<RestoredOrders> {
  const { crypto, environment, onBlock, trustchain } = needs;
  const orders = new Map<string, SignedOrder>();
  const incoming: HalfBlock[] = [];
  let hasOlderIncoming = false;
  const cancels: { readonly key: string; readonly author: PublicKey }[] = [];
  for (let after = 0; ; ) {
    const page = await trustchain.store.since(after, PAGE);
    for (const { block, arrival } of page) {
      after = arrival;
      onBlock(block);
      const { type, key, peer, link } = block.core;
      const pays = type === TRANSFER_TYPE || (type === TRADE_TYPE && link !== null);
      if (pays && peer !== null && equalBytes(peer, trustchain.self)) {
        incoming.push(block);
        if (incoming.length > MAX_INCOMING) {
          incoming.shift();
          hasOlderIncoming = true;
        }
      }
      if (type === CANCEL_TYPE) {
        const order = readable(() => decodeCancel(block));
        if (order !== undefined) cancels.push({ key: order.toString(), author: key });
      }
      if (type !== ASK_TYPE && type !== BID_TYPE) continue;
      const order = readable(() => decodeOrder(block, crypto));
      if (order === undefined) continue;
      const mine = equalBytes(order.owner, trustchain.self);
      if (mine || order.expires > environment.now()) orders.set(order.key, order);
    }
    if (page.length < PAGE) break;
  }
  const cancelled = new Set<string>();
  for (const { key, author } of cancels) {
    const order = orders.get(key);
    if (order !== undefined && equalBytes(order.owner, author)) cancelled.add(key);
  }
  const all = [...orders.values()];
  const isOwn = (order: SignedOrder): boolean => equalBytes(order.owner, trustchain.self);
  return {
    own: all.filter(isOwn).map((order) => ({ order, cancelled: cancelled.has(order.key) })),
    others: all.filter((order) => !isOwn(order) && !cancelled.has(order.key)),
    incoming,
    hasOlderIncoming,
  };
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isEdmpError(error)) return undefined;
    throw error;
  }
}
