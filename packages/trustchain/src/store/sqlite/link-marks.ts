import type { BlockId } from '@edmp/interface';
import { blockDigest } from '../../block/identity.ts';
import { StoreError } from '../errors.ts';
import type { Database } from './database.ts';

/** Name of the secret in the file's table of secrets. */
export const LINK_SECRET = 'link';
/** Bytes of the secret: 16 coefficients of 32 bits. */
export const LINK_SECRET_BYTES = 64;
/** The largest prime below 2^47. */
const MODULUS = 140_737_488_355_213;

/**
 * Marks of links: short numbers that rows are found by. Whoever makes a block chooses its link freely, so links with
 * the same first bits as a victim's could be made at will; these marks are an inner product with coefficients that
 * only the file knows (universal hashing, Carter and Wegman 1979), so that nobody can aim for a collision. Throws
 * `ERR_STORE_CORRUPT` when the file has lost its secret.
 */
export function linkMarks(database: Database): (link: BlockId) => number {
  const secret = database.prepare('SELECT value FROM secrets WHERE name = ?').get(LINK_SECRET)?.value;
  if (!(secret instanceof Uint8Array) || secret.length !== LINK_SECRET_BYTES) {
    throw new StoreError('ERR_STORE_CORRUPT', 'The file holds no secret to mark links with');
  }
  const view = new DataView(secret.buffer, secret.byteOffset, secret.byteLength);
  const coefficients = Array.from({ length: 16 }, (_, i) => view.getUint32(4 * i));
  return (link) => {
    const { buffer, byteOffset } = blockDigest(link);
    const digest = new DataView(buffer, byteOffset, 32);
    let sum = 0;
    let place = 0;
    // Each product is below 2^48 and the sum of sixteen below 2^52, so all of it is exact.
    for (const coefficient of coefficients) {
      sum += digest.getUint16(place) * coefficient;
      place += 2;
    }
    return sum % MODULUS;
  };
}
