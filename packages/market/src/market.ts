import type {
  AbortOptions,
  AssetId,
  BlockId,
  Consumption,
  Crypto,
  DatasetDocument,
  Environment,
  HalfBlock,
  KeyValueStore,
  Network,
  PublicKey,
  Settlement,
  Signer,
  Trustchain,
  Wallet,
  WalletBalance,
} from '@edmp/interface';
import type { PruneSeverity } from '@edmp/trustchain/pruning';
import type { TrustExplanation } from '@edmp/trustchain/trust';
import type { Currency, CurrencyId } from './asset/currency.ts';
import type { Price } from './asset/price.ts';
import type { TradeDeadlines, TradeId } from './blocks/terms.ts';
import type { BookView } from './book/view.ts';
import type { LicenceHolding } from './ledger/history.ts';
import type { Listing, ListingQuery } from './listing/listing.ts';
import type { TradeDurations } from './negotiation/settings.ts';
import type { SignedProof } from './notary/answers.ts';
import type { Certificate } from './notary/certificate.ts';
import type { NotaryRole } from './notary/role.ts';
import type { OrderLimits } from './order/limits.ts';
import type { Order, OrderStatus } from './order/order.ts';
import type { RiskPolicy } from './risk/policy.ts';
import type { TradeRole, TradeState } from './trade/states.ts';
import type { TradeFailure, TradeStep } from './trade/trade.ts';

/** Options of `createMarket`. */
export interface MarketOptions {
  readonly trustchain: Trustchain;
  readonly network: Network;
  readonly settlement: Settlement;
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** Its key must be `trustchain.self`. */
  readonly signer: Signer;
  /** Durable records of trades, payments and calls, under the prefix `market/`. */
  readonly records: KeyValueStore;
  /** Keep a book of everybody's orders and tell traders about matches. Default `true`. */
  readonly matchmaker?: boolean;
  /** What is accepted of counterparties. Default `defaultRiskPolicy`. */
  readonly risk?: RiskPolicy;
  /**
   * Issued currencies to know from the start, as their issuers' signed `market/currency` blocks; more can be added
   * while it runs ({@link Market.addCurrency}). The test currencies are always known.
   */
  readonly currencies?: readonly Uint8Array[];
  /** Lengths of the phases of trades that this node proposes. */
  readonly deadlines?: Partial<TradeDurations>;
  /** How much of other traders' orders this node keeps. */
  readonly limits?: Partial<OrderLimits>;
  /** Who decides what becomes of held test money. Issued money has its notaries for that. */
  readonly witnesses?: WitnessSettings;
  /** As a buyer: complaint windows below an hour are fine. Default `false`. */
  readonly shortComplaints?: boolean;
  /** A trade with the lone notary of its currency, which would judge its own deal, is fine. Default `false`. */
  readonly loneNotaryParty?: boolean;
  /**
   * Longest delay and clock skew between witnesses that their rounds, and a seller's margin before the release deadline,
   * allow for, ms: all witnesses and traders of a deal have to agree on it. Default 60 000.
   */
  readonly deltaMs?: number;
  /** Serve as notary and witness: `notary({ store })` of `@edmp/market/notary`. Default: this node is none. */
  readonly notary?: NotaryRole;
}

/** Whom this node trusts with the outcome of trades in test money (DESIGN §4.4.4). */
export interface WitnessSettings {
  /** Statement keys; up to four go into every ask of this node. A trade has one or four that both sides trust. */
  readonly keys?: readonly PublicKey[];
  /**
   * Trade also with nobody to decide: then the receipt pays, and without one the buyer takes its money back, key in
   * hand or not. Both sides must have it switched on. Default `false`.
   */
  readonly allowNone?: boolean;
}

/** Options of calls that sign something. */
export interface CallOptions extends AbortOptions {
  /**
   * Name of this call, 1 … 128 printable ASCII characters: repeated with the same arguments it has its effect once and
   * gives the same result, also after a restart; with others it throws `ERR_IDEMPOTENCY`. The last 1 000 are kept.
   */
  readonly key?: string | undefined;
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
  /** Licences wanted. Default one lot of the price. */
  readonly quantity?: number;
  /** Buy although this node holds a licence of the data, or is about to. Default `false`. */
  readonly again?: boolean;
  /** Go on with other sellers, for the bid's life, after a deal failed. Default `false`: the bid is cancelled with it. */
  readonly keepTrying?: boolean;
}

/** What {@link Market.issueCurrency} opens. */
export interface CurrencyOffer {
  /** 2 … 12 upper-case letters and digits, a letter first. Only a label: the currency's name is its id. */
  readonly label: string;
  /** Decimals that a person sees, 0 … 8. */
  readonly precision: number;
  /** 1, 4 or 7 statement keys, for good. Default: this node's own notary. */
  readonly notaries?: readonly PublicKey[];
}

/** A payment outside any trade. From its issuer's account it mints. */
export interface Transfer {
  readonly currency: CurrencyId;
  readonly to: PublicKey;
  /** Minor units. */
  readonly amount: bigint;
  /** At most 64 displayable characters. */
  readonly memo?: string;
}

/** One of this node's trades. */
export interface Trade {
  readonly id: TradeId;
  readonly role: TradeRole;
  readonly state: TradeState;
  /** Whether the state is the last one. */
  readonly finished: boolean;
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
  /** Statement keys of those who decide: the notaries of issued money, or the witnesses agreed on; none without. */
  readonly witnesses: readonly PublicKey[];
  readonly steps: readonly TradeStep[];
  readonly failure?: TradeFailure;
  /** Most that this node can lose now, minor units of the price's currency. */
  readonly atRisk: bigint;
}

/** What shows to anybody how far a trade came. */
export interface TradeEvidence {
  readonly trade: TradeId;
  /** The buyer's agreement: the money is held. */
  readonly hold: BlockId | null;
  /** Certificate of the hold by the currency's notaries; null in test money. */
  readonly spend: Certificate | null;
  /** Acknowledgements of the release by a quorum of witnesses. */
  readonly acks: Certificate | null;
  readonly outcome: TradeOutcome | null;
}

/** What became of the held money. */
export interface TradeOutcome {
  /** `paid`, `refund`, `none` by the witnesses; `receipt`, or `unwitnessed` (taken back), where there are none. */
  readonly kind: 'paid' | 'refund' | 'none' | 'receipt' | 'unwitnessed';
  readonly certificate: Certificate | null;
}

/** Everything signed that bears on one finished trade, for a file that anybody can check. */
export interface DealEvidence {
  readonly trade: TradeId;
  readonly ask: HalfBlock;
  /** null when it is not known here any more. */
  readonly bid: HalfBlock | null;
  /** Block that opened the currency; null for test money. */
  readonly currency: HalfBlock | null;
  /** The seller's offer, which holds the terms. */
  readonly proposal: HalfBlock;
  readonly hold: HalfBlock | null;
  readonly release: HalfBlock | null;
  readonly receipt: HalfBlock | null;
  /** Certificate of the hold; issued money only. */
  readonly spend: Certificate | null;
  /** Acknowledgements of the release. */
  readonly acks: Certificate | null;
  /** `paid`, `refund` or `none`. */
  readonly outcome: Certificate | null;
  /** The buyer's one-time public key, whose digest the terms hold. */
  readonly recipientKey: Uint8Array;
  /** What opens the lock of the release; null without one. */
  readonly opener: Uint8Array | null;
  /** The buyer's proof that the seller cheated; opens at most one chunk of the data. */
  readonly proof: Uint8Array | null;
  /** Seller: the buyer's complaint that was a lie; shows what the complaint showed. */
  readonly lie: SignedProof | null;
}

/** A proof of misbehaviour in a trade, judged here. */
export interface TradeProof {
  /** Such as `wrong-key`, `wrong-data`, `wrong-description`; against a buyer `false-complaint`. */
  readonly kind: string;
  readonly against: TradeRole;
  /** Whether it proves what it says. */
  readonly guilty: boolean;
  readonly reason: string;
  /** Canonical bytes; may show one chunk of the data. */
  readonly bytes: Uint8Array;
}

/** What a finished purchase gives. */
export interface Delivery {
  readonly document: DatasetDocument;
  readonly consumption: Consumption;
}

/** What an agent is to this node by the completed deals that it knows, in one currency: NetFlow with its reasons, and MeritRank. */
export interface AgentTrust extends TrustExplanation {
  readonly agent: PublicKey;
  readonly currency: CurrencyId;
  /** MeritRank: of {@link AgentTrust.walks} random walks from this node along its deals, those that come to the agent. */
  readonly hits: number;
  readonly walks: number;
  /** Canonical fraud proofs against it, each for itself. */
  readonly proofs: readonly Uint8Array[];
}

/** Something refused because it broke a rule, kept as evidence. */
export interface MarketEvidence {
  readonly code: string;
  readonly reason: string;
  /** Authenticated peer that sent it. */
  readonly peer: PublicKey;
  readonly time: number;
}

/** What {@link Market.on} and {@link Market.events} report. */
export type MarketEvent =
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'listing'; readonly change: 'added' | 'removed' | 'changed'; readonly listing: Listing }
  | { readonly type: 'trade'; readonly trade: Trade }
  /** Money came to, left, or was given back to this node's account. */
  | { readonly type: 'wallet'; readonly currency: CurrencyId }
  | { readonly type: 'evidence'; readonly evidence: MarketEvidence };

/** Options of {@link Market.waitFor} for an order. */
export interface OrderWait extends AbortOptions {
  /** Default: anything but `open`. */
  readonly until?: OrderStatus | readonly OrderStatus[];
}

/** Options of {@link Market.waitFor} for a trade. */
export interface TradeWait extends AbortOptions {
  /** Default: any last state. */
  readonly until?: TradeState | readonly TradeState[];
}

/**
 * A trader's view of the market, and a matchmaker, notary and witness when asked to be one (DESIGN §4).
 *
 * Errors are `MarketError`s, and `ERR_ABORTED` when the caller's signal fires; after {@link Market.stop} every call
 * that acts throws `ERR_MARKET_STOPPED`. An argument that is none throws `ERR_MARKET_FORMAT`.
 */
export interface Market extends AsyncDisposable {
  readonly self: PublicKey;
  readonly matchmaker: boolean;
  /** Statement keys under which this node serves as notary and witness; none when it does not. */
  readonly notaryKeys: readonly PublicKey[];
  /** Currencies known here: the test currencies, and issued ones that were added or met. */
  currencies(): readonly Currency[];
  /**
   * Whether this node's owner chose a currency: a test currency, or one that it added, issued or paid in. Others were only
   * met, and anybody may give a currency any label.
   */
  isChosenCurrency(currency: CurrencyId): boolean;
  /** Adds a currency by its issuer's signed `market/currency` block. Throws `ERR_MARKET_FORMAT`, `ERR_BLOCK_*`. */
  addCurrency(block: Uint8Array, options?: AbortOptions): Promise<Currency>;
  /** Opens a currency of this node's own. Throws `ERR_MARKET_FORMAT`, `ERR_CURRENCY_UNKNOWN` (no notary here and none named), `ERR_CURRENCY_LABEL` (issued before), `ERR_IDEMPOTENCY`. */
  issueCurrency(offer: CurrencyOffer, options?: CallOptions): Promise<Currency>;
  /** The signed block that opens an issued currency, to hand to others. Throws `ERR_CURRENCY_UNKNOWN`. */
  currencyBlock(currency: CurrencyId): HalfBlock;
  /**
   * Signs and publishes an ask. Throws `ERR_ORDER_AMOUNT`, `ERR_ORDER_LIFETIME`, `ERR_ORDER_NO_DATA`,
   * `ERR_ORDER_EXCLUSIVE`, `ERR_ORDER_LIMIT`, `ERR_CURRENCY_UNKNOWN`, `ERR_TRADE_WITNESSES` (none to name),
   * `ERR_MARKET_FORMAT` (document), `ERR_IDEMPOTENCY`.
   */
  sell(offer: Offer, options?: CallOptions): Promise<Order>;
  /**
   * Signs and publishes a bid. Throws as {@link Market.sell} does, `ERR_WALLET_INSUFFICIENT`, and
   * `ERR_ORDER_EXCLUSIVE` for data that this node has a licence of, unless `again` is set.
   */
  buy(bid: Bid, options?: CallOptions): Promise<Order>;
  /** Cancels an order of one's own; holds on it go on. Throws `ERR_MARKET_UNKNOWN`, `ERR_ORDER_OWNER`, `ERR_ORDER_CLOSED`. */
  cancel(order: BlockId, options?: AbortOptions): Promise<void>;
  /** Own orders of both sides, in order of number. */
  orders(): readonly Order[];
  listings(query?: ListingQuery, options?: AbortOptions): Promise<readonly Listing[]>;
  /** What this node's view of completed deals says of an agent. Of a currency without deals: nothing. Throws `ERR_ABORTED`. */
  trust(agent: PublicKey, currency: CurrencyId, options?: AbortOptions): Promise<AgentTrust>;
  book(asset: AssetId, currency: CurrencyId): BookView;
  /** Everybody's open orders, as far as this node knows them; bids only on matchmakers. */
  openOrders(): readonly Order[];
  /** Connected peers that serve as matchmakers. */
  matchmakers(): readonly PublicKey[];
  /** Own trades, oldest first. */
  trades(): readonly Trade[];
  /** Throws `ERR_MARKET_UNKNOWN`. */
  trade(id: TradeId): Trade;
  /** What shows how far a trade came. Throws `ERR_MARKET_UNKNOWN`. */
  tradeEvidence(id: TradeId): TradeEvidence;
  /**
   * The same, after asking the witnesses what became of the hold when that is not known: outcomes are asked for by
   * themselves only when the money is wanted. Silent witnesses are no error. Throws `ERR_MARKET_UNKNOWN`, `ERR_ABORTED`.
   */
  askOutcome(id: TradeId, options?: AbortOptions): Promise<TradeEvidence>;
  /**
   * Everything signed that bears on a finished trade. Throws `ERR_MARKET_UNKNOWN`, and `ERR_TRADE_STATE` before its end
   * or when no offer was signed for it.
   */
  dealEvidence(id: TradeId, options?: AbortOptions): Promise<DealEvidence>;
  /** Proofs of misbehaviour in a trade that this node made or met. Throws `ERR_MARKET_UNKNOWN`. */
  tradeProofs(id: TradeId, options?: AbortOptions): Promise<readonly TradeProof[]>;
  /**
   * Destroys what the records of a finished trade hold of the data: proofs, which may show a chunk. What was signed stays.
   * Throws `ERR_MARKET_UNKNOWN`, `ERR_TRADE_STATE`.
   */
  forgetProofs(id: TradeId, options?: AbortOptions): Promise<void>;
  /** Data of a completed purchase. Throws `ERR_TRADE_STATE` before completion. */
  delivery(id: TradeId, options?: AbortOptions): Promise<Delivery>;
  /** Waits for a state of one’s own order or trade, and gives it as it is then. Throws `ERR_MARKET_UNKNOWN`, `ERR_ABORTED`. */
  waitFor(order: Order, options?: OrderWait): Promise<Order>;
  waitFor(trade: Trade, options?: TradeWait): Promise<Trade>;
  /** One wallet for every currency that own money may be in (chosen, or paid in), and `EW` for licences. */
  wallets(): readonly Wallet[];
  /** Balance of any account as far as its blocks are known here. */
  balance(account: PublicKey, currency: CurrencyId): Promise<WalletBalance>;
  /** Pays outside a trade; resolves with the block's id once it is signed, its certificate follows. Throws as `Wallet.transfer`. */
  transfer(transfer: Transfer, options?: CallOptions): Promise<BlockId>;
  /**
   * Takes incomes and refunds into the account, at most 64; null when there are none. Spending does it by itself.
   */
  claim(currency: CurrencyId, options?: AbortOptions): Promise<BlockId | null>;
  /** Who bought licences of `asset`, from the blocks known here. */
  licences(asset: AssetId): readonly LicenceHolding[];
  /** The latest refused attacks and rule breaks, oldest first (at most 1 000). */
  evidence(): readonly MarketEvidence[];
  /**
   * Whether a block of somebody else must stay when the chain is pruned: `keep` of `startDiskBudget`
   * (`@edmp/trustchain/pruning`). `spare`: all that a balance, a licence, an open order or a deal of anybody stands on;
   * `strict`: what this node's own money, deals and services stand on, and open holds.
   */
  keeps(block: HalfBlock, severity: PruneSeverity): Promise<boolean>;
  /** Listens until the returned function is called. What a listener throws hurts nobody else. */
  on(listener: (event: MarketEvent) => void): () => void;
  /** All events from now on. Throws `ERR_ABORTED`, `ERR_MARKET_EVENTS_LOST`. */
  events(options?: AbortOptions): AsyncIterableIterator<MarketEvent>;
  /** Stops serving and all timers; unfinished trades resume when a market is created over the same records. */
  stop(): Promise<void>;
}
