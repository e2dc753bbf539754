import type { BlockStore, Crypto, Environment, Network, Signer, TypeRule } from '@edmp/interface';
import type { QuotaOptions } from '../protocol/quota.ts';
import type { Pruning } from '../prune/pruning.ts';
import type { SharingOptions } from './signing-lease.ts';

/** Bounds of what strangers can cause (DESIGN §3.6); each has a default. */
export interface TrustchainLimits {
  /** Received blocks that wait to be verified at once. Default 8 192. */
  readonly maxReceiving?: number;
  /** Bytes of received blocks that wait to be verified at once. Default 64 MiB. */
  readonly maxReceivingBytes?: number;
  /** This node's blocks that wait to be signed at once. Default 4 096. */
  readonly maxSigning?: number;
  /** Longest wait for the signer, ms; what it was asked to sign stays reserved and is signed first next time. Default 30 000. */
  readonly signTimeoutMs?: number;
  /**
   * What one peer may push, in tokens of 512 bytes begun a block: ordinary blocks cost one. Default a burst of 20 000
   * (10 MB) and 2 000 a second.
   */
  readonly push?: QuotaOptions;
  /**
   * What one peer may fetch, in tokens of 512 bytes begun a block, 20 more for every request and one for every position
   * whose links are looked up. Default a burst of 200 000 (100 MB) and 20 000 a second.
   */
  readonly sync?: QuotaOptions;
  /**
   * Faults in gossip of one peer: one for a message that was of no use, 50 for one that is undecodable, wrongly signed or
   * too large. Useful heads cost nothing. Default a burst of 2 000 and 200 a second.
   */
  readonly gossip?: QuotaOptions;
  /** Fraud proofs that one peer may deliver by gossip, known ones included; 50 for a false one. Default a burst of 2 000 and 50 a second. */
  readonly proofs?: QuotaOptions;
  /** Bytes of heads that are stored unasked from one peer. Default a burst of 4 MiB and 128 KiB a second. */
  readonly headBytes?: QuotaOptions;
  /** What one peer may fetch to reconcile: one for each started 512 bytes, one for each request and look-up. Default a burst of 20 000 and 500 a second. */
  readonly reconcile?: QuotaOptions;
  /** Blocks fetched unasked before a proposal that leaves a gap. Default 2 000. */
  readonly maxFetchedBefore?: number;
  /** After a gap could not be closed, how long the same peer is not asked again, ms. Default 60 000. */
  readonly fetchCooldownMs?: number;
  /** Blocks that may be missing of a history before it is fetched; longer ones are refused. Default 20 000. */
  readonly maxHistoryBlocks?: number;
  /** Bytes fetched for one history. Default 16 MiB. */
  readonly maxHistoryBytes?: number;
  /** Longest wait for one peer's answer while a history is fetched, ms. Default 30 000. */
  readonly historyTimeoutMs?: number;
  /** Longest wait for a peer that is asked unasked-for questions (this node's head, gaps), ms. Default 5 000. */
  readonly askTimeoutMs?: number;
  /** Shortest time between two announcements of one author's heads, ms. Default 1 000. */
  readonly announceMs?: number;
  /** Time between two rounds of comparing proofs and heads with connected peers, ms, jittered by half. Default 60 000. */
  readonly reconcileMs?: number;
  /** How long a peer that reconnects is not asked for this node's head, nor told the same head, again, ms. Default 60 000. */
  readonly greetCooldownMs?: number;
}

/** Options of `createTrustchain`. */
export interface TrustchainOptions {
  /** Signs this node's blocks; its key is the node's identity. */
  readonly signer: Signer;
  readonly crypto: Crypto;
  readonly store: BlockStore;
  /** Without one the chain works offline; calls that need a peer throw `ERR_CHAIN_OFFLINE`. The caller starts and stops it. */
  readonly network?: Network | undefined;
  readonly environment: Environment;
  /** Rules of application types; more can be registered later. */
  readonly rules?: Readonly<Record<string, TypeRule>>;
  /** Peers that must have told what they know of this node's chain before the first signature. Default 0; use 1 or more after restoring a backup. */
  readonly confirmations?: number;
  readonly limits?: TrustchainLimits;
  /** Lets the chain be pruned: `pruning()` of `@edmp/trustchain/pruning`. Default: it keeps all that it stores. */
  readonly pruning?: Pruning | undefined;
  /**
   * The store is shared with other processes of the same operator: one signs at a time, and what one stores the others
   * react to. Default: this chain has its store alone.
   */
  readonly sharing?: SharingOptions | undefined;
}

/** {@link TrustchainLimits} with every default filled in. */
export function withDefaults(limits: TrustchainLimits = {}): Required<TrustchainLimits> {
  return {
    maxReceiving: 8_192,
    maxReceivingBytes: 67_108_864,
    maxSigning: 4_096,
    signTimeoutMs: 30_000,
    push: { burst: 20_000, perSecond: 2_000 },
    sync: { burst: 200_000, perSecond: 20_000 },
    gossip: { burst: 2_000, perSecond: 200 },
    proofs: { burst: 2_000, perSecond: 50 },
    headBytes: { burst: 4_194_304, perSecond: 131_072 },
    reconcile: { burst: 20_000, perSecond: 500 },
    maxFetchedBefore: 2_000,
    fetchCooldownMs: 60_000,
    maxHistoryBlocks: 20_000,
    maxHistoryBytes: 16_777_216,
    historyTimeoutMs: 30_000,
    askTimeoutMs: 5_000,
    announceMs: 1_000,
    reconcileMs: 60_000,
    greetCooldownMs: 60_000,
    ...limits,
  };
}
