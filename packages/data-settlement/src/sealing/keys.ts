import { type Crypto, concatBytes, uint32ToBytes, utf8ToBytes } from '@edmp/interface';
import { SettlementError } from '../errors.ts';
import {
  HPKE_ENC_BYTES,
  type HpkeCrypto,
  hpkeDeriveSecret,
  hpkeRecipient,
  hpkeSender,
} from '../hpke/hpke.ts';
import { isCanonicalX25519Key } from './x25519-key.ts';

const CHUNK_KEY_LABEL = utf8ToBytes('edmp/chunk-key/v1');
const COMMIT_LABEL = utf8ToBytes('edmp/key-commit/v1');
const WRAP_LABEL = utf8ToBytes('edmp/key-wrap/v1');
const NO_SALT = new Uint8Array(0);

/** Bytes of a content key. */
export const CONTENT_KEY_BYTES = 32;
/** Bytes of a wrapped content key: encapsulated key, ciphertext, tag. */
export const WRAPPED_KEY_BYTES: number = HPKE_ENC_BYTES + CONTENT_KEY_BYTES + 16;

/** Chunk keys of a content key: `HKDF-SHA256(K, "edmp/chunk-key/v1" ‖ index)`, 32 bytes each. */
export function chunkKeys(
  crypto: Pick<Crypto, 'hkdfExtract' | 'hkdfExpand'>,
  contentKey: Uint8Array,
): (index: number) => Uint8Array {
  const prk = crypto.hkdfExtract(NO_SALT, contentKey);
  return (index) => crypto.hkdfExpand(prk, concatBytes(CHUNK_KEY_LABEL, uint32ToBytes(index)), 32);
}

/**
 * Commitment to a chunk key: `SHA-256("edmp/key-commit/v1" ‖ index ‖ key)`. ChaCha20-Poly1305 does not commit to
 * its key, so one ciphertext could open two ways; this settles which key counts.
 */
export function keyCommitment(crypto: Pick<Crypto, 'sha256'>, index: number, key: Uint8Array): Uint8Array {
  return crypto.sha256(concatBytes(COMMIT_LABEL, uint32ToBytes(index), key));
}

/** What a wrapped key is bound to. */
export interface KeyBinding {
  /** Id of the trade, 32 bytes. */
  readonly tradeId: Uint8Array;
  /** Root of the sealed delivery, 32 bytes. */
  readonly settlementRoot: Uint8Array;
}

const wrapInfo = (binding: KeyBinding): Uint8Array => concatBytes(WRAP_LABEL, binding.tradeId);

/**
 * Wraps a content key to a one-time X25519 key: HPKE base mode (RFC 9180), info = label ‖ trade id, AAD = the
 * settlement root; 80 bytes. `ephemeral` is 32 random bytes used for nothing else.
 * Throws `ERR_SETTLEMENT_KEY` when the recipient's key is unusable.
 */
export function wrapContentKey(
  crypto: HpkeCrypto,
  options: KeyBinding & {
    readonly recipientKey: Uint8Array;
    readonly contentKey: Uint8Array;
    readonly ephemeral: Uint8Array;
  },
): Uint8Array {
  const { enc, context } = hpkeSender({
    crypto,
    info: wrapInfo(options),
    recipientKey: options.recipientKey,
    ephemeralSecret: hpkeDeriveSecret(crypto, options.ephemeral),
  });
  return concatBytes(enc, context.seal(options.settlementRoot, options.contentKey));
}

/** Unwraps what {@link wrapContentKey} made. Throws `ERR_SETTLEMENT_KEY`. */
export function unwrapContentKey(
  crypto: HpkeCrypto,
  options: KeyBinding & { readonly secretKey: Uint8Array; readonly wrappedKey: Uint8Array },
): Uint8Array {
  const { wrappedKey } = options;
  if (!(wrappedKey instanceof Uint8Array) || wrappedKey.length !== WRAPPED_KEY_BYTES) {
    throw new SettlementError(
      'ERR_SETTLEMENT_KEY',
      `Expected a wrapped key of ${WRAPPED_KEY_BYTES} bytes, got ${wrappedKey?.length ?? typeof wrappedKey}`,
    );
  }
  const context = hpkeRecipient({
    crypto,
    info: wrapInfo(options),
    secretKey: options.secretKey,
    enc: wrappedKey.subarray(0, HPKE_ENC_BYTES),
  });
  return context.open(options.settlementRoot, wrappedKey.subarray(HPKE_ENC_BYTES));
}

/**
 * Throws `ERR_SETTLEMENT_KEY` unless `key` is an X25519 public key in its one encoding that gives a non-zero secret
 * (RFC 7748 §5, §6.1).
 */
export function expectRecipientKey(crypto: Pick<Crypto, 'x25519'>, key: Uint8Array): void {
  if (!isCanonicalX25519Key(key)) {
    throw new SettlementError(
      'ERR_SETTLEMENT_KEY',
      'The recipient key is not in the one encoding of an X25519 key: ask the buyer for another one',
    );
  }
  try {
    // Any clamped scalar is a multiple of the cofactor, so one try finds every low-order point.
    crypto.x25519(new Uint8Array(32).fill(1), key);
  } catch (cause) {
    throw new SettlementError(
      'ERR_SETTLEMENT_KEY',
      'The recipient key is not a usable X25519 key: ask the buyer for another one',
      { cause },
    );
  }
}
