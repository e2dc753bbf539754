import { type CODEC_DAG_CBOR, type CODEC_RAW, type ContentStore, concatBytes } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';

/** An empty store made for one test. */
export interface ContentStoreHarness {
  readonly store: ContentStore;
  /** Puts a block where the store reads from; needed where the store itself cannot write. */
  seed?(codec: typeof CODEC_RAW | typeof CODEC_DAG_CBOR, bytes: Uint8Array): Promise<CID>;
  /** Alters the bytes kept under `cid` behind the store's back. */
  corrupt?(cid: CID): Promise<void>;
  /** Lets `ms` pass on the store's clock. */
  advance?(ms: number): Promise<void>;
  /** Closes the store and opens what it left behind again. Present exactly when the implementation persists. */
  reopen?(): Promise<ContentStore>;
  /** Closes whichever store is open and removes what is left. */
  close(): Promise<void>;
}

/** Options of `contentStoreSuite`. */
export interface ContentStoreSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  create(): Promise<ContentStoreHarness>;
}

/** Runs `body` over a fresh store and cleans up, whatever happens. */
export async function withStore(
  options: ContentStoreSuiteOptions,
  body: (store: ContentStore, harness: ContentStoreHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create();
  try {
    await body(harness.store, harness);
  } finally {
    await harness.close();
  }
}

/** Puts a block through the store, or through the harness where the store cannot write. */
export function plant(
  harness: ContentStoreHarness,
  codec: typeof CODEC_RAW | typeof CODEC_DAG_CBOR,
  bytes: Uint8Array,
): Promise<CID> {
  return harness.seed?.(codec, bytes) ?? harness.store.put(codec, bytes);
}

/** CIDv1 (sha2-256) of a block. */
export async function cidOf(codec: number, bytes: Uint8Array): Promise<CID> {
  return CID.createV1(codec, await sha256.digest(bytes));
}

/** Canonical dag-cbor of a list of at most 255 links: array head, then tag 42 over a byte string (0x00 ‖ CID) each. */
export function linkList(links: readonly CID[]): Uint8Array {
  return concatBytes(
    links.length < 24 ? Uint8Array.of(0x80 + links.length) : Uint8Array.of(0x98, links.length),
    ...links.map((cid) => concatBytes(Uint8Array.of(0xd8, 0x2a, 0x58, cid.bytes.length + 1, 0), cid.bytes)),
  );
}

/** CIDs as sorted text. */
export const texts = (cids: readonly CID[]): string[] => cids.map((cid) => cid.toString()).sort();
