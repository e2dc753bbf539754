import { concatBytes } from '../bytes.ts';
import { expectLength } from './errors.ts';
import { ML_KEM_768_SIZES } from './kem.ts';
import type { Crypto, KeyEncapsulation } from './types.ts';

const X25519_BYTES = 32;
const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES: number = ML_KEM_768_SIZES.publicKeyBytes + X25519_BYTES;
const CIPHERTEXT_BYTES: number = ML_KEM_768_SIZES.ciphertextBytes + X25519_BYTES;
const RANDOMNESS_BYTES: number = ML_KEM_768_SIZES.randomnessBytes + X25519_BYTES;
/** `\.//^\` of the draft, §5.3. */
const LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** What X-Wing is built from. */
export interface XWingParts extends Pick<Crypto, 'x25519' | 'x25519PublicKey' | 'mlKem768'> {
  /** SHA3-256 (FIPS 202), 32 bytes. */
  sha3(data: Uint8Array): Uint8Array;
  /** The first `length` bytes of SHAKE256 (FIPS 202). */
  shake256(data: Uint8Array, length: number): Uint8Array;
  /** `length` random bytes of cryptographic quality. */
  randomBytes(length: number): Uint8Array;
}

/** The ends of the two parts that a key or a ciphertext is made of. */
const split = (bytes: Uint8Array, at: number): readonly [Uint8Array, Uint8Array] => [
  bytes.subarray(0, at),
  bytes.subarray(at),
];

/**
 * X-Wing (draft-connolly-cfrg-xwing-kem §5): X25519 and ML-KEM-768 in one KEM, which stays closed as long as either of
 * them does. Beyond the draft, an X25519 half of low order is refused, as everywhere in this package.
 */
export function xWingOf(parts: XWingParts): KeyEncapsulation {
  const { mlKem768 } = parts;
  const expand = (seed: Uint8Array): readonly [Uint8Array, Uint8Array] =>
    split(parts.shake256(seed, ML_KEM_768_SIZES.seedBytes + X25519_BYTES), ML_KEM_768_SIZES.seedBytes);
  const combine = (
    post: Uint8Array,
    classic: Uint8Array,
    ciphertext: Uint8Array,
    key: Uint8Array,
  ): Uint8Array => parts.sha3(concatBytes(post, classic, ciphertext, key, LABEL));

  return {
    seedBytes: SEED_BYTES,
    publicKeyBytes: PUBLIC_KEY_BYTES,
    ciphertextBytes: CIPHERTEXT_BYTES,
    randomnessBytes: RANDOMNESS_BYTES,
    publicKey(seed) {
      expectLength('An X-Wing seed', seed, SEED_BYTES);
      const [mlKemSeed, secret] = expand(seed);
      return concatBytes(mlKem768.publicKey(mlKemSeed), parts.x25519PublicKey(secret));
    },
    encapsulate(publicKey, randomness) {
      expectLength('An X-Wing public key', publicKey, PUBLIC_KEY_BYTES);
      if (randomness !== undefined) expectLength('The randomness of X-Wing', randomness, RANDOMNESS_BYTES);
      const [mlKemKey, x25519Key] = split(publicKey, ML_KEM_768_SIZES.publicKeyBytes);
      const ephemeral =
        randomness?.subarray(ML_KEM_768_SIZES.randomnessBytes) ?? parts.randomBytes(X25519_BYTES);
      const classic = parts.x25519(ephemeral, x25519Key);
      const ciphertext = parts.x25519PublicKey(ephemeral);
      const post = mlKem768.encapsulate(mlKemKey, randomness?.subarray(0, ML_KEM_768_SIZES.randomnessBytes));
      return {
        sharedSecret: combine(post.sharedSecret, classic, ciphertext, x25519Key),
        ciphertext: concatBytes(post.ciphertext, ciphertext),
      };
    },
    decapsulate(seed, ciphertext) {
      expectLength('An X-Wing seed', seed, SEED_BYTES);
      expectLength('An X-Wing ciphertext', ciphertext, CIPHERTEXT_BYTES);
      const [mlKemSeed, secret] = expand(seed);
      const [mlKemPart, x25519Part] = split(ciphertext, ML_KEM_768_SIZES.ciphertextBytes);
      const classic = parts.x25519(secret, x25519Part);
      const post = mlKem768.decapsulate(mlKemSeed, mlKemPart);
      return combine(post, classic, x25519Part, parts.x25519PublicKey(secret));
    },
  };
}
