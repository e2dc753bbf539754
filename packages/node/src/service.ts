import type { Commodity, Consumption, Descriptor, Flow, IntervalStep } from '@edmp/interface';

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
  /** Where meter readings come from; null = no meter source configured. */
  readonly meterSource: string | null;
}

/** A meter as its owner sees it. */
export interface MeterView {
  readonly id: string;
  readonly source: string;
  /** Short text for people, e.g. `House, 3 people, near 51.9 N 4.5 E`. */
  readonly label: string;
  readonly lastUpdate: number | null;
  /** Coarse place that a listing would show, per accuracy level. */
  readonly cells: readonly { readonly accuracy: 'street' | 'town' | 'region' | 'hidden'; readonly cell: string | null }[];
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
  readonly remaining: number;
  readonly listed: number;
  readonly expires: number;
}

/** Search of the market; every field narrows. */
export interface ListingQuery {
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
  readonly limit?: number;
}

/** One of this node's own orders. */
export interface OrderView {
  readonly order: string;
  readonly side: 'ask' | 'bid';
  readonly asset: string;
  readonly price: bigint;
  readonly currency: string;
  readonly quantity: number;
  readonly filled: number;
  readonly reserved: number;
  readonly status: 'open' | 'completed' | 'cancelled' | 'expired';
  readonly created: number;
  readonly expires: number;
  /** Number of the order within this node, 1, 2, …; used by the compatible REST routes. */
  readonly number: number;
}

/** One rung of a deal's ladder. */
export interface TradeStepView {
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
  readonly state: string;
  readonly final: boolean;
  readonly failed: string | null;
  readonly steps: readonly TradeStepView[];
  /** What this side can lose at this moment, minor units of `currency`. */
  readonly atRisk: bigint;
  readonly started: number;
  readonly updated: number;
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
  readonly address: string;
  readonly precision: number;
  readonly minUnit: bigint;
  readonly available: bigint;
  readonly held: bigint;
  readonly pending: bigint;
}

/** A block for the ledger explorer. */
export interface BlockView {
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

/** Something happened. */
export interface NodeEvent {
  readonly type: 'listing' | 'order' | 'trade' | 'peer' | 'fraud' | 'meter';
  readonly at: number;
  /** Id of the thing that changed (order, trade, key). */
  readonly id: string;
  readonly text: string;
}

/** Everything a node does for people and programs; the HTTP API, the CLI and the GUI are thin over it. Throws `EdmpError`s. */
export interface NodeService {
  info(): Promise<NodeInfo>;
  meters(): Promise<readonly MeterView[]>;
  curve(query: CurveQuery): Promise<CurveView>;
  offer(request: OfferRequest): Promise<ListingView>;
  listings(query: ListingQuery): Promise<readonly ListingView[]>;
  /** Bids for a listed asset; default price: the listing's. */
  buy(request: { readonly asset: string; readonly price?: bigint; readonly currency?: string; readonly lifetimeMs?: number }): Promise<OrderView>;
  cancel(order: string): Promise<void>;
  orders(): Promise<readonly OrderView[]>;
  trades(): Promise<readonly TradeView[]>;
  trade(id: string): Promise<TradeView>;
  delivery(trade: string): Promise<DeliveryView>;
  wallets(): Promise<readonly WalletView[]>;
  blocks(query: { readonly author?: string; readonly after?: number; readonly limit: number }): Promise<readonly BlockView[]>;
  on(listener: (event: NodeEvent) => void): () => void;
}
