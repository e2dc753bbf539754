import {
  type BlockId,
  type BlockStore,
  bytesToHex,
  CODEC_DAG_CBOR,
  type HalfBlock,
  type HalfBlockCore,
  type PublicKey,
  publicKeyFromHex,
  publicKeyToHex,
  type Reservation,
} from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { SUITE_KEYS } from '../keys.ts';
import { itemAt } from '../support.ts';

/** An empty store made for one test. */
export interface BlockStoreHarness {
  readonly store: BlockStore;
  /** Closes the store and opens what it left behind again. Present exactly when the implementation persists. */
  reopen?(): Promise<BlockStore>;
  /** Opens the same data once more beside the store; the suite closes it. Present when several may. */
  another?(): Promise<BlockStore>;
  /** Closes whichever store is open and removes what is left. */
  close(): Promise<void>;
}

/** Options of `blockStoreSuite`. */
export interface BlockStoreSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  create(): Promise<BlockStoreHarness>;
  /**
   * Encodes a core into a half block whose id and bytes belong together. Stores do not judge, so any 64 bytes do as
   * a signature; `signature` is given where a test needs two over one core.
   */
  fabricate(core: HalfBlockCore, signature?: Uint8Array): HalfBlock | Promise<HalfBlock>;
}

/** Runs `body` over a fresh store and cleans up, whatever happens. */
export async function withStore(
  options: BlockStoreSuiteOptions,
  body: (store: BlockStore, harness: BlockStoreHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create();
  try {
    await body(harness.store, harness);
  } finally {
    await harness.close();
  }
}

/** The suite's authors, in byte order of their keys. */
export const AUTHORS: readonly PublicKey[] = [...SUITE_KEYS].sort().map(publicKeyFromHex);

/** The author at `index`. */
export const author = (index: number): PublicKey => itemAt(AUTHORS, index);

/** A block id that nothing has: CIDv1 (dag-cbor, sha2-256) over a digest filled with `fill`. */
export const strangeId = (fill: number): BlockId =>
  CID.createV1(CODEC_DAG_CBOR, createDigest(0x12, new Uint8Array(32).fill(fill)));

/** Makes one block; everything not given is a source block of type `suite/a` by author 0. */
export async function makeBlock(
  options: BlockStoreSuiteOptions,
  parts: Partial<HalfBlockCore> & { readonly seq: number },
  signature?: Uint8Array,
): Promise<HalfBlock> {
  const core: HalfBlockCore = {
    v: 1,
    key: author(0),
    prev: parts.seq === 1 ? null : strangeId(parts.seq & 255),
    peer: null,
    link: null,
    type: 'suite/a',
    tx: null,
    time: 1_700_000_000_000 + (parts.seq % 1_000_000),
    ...parts,
  };
  return signature === undefined ? options.fabricate(core) : options.fabricate(core, signature);
}

/** A chain of `length` linked source blocks by one author, `seq` 1 … `length`. */
export async function makeChain(
  options: BlockStoreSuiteOptions,
  key: PublicKey,
  length: number,
  parts: Partial<HalfBlockCore> = {},
): Promise<HalfBlock[]> {
  const chain: HalfBlock[] = [];
  let prev: BlockId | null = null;
  for (let seq = 1; seq <= length; seq++) {
    const block: HalfBlock = await makeBlock(options, { tx: { n: seq }, ...parts, key, seq, prev });
    chain.push(block);
    prev = block.id;
  }
  return chain;
}

/** Everything that a store must keep of a block, as one comparable text per field. */
export function facts(block: HalfBlock): Readonly<Record<string, unknown>> {
  const { core } = block;
  return {
    id: block.id.toString(),
    bytes: bytesToHex(block.bytes),
    coreBytes: bytesToHex(block.coreBytes),
    signature: bytesToHex(block.signature),
    v: core.v,
    key: publicKeyToHex(core.key),
    seq: core.seq,
    prev: core.prev?.toString() ?? null,
    peer: core.peer === null ? null : publicKeyToHex(core.peer),
    link: core.link?.toString() ?? null,
    type: core.type,
    time: core.time,
  };
}

/** Ids of blocks as text, for comparisons that name what is wrong. */
export const ids = (blocks: readonly HalfBlock[]): string[] => blocks.map((block) => block.id.toString());

/** A reservation of a made-up core. */
export const reservationOf = (seq: number, fill: number): Reservation => ({
  seq,
  prev: seq === 1 ? null : strangeId(seq - 1),
  id: strangeId(fill),
  core: new Uint8Array(100).fill(fill),
});

/** A reservation as comparable values. */
export const reservationFacts = (reservation: Reservation | undefined): unknown =>
  reservation && [
    reservation.seq,
    reservation.prev?.toString() ?? null,
    reservation.id.toString(),
    bytesToHex(reservation.core),
  ];
