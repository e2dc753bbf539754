import type {
  AbortOptions,
  AssetId,
  Consumption,
  ContentReader,
  ContentStore,
  Crypto,
  DatasetDocument,
  Descriptor,
  Environment,
  KeyValueStore,
  Network,
  Settlement,
  SettlementTrade,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import type { SealMode } from '../sealing/context.ts';
import type { KeySuite } from '../sealing/key-suite.ts';

/** A series to be sold. */
export interface NewDataset {
  readonly descriptor: Descriptor;
  readonly consumption: Consumption;
  /** Default `sealed`: a ciphertext of its own for every trade. */
  readonly mode?: SealMode;
}

/** A dataset that this node can sell. */
export interface OwnedDataset {
  /** `EW` + CID of {@link OwnedDataset.document}. */
  readonly asset: AssetId;
  readonly document: DatasetDocument;
}

/** What {@link DataSettlement.removeDataset} destroyed. */
export interface RemovedDataset {
  /** Private records destroyed: the dataset's own, and its chunks with their salts. */
  readonly secretsDestroyed: number;
  /** Copies that are out of reach, in words for people. */
  readonly unreachable: readonly string[];
}

/** Options of `createSettlement`. */
export interface SettlementOptions {
  readonly crypto: Crypto;
  readonly environment: Environment;
  /**
   * Where sealed blocks are kept, as seller and as buyer. Never receives plaintext. Whoever else calls `collect` on it
   * must leave a grace time of some minutes: blocks are put before the manifest that pins them.
   */
  readonly content: ContentStore;
  /**
   * Durable private records: content keys, salt seeds, private chunks, one-time keys, the state of every trade.
   * All keys used start with `settlement/`.
   */
  readonly secrets: KeyValueStore;
  /** Carries `/edmp/content/1`; the handler is registered at once. */
  readonly network: Network;
  /** Where a buyer reads sealed blocks that it does not hold. Default: the seller, over {@link SettlementOptions.network}. */
  readonly source?: (trade: SettlementTrade, root: SealedRoot) => ContentReader;
  /**
   * Ways of wrapping keys that this node takes, as seller, buyer and judge; the first is that of its own one-time keys.
   * Default: X-Wing alone. Others are for the change from one way to another; `x25519Suite` is closed to nobody who has a
   * quantum computer.
   */
  readonly keySuites?: readonly KeySuite[];
  /** Longest wait for one whole fetch from the seller, ms. Default 120 000. */
  readonly fetchTimeoutMs?: number;
}

/** The manifest under which a trade's sealed blocks hang. */
export type SealedRoot = CID;

/** A {@link Settlement} that also owns datasets. */
export interface DataSettlement extends Settlement, AsyncDisposable {
  /**
   * Splits, salts and commits a series and keeps it durably, so that {@link Settlement.seal} can sell it.
   * Adding the same series twice gives two assets, because salts are fresh.
   * Throws `ERR_DATASET_DESCRIPTOR`, `ERR_DATASET_CONSUMPTION`.
   */
  addDataset(series: NewDataset, options?: AbortOptions): Promise<OwnedDataset>;
  /** The datasets held, ordered by asset id. */
  datasets(): Promise<readonly OwnedDataset[]>;
  /** The private series behind a dataset of this node. Throws `ERR_SETTLEMENT_UNKNOWN_DATASET`. */
  consumption(asset: AssetId): Promise<Consumption>;
  /**
   * Seller: answers a spot check (DESIGN §5.3) by opening `samples` chunks drawn by `seed`, a hash of the buyer's
   * signed bid. Each opened chunk is given away, so the owner decides how many; never a whole dataset.
   * Throws `ERR_SETTLEMENT_UNKNOWN_DATASET`, or `ERR_INVALID_ARGUMENT` unless 1 ≤ samples ≤ min(32, chunks ÷ 4).
   */
  spotCheck(asset: AssetId, seed: Uint8Array, samples: number): Promise<Uint8Array>;
  /** Destroys private chunks and salts of a dataset. Trades already sealed stay deliverable until erased. Unknown assets are fine. */
  removeDataset(asset: AssetId): Promise<RemovedDataset>;
  /** Stops serving sealed blocks. Idempotent. */
  stop(): Promise<void>;
}

/** Signature of `createSettlement`. */
export type CreateSettlement = (options: SettlementOptions) => DataSettlement;
