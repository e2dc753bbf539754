import type { AbortOptions, Commodity, Descriptor, Flow, IntervalStep } from '@edmp/interface';

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

/** What the owner's meters are worth selling, and putting it up for sale. */
export interface OfferService {
  meters(options?: AbortOptions): Promise<readonly MeterView[]>;
  curve(query: CurveQuery, options?: AbortOptions): Promise<CurveView>;
  /** What a curve would reveal at each step from the query's step on, finest first. */
  reveals(query: CurveQuery, options?: AbortOptions): Promise<readonly RevealsView[]>;
  /** Lists days of a meter for sale; making an offer gives the consent for exactly that offer. */
  offer(request: OfferRequest, options?: AbortOptions): Promise<ListingView>;
  listings(query: ListingFilter, options?: AbortOptions): Promise<readonly ListingView[]>;
}
