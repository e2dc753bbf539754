import type {
  AbortOptions,
  AssetId,
  AttestationLevel,
  BlockId,
  Commodity,
  Consumption,
  Crypto,
  DatasetDocument,
  Environment,
  Flow,
  IntervalStep,
  KeyValueStore,
  Network,
  PublicKey,
  Settlement,
  Signer,
  Trustchain,
  Wallet,
  WalletBalance,
} from '@edmp/interface';
import type { Currency } from './asset/currency.ts';
import type { Price } from './asset/price.ts';
import type { MarketErrorCode } from './errors.ts';
import type { OrderLimits } from './order/limits.ts';
import type { RiskPolicy } from './risk/policy.ts';

/** Options of `createMarket`. */
export interface MarketOptions {
  readonly trustchain: Trustchain;
  readonly network: Network;
  readonly settlement: Settlement;
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** Signs terms; its key must be `trustchain.self`. */
  readonly signer: Signer;
  /** Durable records of trades and used payments, under the prefix `market/`. */
  readonly records: KeyValueStore;
  /** Keep a book of everybody's orders and tell traders about matches. Default `true`. */
  readonly matchmaker?: boolean;
  /** Default `defaultRiskPolicy`. */
  readonly risk?: RiskPolicy;
  /** Currencies besides `DUM1` and `DUM2`, e.g. community tokens with their issuer's key. */
  readonly currencies?: readonly Currency[];
  /** Lengths of the phases of trades that this node proposes. */
  readonly deadlines?: Partial<TradeDurations>;
  /** How much of other traders' orders this node keeps. */
  readonly limits?: Partial<OrderLimits>;
  /** Witnesses of the key release that this node asks for as a buyer, taken from matchmakers it knows. Default 1. */
  readonly witnesses?: number;
}

/** Lengths of the phases of a trade, ms; each starts when the one before ends. */
export interface TradeDurations {
  /** One negotiation message and its answer. Default 10 000. */
  readonly negotiate: number;
  /** Until the seller's trade proposal. Default 60 000. */
  readonly deliver: number;
  /** Until the buyer's agreement. Default 60 000. */
  readonly accept: number;
  /** Until the seller's key release. Default 60 000. */
  readonly release: number;
  /** For a complaint or a withdrawal; silence then pays the seller. Default 3 600 000. */
  readonly complain: number;
}

/** Which side of the market an order is on: an ask sells a data asset for money, a bid buys it. */
export type OrderSide = 'ask' | 'bid';

/** `open` can trade; `filled` has no quantity left. */
export type OrderStatus = 'open' | 'filled' | 'cancelled' | 'expired';

/** An order. */
export interface Order {
  /** Its signed source block. */
  readonly id: BlockId;
  /** Sequence number of its block in the trader's chain, so every node gives an order the same number. */
  readonly number: number;
  readonly side: OrderSide;
  readonly owner: PublicKey;
  readonly asset: AssetId;
  readonly price: Price;
  /** Licences for sale or wanted. */
  readonly quantity: number;
  /** Licences traded for good. */
  readonly filled: number;
  /** Licences in trades that are not finished; of others' orders 0. */
  readonly reserved: number;
  /** ms since the epoch. */
  readonly created: number;
  /** From this moment on the order cannot match, ms since the epoch. */
  readonly expires: number;
  readonly status: OrderStatus;
  /** What an ask sells. */
  readonly document?: DatasetDocument;
}

/** What {@link Market.sell} offers. */
export interface Offer {
  readonly document: DatasetDocument;
  /** Money per licence. */
  readonly price: Price;
  /** Licences for sale: 1 = exclusive, `UNLIMITED_SUPPLY` = as many as are wanted. */
  readonly supply: number;
  /** 1 ms … 366 days. */
  readonly lifetimeMs: number;
}

/** What {@link Market.buy} asks for. */
export interface Bid {
  readonly asset: AssetId;
  /** Most that one licence may cost. */
  readonly price: Price;
  /** 1 ms … 1 day. */
  readonly lifetimeMs: number;
  /** Licences wanted. Default 1. */
  readonly quantity?: number;
}

/** An open ask known here, of anybody. */
export interface Listing {
  readonly order: BlockId;
  readonly seller: PublicKey;
  readonly asset: AssetId;
  readonly document: DatasetDocument;
  readonly price: Price;
  readonly supply: number;
  /** Licences left, as far as this node knows. */
  readonly available: number;
  readonly created: number;
  readonly expires: number;
}

/** Conditions of {@link Market.listings}; all given ones must hold. */
export interface ListingQuery {
  /** Words that the title, licence or purposes contain (prefixes count), any letter case. */
  readonly text?: string;
  /** Days that the series must overlap, `YYYY-MM-DD`, inclusive. */
  readonly from?: string;
  readonly to?: string;
  /** Geohash prefix. */
  readonly cell?: string;
  readonly commodity?: Commodity;
  readonly flow?: Flow;
  readonly step?: IntervalStep;
  /** Only this currency. */
  readonly currency?: AssetId;
  /** At most this price (also fixes the currency). */
  readonly maxPrice?: Price;
  /** At least this level. */
  readonly attestation?: AttestationLevel;
  readonly seller?: PublicKey;
  readonly asset?: AssetId;
  /** Default `price` (cheapest first, currencies in order of id); `newest` = latest created first. */
  readonly sort?: 'price' | 'newest';
  /** Results to skip. Default 0. */
  readonly offset?: number;
  /** Default 50, at most 1 000. */
  readonly limit?: number;
}

/** One price with everything that rests there. */
export interface BookLevel {
  readonly price: Price;
  readonly orders: number;
  /** Licences. */
  readonly quantity: bigint;
}

/** Both sides of one market as this node knows it; empty on nodes that are no matchmakers. */
export interface BookView {
  readonly asset: AssetId;
  readonly currency: AssetId;
  /** Cheapest first. */
  readonly asks: readonly BookLevel[];
  /** Dearest first. */
  readonly bids: readonly BookLevel[];
}

/** Text form of a trade's id: hex of SHA-256 over the canonical terms. */
export type TradeId = string;

/** States of a trade; the table `TRADE_TRANSITIONS` says what leads from one to the next. */
export type TradeState =
  | 'negotiating'
  | 'accepted'
  | 'proposed'
  | 'agreed'
  | 'released'
  | 'complained'
  | 'completed'
  | 'failed';

/** One thing that happened in a trade. */
export interface TradeStep {
  readonly state: TradeState;
  /** ms since the epoch, of the block where there is one. */
  readonly time: number;
  /** The block that took the trade here; null for steps that leave no block. */
  readonly block: BlockId | null;
  /** Who signed it. */
  readonly signer: PublicKey | null;
}

/** Why a trade ended without success. */
export interface TradeFailure {
  readonly code: MarketErrorCode;
  readonly reason: string;
}

/** Last moments of the phases, ms since the epoch, fixed in the terms. */
export interface TradeDeadlines {
  readonly deliver: number;
  readonly accept: number;
  readonly release: number;
  readonly complain: number;
}

/** One of this node's trades. */
export interface Trade {
  readonly id: TradeId;
  readonly role: 'seller' | 'buyer';
  readonly state: TradeState;
  readonly ask: BlockId;
  readonly bid: BlockId;
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  readonly asset: AssetId;
  readonly document: DatasetDocument;
  readonly quantity: number;
  readonly price: Price;
  /** Money in all, minor units. */
  readonly amount: bigint;
  readonly deadlines: TradeDeadlines;
  readonly steps: readonly TradeStep[];
  readonly failure?: TradeFailure;
  /** Most that this node can lose now, minor units of the price's currency. */
  readonly atRisk: bigint;
}

/** What a finished purchase gives. */
export interface Delivery {
  readonly document: DatasetDocument;
  readonly consumption: Consumption;
}

/** Who holds how many licences of an asset, from chains alone. */
export interface LicenceHolding {
  readonly asset: AssetId;
  readonly trade: TradeId;
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  readonly quantity: number;
  /** ms since the epoch. */
  readonly time: number;
  readonly status: 'held' | 'final' | 'returned';
}

/** Something refused because it broke a rule, kept as evidence. */
export interface MarketEvidence {
  readonly code: string;
  readonly reason: string;
  /** Authenticated peer that sent it. */
  readonly peer: PublicKey;
  readonly time: number;
}

/** What {@link Market.on} reports. */
export type MarketEvent =
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'listing'; readonly change: 'added' | 'removed' | 'changed'; readonly listing: Listing }
  | { readonly type: 'trade'; readonly trade: Trade }
  | { readonly type: 'evidence'; readonly evidence: MarketEvidence };

/**
 * A trader's view of the market, and a matchmaker when asked to be one (DESIGN §4).
 *
 * Errors are {@link MarketError}s; after {@link Market.stop} every call that acts throws `ERR_MARKET_STOPPED`.
 */
export interface Market {
  readonly self: PublicKey;
  readonly matchmaker: boolean;
  /** Currencies that balances are kept in. */
  readonly currencies: readonly Currency[];
  /**
   * Signs and publishes an ask. Throws `ERR_ORDER_AMOUNT`, `ERR_ORDER_LIFETIME`, `ERR_ORDER_NO_DATA`,
   * `ERR_ORDER_EXCLUSIVE`, `ERR_ORDER_LIMIT`, `ERR_MARKET_UNKNOWN` (currency), `ERR_MARKET_FORMAT` (document).
   */
  sell(offer: Offer, options?: AbortOptions): Promise<Order>;
  /** Signs and publishes a bid. Throws as {@link Market.sell} does, and `ERR_WALLET_INSUFFICIENT`. */
  buy(bid: Bid, options?: AbortOptions): Promise<Order>;
  /** Cancels an own open order; trades under way go on. Throws `ERR_MARKET_UNKNOWN`, `ERR_ORDER_OWNER`, `ERR_ORDER_CLOSED`. */
  cancel(order: BlockId, options?: AbortOptions): Promise<void>;
  /** Own orders of both sides, in order of number. */
  orders(): readonly Order[];
  listings(query?: ListingQuery): Promise<readonly Listing[]>;
  book(asset: AssetId, currency: AssetId): BookView;
  /** Everybody's open orders, as far as this node knows them; bids only on matchmakers. */
  openOrders(): readonly Order[];
  /** Connected peers that serve as matchmakers. */
  matchmakers(): readonly PublicKey[];
  /** Own trades, oldest first. */
  trades(): readonly Trade[];
  /** Throws `ERR_MARKET_UNKNOWN`. */
  trade(id: TradeId): Trade;
  /** Data of a completed purchase. Throws `ERR_TRADE_STATE` before completion. */
  delivery(id: TradeId, options?: AbortOptions): Promise<Delivery>;
  /** One wallet per currency, and `EW` for licences. */
  wallets(): readonly Wallet[];
  /** Balance of any account as far as its blocks are known here. */
  balance(account: PublicKey, currency: AssetId): Promise<WalletBalance>;
  /** Who bought licences of `asset`, from the blocks known here. */
  licences(asset: AssetId): readonly LicenceHolding[];
  /** Mints community tokens; only their issuer can. Throws `ERR_WALLET_UNSUPPORTED`. Returns the block's id. */
  issue(currency: AssetId, to: PublicKey, amount: bigint, options?: AbortOptions): Promise<BlockId>;
  /** The latest refused attacks and rule breaks, oldest first (at most 1 000). */
  evidence(): readonly MarketEvidence[];
  /** Listens until the returned function is called. */
  on(listener: (event: MarketEvent) => void): () => void;
  /** Stops serving and all timers; unfinished trades resume when a market is created over the same records. */
  stop(): Promise<void>;
}
