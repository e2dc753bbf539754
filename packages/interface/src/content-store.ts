import type { CID } from 'multiformats/cid';
import type { AbortOptions } from './abort.ts';

/** Multicodec of raw bytes. */
export const CODEC_RAW = 0x55;
/** Multicodec of dag-cbor. */
export const CODEC_DAG_CBOR = 0x71;

/** Options of {@link ContentStore.get}. */
export interface ContentGetOptions extends AbortOptions {
  /** Largest block accepted, bytes. Default 2 MiB. */
  readonly maxBytes?: number;
}

/** What {@link ContentStore.collect} removed. */
export interface CollectReport {
  readonly blocks: number;
  readonly bytes: number;
}

/** A block whose bytes were hashed by whoever hands it over. */
export interface CheckedBlock {
  /** CIDv1, raw or dag-cbor, sha2-256. */
  readonly cid: CID;
  /** At most 1 MiB. */
  readonly bytes: Uint8Array;
}

/**
 * Content-addressed blocks (CIDv1, sha2-256). Every read re-verifies the hash, also from the local disk.
 * Passing the suite `contentStoreSuite` of `@edmp/testing` is what makes an implementation one.
 *
 * Errors: `ERR_CONTENT_NOT_FOUND` (nothing that may be asked holds the block), `ERR_CONTENT_HASH` (the bytes do not
 * match the CID), `ERR_CONTENT_CODEC` (a CID version, codec or hash that is not supported), `ERR_CONTENT_TOO_LARGE`
 * (a block above the limit of the call), `ERR_CONTENT_READ_ONLY` (the store cannot write, pin or list),
 * `ERR_CONTENT_UNREACHABLE` (the source cannot be asked).
 */
export interface ContentStore extends AsyncDisposable {
  /** What this implementation can do; calls to what it cannot throw `ERR_CONTENT_READ_ONLY`. */
  readonly can: { readonly write: boolean; readonly pin: boolean; readonly enumerate: boolean };
  get(cid: CID, options?: ContentGetOptions): Promise<Uint8Array>;
  /** Whether the block is held locally; never goes to the network. */
  has(cid: CID, options?: AbortOptions): Promise<boolean>;
  /** Stores a block of at most 1 MiB (`ERR_CONTENT_TOO_LARGE`) and returns its CID. */
  put(
    codec: typeof CODEC_RAW | typeof CODEC_DAG_CBOR,
    bytes: Uint8Array,
    options?: AbortOptions,
  ): Promise<CID>;
  /**
   * Stores blocks that the caller has hashed itself, never on the word of somebody else: they need not be hashed again, and
   * of one that does not fit its CID whoever reads it is told, where the store does not refuse it. All are as durable as after `put` when the promise resolves; when
   * it rejects, any of them may be. The arrays belong to the store from then on. Throws what `put` throws. Optional: where
   * it is left out, `put` does the same for one block after the other.
   */
  putMany?(blocks: readonly CheckedBlock[], options?: AbortOptions): Promise<void>;
  /** Keeps `cid` and, when it is dag-cbor, everything it links to, on behalf of `owner`; once per owner, however often it is called. */
  pin(cid: CID, owner: string, options?: AbortOptions): Promise<void>;
  /** Ends an owner's claim; unknown claims are fine. */
  unpin(cid: CID, owner: string, options?: AbortOptions): Promise<void>;
  /** Deletes every block that no pin reaches and that is older than `graceMs` (default 0). */
  collect(options?: AbortOptions & { readonly graceMs?: number }): Promise<CollectReport>;
  /** CIDs held locally. */
  list(options?: AbortOptions): AsyncIterable<CID>;
  close(): Promise<void>;
}

/** The reading half of a {@link ContentStore}, all that a remote source offers. */
export type ContentReader = Pick<ContentStore, 'get'>;
