import {
  type Crypto,
  concatBytes,
  type Environment,
  isEdmpError,
  type PublicKey,
  utf8ToBytes,
} from '@edmp/interface';
import { hpkeRecipient, hpkeSender, xWingKem } from '@edmp/interface/hpke';
import { MarketError } from '../errors.ts';

/** Bytes of a public key that complaints are sealed to: X-Wing, as content keys are wrapped by. */
export const SEALING_KEY_BYTES: number = xWingKem.publicKeyBytes;
/** Bytes that sealing adds: the encapsulated key and the tag. */
export const SEAL_BYTES: number = xWingKem.encBytes + 16;

const COMPLAINT = utf8ToBytes('edmp/complaint-seal/v1');
const KEPT = utf8ToBytes('edmp/kept-complaint-seal/v1');
const AT = utf8ToBytes('edmp/sealing-key/v1');
const ASKED = utf8ToBytes('edmp/kept-complaint/v1');

/** What sealing is done with. */
export interface SealNeeds {
  readonly crypto: Crypto;
  readonly environment: Pick<Environment, 'randomBytes' | 'systemRandom'>;
}

/** What a sealed message is bound to: it opens for nobody else, from nobody else, and about nothing else. */
export interface SealBinding {
  /** Key derivation input that both ends know: purpose and parties. */
  readonly info: Uint8Array;
  /** The hold that it is about. */
  readonly aad: Uint8Array;
}

/** How a complaint about a hold goes from a node to whoever serves a statement key. */
export function complaintBinding(
  crypto: Pick<Crypto, 'sha256'>,
  parts: { readonly key: PublicKey; readonly from: PublicKey; readonly hold: Uint8Array },
): SealBinding {
  return { info: concatBytes(COMPLAINT, parts.key, parts.from), aad: crypto.sha256(parts.hold) };
}

/** How a kept complaint goes from whoever serves a statement key to the seller of the hold. */
export function keptBinding(parts: {
  readonly key: PublicKey;
  readonly seller: PublicKey;
  readonly hold: Uint8Array;
}): SealBinding {
  return { info: concatBytes(KEPT, parts.key, parts.seller), aad: parts.hold };
}

/** What a statement key signs to say that complaints to it are sealed to a public key. */
export function sealingKeyMessage(publicKey: Uint8Array): Uint8Array {
  return concatBytes(AT, publicKey);
}

/** What a seller signs to be given the complaint that is kept about its hold, sealed to `recipient`. */
export function keptRequestMessage(
  crypto: Pick<Crypto, 'sha256'>,
  parts: { readonly key: PublicKey; readonly hold: Uint8Array; readonly recipient: Uint8Array },
): Uint8Array {
  return concatBytes(ASKED, parts.key, crypto.sha256(parts.hold), crypto.sha256(parts.recipient));
}

/** What bytes can be refused for; a library that is missing says nothing about them. */
const REFUSED: ReadonlySet<string> = new Set([
  'ERR_CRYPTO_KEY',
  'ERR_CRYPTO_LOW_ORDER',
  'ERR_CRYPTO_AUTHENTICATION',
]);

function refusing<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isEdmpError(cause) || !REFUSED.has(cause.code)) throw cause;
    throw new MarketError('ERR_NOTARY_SEAL', what, { cause });
  }
}

/** Seals to an X-Wing key by HPKE (RFC 9180): `enc ‖ ciphertext`. Throws `ERR_NOTARY_SEAL` for a key that is none. */
export function sealTo(
  { crypto, environment }: SealNeeds,
  recipientKey: Uint8Array,
  { info, aad }: SealBinding,
  plaintext: Uint8Array,
): Uint8Array {
  const randomness =
    environment.systemRandom === true ? undefined : environment.randomBytes(xWingKem.randomnessBytes);
  const { enc, context } = refusing('The key that is to be sealed to is none', () =>
    hpkeSender({ crypto, kem: xWingKem, info, recipientKey, randomness }),
  );
  return concatBytes(enc, context.seal(aad, plaintext));
}

/** Opens {@link sealTo}. Throws `ERR_NOTARY_SEAL`. */
export function openSealed(
  crypto: Crypto,
  secretKey: Uint8Array,
  { info, aad }: SealBinding,
  sealed: Uint8Array,
): Uint8Array {
  return refusing(
    'What is sealed does not open: it was altered, or is for others, from others or about another hold',
    () => {
      const enc = sealed.subarray(0, xWingKem.encBytes);
      const context = hpkeRecipient({ crypto, kem: xWingKem, info, secretKey, enc });
      return context.open(aad, sealed.subarray(xWingKem.encBytes));
    },
  );
}
