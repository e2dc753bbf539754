import { EdmpError, type EdmpErrorOptions } from '../errors.ts';

/**
 * A cryptographic operation was refused. Codes: `ERR_CRYPTO_AUTHENTICATION` (altered ciphertext, wrong key or AAD),
 * `ERR_CRYPTO_LOW_ORDER` (all-zero shared secret), `ERR_CRYPTO_KEY` (a key or nonce of the wrong length).
 */
export class CryptoError extends EdmpError {
  constructor(
    code: 'ERR_CRYPTO_AUTHENTICATION' | 'ERR_CRYPTO_LOW_ORDER' | 'ERR_CRYPTO_KEY',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'CryptoError';
  }
}

/** Throws `ERR_CRYPTO_KEY` unless `bytes` has `length` bytes. */
export function expectLength(name: string, bytes: Uint8Array, length: number): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
    throw new CryptoError(
      'ERR_CRYPTO_KEY',
      `${name} must have ${length} bytes, got ${bytes?.length ?? typeof bytes}`,
    );
  }
}
