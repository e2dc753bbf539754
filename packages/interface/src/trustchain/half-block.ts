import type { CID } from 'multiformats/cid';
import type { PublicKey, Signature } from '../keys.ts';

/** Any dag-cbor value without floats: integers (number or bigint), text, bytes, links, lists, maps, booleans, null. */
export type TxValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | CID
  | readonly TxValue[]
  | { readonly [key: string]: TxValue };

/** CIDv1 (dag-cbor, sha2-256) of a half block's core: its identity. */
export type BlockId = CID;

/** The signed content of a half block (DESIGN §3.1). */
export interface HalfBlockCore {
  /** Format version, 1. */
  readonly v: 1;
  /** Author's key. */
  readonly key: PublicKey;
  /** Position in the author's chain, first = 1, at most 2⁵³−1. */
  readonly seq: number;
  /** Core of the author's previous block; null only at seq 1. */
  readonly prev: BlockId | null;
  /** Counterparty's key; null = addressed to anyone (a source block). */
  readonly peer: PublicKey | null;
  /** Core of the proposal that this block answers; null in proposals. */
  readonly link: BlockId | null;
  /** Application type, at most 64 bytes of `[a-z0-9/_.-]`. Types under `tc/` belong to TrustChain itself. */
  readonly type: string;
  /** The transaction. */
  readonly tx: TxValue;
  /** Author's clock, ms since the epoch. */
  readonly time: number;
}

/** A decoded half block together with its exact bytes. */
export interface HalfBlock {
  readonly id: BlockId;
  readonly core: HalfBlockCore;
  /** Canonical dag-cbor of the core. */
  readonly coreBytes: Uint8Array;
  /** ed25519 over `"edmp/half-block/v1" ‖ sha256(coreBytes)`. */
  readonly signature: Signature;
  /** Canonical dag-cbor of `[core, signature]`: the form that travels and is stored. */
  readonly bytes: Uint8Array;
}

/** Type of the answer by which the counterparty ends a proposal. */
export const REFUSAL_TYPE = 'tc/refuse';
/** Type of the answer by which the proposer ends its own proposal after the deadline. */
export const WITHDRAWAL_TYPE = 'tc/withdraw';
