import { InvalidArgumentError, utf8ToBytes } from '@edmp/interface';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/**
 * Pseudonym of a meter in one listing: the first 16 bytes of HMAC-SHA-256 under a key that only the owner has
 *. Two listings of one meter cannot be linked by it. Throws `ERR_INVALID_ARGUMENT` for a key below 16 bytes.
 *
 * @param key - Random bytes that only the owner has, 16 at least.
 * @param device - Id of the meter.
 * @param listing - What names the listing; another one gives another pseudonym.
 */
export function listingPseudonym(key: Uint8Array, device: string, listing: string): Uint8Array {
  if (key.length < 16) {
    throw new InvalidArgumentError(`A pseudonym key has at least 16 random bytes, got ${key.length}`);
  }
  const label = JSON.stringify(['edmp/pseudonym/v1', device, listing]);
  return hmac(sha256, key, utf8ToBytes(label)).slice(0, 16);
}
