import { type Crypto, concatBytes, uint32ToBytes, utf8ToBytes } from '@edmp/interface';
import { CHUNK_HEADER_BYTES } from './chunk.ts';
import { SALT_BYTES } from './limits.ts';

const SALT_LABEL = utf8ToBytes('edmp/leaf-salt/v1');
const BODY_LABEL = utf8ToBytes('edmp/chunk-body/v1');
const LEAF_LABEL = utf8ToBytes('edmp/data-leaf/v1');
const NO_SALT = new Uint8Array(0);

/**
 * Salts of a dataset's leaves: `HKDF-SHA256(seed, "edmp/leaf-salt/v1" ‖ index)`, 16 bytes each.
 *
 * @param saltSeed - Random bytes made for the dataset, 32 of them; kept secret, for readings can be guessed with
 *   them.
 */
export function leafSalts(
  crypto: Pick<Crypto, 'hkdfExtract' | 'hkdfExpand'>,
  saltSeed: Uint8Array,
): (index: number) => Uint8Array {
  const key = crypto.hkdfExtract(NO_SALT, saltSeed);
  return (index) => crypto.hkdfExpand(key, concatBytes(SALT_LABEL, uint32ToBytes(index)), SALT_BYTES);
}

/**
 * Salted digest of a chunk without its header: `SHA-256("edmp/chunk-body/v1" ‖ index ‖ salt ‖ body)`.
 *
 * @param index - Place of the chunk in the dataset, from 0.
 * @param salt - Salt of that chunk, 16 bytes, as {@link leafSalts} gives it.
 * @param chunk - The encoded chunk with its header of 11 bytes, which is left out of the digest.
 */
export function bodyDigest(
  crypto: Pick<Crypto, 'sha256'>,
  index: number,
  salt: Uint8Array,
  chunk: Uint8Array,
): Uint8Array {
  return crypto.sha256(
    concatBytes(BODY_LABEL, uint32ToBytes(index), salt, chunk.subarray(CHUNK_HEADER_BYTES)),
  );
}

/**
 * Leaf of the data tree from its parts: `SHA-256("edmp/data-leaf/v1" ‖ index ‖ header ‖ bodyDigest)`. The header
 * stands apart so that a disagreement between two neighbours is proven with one chunk opened, not two.
 *
 * @param index - Place of the chunk in the dataset, from 0.
 * @param header - The first 11 bytes of the encoded chunk.
 * @param body - What {@link bodyDigest} gives for the chunk, 32 bytes.
 */
export function dataLeafOf(
  crypto: Pick<Crypto, 'sha256'>,
  index: number,
  header: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  return crypto.sha256(concatBytes(LEAF_LABEL, uint32ToBytes(index), header, body));
}

/**
 * Leaf of a chunk under its salt: hides the readings, which are guessable, behind the salt.
 *
 * @param index - Place of the chunk in the dataset, from 0.
 * @param salt - Salt of that chunk, 16 bytes, as {@link leafSalts} gives it.
 * @param chunk - The encoded chunk with its header.
 */
export function dataLeaf(
  crypto: Pick<Crypto, 'sha256'>,
  index: number,
  salt: Uint8Array,
  chunk: Uint8Array,
): Uint8Array {
  return dataLeafOf(
    crypto,
    index,
    chunk.subarray(0, CHUNK_HEADER_BYTES),
    bodyDigest(crypto, index, salt, chunk),
  );
}
