import { type Crypto, concatBytes, utf8ToBytes } from '@edmp/interface';
import { SettlementError } from '../errors.ts';

// RFC 9180 §7: KEM 0x0020 DHKEM(X25519, HKDF-SHA256), KDF 0x0001 HKDF-SHA256, AEAD 0x0003 ChaCha20-Poly1305.
const KEM_SUITE = concatBytes(utf8ToBytes('KEM'), Uint8Array.of(0x00, 0x20));
const AEAD_CHACHA20_POLY1305 = 0x0003;
const VERSION = utf8ToBytes('HPKE-v1');
const EMPTY = new Uint8Array(0);
const MODE_BASE = Uint8Array.of(0);

/** Bytes of an encapsulated key. */
export const HPKE_ENC_BYTES = 32;

/** The primitives that HPKE is built from. */
export type HpkeCrypto = Pick<
  Crypto,
  | 'hkdfExtract'
  | 'hkdfExpand'
  | 'x25519'
  | 'x25519PublicKey'
  | 'chacha20Poly1305Seal'
  | 'chacha20Poly1305Open'
>;

function labeledExtract(
  crypto: HpkeCrypto,
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Uint8Array {
  return crypto.hkdfExtract(salt, concatBytes(VERSION, suite, utf8ToBytes(label), ikm));
}

function labeledExpand(
  crypto: HpkeCrypto,
  suite: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const prefix = concatBytes(Uint8Array.of(length >>> 8, length & 255), VERSION, suite, utf8ToBytes(label));
  return crypto.hkdfExpand(key, concatBytes(prefix, info), length);
}

/** DeriveKeyPair of DHKEM(X25519) (RFC 9180 §7.1.3): an X25519 secret of 32 bytes from input key material of at least 32. */
export function hpkeDeriveSecret(crypto: HpkeCrypto, inputKeyMaterial: Uint8Array): Uint8Array {
  const prk = labeledExtract(crypto, KEM_SUITE, EMPTY, 'dkp_prk', inputKeyMaterial);
  return labeledExpand(crypto, KEM_SUITE, prk, 'sk', EMPTY, 32);
}

function sharedSecret(
  crypto: HpkeCrypto,
  secretKey: Uint8Array,
  peer: Uint8Array,
  enc: Uint8Array,
  recipient: Uint8Array,
): Uint8Array {
  const prk = labeledExtract(crypto, KEM_SUITE, EMPTY, 'eae_prk', crypto.x25519(secretKey, peer));
  return labeledExpand(crypto, KEM_SUITE, prk, 'shared_secret', concatBytes(enc, recipient), 32);
}

/** An established HPKE context: numbered encryptions one way, and exported secrets. */
export interface HpkeContext {
  /** Seals the next message (`hpkeSender`) under the context's sequence number. */
  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Opens the next message (`hpkeRecipient`). Throws `ERR_SETTLEMENT_KEY` when it was altered; the number then stays. */
  open(aad: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** Exported secret of `length` ≤ 8160 bytes (RFC 9180 §5.3). */
  export(context: Uint8Array, length: number): Uint8Array;
}

function keySchedule(crypto: HpkeCrypto, shared: Uint8Array, info: Uint8Array, aead: number): HpkeContext {
  const suite = concatBytes(
    utf8ToBytes('HPKE'),
    Uint8Array.of(0x00, 0x20, 0x00, 0x01, aead >>> 8, aead & 255),
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
    if (sequence >= 0xffff_ffff)
      throw new SettlementError('ERR_SETTLEMENT_KEY', 'An HPKE context is used up');
  };
  return {
    seal(aad, plaintext) {
      const ciphertext = crypto.chacha20Poly1305Seal(key, nonce(), plaintext, aad);
      next();
      return ciphertext;
    },
    open(aad, ciphertext) {
      let plaintext: Uint8Array;
      try {
        plaintext = crypto.chacha20Poly1305Open(key, nonce(), ciphertext, aad);
      } catch (cause) {
        throw new SettlementError(
          'ERR_SETTLEMENT_KEY',
          'The HPKE ciphertext, its info, key or associated data was altered',
          { cause },
        );
      }
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
  /** Application information that both ends bind the context to. */
  readonly info: Uint8Array;
  /** AEAD identifier that enters the key schedule. Default 0x0003; others give contexts of use for exports only. */
  readonly aeadId?: number;
}

/**
 * SetupBaseS (RFC 9180 §5.1.1) with a given ephemeral secret, which must be random and used once.
 * Throws `ERR_SETTLEMENT_KEY` when the recipient's key is unusable (wrong length or of low order).
 */
export function hpkeSender(
  options: HpkeOptions & { readonly recipientKey: Uint8Array; readonly ephemeralSecret: Uint8Array },
): { readonly enc: Uint8Array; readonly context: HpkeContext } {
  const { crypto, recipientKey, ephemeralSecret } = options;
  try {
    const enc = crypto.x25519PublicKey(ephemeralSecret);
    const shared = sharedSecret(crypto, ephemeralSecret, recipientKey, enc, recipientKey);
    return {
      enc,
      context: keySchedule(crypto, shared, options.info, options.aeadId ?? AEAD_CHACHA20_POLY1305),
    };
  } catch (cause) {
    throw new SettlementError(
      'ERR_SETTLEMENT_KEY',
      'The recipient key is not a usable X25519 key: ask the buyer for another one',
      { cause },
    );
  }
}

/** SetupBaseR (RFC 9180 §5.1.1). Throws `ERR_SETTLEMENT_KEY` when `enc` is unusable. */
export function hpkeRecipient(
  options: HpkeOptions & { readonly secretKey: Uint8Array; readonly enc: Uint8Array },
): HpkeContext {
  const { crypto, secretKey, enc } = options;
  try {
    const shared = sharedSecret(crypto, secretKey, enc, enc, crypto.x25519PublicKey(secretKey));
    return keySchedule(crypto, shared, options.info, options.aeadId ?? AEAD_CHACHA20_POLY1305);
  } catch (cause) {
    throw new SettlementError('ERR_SETTLEMENT_KEY', 'The encapsulated key is not a usable X25519 key', {
      cause,
    });
  }
}
