import { bytesToHex, hexToBytes } from './bytes.ts';
import { InvalidArgumentError } from './errors.ts';

declare const publicKeyBrand: unique symbol;
declare const publicKeyHexBrand: unique symbol;

/** An ed25519 public key, 32 bytes (RFC 8032 §5.1.5). It *is* the identity of an author, trader or peer. */
export type PublicKey = Uint8Array & { readonly [publicKeyBrand]: true };

/** A {@link PublicKey} as 64 lower-case hexadecimal characters: the form used in map keys, JSON and text. */
export type PublicKeyHex = string & { readonly [publicKeyHexBrand]: true };

/** An ed25519 signature, 64 bytes (RFC 8032 §5.1.6). */
export type Signature = Uint8Array;

/** Checks the length of `bytes` and brands it. Does not check that it is a curve point. Throws `ERR_INVALID_ARGUMENT`. */
export function publicKey(bytes: Uint8Array): PublicKey {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 32) {
    throw new InvalidArgumentError(`A public key has 32 bytes, got ${bytes?.length ?? typeof bytes}`);
  }
  return bytes as PublicKey;
}

/**
 * Text form of `key`.
 *
 * @example
 * ```ts
 * import { publicKeyFromHex, publicKeyToHex } from '@edmp/interface';
 *
 * const key = publicKeyFromHex('07'.repeat(32));
 * console.log(publicKeyToHex(key).slice(0, 4)); // 0707
 * ```
 */
export function publicKeyToHex(key: PublicKey): PublicKeyHex {
  return bytesToHex(key) as PublicKeyHex;
}

/** Whether `text` is the text form of a public key. */
export function isPublicKeyHex(text: string): text is PublicKeyHex {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

/**
 * Key of its text form. Throws `ERR_INVALID_ARGUMENT` unless `text` is 64 lower-case hexadecimal characters.
 *
 * @example
 * ```ts
 * import { publicKeyFromHex } from '@edmp/interface';
 *
 * console.log(publicKeyFromHex('07'.repeat(32)).length); // 32
 * ```
 */
export function publicKeyFromHex(text: string): PublicKey {
  if (!isPublicKeyHex(text)) {
    throw new InvalidArgumentError(
      `A public key is 64 lower-case hexadecimal characters, got ${JSON.stringify(text)?.slice(0, 80)}`,
    );
  }
  return hexToBytes(text) as PublicKey;
}
