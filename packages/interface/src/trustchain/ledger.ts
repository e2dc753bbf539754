import type { AbortOptions } from '../abort.ts';
import type { PublicKey } from '../keys.ts';
import type { BlockStore } from './block-store.ts';
import type { BlockId, HalfBlock, TxValue } from './half-block.ts';

/** How much of a block's neighbourhood is known, or that it breaks a rule (DESIGN §3.3). */
export type ValidationLevel =
  | 'valid'
  | 'partial-next'
  | 'partial-previous'
  | 'partial'
  | 'no-info'
  | 'invalid';

/** One broken rule. */
export interface ValidationIssue {
  /** Stable code, e.g. `ERR_BLOCK_SIGNATURE`. */
  readonly code: string;
  readonly message: string;
}

/** State of a two-party transaction, from the blocks known. */
export interface PairState {
  readonly state: 'pending' | 'agreed' | 'refused' | 'withdrawn' | 'expired';
  readonly proposal: HalfBlock;
  /** The answer that ended the proposal, if one did. */
  readonly answer?: HalfBlock;
  /** Last moment at which an agreement counts, ms; null = no deadline. */
  readonly deadline: number | null;
  /** Why, in one sentence. */
  readonly reason: string;
}

/** Rule of one application type. It may only lower a verdict, never raise it. */
export interface TypeRule {
  /** Problems of a proposal's or source block's transaction by itself; empty = fine. */
  checkProposal?(block: HalfBlock): readonly ValidationIssue[];
  /** Problems of an agreement against the proposal it answers; empty = fine. Default: transactions must be equal. */
  checkAgreement?(agreement: HalfBlock, proposal: HalfBlock): readonly ValidationIssue[];
  /** Deadline of a proposal, ms. Default: the integer `deadline` of a map transaction, else null. */
  deadline?(proposal: HalfBlock): number | null;
  /**
   * A name, 1 to 256 characters, that at most one block of an author may carry, whatever its type and position (e.g. the
   * number of a payment in a currency); undefined = none. Two blocks of one author with one slot are fraud, which
   * {@link Trustchain.accuse} proves. It follows from the block alone, and never changes for a given block.
   */
  slot?(block: HalfBlock): string | undefined;
}

/** A block entered the store, or was found to break a rule, or proved fraud; or an author keeps blocks back. */
export type TrustchainEvent =
  | {
      readonly type: 'block';
      readonly block: HalfBlock;
      readonly level: ValidationLevel;
      readonly own: boolean;
    }
  | { readonly type: 'invalid'; readonly block: HalfBlock; readonly issues: readonly ValidationIssue[] }
  | { readonly type: 'fraud'; readonly author: PublicKey; readonly proof: Uint8Array }
  /** An author was asked for positions of its chain, both ends inclusive, and left them out. */
  | { readonly type: 'gap'; readonly author: PublicKey; readonly from: number; readonly to: number };

/** Options of calls that sign a block of this node. */
export interface SignOptions extends AbortOptions {
  /**
   * `false`: the block is not pushed to its counterparty, because the application carries it in a message of its own
   * (and the counterparty's application hands it to {@link Trustchain.receive}). It is announced as ever. A block that
   * its counterparty does not answer is not forgotten: a minute later, after it reconnects or after a restart, the
   * counterparty is asked whether it stores it. Default `true`.
   */
  readonly push?: boolean;
}

/** Options of {@link Trustchain.agree}. */
export interface AgreeOptions extends SignOptions {
  /**
   * How much of the proposer's history must be held, whole and valid, before the agreement is signed: all of it up to
   * the proposal, its last n blocks, or none. What is missing is fetched (see {@link Trustchain.history}). Agreeing
   * across a gap can hide a double spend for ever. Default `complete`.
   */
  readonly history?: 'complete' | 'none' | number;
}

/** Options of {@link Trustchain.history}. */
export interface HistoryOptions extends AbortOptions {
  /** The last block wanted: by id, which must be stored, or by position. */
  readonly upTo: BlockId | number;
  /** All blocks up to it, or the last n. Default `complete`. */
  readonly want?: 'complete' | number;
}

/** A stretch of an author's chain that is held, whole and valid. */
export interface ChainHistory {
  readonly author: PublicKey;
  /** First position; above 1 where less was wanted, or where what lies below was checked and pruned. */
  readonly from: number;
  /** Last position. */
  readonly to: number;
  /** The block at the last position. */
  readonly head: BlockId;
}

/** Why a history is not there: `details` of `ERR_CHAIN_HISTORY` and `ERR_PAIR_HISTORY`. */
export interface HistoryFault {
  /**
   * `gap`: positions are missing that nobody asked filled in. `unreachable`: positions are missing and nobody could be
   * asked for them. `too-large`: more would have to be fetched than a node takes in. `fork`: the author is a proven
   * cheat, or another block stands at the last position. `invalid`: a block breaks a rule.
   */
  readonly reason: 'gap' | 'unreachable' | 'too-large' | 'fork' | 'invalid';
  /** Number of positions that are missing. */
  readonly missing: number;
  /** The first of the ranges of missing positions, at most 16. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** Answer to {@link Trustchain.receive}. */
export interface ReceiveResult {
  readonly block: HalfBlock;
  /** `false` when the block was known before. */
  readonly added: boolean;
  readonly level: ValidationLevel;
  readonly issues: readonly ValidationIssue[];
}

/**
 * What applications need of a TrustChain node: sign this node's blocks, take in others', ask, sync.
 * `@edmp/trustchain` implements it; `@edmp/market` uses it.
 *
 * Errors: `ERR_BLOCK_*` (format and validation), `ERR_PAIR_*` (a transition that is not allowed),
 * `ERR_CHAIN_FRAUD` (the counterparty is a proven cheat), `ERR_CHAIN_REGRESSED` (this node's store went back in time).
 */
export interface Trustchain extends AsyncDisposable {
  readonly self: PublicKey;
  readonly store: BlockStore;
  /** Signs and stores a proposal to `peer`, and delivers it when the peer is connected. */
  propose(
    proposal: { readonly peer: PublicKey; readonly type: string; readonly tx: TxValue },
    options?: SignOptions,
  ): Promise<HalfBlock>;
  /** Signs and stores a block addressed to anyone. */
  source(source: { readonly type: string; readonly tx: TxValue }, options?: SignOptions): Promise<HalfBlock>;
  /**
   * Agrees to a proposal addressed to us (or to anyone), once the proposer's history is held as far as `history` asks.
   * `tx` default: the proposal's. Throws `ERR_PAIR_*`, among them `ERR_PAIR_HISTORY` ({@link HistoryFault}).
   */
  agree(proposal: BlockId, tx?: TxValue, options?: AgreeOptions): Promise<HalfBlock>;
  /**
   * Resolves when an author's chain up to a block is held, valid, without gaps and forks. What is missing is fetched
   * from the author, or, while it is not connected, from peers. Throws `ERR_CHAIN_HISTORY` ({@link HistoryFault}).
   */
  history(author: PublicKey, options: HistoryOptions): Promise<ChainHistory>;
  /**
   * Signs and stores what a crash or a failed signer left reserved: only then is it known what this chain holds, and
   * whoever numbers its own blocks calls it before it gives out a number. Nothing to do resolves at once.
   */
  finish(options?: AbortOptions): Promise<void>;
  /** Refuses a proposal addressed to us. */
  refuse(proposal: BlockId, reason: string, options?: SignOptions): Promise<HalfBlock>;
  /** Withdraws a proposal of this node after its deadline. */
  withdraw(proposal: BlockId, reason: string, options?: SignOptions): Promise<HalfBlock>;
  /** State of the pair that a proposal opened. Throws `ERR_PAIR_UNKNOWN` when the proposal is not stored. */
  pair(proposal: BlockId): Promise<PairState>;
  /**
   * Decodes, verifies, validates and stores a block that came from outside, e.g. one that the counterparty put into a
   * message of the application's. The signature of a block that is stored, or is being verified, is not verified again.
   * Throws only on undecodable or wrongly signed bytes (`ERR_BLOCK_*`) and for load (`ERR_CHAIN_BUSY`).
   */
  receive(bytes: Uint8Array, options?: AbortOptions): Promise<ReceiveResult>;
  /** Sends stored blocks to a connected peer and waits until it has stored them. */
  push(peer: PublicKey, blocks: readonly HalfBlock[], options?: AbortOptions): Promise<void>;
  /**
   * Fetches from `peer` what is missing of `author`'s chain (and, with `links`, of the blocks that answer it). Returns
   * the number of new blocks. Throws `ERR_CHAIN_INCOMPLETE` when the peer leaves holes.
   */
  sync(
    peer: PublicKey,
    author: PublicKey,
    options?: AbortOptions & { readonly links?: boolean },
  ): Promise<number>;
  /**
   * Asks some connected peers, but never the author itself, for what they store of `author`: its blocks of the given
   * types, and answers by anybody to the given blocks of its. At most 16 questions; about a thousand blocks for each, a
   * later call goes on from there. What comes is taken in as by {@link Trustchain.receive}; who is silent or lies is
   * passed over. Returns the number of new blocks. Throws `ERR_CHAIN_OFFLINE`, `ERR_ABORTED`, `ERR_INVALID_ARGUMENT`.
   */
  consult?(
    question: {
      readonly author: PublicKey;
      readonly types?: readonly string[];
      readonly links?: readonly BlockId[];
    },
    options?: AbortOptions,
  ): Promise<number>;
  /** Registers the rule of an application type; one per type (`ERR_INVALID_ARGUMENT`). */
  registerType(type: string, rule: TypeRule): void;
  /**
   * Proves that the author of two signed blocks cheated: they stand at one position, or carry one slot by the rules of
   * their types. The proof is kept for ever and spread (event `fraud`). Returns `false` when it was known. Throws
   * `ERR_FRAUD_UNFOUNDED`, `ERR_FRAUD_SIGNATURE`, `ERR_FRAUD_UNKNOWN` (no rule for a type), `ERR_BLOCK_*`.
   */
  accuse(a: HalfBlock, b: HalfBlock): Promise<boolean>;
  /**
   * Where the chain of `author` was cut by pruning, by this node's newest checkpoint: the lowest position that is wanted,
   * and the block that stood there. What lay below was checked. Undefined when it was not cut.
   */
  floor?(author: PublicKey): { readonly position: number; readonly id: BlockId } | undefined;
  /** Whether fraud by `author` is proven here. */
  isFraudulent(author: PublicKey): Promise<boolean>;
  /** Listens until the returned function is called. */
  on(listener: (event: TrustchainEvent) => void): () => void;
  /** All events from now on, until the loop is left. Throws `ERR_ABORTED`, `ERR_CHAIN_EVENTS_LOST` (a reader far behind). */
  events(options?: AbortOptions): AsyncIterableIterator<TrustchainEvent>;
  stop(): Promise<void>;
}
