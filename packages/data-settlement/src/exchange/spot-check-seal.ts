import { type Crypto, concatBytes, type Environment, type PublicKey, utf8ToBytes } from '@edmp/interface';
import { hpkeRecipient, hpkeSender, xWingKem } from '@edmp/interface/hpke';

const LABEL = utf8ToBytes('edmp/spot-check-seal/v1');

/** Bytes of the public key that an answer is sealed to. */
export const SPOT_KEY_BYTES: number = xWingKem.publicKeyBytes;
/** Bytes that sealing adds: the encapsulated key and the tag. */
export const SPOT_SEAL_BYTES: number = xWingKem.encBytes + 16;

/** Whose answer it is, for whom, and by which bid the chunks were drawn. */
export interface SpotBinding {
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  /** CID bytes of the bid. */
  readonly bid: Uint8Array;
}

const infoOf = ({ seller, buyer }: SpotBinding): Uint8Array => concatBytes(LABEL, seller, buyer);

/** A key for one answer, which nobody keeps: its secret half is a seed. */
export function makeSpotKey(needs: {
  readonly crypto: Crypto;
  readonly environment: Pick<Environment, 'randomBytes'>;
}): { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array } {
  const secretKey = needs.environment.randomBytes(xWingKem.secretKeyBytes);
  return { secretKey, publicKey: xWingKem.publicKey(needs.crypto, secretKey) };
}

/**
 * Seals shown chunks to the key that the buyer made for them: they are readings, and the connection alone would not keep
 * them closed for good. Throws `ERR_CRYPTO_KEY` or `ERR_CRYPTO_LOW_ORDER` for a key that is none.
 */
export function sealSpotAnswer(
  needs: { readonly crypto: Crypto; readonly environment: Pick<Environment, 'randomBytes' | 'systemRandom'> },
  recipientKey: Uint8Array,
  binding: SpotBinding,
  answer: Uint8Array,
): Uint8Array {
  const { crypto, environment } = needs;
  const randomness =
    environment.systemRandom === true ? undefined : environment.randomBytes(xWingKem.randomnessBytes);
  const { enc, context } = hpkeSender({
    crypto,
    kem: xWingKem,
    info: infoOf(binding),
    recipientKey,
    randomness,
  });
  return concatBytes(enc, context.seal(binding.bid, answer));
}

/** Opens {@link sealSpotAnswer}. Throws `ERR_CRYPTO_*`. */
export function openSpotAnswer(
  crypto: Crypto,
  secretKey: Uint8Array,
  binding: SpotBinding,
  sealed: Uint8Array,
): Uint8Array {
  const enc = sealed.subarray(0, xWingKem.encBytes);
  const context = hpkeRecipient({ crypto, kem: xWingKem, info: infoOf(binding), secretKey, enc });
  return context.open(binding.bid, sealed.subarray(xWingKem.encBytes));
}
