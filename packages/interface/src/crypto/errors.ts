import { EdmpError, type EdmpErrorOptions, InvalidArgumentError } from '../errors.ts';

/**
 * A cryptographic operation was refused. Codes: `ERR_CRYPTO_AUTHENTICATION` (altered ciphertext, wrong key or AAD),
 * `ERR_CRYPTO_LOW_ORDER` (all-zero shared secret), `ERR_CRYPTO_KEY` (a key or nonce of the wrong length),
 * `ERR_CRYPTO_PROVIDER` (an optional library is missing or does not answer by the strict rule).
 */
export class CryptoError extends EdmpError {
  constructor(
    code: 'ERR_CRYPTO_AUTHENTICATION' | 'ERR_CRYPTO_LOW_ORDER' | 'ERR_CRYPTO_KEY' | 'ERR_CRYPTO_PROVIDER',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'CryptoError';
  }
}

/**
 * Throws `ERR_CRYPTO_KEY` unless `bytes` has `length` bytes.
 *
 * @param name - What the bytes are, for the error's text: `secret key`.
 */
export function expectLength(name: string, bytes: Uint8Array, length: number): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
    throw new CryptoError(
      'ERR_CRYPTO_KEY',
      `${name} must have ${length} bytes, got ${bytes?.length ?? typeof bytes}`,
    );
  }
}

/**
 * Throws `ERR_INVALID_ARGUMENT` unless `value` is a byte array: text must never be hashed or signed by accident.
 *
 * @param name - What the value is, for the error's text: `message`.
 */
export function expectBytes(name: string, value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) {
    throw new InvalidArgumentError(
      `${name} must be a Uint8Array, got ${value === null ? 'null' : typeof value}`,
    );
  }
}

/**
 * The error of an authenticated decryption that failed, the same from every provider.
 *
 * @param cause - What the provider's own library threw.
 */
export function authenticationError(cause: unknown): CryptoError {
  return new CryptoError(
    'ERR_CRYPTO_AUTHENTICATION',
    'Could not open the ciphertext: it, its tag, the key, the nonce or the associated data was altered',
    { cause },
  );
}

/**
 * The error of an X25519 exchange whose result is all zero (RFC 7748 §6.1), the same from every provider.
 *
 * @param cause - What the provider's own library threw, when it did.
 */
export function lowOrderError(cause?: unknown): CryptoError {
  return new CryptoError(
    'ERR_CRYPTO_LOW_ORDER',
    'The X25519 shared secret is zero because the public key has low order; ask the peer for another key',
    { cause },
  );
}
