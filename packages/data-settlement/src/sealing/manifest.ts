import { CODEC_RAW, type Crypto, concatBytes } from '@edmp/interface';
import { MAX_CHUNKS } from '@edmp/interface/dataset';
import { CID } from 'multiformats/cid';
import { isSupportedCid, MAX_CONTENT_BLOCK_BYTES } from '../codec/cid.ts';
import { bytesOf, decodeBounded, encodeFields, integerOf, listOf, mapOf } from '../codec/fields.ts';
import { SettlementError } from '../errors.ts';
import { leafHash, merkleRoot, rootOfHashes } from '../merkle/tree.ts';

/** Commitments of one sealed chunk: one leaf of the settlement tree. */
export interface SealedLeaf {
  /** SHA-256 of the sealed chunk, 32 bytes; also the hash inside its CID. */
  readonly cipherDigest: Uint8Array;
  /** Leaf of the data tree, 32 bytes. */
  readonly dataLeaf: Uint8Array;
  /** Commitment to the chunk key, 32 bytes. */
  readonly keyCommitment: Uint8Array;
}

/** Public list of a delivery's sealed chunks: hides the data and lets the buyer check everything structural. */
export interface Manifest {
  /** Trade that the chunks are sealed for, or the shared context of the dataset; 32 bytes. */
  readonly tradeId: Uint8Array;
  readonly leaves: readonly SealedLeaf[];
  /** CIDs (raw) of the sealed chunks, in order. */
  readonly blocks: readonly CID[];
}

/** Bytes of a {@link SealedLeaf}. */
export const SEALED_LEAF_BYTES = 96;
/** Keys and values of a manifest, and its links. */
const MAX_ITEMS: number = MAX_CHUNKS + 8;
const FIELDS = ['v', 'trade', 'blocks', 'commitments'] as const;

const fail = (message: string): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `Bad manifest: ${message}`);

/** The 96 bytes of a leaf: cipher digest ‖ data leaf ‖ key commitment. */
export function encodeSealedLeaf(leaf: SealedLeaf): Uint8Array {
  return concatBytes(leaf.cipherDigest, leaf.dataLeaf, leaf.keyCommitment);
}

/**
 * Parts of a leaf of exactly 96 bytes.
 *
 * @param bytes - A leaf as `encodeSealedLeaf` gives it; the length is not checked here.
 */
export function decodeSealedLeaf(bytes: Uint8Array): SealedLeaf {
  return {
    cipherDigest: bytes.subarray(0, 32),
    dataLeaf: bytes.subarray(32, 64),
    keyCommitment: bytes.subarray(64, SEALED_LEAF_BYTES),
  };
}

/**
 * Root that goes on the ledger: RFC 9162 tree over the leaves of a delivery.
 *
 * @param leaves - All leaves of the delivery, in the order of its chunks.
 */
export function settlementRootOf(crypto: Pick<Crypto, 'sha256'>, leaves: readonly SealedLeaf[]): Uint8Array {
  if (leaves.length === 0) return merkleRoot(crypto, []);
  return rootOfHashes(
    crypto,
    leaves.map((leaf) => leafHash(crypto, leaf.cipherDigest, leaf.dataLeaf, leaf.keyCommitment)),
  );
}

/**
 * Canonical dag-cbor of a manifest: `v` 1, `trade`, `blocks` (links to the sealed chunks, so that any IPFS tool can
 * walk it) and `commitments` (64 bytes a chunk: data leaf ‖ key commitment; cipher digests are in the links).
 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const commitments = new Uint8Array(64 * manifest.leaves.length);
  manifest.leaves.forEach((leaf, i) => {
    commitments.set(leaf.dataLeaf, 64 * i);
    commitments.set(leaf.keyCommitment, 64 * i + 32);
  });
  return encodeFields({ v: 1, trade: manifest.tradeId, blocks: [...manifest.blocks], commitments });
}

/**
 * Decodes a manifest strictly. Throws `ERR_SETTLEMENT_FORMAT`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const map = mapOf(decodeBounded(bytes, MAX_CONTENT_BLOCK_BYTES, 'manifest', MAX_ITEMS), FIELDS, 'manifest');
  integerOf(map.v, 1, 1, 'manifest.v');
  const tradeId = bytesOf(map.trade, 32, 'manifest.trade');
  const links = listOf(map.blocks, MAX_CHUNKS, 'manifest.blocks');
  if (links.length === 0) throw fail('Expected at least one block');
  const commitments = bytesOf(map.commitments, 64 * links.length, 'manifest.commitments');
  const blocks: CID[] = [];
  const leaves: SealedLeaf[] = [];
  for (const [i, link] of links.entries()) {
    const cid = CID.asCID(link);
    if (cid === null || !isSupportedCid(cid) || cid.code !== CODEC_RAW) {
      throw fail(`Expected block ${i} to be a link to a raw, sha2-256 hashed block`);
    }
    blocks.push(cid);
    leaves.push({
      cipherDigest: cid.multihash.digest,
      dataLeaf: commitments.subarray(64 * i, 64 * i + 32),
      keyCommitment: commitments.subarray(64 * i + 32, 64 * i + 64),
    });
  }
  return { tradeId, blocks, leaves };
}
