import type { AbortOptions } from '@edmp/interface';

/** Why one of this node's bids leaves an ask alone that would suit it. */
export interface PutAsideView {
  /** Id of the ask: the listing's `order`. */
  readonly ask: string;
  readonly code: string;
  /** What was in the way; a stranger's words where the seller declined. */
  readonly reason: string;
  /** When it is tried again, ms since the epoch; null: not any more. */
  readonly again: number | null;
}

/** One of this node's own orders. */
export interface OrderView {
  readonly order: string;
  readonly side: 'ask' | 'bid';
  readonly asset: string;
  readonly price: bigint;
  readonly currency: string;
  /** Name of the currency for people: `DUM1`, or the label with the start of its issuer's key, `SUN·3f2a91c40b7de815`. */
  readonly currencyLabel: string;
  readonly quantity: number;
  readonly filled: number;
  readonly reserved: number;
  readonly status: 'open' | 'completed' | 'cancelled' | 'expired';
  readonly created: number;
  readonly expires: number;
  /** Sequence number of the order's block in its trader's chain, so every node gives an order the same number; used by the compatible REST routes. */
  readonly number: number;
  /** Of a bid: asks that it tried or could not try, newest last. */
  readonly aside: readonly PutAsideView[];
}

/** An open order in the book, anybody's. */
export interface BookOrderView {
  readonly order: string;
  readonly side: 'ask' | 'bid';
  /** Sequence number of the order's block in its trader's chain. */
  readonly number: number;
  /** Public key of the trader, hex. */
  readonly trader: string;
  readonly asset: string;
  /** Price of one licence, minor units. */
  readonly price: bigint;
  readonly currency: string;
  /** Name of the currency for people: `DUM1`, or the label with the start of its issuer's key, `SUN·3f2a91c40b7de815`. */
  readonly currencyLabel: string;
  readonly quantity: number;
  readonly filled: number;
  readonly created: number;
  readonly expires: number;
}

/** An offer of a dataset that this node already holds, by its asset id. */
export interface AskRequest {
  readonly asset: string;
  /** Price of one licence, minor units. */
  readonly price: bigint;
  readonly currency: string;
  /** Licences for sale; 1 = exclusive. */
  readonly supply: number;
  readonly lifetimeMs: number;
}

/** A bid for a listed asset. */
export interface BuyRequest {
  readonly asset: string;
  /** Highest price of one licence, minor units; default: the listing's. */
  readonly price?: bigint;
  /** Default: the listing's. */
  readonly currency?: string;
  readonly lifetimeMs?: number;
  /** Buy although this node holds a licence of the data, or is about to. Default false. */
  readonly again?: boolean;
  /** Go on with other sellers for the bid's life after a deal failed. Default false: the bid is cancelled with it. */
  readonly keepTrying?: boolean;
  /** Look at so many randomly drawn parts of the data before any money is held, 1 … 32. Default: none. */
  readonly spotCheck?: number;
}

/** A matchmaker that this node knows. */
export interface MatchmakerView {
  /** Public key, hex. */
  readonly key: string;
  /** Multiaddr, e.g. `/ip4/127.0.0.1/tcp/4001`; null when unknown. */
  readonly address: string | null;
}

/** Asks and bids, the owner's and everybody's. */
export interface OrderService {
  /** Puts a dataset that this node already holds up for sale again. Throws `ERR_SETTLEMENT_UNKNOWN_DATASET` for any other asset. */
  ask(request: AskRequest, options?: AbortOptions): Promise<OrderView>;
  /** Bids for a listed asset; default price: the listing's. */
  buy(request: BuyRequest, options?: AbortOptions): Promise<OrderView>;
  cancel(order: string, options?: AbortOptions): Promise<void>;
  orders(options?: AbortOptions): Promise<readonly OrderView[]>;
  /** The open orders of everybody, as far as this node knows them. */
  book(options?: AbortOptions): Promise<readonly BookOrderView[]>;
  matchmakers(options?: AbortOptions): Promise<readonly MatchmakerView[]>;
}
