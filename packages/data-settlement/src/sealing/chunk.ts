import { type Crypto, concatBytes, equalBytes, uint32ToBytes } from '@edmp/interface';
import { CHUNK_HEADER_BYTES } from '../dataset/chunk.ts';
import { dataLeaf } from '../dataset/leaf.ts';
import { MAX_CHUNK_BYTES, SALT_BYTES } from '../dataset/limits.ts';

// Every chunk key seals exactly one message, so the nonce may be fixed (RFC 8439 §4).
const NONCE = new Uint8Array(12);

/** Largest sealed chunk, bytes: salt, chunk and authentication tag. */
export const MAX_SEALED_CHUNK_BYTES: number = SALT_BYTES + MAX_CHUNK_BYTES + 16;

/** Where a sealed chunk belongs; all of it is authenticated. */
export interface ChunkPlace {
  /** Id of the trade, or the dataset's shared context; 32 bytes. */
  readonly tradeId: Uint8Array;
  readonly index: number;
  /** Number of chunks of the delivery. */
  readonly count: number;
}

const aadOf = (place: ChunkPlace): Uint8Array =>
  concatBytes(place.tradeId, uint32ToBytes(place.index), uint32ToBytes(place.count));

/**
 * ChaCha20-Poly1305 (RFC 8439) of salt ‖ chunk under a chunk key, AAD = trade id ‖ index ‖ count.
 *
 * @param key - Key of the chunk, 32 bytes, used for this chunk of this delivery alone: the nonce is fixed.
 * @param saltedChunk - Salt of 16 bytes, then the encoded chunk.
 */
export function sealChunk(
  crypto: Pick<Crypto, 'chacha20Poly1305Seal'>,
  place: ChunkPlace,
  key: Uint8Array,
  saltedChunk: Uint8Array,
): Uint8Array {
  return crypto.chacha20Poly1305Seal(key, NONCE, saltedChunk, aadOf(place));
}

/** A chunk as it came out of its seal, and its salt. */
export interface OpenedChunk {
  readonly salt: Uint8Array;
  readonly chunk: Uint8Array;
}

/**
 * Opens a sealed chunk and compares it with the leaf that was promised; undefined when it does not authenticate, is
 * too short to be a chunk, or is other data: in each case the seller sealed something else than it sold.
 *
 * @param key - Key of the chunk, 32 bytes.
 * @param ciphertext - The sealed chunk as the seller delivered it; anything may be given.
 * @param promisedLeaf - Leaf of the data tree that the manifest lists for the chunk, 32 bytes.
 */
export function openChunk(
  crypto: Pick<Crypto, 'chacha20Poly1305Open' | 'sha256'>,
  place: ChunkPlace,
  key: Uint8Array,
  ciphertext: Uint8Array,
  promisedLeaf: Uint8Array,
): OpenedChunk | undefined {
  let plaintext: Uint8Array;
  try {
    plaintext = crypto.chacha20Poly1305Open(key, NONCE, ciphertext, aadOf(place));
  } catch {
    return undefined;
  }
  if (plaintext.length < SALT_BYTES + CHUNK_HEADER_BYTES) return undefined;
  const salt = plaintext.subarray(0, SALT_BYTES);
  const chunk = plaintext.subarray(SALT_BYTES);
  return equalBytes(dataLeaf(crypto, place.index, salt, chunk), promisedLeaf) ? { salt, chunk } : undefined;
}

/**
 * {@link openChunk} under the first of `contexts` that gives the promised data; undefined when none does.
 *
 * @param key - Key of the chunk, 32 bytes.
 * @param ciphertext - The sealed chunk as the seller delivered it; anything may be given.
 * @param promisedLeaf - Leaf of the data tree that the manifest lists for the chunk, 32 bytes.
 */
export function openInContext(
  crypto: Pick<Crypto, 'chacha20Poly1305Open' | 'sha256'>,
  contexts: readonly Uint8Array[],
  place: Omit<ChunkPlace, 'tradeId'>,
  key: Uint8Array,
  ciphertext: Uint8Array,
  promisedLeaf: Uint8Array,
): OpenedChunk | undefined {
  for (const tradeId of contexts) {
    const opened = openChunk(crypto, { ...place, tradeId }, key, ciphertext, promisedLeaf);
    if (opened !== undefined) return opened;
  }
  return undefined;
}
