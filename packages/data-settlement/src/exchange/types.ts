import type {
  AbortOptions,
  AssetId,
  BlockId,
  Consumption,
  ContentReader,
  ContentStore,
  Crypto,
  DatasetDocument,
  Descriptor,
  Environment,
  HalfBlock,
  KeyValueStore,
  Network,
  Settlement,
  SettlementTrade,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import type { SealMode } from '../sealing/context.ts';
import type { KeySuite } from '../sealing/key-suite.ts';
import type { ChunkSealer } from '../sealing/sealer.ts';
import type { SpotCheckRequest } from './spot-check-buyer.ts';
import type { SampleRules } from './spot-check-seller.ts';

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
  /**
   * What spot checks need of the chain and the market. Default: none, and then this settlement neither asks for a spot
   * check nor answers one.
   */
  readonly spotChecks?: SpotCheckOptions;
  /**
   * Seals the chunks of a delivery. Default: the calling thread. `sealingThreads` of `@edmp/data-settlement/threads` takes
   * large ones to others.
   */
  readonly sealer?: ChunkSealer;
  /** Longest wait for one whole fetch from the seller, ms. Default 120 000. */
  readonly fetchTimeoutMs?: number;
}

/** What spot checks need of the chain and the market. */
export interface SpotCheckOptions extends SampleRules {
  /** A block of one's own chain. */
  readonly block: (id: BlockId) => Promise<HalfBlock | undefined>;
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
   * Buyer: asks the sellers of a dataset to commit to a spot check (DESIGN §5.3), before the bid is signed.
   * {@link Settlement.receive} of a trade of a later bid then looks into the drawn chunks, before any money is held, and
   * throws `ERR_SETTLEMENT_SPOT_CHECK` when they are not shown or not as described. Throws the same when no seller shows
   * anything, `ERR_INVALID_ARGUMENT` unless 1 ≤ samples ≤ 32 or when this settlement was given no chain, `ERR_NETWORK_*`.
   */
  prepareSpotCheck(request: SpotCheckRequest, options?: AbortOptions): Promise<void>;
  /** Ties a spot check to the bid that was signed after it; null: none was, and nothing is looked into. */
  bindSpotCheck(asset: AssetId, bid: BlockId | null): Promise<void>;
  /**
   * Destroys what a finished trade needs no more: the buyer's one-time secret, the seller's content key. `paid`: the money
   * went to the seller; then a buyer's secret stays until the data was opened. The bought data can be read on, from the
   * copy that opening kept. Returns how many keys were destroyed; unknown trades and repeats are fine.
   */
  conclude(tradeId: Uint8Array, end: { readonly paid: boolean }): Promise<number>;
  /** Destroys private chunks and salts of a dataset. Trades already sealed stay deliverable until erased. Unknown assets are fine. */
  removeDataset(asset: AssetId): Promise<RemovedDataset>;
  /** Stops serving sealed blocks. Idempotent. */
  stop(): Promise<void>;
}

/** Signature of `createSettlement`. */
export type CreateSettlement = (options: SettlementOptions) => DataSettlement;
