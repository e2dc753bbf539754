import {
  type BlockId,
  type BlockStore,
  type Crypto,
  concatBytes,
  equalBytes,
  type HalfBlock,
  type PublicKey,
  publicKey,
  type TxValue,
} from '@edmp/interface';
import { bytesKey, isBlockId } from '../block/identity.ts';
import { chainPages } from '../store/pages.ts';

/** Type of the self blocks by which a node states what it has verified and then pruned. */
export const CHECKPOINT_TYPE = 'tc/checkpoint';
/** Chains in one checkpoint at most, so that its core stays below 64 KiB. */
export const MAX_CHECKPOINT_CHAINS = 400;
const PAGE = 256;

/**
 * What a checkpoint says of one chain. Entries of one chain only move up, and each digest continues the one before:
 * what comes back below `to` is removed again without a word.
 */
export interface CheckpointEntry {
  readonly author: PublicKey;
  /** Position of the oldest block kept at that time; everything below was removed. */
  readonly to: number;
  /** The block kept there, the first by id bytes of its branches. */
  readonly id: BlockId;
  /** {@link checkpointDigest} of what was removed. */
  readonly digest: Uint8Array;
}

/**
 * Transaction of a checkpoint block.
 *
 * @param entries - One for each author whose blocks were removed.
 */
export function encodeCheckpoint(entries: readonly CheckpointEntry[]): TxValue {
  return { chains: entries.map(({ author, to, id, digest }) => [author, to, id, digest]) };
}

/** Entries of a checkpoint block; none when it is not one or is malformed. */
export function decodeCheckpoint(block: HalfBlock): readonly CheckpointEntry[] {
  const { type, tx } = block.core;
  if (type !== CHECKPOINT_TYPE || typeof tx !== 'object' || tx === null) return [];
  const { chains } = tx as { readonly [key: string]: TxValue };
  if (!Array.isArray(chains)) return [];
  const entries: CheckpointEntry[] = [];
  for (const chain of chains as readonly TxValue[]) {
    const [author, to, id, digest] = (Array.isArray(chain) ? chain : []) as readonly TxValue[];
    const link = id as BlockId;
    const wellFormed =
      author instanceof Uint8Array &&
      author.length === 32 &&
      typeof to === 'number' &&
      to >= 1 &&
      typeof id === 'object' &&
      id !== null &&
      link.bytes instanceof Uint8Array &&
      isBlockId(link) &&
      digest instanceof Uint8Array &&
      digest.length === 32;
    if (!wellFormed) return [];
    entries.push({ author: publicKey(author), to, id: link, digest });
  }
  return entries;
}

/**
 * Digest of removed blocks: SHA-256 over the digest of the checkpoint before (32 zero bytes at first) and the ids of
 * the removed blocks by position, then id bytes.
 *
 * @param previous - 32 bytes: the digest of the checkpoint before; undefined at the first.
 * @param removed - The blocks that this checkpoint stands for, by position, then id bytes.
 */
export function checkpointDigest(
  previous: Uint8Array | undefined,
  removed: readonly Pick<HalfBlock, 'id'>[],
  crypto: Pick<Crypto, 'sha256'>,
): Uint8Array {
  return crypto.sha256(
    concatBytes(previous ?? new Uint8Array(32), ...removed.map((block) => block.id.bytes)),
  );
}

/** The newest entry of each chain in the checkpoints that `signer` has signed, by author. */
export async function readCheckpoints(
  store: BlockStore,
  signer: PublicKey,
): Promise<Map<string, CheckpointEntry>> {
  const newest = new Map<string, CheckpointEntry>();
  let after = 0;
  for (;;) {
    const page = await store.byType(CHECKPOINT_TYPE, { author: signer, after, limit: PAGE });
    for (const { block } of page) {
      for (const entry of decodeCheckpoint(block)) {
        const known = newest.get(bytesKey(entry.author));
        if (known === undefined || entry.to > known.to) newest.set(bytesKey(entry.author), entry);
      }
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return newest;
    after = last.arrival;
  }
}

/** Whether a first checkpoint's entry agrees with a full copy of the chain: for those who hold what was pruned elsewhere. */
export async function checkCheckpoint(
  entry: CheckpointEntry,
  store: BlockStore,
  crypto: Pick<Crypto, 'sha256'>,
): Promise<boolean> {
  const removed: HalfBlock[] = [];
  const range = { author: entry.author, from: 1, to: entry.to - 1, size: PAGE };
  for await (const page of chainPages(store, range)) removed.push(...page);
  const boundary = await store.at(entry.author, entry.to);
  return (
    boundary.some((block) => equalBytes(block.id.bytes, entry.id.bytes)) &&
    equalBytes(checkpointDigest(undefined, removed, crypto), entry.digest)
  );
}
