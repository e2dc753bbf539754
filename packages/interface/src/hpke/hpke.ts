import { concatBytes, utf8ToBytes } from '../bytes.ts';
import { CryptoError } from '../crypto/errors.ts';
import type { HpkeKem } from './kem.ts';
import { EMPTY, type HpkeCrypto, labeledExpand, labeledExtract } from './labeled.ts';

// RFC 9180 §7: KDF 0x0001 HKDF-SHA256, AEAD 0x0003 ChaCha20-Poly1305; the KEM is the caller's.
const AEAD_CHACHA20_POLY1305 = 0x0003;
const MODE_BASE = Uint8Array.of(0);

/** An established HPKE context: numbered encryptions one way, and exported secrets. */
export interface HpkeContext {
  /** Seals the next message (`hpkeSender`) under the context's sequence number. */
  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Opens the next message (`hpkeRecipient`). Throws `ERR_CRYPTO_AUTHENTICATION` when it was altered; the number then stays. */
  open(aad: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** Exported secret of `length` ≤ 8160 bytes (RFC 9180 §5.3). */
  export(context: Uint8Array, length: number): Uint8Array;
}

function keySchedule(options: HpkeOptions, shared: Uint8Array): HpkeContext {
  const { crypto, kem, info, aeadId: aead = AEAD_CHACHA20_POLY1305 } = options;
  const suite = concatBytes(
    utf8ToBytes('HPKE'),
    Uint8Array.of(kem.id >>> 8, kem.id & 255, 0x00, 0x01, aead >>> 8, aead & 255),
  );
  const pskIdHash = labeledExtract(crypto, suite, EMPTY, 'psk_id_hash', EMPTY);
  const infoHash = labeledExtract(crypto, suite, EMPTY, 'info_hash', info);
  const context = concatBytes(MODE_BASE, pskIdHash, infoHash);
  const secret = labeledExtract(crypto, suite, shared, 'secret', EMPTY);
  const exporter = labeledExpand(crypto, suite, secret, 'exp', context, 32);
  const key = labeledExpand(crypto, suite, secret, 'key', context, 32);
  const baseNonce = labeledExpand(crypto, suite, secret, 'base_nonce', context, 12);
  let sequence = 0;
  const nonce = (): Uint8Array => {
    const out = baseNonce.slice();
    // RFC 9180 §5.2: the sequence number, big-endian, XORed into the end. Numbers stay below 2³² here.
    for (let i = 0; i < 4; i++) out[11 - i] = (out[11 - i] ?? 0) ^ ((sequence >>> (8 * i)) & 255);
    return out;
  };
  const next = (): void => {
    sequence += 1;
    if (sequence >= 0xffff_ffff) throw new CryptoError('ERR_CRYPTO_KEY', 'An HPKE context is used up');
  };
  return {
    seal(aad, plaintext) {
      const ciphertext = crypto.chacha20Poly1305Seal(key, nonce(), plaintext, aad);
      next();
      return ciphertext;
    },
    open(aad, ciphertext) {
      const plaintext = crypto.chacha20Poly1305Open(key, nonce(), ciphertext, aad);
      next();
      return plaintext;
    },
    export: (exporterContext, length) =>
      labeledExpand(crypto, suite, exporter, 'sec', exporterContext, length),
  };
}

/** What both ends of {@link hpkeSender} and {@link hpkeRecipient} agree on. */
export interface HpkeOptions {
  readonly crypto: HpkeCrypto;
  readonly kem: HpkeKem;
  /** Application information that both ends bind the context to. */
  readonly info: Uint8Array;
  /** AEAD identifier that enters the key schedule. Default 0x0003; others give contexts of use for exports only. */
  readonly aeadId?: number;
}

/**
 * SetupBaseS (RFC 9180 §5.1.1). `randomness` is fresh random bytes that are used for nothing else; where the KEM
 * allows it, the provider draws its own when there are none. Throws `ERR_CRYPTO_KEY` or `ERR_CRYPTO_LOW_ORDER` when the
 * recipient's key is unusable (wrong length, no such key, or of low order).
 *
 * @param options - What both sides agree on, and the recipient's public key.
 */
export function hpkeSender(
  options: HpkeOptions & { readonly recipientKey: Uint8Array; readonly randomness?: Uint8Array | undefined },
): { readonly enc: Uint8Array; readonly context: HpkeContext } {
  const { crypto, kem, recipientKey, randomness } = options;
  const { ciphertext, sharedSecret } = kem.encapsulate(crypto, recipientKey, randomness);
  return { enc: ciphertext, context: keySchedule(options, sharedSecret) };
}

/**
 * SetupBaseR (RFC 9180 §5.1.1). Throws `ERR_CRYPTO_KEY` or `ERR_CRYPTO_LOW_ORDER` when `enc` is unusable.
 *
 * @param options - What both sides agree on, the recipient's secret key, and `enc` as the sender's call gave it.
 */
export function hpkeRecipient(
  options: HpkeOptions & { readonly secretKey: Uint8Array; readonly enc: Uint8Array },
): HpkeContext {
  const { crypto, kem, secretKey, enc } = options;
  return keySchedule(options, kem.decapsulate(crypto, secretKey, enc));
}
