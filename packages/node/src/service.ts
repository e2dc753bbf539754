import type { AbortOptions, Commodity, Consumption, Descriptor, Flow, IntervalStep } from '@edmp/interface';
import type { ConsentRecords } from '@edmp/oehu-client/consent';
import type { MeterMounting } from './meter-service.ts';
import type { Networking } from './network-service.ts';
import type { StorageKeeping } from './storage-service.ts';
import type { TrustReading } from './trust-service.ts';

/** What a node says about itself. */
export interface NodeInfo {
  readonly name: string;
  readonly version: string;
  /** Own public key, hex. */
  readonly key: string;
  /** Addresses that other nodes can dial. */
  readonly addresses: readonly string[];
  readonly peers: readonly string[];
  readonly matchmaker: boolean;
  /** Statement keys, hex, under which the node serves as notary and witness; none when it does not. */
  readonly witnessKeys: readonly string[];
  /** Where meter readings come from; null = no meter source configured. */
  readonly meterSource: string | null;
  /** The node's clock when it answered, ms since the epoch. What it shows is judged by this, not by a reader's clock. */
  readonly now: number;
}

/** A meter as its owner sees it. */
export interface MeterView {
  readonly id: string;
  readonly source: string;
  /** Name that it is mounted under; null for the meters that the node was started with. */
  readonly mount: string | null;
  /** Short text for people, e.g. `House, 3 people, near 51.9 N 4.5 E`. */
  readonly label: string;
  readonly lastUpdate: number | null;
  /** IANA zone whose midnights the meter's days begin at. */
  readonly zone: string;
  /** Coarse place that a listing would show, per accuracy level. */
  readonly cells: readonly {
    readonly accuracy: 'street' | 'town' | 'region' | 'hidden';
    readonly cell: string | null;
    /** The cell is coarser than this accuracy asks for, because too few others sell there. */
    readonly widened?: boolean | undefined;
  }[];
  /** What the meter can sell. */
  readonly commodities: readonly { readonly commodity: Commodity; readonly flow: Flow }[];
}

/** A load curve for display. Values are integer micro-units, null = no data. */
export interface CurveView {
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly unit: string;
  readonly step: IntervalStep;
  readonly zone: string;
  /** Start of the first interval, ms since the epoch. */
  readonly start: number;
  readonly values: readonly (number | null)[];
  readonly attestation: string;
  readonly verified: number;
}

/** Choice of a curve. */
export interface CurveQuery {
  readonly meter: string;
  /** Local days, `YYYY-MM-DD`, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly step: IntervalStep;
}

/** An offer that the owner makes. */
export interface OfferRequest extends CurveQuery {
  readonly title: string;
  /** Price of one licence, minor units. */
  readonly price: bigint;
  readonly currency: string;
  /** Licences for sale; 1 = exclusive. */
  readonly supply: number;
  readonly accuracy: 'street' | 'town' | 'region' | 'hidden';
  readonly purposes: readonly string[];
  /** Publish the kind of household and the range of its occupants. Default false (DESIGN §5.1: only if opted in). */
  readonly shareHousehold?: boolean;
  /** List title and purposes also where they seem to hold an address, a number or a name of contact. Default false. */
  readonly allowPersonalText?: boolean;
  /** Life of the listing, ms. */
  readonly lifetimeMs: number;
}

/** A listing on the market. */
export interface ListingView {
  /** Id of the ask block. */
  readonly order: string;
  readonly asset: string;
  readonly seller: string;
  readonly own: boolean;
  readonly descriptor: Descriptor;
  readonly price: bigint;
  readonly currency: string;
  /** Name of the currency for people: `DUM1`, or the label with the start of its issuer's key, `SUN·3f2a91c40b7de815`. */
  readonly currencyLabel: string;
  readonly remaining: number;
  readonly listed: number;
  readonly expires: number;
}

/**
 * Orders of listings: newest first; cheapest first; `trust`: those of sellers to whom this node's completed deals lead
 * first (MeritRank, `/v1/trust/{key}` says why), then the others, each group by price.
 */
export const LISTING_SORTS = ['newest', 'price', 'trust'] as const;
/** One of {@link LISTING_SORTS}. */
export type ListingSort = (typeof LISTING_SORTS)[number];

/** Search of the market; every field narrows. */
export interface ListingFilter {
  readonly text?: string;
  readonly commodity?: Commodity;
  readonly flow?: Flow;
  readonly step?: IntervalStep;
  /** Listings that overlap these local days. */
  readonly from?: string;
  readonly to?: string;
  /** Geohash prefix. */
  readonly cell?: string;
  readonly maxPrice?: bigint;
  readonly asset?: string;
  /** Default `newest`. */
  readonly sort?: ListingSort;
  readonly limit?: number;
}

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

/** One rung of a deal's ladder. */
export interface TradeStepView {
  /** `terms`, `trade-proposal`, `trade-agreement`, `release-proposal`, `release-agreement` are the steps of DESIGN §4.3; a screen shows any other name as it is. */
  readonly name: string;
  readonly at: number | null;
  /** Block that proves the step; null when it is not on the ledger. */
  readonly block: string | null;
  readonly signedBy: 'seller' | 'buyer' | null;
}

/** A trade, on either side. */
export interface TradeView {
  readonly id: string;
  readonly role: 'seller' | 'buyer';
  readonly asset: string;
  readonly order: string;
  readonly partner: string;
  readonly partnerOrder: string;
  readonly price: bigint;
  readonly currency: string;
  /** Name of the currency for people: `DUM1`, or the label with the start of its issuer's key, `SUN·3f2a91c40b7de815`. */
  readonly currencyLabel: string;
  readonly state: string;
  /** What the state means, one sentence for people. */
  readonly stateText: string;
  readonly final: boolean;
  /** Statement keys, hex, of those who decide about the money; none in a trade without witnesses. */
  readonly witnesses: readonly string[];
  readonly failed: string | null;
  readonly steps: readonly TradeStepView[];
  /** What this side can lose at this moment, minor units of `currency`. */
  readonly atRisk: bigint;
  readonly started: number;
  readonly updated: number;
}

/** A statement that a quorum of notaries or witnesses signed. */
export interface CertificateView {
  /** `spend` certifies a payment, `ack` a release; `paid`, `refund` and `none` say what became of held money. */
  readonly kind: string;
  /** Id of the block that it is about. */
  readonly subject: string;
  /** Statement keys of the signers, hex. */
  readonly signers: readonly string[];
  /** Canonical bytes, for a verifier. */
  readonly bytes: Uint8Array;
}

/** What shows to anybody how far a trade came. */
export interface TradeEvidenceView {
  readonly trade: string;
  /** Block that holds the money. */
  readonly hold: string | null;
  /** `paid`, `refund`, `none`, `receipt`, `unwitnessed`; null while it is open. */
  readonly outcome: string | null;
  readonly certificates: readonly CertificateView[];
}

/** Everything signed about a finished trade, as one file. */
export interface DealView {
  readonly trade: string;
  /** A deal file, for `edmp verify` and `verifyDealFile` of `@edmp/trader/deal`. */
  readonly bytes: Uint8Array;
}

/** A proof of misbehaviour, judged. */
export interface TradeProofView {
  /** `wrong-key`, `wrong-data`, `wrong-description`, `two-releases`, `false-complaint`. */
  readonly kind: string;
  readonly against: 'seller' | 'buyer';
  readonly guilty: boolean;
  readonly reason: string;
  /** Canonical bytes; may show one chunk of the data. */
  readonly bytes: Uint8Array;
}

/** What erasing a trade reached and what it could not. */
export interface ErasureView {
  /** Keys, salts and other private records. */
  readonly keysDestroyed: number;
  /** Sealed blocks. */
  readonly blocksDeleted: number;
  /** Copies that are out of reach, in words for people. */
  readonly unreachable: readonly string[];
}

/** A kind of money. */
export interface CurrencyView {
  /** `DUM1`, `DUM2`, or the id of the block that opened it. */
  readonly id: string;
  readonly label: string;
  /** Label with the start of the issuer's key: two issuers may use one label. */
  readonly name: string;
  readonly precision: number;
  /** Free test money, worth nothing. */
  readonly test: boolean;
  /** Public key of the issuer, hex; null for test money. */
  readonly issuer: string | null;
  /** Statement keys of its notaries, hex. */
  readonly notaries: readonly string[];
  /** Issued by this node. */
  readonly own: boolean;
  /** Added, issued or paid in by this node's owner, or test money; others were only met, and their labels prove nothing. */
  readonly chosen: boolean;
  /** The signed block that opened it, to add it elsewhere; null for test money. */
  readonly block: Uint8Array | null;
}

/** A currency to open. */
export interface CurrencyRequest {
  readonly label: string;
  /** Decimals that a person sees. Default 2. */
  readonly precision?: number;
  /** Statement keys, hex: 1, 4 or 7, for good. Default: this node's own. */
  readonly notaries?: readonly string[];
}

/** A payment outside any trade. */
export interface TransferRequest {
  /** Id of the wallet: the currency. */
  readonly wallet: string;
  /** Public key of the payee, hex. */
  readonly to: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly memo?: string;
}

/** A payment that was signed. */
export interface TransferView {
  /** Id of its block. */
  readonly id: string;
}

/** What claiming took into an account. */
export interface ClaimView {
  /** Id of the block; null when there was nothing to claim. */
  readonly id: string | null;
}

/** Data that this node bought. */
export interface DeliveryView {
  readonly trade: string;
  readonly asset: string;
  readonly descriptor: Descriptor;
  readonly consumption: Consumption;
  readonly curve: CurveView;
}

/** A wallet. */
export interface WalletView {
  readonly id: string;
  readonly name: string;
  /** What stands behind an amount: `DUM1`, or the label with the start of its issuer's key, `SUN·3f2a91c40b7de815`. */
  readonly symbol: string;
  /** Free test money, worth nothing. */
  readonly test: boolean;
  readonly address: string;
  readonly precision: number;
  readonly minUnit: bigint;
  readonly available: bigint;
  readonly held: bigint;
  readonly pending: bigint;
  /** Received in test money, which is not spent again: part of the total, never of `available`. */
  readonly earned: bigint;
}

/** One movement in a wallet. */
export interface WalletTransactionView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly asset: string;
  /** Minor units. */
  readonly amount: bigint;
  /** Public key of the other side, hex; null when there is none (a grant). */
  readonly counterparty: string | null;
  readonly time: number;
  readonly description: string;
  readonly status: 'pending' | 'held' | 'final' | 'returned';
  /** Trade that the movement belongs to, if any. */
  readonly trade: string | null;
}

/** A matchmaker that this node knows. */
export interface MatchmakerView {
  /** Public key, hex. */
  readonly key: string;
  /** Multiaddr, e.g. `/ip4/127.0.0.1/tcp/4001`; null when unknown. */
  readonly address: string | null;
}

/** Choice of blocks for the ledger explorer. */
export interface BlockQuery {
  /** Public key of one chain's author, hex. */
  readonly author?: string;
  /** Only blocks with a greater sequence number (with `author`), or that arrived after this many others. */
  readonly after?: number;
  readonly limit: number;
}

/** A block for the ledger explorer. */
export interface ChainBlockView {
  readonly id: string;
  readonly author: string;
  readonly seq: number;
  readonly prev: string | null;
  readonly peer: string | null;
  readonly link: string | null;
  readonly type: string;
  readonly time: number;
  readonly level: string;
  readonly bytes: number;
}

/** What an owner agreed to, and whether it still holds. */
export interface ConsentView {
  /** Id of the receipt. */
  readonly id: string;
  /** Asset that is sold under it; null when its dataset is gone. */
  readonly asset: string | null;
  /** Salted digest that the listing carries, hex. */
  readonly digest: string;
  /** E.g. `electricity import`. */
  readonly what: string;
  /** Days that may be sold, `YYYY-MM-DD`, inclusive. */
  readonly from: string;
  readonly to: string;
  readonly finestStep: IntervalStep;
  readonly place: 'none' | 'region' | 'town' | 'street';
  /** Whether the class of the household may be shown. */
  readonly household: boolean;
  readonly purposes: readonly string[];
  readonly recipients: string;
  readonly licence: string;
  readonly given: number;
  readonly validUntil: number;
  /** When it was withdrawn; null while it holds. */
  readonly withdrawn: number | null;
}

/** One entry of the owner's log. */
export interface ConsentLogView {
  readonly at: number;
  readonly event: 'granted' | 'listed' | 'sealed' | 'delivered' | 'refused' | 'withdrawn' | 'erased';
  /** Id of the receipt. */
  readonly consent: string;
  /** Listing, recipient or reason. */
  readonly detail: string;
}

/** What a stranger can tell from a curve sold at one step. */
export interface RevealsView {
  readonly step: IntervalStep;
  readonly found: readonly {
    readonly kind: string;
    readonly sensitivity: 'low' | 'medium' | 'high';
    /** One sentence for the owner. */
    readonly text: string;
    /** Local days concerned. */
    readonly days: readonly string[];
  }[];
}

/** Something that this node gives to everybody. */
export interface PublishedView {
  /** `chain`, or the asset whose public document it is. */
  readonly name: string;
  /** CID under which it is read. */
  readonly root: string;
  /** Blocks of which it consists. */
  readonly blocks: number;
  /** When it was published, ms since the epoch. */
  readonly at: number;
}

/** Where the sealed blocks of a trade are to be read. */
export interface ContentLinkView {
  readonly trade: string;
  /** CID of the manifest under which they hang. */
  readonly manifest: string;
  /** Lets whoever has it read them, and nothing else, until the trade is erased. */
  readonly capability: string;
  /** Path on the node's gateway. */
  readonly path: string;
}

/** Something happened. */
export interface NodeEvent {
  readonly type: 'listing' | 'order' | 'trade' | 'wallet' | 'peer' | 'fraud' | 'meter';
  readonly at: number;
  /** Id of the thing that changed (order, trade, key). */
  readonly id: string;
  readonly text: string;
}

/** Everything a node does for people and programs; the HTTP API, the CLI and the GUI are thin over it. Throws `EdmpError`s, and
 * `ERR_ABORTED` when a signal ends a wait; what was signed by then stays signed. */
export interface NodeService extends MeterMounting, Networking, StorageKeeping, TrustReading {
  info(options?: AbortOptions): Promise<NodeInfo>;
  meters(options?: AbortOptions): Promise<readonly MeterView[]>;
  curve(query: CurveQuery, options?: AbortOptions): Promise<CurveView>;
  /** What a curve would reveal at each step from the query's step on, finest first. */
  reveals(query: CurveQuery, options?: AbortOptions): Promise<readonly RevealsView[]>;
  /** Lists days of a meter for sale; making an offer gives the consent for exactly that offer. */
  offer(request: OfferRequest, options?: AbortOptions): Promise<ListingView>;
  listings(query: ListingFilter, options?: AbortOptions): Promise<readonly ListingView[]>;
  /** Puts a dataset that this node already holds up for sale again. Throws `ERR_SETTLEMENT_UNKNOWN_DATASET` for any other asset. */
  ask(request: AskRequest, options?: AbortOptions): Promise<OrderView>;
  /** Bids for a listed asset; default price: the listing's. */
  buy(request: BuyRequest, options?: AbortOptions): Promise<OrderView>;
  cancel(order: string, options?: AbortOptions): Promise<void>;
  orders(options?: AbortOptions): Promise<readonly OrderView[]>;
  /** The open orders of everybody, as far as this node knows them. */
  book(options?: AbortOptions): Promise<readonly BookOrderView[]>;
  trades(options?: AbortOptions): Promise<readonly TradeView[]>;
  trade(id: string, options?: AbortOptions): Promise<TradeView>;
  /** Certificates and outcome of a trade. */
  tradeEvidence(id: string, options?: AbortOptions): Promise<TradeEvidenceView>;
  /** Everything signed about a finished trade; `withProof` puts the proof that the seller cheated or the buyer lied in, which may show a part of the data. */
  deal(trade: string, choice?: { readonly withProof?: boolean }, options?: AbortOptions): Promise<DealView>;
  /** Proofs of misbehaviour in a trade that this node has made or met, judged. */
  tradeProofs(trade: string, options?: AbortOptions): Promise<readonly TradeProofView[]>;
  /**
   * Destroys keys, salts and data of a finished trade on this node, for good. The dataset goes too when no offer and no
   * other trade needs it.
   */
  eraseTrade(trade: string, options?: AbortOptions): Promise<ErasureView>;
  delivery(trade: string, options?: AbortOptions): Promise<DeliveryView>;
  /** Currencies known here, test money first. */
  currencies(options?: AbortOptions): Promise<readonly CurrencyView[]>;
  /** Opens a currency of this node's own; from its account money is then minted by {@link NodeService.transfer}. */
  issueCurrency(request: CurrencyRequest, options?: AbortOptions): Promise<CurrencyView>;
  /** Adds a currency by the signed block that opened it. */
  addCurrency(block: Uint8Array, options?: AbortOptions): Promise<CurrencyView>;
  /** Pays outside a trade. */
  transfer(request: TransferRequest, options?: AbortOptions): Promise<TransferView>;
  /** Takes incomes and refunds of a currency into the account. Spending does it by itself. */
  claim(wallet: string, options?: AbortOptions): Promise<ClaimView>;
  wallets(options?: AbortOptions): Promise<readonly WalletView[]>;
  /** Movements of one wallet, oldest first, grants included: their sum is what the wallet owns. */
  transactions(wallet: string, options?: AbortOptions): Promise<readonly WalletTransactionView[]>;
  blocks(query: BlockQuery, options?: AbortOptions): Promise<readonly ChainBlockView[]>;
  /** One block by its id. */
  block(id: string, options?: AbortOptions): Promise<ChainBlockView>;
  matchmakers(options?: AbortOptions): Promise<readonly MatchmakerView[]>;
  /** The owner's consents, newest first. */
  consents(options?: AbortOptions): Promise<readonly ConsentView[]>;
  /** Everything that happened under the owner's consents, newest first. */
  consentLog(options?: AbortOptions): Promise<readonly ConsentLogView[]>;
  /** All consents in the structure of ISO/IEC TS 27560, with their signed events, to keep or to hand on. */
  consentRecords(options?: AbortOptions): Promise<ConsentRecords>;
  /** Withdraws a consent: its open listings are cancelled and no further copy is delivered. Sold copies stay sold. */
  withdrawConsent(id: string, options?: AbortOptions): Promise<ConsentView>;
  /** What everybody may read of this node over IPFS. */
  published(options?: AbortOptions): Promise<readonly PublishedView[]>;
  /** Gives everybody this node's chain as it is now, and the public documents of the datasets that it holds. */
  publish(options?: AbortOptions): Promise<readonly PublishedView[]>;
  /** Takes back what was published; copies that others made stay. */
  withdrawPublished(options?: AbortOptions): Promise<void>;
  /** Where the sealed blocks of a trade are to be read by IPFS. */
  contentLink(trade: string, options?: AbortOptions): Promise<ContentLinkView>;
  on(listener: (event: NodeEvent) => void): () => void;
}
