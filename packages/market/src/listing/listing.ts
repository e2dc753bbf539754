import type {
  AssetId,
  AttestationLevel,
  BlockId,
  Commodity,
  DatasetDocument,
  Flow,
  IntervalStep,
  PublicKey,
} from '@edmp/interface';
import type { Price } from '../asset/price.ts';

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
  /** Statement keys of the witnesses that the seller trusts, for trades in test money. */
  readonly witnesses: readonly PublicKey[];
  readonly created: number;
  readonly expires: number;
}

/** Conditions of a search; all given ones must hold. */
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
  /**
   * Default `price` (cheapest first, currencies in order of id); `newest` = latest created first; `trust` = those of
   * sellers that this node's completed deals lead to first, by MeritRank, then the others by price.
   */
  readonly sort?: 'price' | 'newest' | 'trust';
  /** Results to skip. Default 0. */
  readonly offset?: number;
  /** Default 50, at most 1 000. */
  readonly limit?: number;
}
