import type { CID } from 'multiformats/cid';
import type { AbortOptions } from './abort.ts';
import type { AssetId } from './dataset/asset-id.ts';
import type { Consumption } from './dataset/consumption.ts';
import type { DatasetDocument } from './dataset/document.ts';
import type { PublicKey } from './keys.ts';
import type { BlockId } from './trustchain/half-block.ts';

/** What both sides of a trade know before delivery; derived from the signed terms. */
export interface SettlementTrade {
  /** SHA-256 of the canonical terms, 32 bytes: binds seals, keys and proofs to this trade alone. */
  readonly tradeId: Uint8Array;
  readonly asset: AssetId;
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  /** How the content key is wrapped, as the terms say: the {@link Settlement.keySuite} of both sides. */
  readonly suite: string;
  /** Buyer's one-time public key for the suite: 1 216 bytes for `x-wing`. The terms hold its digest. */
  readonly recipientKey: Uint8Array;
  /** The buyer's signed bid, by which a spot check is drawn; left out where none can be asked for. */
  readonly bid?: BlockId;
}

/** What the seller sealed for one trade. `settlementRoot` goes on the ledger; `manifest` goes to the buyer privately. */
export interface SealedDelivery {
  /** Root of the RFC 9162 tree over (ciphertext hash, data leaf, key commitment), 32 bytes. */
  readonly settlementRoot: Uint8Array;
  readonly manifest: CID;
  readonly chunks: number;
  /** Ciphertext bytes in all. */
  readonly bytes: number;
}

/** What came out of a delivery. */
export type OpenOutcome =
  | { readonly kind: 'opened'; readonly document: DatasetDocument; readonly consumption: Consumption }
  | {
      readonly kind: 'misbehaviour';
      /** Canonical proof that {@link Settlement.judge} accepts. */
      readonly proof: Uint8Array;
      readonly reason: string;
    };

/** The facts that a proof of misbehaviour is judged against, all taken from signed blocks. */
export interface JudgedTrade extends SettlementTrade {
  readonly document: DatasetDocument;
  readonly settlementRoot: Uint8Array;
  readonly wrappedKey: Uint8Array;
}

/** Verdict on a proof. */
export interface Judgement {
  /** `true`: the seller cheated, the money goes back. `false`: the complaint is unfounded. */
  readonly guilty: boolean;
  /** Kind of proof, e.g. `wrong-key`, `wrong-data`. */
  readonly kind: string;
  readonly reason: string;
  /**
   * Set when this judge cannot tell: it does not know the way keys are wrapped or the kind of proof, or the facts have
   * not their shape. Then nobody is guilty, neither the seller nor whoever complained.
   */
  readonly undecided?: true;
}

/** What erasing a trade reached and what it could not. */
export interface ErasureReport {
  readonly keysDestroyed: number;
  readonly blocksDeleted: number;
  /** Copies that are out of reach, in words for people, e.g. the buyer's. */
  readonly unreachable: readonly string[];
}

/**
 * Delivers data against a key (DESIGN §5). The market's trade protocol drives it; `@edmp/data-settlement` implements it.
 *
 * Errors: `ERR_SETTLEMENT_UNKNOWN_DATASET`, `ERR_SETTLEMENT_UNKNOWN_TRADE`, `ERR_SETTLEMENT_DELIVERY` (what was
 * fetched does not match what was promised), `ERR_SETTLEMENT_KEY`,
 * `ERR_SETTLEMENT_SUITE` (the trade's keys are wrapped in a way that is not taken here), `ERR_CONTENT_*`, `ERR_TIMEOUT`, `ERR_ABORTED`.
 */
export interface Settlement {
  /** How content keys are wrapped here, for the terms: 1 … 32 characters of `[a-z0-9-]`, e.g. `x-wing`. */
  readonly keySuite: string;
  /** Seller: whether this node holds the data behind an asset. */
  holds(asset: AssetId): Promise<boolean>;
  /** Buyer: makes a one-time key of {@link Settlement.keySuite}, keeps its secret durably and gives the public half. */
  createRecipientKey(): Promise<Uint8Array>;
  /** Seller: seals the dataset for this trade under a fresh content key and stores it. Calling again returns the same delivery. */
  seal(trade: SettlementTrade, options?: AbortOptions): Promise<SealedDelivery>;
  /** Buyer: fetches manifest and every ciphertext block from the seller and checks all structure against root and document. */
  receive(
    trade: SettlementTrade,
    document: DatasetDocument,
    delivery: SealedDelivery,
    options?: AbortOptions,
  ): Promise<void>;
  /** Seller: the content key, HPKE-wrapped to the trade's one-time key. */
  release(trade: SettlementTrade, options?: AbortOptions): Promise<Uint8Array>;
  /** Buyer: unwraps the key, opens and checks every chunk. A wrong key or wrong data gives a proof instead of an error. */
  open(
    trade: SettlementTrade,
    document: DatasetDocument,
    delivery: SealedDelivery,
    wrappedKey: Uint8Array,
    options?: AbortOptions,
  ): Promise<OpenOutcome>;
  /** Judges a proof from bytes alone: pure, offline, deterministic. Never throws on bad input: unfounded. */
  judge(trade: JudgedTrade, proof: Uint8Array): Judgement;
  /** Destroys keys and salts of a trade, unpins and deletes its blocks. */
  erase(tradeId: Uint8Array, options?: AbortOptions): Promise<ErasureReport>;
}
