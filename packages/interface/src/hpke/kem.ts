import { concatBytes, utf8ToBytes } from '../bytes.ts';
import type { Crypto, Encapsulation } from '../crypto/types.ts';
import { InvalidArgumentError } from '../errors.ts';
import { EMPTY, type HpkeCrypto, labeledExpand, labeledExtract } from './labeled.ts';

/** A key encapsulation mechanism as HPKE uses it (RFC 9180 §4). */
export interface HpkeKem {
  /** Its number in IANA's registry. */
  readonly id: number;
  /** Bytes of an encapsulated key. */
  readonly encBytes: number;
  /** Bytes of a public key. */
  readonly publicKeyBytes: number;
  /** Bytes of a secret key. */
  readonly secretKeyBytes: number;
  /** Bytes of the randomness of {@link HpkeKem.encapsulate}. */
  readonly randomnessBytes: number;
  /** Whether a provider may draw the randomness itself. */
  readonly drawsRandomness: boolean;
  publicKey(crypto: HpkeCrypto, secretKey: Uint8Array): Uint8Array;
  /** Encap. Throws `ERR_CRYPTO_KEY` or `ERR_CRYPTO_LOW_ORDER` when the recipient's key is unusable. */
  encapsulate(
    crypto: HpkeCrypto,
    recipientKey: Uint8Array,
    randomness: Uint8Array | undefined,
  ): Encapsulation;
  /** Decap. Throws `ERR_CRYPTO_KEY` or `ERR_CRYPTO_LOW_ORDER` when `enc` is unusable. */
  decapsulate(crypto: HpkeCrypto, secretKey: Uint8Array, enc: Uint8Array): Uint8Array;
}

/** X-Wing as KEM 0x647a (draft-connolly-cfrg-xwing-kem §5.7, draft-ietf-hpke-pq); secret keys are seeds of 32 bytes. */
export const xWingKem: HpkeKem = {
  id: 0x647a,
  encBytes: 1_120,
  publicKeyBytes: 1_216,
  secretKeyBytes: 32,
  randomnessBytes: 64,
  drawsRandomness: true,
  publicKey: (crypto, secretKey) => crypto.xWing.publicKey(secretKey),
  encapsulate: (crypto, recipientKey, randomness) => crypto.xWing.encapsulate(recipientKey, randomness),
  decapsulate: (crypto, secretKey, enc) => crypto.xWing.decapsulate(secretKey, enc),
};

const DHKEM_X25519 = 0x0020;
const DHKEM_SUITE = concatBytes(utf8ToBytes('KEM'), Uint8Array.of(DHKEM_X25519 >>> 8, DHKEM_X25519 & 255));

/**
 * DeriveKeyPair of DHKEM(X25519) (RFC 9180 §7.1.3): an X25519 secret of 32 bytes from input key material of at least
 * 32.
 *
 * @param inputKeyMaterial - Secret bytes, 32 at least, used for nothing else.
 */
export function hpkeDeriveSecret(
  crypto: Pick<Crypto, 'hkdfExtract' | 'hkdfExpand'>,
  inputKeyMaterial: Uint8Array,
): Uint8Array {
  const prk = labeledExtract(crypto, DHKEM_SUITE, EMPTY, 'dkp_prk', inputKeyMaterial);
  return labeledExpand(crypto, DHKEM_SUITE, prk, 'sk', EMPTY, 32);
}

function dhSecret(
  crypto: HpkeCrypto,
  secretKey: Uint8Array,
  peer: Uint8Array,
  enc: Uint8Array,
  recipient: Uint8Array,
): Uint8Array {
  const prk = labeledExtract(crypto, DHKEM_SUITE, EMPTY, 'eae_prk', crypto.x25519(secretKey, peer));
  return labeledExpand(crypto, DHKEM_SUITE, prk, 'shared_secret', concatBytes(enc, recipient), 32);
}

/** DHKEM(X25519, HKDF-SHA256), KEM 0x0020 (RFC 9180 §7.1). Its randomness is the input of `DeriveKeyPair`. */
export const x25519Kem: HpkeKem = {
  id: DHKEM_X25519,
  encBytes: 32,
  publicKeyBytes: 32,
  secretKeyBytes: 32,
  randomnessBytes: 32,
  drawsRandomness: false,
  publicKey: (crypto, secretKey) => crypto.x25519PublicKey(secretKey),
  encapsulate(crypto, recipientKey, randomness = EMPTY) {
    if (randomness.length < 32)
      throw new InvalidArgumentError(`DHKEM(X25519) needs 32 random bytes, got ${randomness.length}`);
    const ephemeral = hpkeDeriveSecret(crypto, randomness);
    const enc = crypto.x25519PublicKey(ephemeral);
    return { sharedSecret: dhSecret(crypto, ephemeral, recipientKey, enc, recipientKey), ciphertext: enc };
  },
  decapsulate: (crypto, secretKey, enc) =>
    dhSecret(crypto, secretKey, enc, enc, crypto.x25519PublicKey(secretKey)),
};
