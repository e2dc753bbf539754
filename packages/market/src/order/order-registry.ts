import type { PublicKeyHex } from '@edmp/interface';
import { minHeap } from '@edmp/interface/bounded';
import type { OrderLimits } from './limits.ts';
import type { SignedOrder } from './signed-order.ts';

/** An open order known here, own ones included. */
export interface KnownOrder {
  readonly order: SignedOrder;
  /** Licences left as far as known. */
  available: number;
}

/** Why an order was not taken in. */
export type RegistryAnswer = 'added' | 'known' | 'closed' | 'expired' | 'trader-limit' | 'total-limit';

/** Everybody's open orders, bounded per trader, in number and in bytes. */
export interface OrderRegistry {
  readonly size: number;
  readonly bytes: number;
  add(order: SignedOrder): RegistryAnswer;
  get(key: string): KnownOrder | undefined;
  /** Takes an order out and remembers that it is closed, so a relay cannot bring it back. */
  close(key: string): KnownOrder | undefined;
  /** Whether `close` was called for it lately. */
  isClosed(key: string): boolean;
  /** Remembers a cancel that came before its order, by its author. */
  closeBefore(key: string, author: PublicKeyHex): void;
  /** Takes out and returns everything that expires at or before `now`. */
  expire(now: number): readonly KnownOrder[];
  /** Moment of the next expiry, or +∞. */
  nextExpiry(): number;
  values(): IterableIterator<KnownOrder>;
}

/** Closed and early-cancelled orders remembered, at most. */
const MEMORY = 20_000;

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= MEMORY) {
    for (const oldest of map.keys()) {
      map.delete(oldest);
      break;
    }
  }
  map.set(key, value);
}

/** An empty registry. `onEvict` hears of orders that made room; `now` tells the time, ms. */
export function orderRegistry(options: {
  readonly limits: OrderLimits;
  readonly now: () => number;
  /** Own orders are never refused or evicted. */
  readonly self: PublicKeyHex;
  readonly onEvict: (known: KnownOrder) => void;
}): OrderRegistry {
  const { limits, now, self, onEvict } = options;
  const orders = new Map<string, KnownOrder>();
  const perTrader = new Map<PublicKeyHex, number>();
  const closed = new Map<string, true>();
  const early = new Map<string, PublicKeyHex>();
  const expiries = minHeap<string>();
  let bytes = 0;

  const drop = (key: string): KnownOrder | undefined => {
    const known = orders.get(key);
    if (known === undefined) return undefined;
    orders.delete(key);
    bytes -= known.order.block.bytes.length;
    const owner = known.order.ownerHex;
    const left = (perTrader.get(owner) ?? 1) - 1;
    if (left === 0) perTrader.delete(owner);
    else perTrader.set(owner, left);
    return known;
  };

  const expire = (moment: number): readonly KnownOrder[] => {
    const out: KnownOrder[] = [];
    while (expiries.peekRank() <= moment) {
      const key = expiries.pop();
      const known = key === undefined ? undefined : drop(key);
      if (known !== undefined) out.push(known);
    }
    return out;
  };

  /** Makes room by evicting what expires last (0x Mesh's rule), if that is later than the newcomer. */
  const makeRoom = (order: SignedOrder): boolean => {
    for (const known of expire(now())) onEvict(known);
    const size = order.block.bytes.length;
    while (orders.size >= limits.total || bytes + size > limits.bytes) {
      let last: KnownOrder | undefined;
      for (const known of orders.values()) {
        if (known.order.ownerHex === self) continue;
        if (last === undefined || known.order.expires > last.order.expires) last = known;
      }
      if (last === undefined || last.order.expires <= order.expires) return false;
      drop(last.order.key);
      onEvict(last);
    }
    return true;
  };

  return {
    get size() {
      return orders.size;
    },
    get bytes() {
      return bytes;
    },
    add(order) {
      const { key, ownerHex } = order;
      if (orders.has(key)) return 'known';
      if (closed.has(key) || early.get(key) === ownerHex) return 'closed';
      if (order.expires <= now()) return 'expired';
      if (ownerHex !== self) {
        if ((perTrader.get(ownerHex) ?? 0) >= limits.perTrader) return 'trader-limit';
        const full = orders.size >= limits.total || bytes + order.block.bytes.length > limits.bytes;
        if (full && !makeRoom(order)) return 'total-limit';
      }
      orders.set(key, { order, available: order.quantity });
      perTrader.set(ownerHex, (perTrader.get(ownerHex) ?? 0) + 1);
      bytes += order.block.bytes.length;
      expiries.push(order.expires, key);
      return 'added';
    },
    get: (key) => orders.get(key),
    close(key) {
      remember(closed, key, true);
      return drop(key);
    },
    isClosed: (key) => closed.has(key),
    closeBefore: (key, author) => remember(early, key, author),
    expire,
    nextExpiry: () => expiries.peekRank(),
    values: () => orders.values(),
  };
}
