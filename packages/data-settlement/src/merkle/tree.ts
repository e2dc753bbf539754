import { type Crypto, EdmpError } from '@edmp/interface';

const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;

/** What the tree needs of a crypto provider. */
export type Hasher = Pick<Crypto, 'sha256'>;

/**
 * Where what is short is put together before it is hashed: a tree has two hashes for each leaf, and an array for each would
 * take as long as hashing it. Hashing ends before it is used again.
 */
const SCRATCH = new Uint8Array(1 + 128);

function prefixed(crypto: Hasher, prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 1;
  for (const part of parts) length += part.length;
  const bytes = length > SCRATCH.length ? new Uint8Array(length) : SCRATCH.subarray(0, length);
  bytes[0] = prefix;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return crypto.sha256(bytes);
}

/**
 * Hash of one leaf: SHA-256(0x00 ‖ data) (RFC 9162 §2.1.1).
 *
 * @param data - What the leaf stands for, any length, in one piece or several.
 */
export function leafHash(crypto: Hasher, ...data: readonly Uint8Array[]): Uint8Array {
  return prefixed(crypto, LEAF_PREFIX, ...data);
}

/**
 * Hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 9162 §2.1.1).
 *
 * @param left - Hash of the left child, 32 bytes.
 * @param right - Hash of the right child, 32 bytes.
 */
export function nodeHash(crypto: Hasher, left: Uint8Array, right: Uint8Array): Uint8Array {
  return prefixed(crypto, NODE_PREFIX, left, right);
}

/** Largest power of two smaller than `n` (n ≥ 2). */
function split(n: number): number {
  return 2 ** (31 - Math.clz32(n - 1));
}

function rootOf(crypto: Hasher, hashes: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const size = to - from;
  if (size === 1) return hashes[from] ?? new Uint8Array(0);
  const middle = from + split(size);
  return nodeHash(crypto, rootOf(crypto, hashes, from, middle), rootOf(crypto, hashes, middle, to));
}

/**
 * Merkle tree hash of `leaves` (RFC 9162 §2.1.1); the empty tree is SHA-256 of nothing.
 * Leaves and nodes are hashed under different prefixes, so no node can be passed off as a leaf.
 *
 * @example
 * ```ts
 * import { merkleRoot } from '@edmp/data-settlement/dataset';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 *
 * console.log(merkleRoot(nodeCrypto(), [Uint8Array.of(1), Uint8Array.of(2)]).length); // 32
 * ```
 */
export function merkleRoot(crypto: Hasher, leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return crypto.sha256(new Uint8Array(0));
  return rootOfHashes(
    crypto,
    leaves.map((leaf) => leafHash(crypto, leaf)),
  );
}

/**
 * {@link merkleRoot} of leaves that are hashed already.
 *
 * @param hashes - Hash of each leaf as {@link leafHash} gives it, in order; at least one.
 */
export function rootOfHashes(crypto: Hasher, hashes: readonly Uint8Array[]): Uint8Array {
  return rootOf(crypto, hashes, 0, hashes.length);
}

/**
 * Inclusion proof of leaf `index`, lowest level first (RFC 9162 §2.1.3.1).
 * Throws `ERR_INVALID_ARGUMENT` when there is no such leaf.
 *
 * @param leaves - What the leaves stand for, in order, not hashed yet.
 */
export function inclusionProof(
  crypto: Hasher,
  leaves: readonly Uint8Array[],
  index: number,
): readonly Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new EdmpError('ERR_INVALID_ARGUMENT', `A tree of ${leaves.length} leaves has no leaf ${index}`);
  }
  const hashes = leaves.map((leaf) => leafHash(crypto, leaf));
  const path: Uint8Array[] = [];
  let from = 0;
  let to = hashes.length;
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (index < middle) {
      path.push(rootOf(crypto, hashes, middle, to));
      to = middle;
    } else {
      path.push(rootOf(crypto, hashes, from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** What {@link verifyInclusion} checks. */
export interface InclusionClaim {
  /** Hash of the leaf as {@link leafHash} gives it, 32 bytes. */
  readonly leaf: Uint8Array;
  readonly index: number;
  /** Number of leaves of the tree. */
  readonly size: number;
  /** Sibling hashes, lowest level first, 32 bytes each. */
  readonly path: readonly Uint8Array[];
  /** Root that the tree must have, 32 bytes. */
  readonly root: Uint8Array;
}

/** Whether a leaf is in a tree (RFC 9162 §2.1.3.2). Never throws on bad input: the answer is `false`. */
export function verifyInclusion(crypto: Hasher, claim: InclusionClaim): boolean {
  const { index, size } = claim;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  if (claim.leaf.length !== 32 || claim.root.length !== 32) return false;
  let node = index;
  let last = size - 1;
  let hash = claim.leaf;
  for (const sibling of claim.path) {
    if (last === 0 || sibling.length !== 32) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(crypto, sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(crypto, hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hash.every((byte, i) => byte === claim.root[i]);
}
