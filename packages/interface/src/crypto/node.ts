/**
 * Crypto provider over `node:crypto` (OpenSSL): the default in Node.
 *
 * @packageDocumentation
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { concatBytes } from '../bytes.ts';
import { InvalidArgumentError, throwIfAborted } from '../errors.ts';
import { publicKey } from '../keys.ts';
import { CryptoError, expectLength } from './errors.ts';
import { isAcceptablePublicKey } from './strict-ed25519.ts';
import type { Crypto, VerifyItem } from './types.ts';

// DER prefixes of RFC 8410 §7 (PKCS #8 private key) and §4 (SubjectPublicKeyInfo) for Ed25519 and X25519.
const ED25519_PRIVATE = Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex'));
const ED25519_PUBLIC = Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex'));
const X25519_PRIVATE = Uint8Array.from(Buffer.from('302e020100300506032b656e04220420', 'hex'));
const X25519_PUBLIC = Uint8Array.from(Buffer.from('302a300506032b656e032100', 'hex'));
const KEY_CACHE_SIZE = 4096;

const privateKeyObject = (prefix: Uint8Array, secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(concatBytes(prefix, secret)), format: 'der', type: 'pkcs8' });
const publicKeyObject = (prefix: Uint8Array, key: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(concatBytes(prefix, key)), format: 'der', type: 'spki' });
const rawPublic = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** The provider over `node:crypto`. */
export function nodeCrypto(): Crypto {
  const verifyKeys = new Map<string, KeyObject>();
  const verifyKey = (key: Uint8Array): KeyObject => {
    const id = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
    let object = verifyKeys.get(id);
    if (object === undefined) {
      object = publicKeyObject(ED25519_PUBLIC, key);
      if (verifyKeys.size >= KEY_CACHE_SIZE) {
        const oldest = verifyKeys.keys().next().value;
        if (oldest !== undefined) verifyKeys.delete(oldest);
      }
      verifyKeys.set(id, object);
    }
    return object;
  };
  let signKey: { readonly secret: Uint8Array; readonly object: KeyObject } | undefined;

  const provider: Crypto = {
    name: 'node',
    sha256: (data) => plain(createHash('sha256').update(data).digest()),
    hmacSha256: (key, data) => plain(createHmac('sha256', key).update(data).digest()),
    hkdfExtract: (salt, inputKey) => provider.hmacSha256(salt, inputKey),
    hkdfExpand(pseudoRandomKey, info, length) {
      if (!Number.isInteger(length) || length < 0 || length > 8160) {
        throw new InvalidArgumentError(`HKDF-SHA-256 gives 0 to 8160 bytes, asked for ${length}`);
      }
      const out = new Uint8Array(length);
      let block: Uint8Array = new Uint8Array(0);
      for (let offset = 0, i = 1; offset < length; offset += 32, i++) {
        block = provider.hmacSha256(pseudoRandomKey, concatBytes(block, info, Uint8Array.of(i)));
        out.set(block.subarray(0, Math.min(32, length - offset)), offset);
      }
      return out;
    },
    ed25519PublicKey(secretKey) {
      expectLength('An ed25519 secret key', secretKey, 32);
      return publicKey(rawPublic(privateKeyObject(ED25519_PRIVATE, secretKey)));
    },
    ed25519Sign(message, secretKey) {
      expectLength('An ed25519 secret key', secretKey, 32);
      if (signKey === undefined || !Buffer.from(signKey.secret).equals(secretKey)) {
        signKey = { secret: secretKey.slice(), object: privateKeyObject(ED25519_PRIVATE, secretKey) };
      }
      return plain(sign(null, message, signKey.object));
    },
    ed25519Verify(signature, message, key) {
      if (signature.length !== 64 || !isAcceptablePublicKey(key)) return false;
      try {
        return verify(null, message, verifyKey(key), signature);
      } catch {
        return false; // not a point on the curve
      }
    },
    async ed25519VerifyMany(items, options) {
      throwIfAborted(options?.signal);
      const one = (item: VerifyItem): Promise<boolean> =>
        new Promise((resolve) => {
          if (item.signature.length !== 64 || !isAcceptablePublicKey(item.publicKey)) {
            resolve(false);
            return;
          }
          try {
            verify(null, item.message, verifyKey(item.publicKey), item.signature, (error, result) =>
              resolve(error === null && result),
            );
          } catch {
            resolve(false);
          }
        });
      return Promise.all(items.map(one));
    },
    x25519PublicKey(secretKey) {
      expectLength('An X25519 secret key', secretKey, 32);
      return rawPublic(privateKeyObject(X25519_PRIVATE, secretKey));
    },
    x25519(secretKey, key) {
      expectLength('An X25519 secret key', secretKey, 32);
      expectLength('An X25519 public key', key, 32);
      try {
        return plain(
          diffieHellman({
            privateKey: privateKeyObject(X25519_PRIVATE, secretKey),
            publicKey: publicKeyObject(X25519_PUBLIC, key),
          }),
        );
      } catch (cause) {
        throw new CryptoError(
          'ERR_CRYPTO_LOW_ORDER',
          'The X25519 shared secret is zero: the public key has low order',
          { cause },
        );
      }
    },
    chacha20Poly1305Seal(key, nonce, plaintext, aad) {
      expectLength('A ChaCha20-Poly1305 key', key, 32);
      expectLength('A ChaCha20-Poly1305 nonce', nonce, 12);
      const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      cipher.setAAD(aad, { plaintextLength: plaintext.length });
      const body = cipher.update(plaintext);
      const rest = cipher.final();
      return concatBytes(body, rest, cipher.getAuthTag());
    },
    chacha20Poly1305Open(key, nonce, ciphertext, aad) {
      expectLength('A ChaCha20-Poly1305 key', key, 32);
      expectLength('A ChaCha20-Poly1305 nonce', nonce, 12);
      if (ciphertext.length < 16) {
        throw new CryptoError(
          'ERR_CRYPTO_AUTHENTICATION',
          `A ciphertext has at least 16 bytes, got ${ciphertext.length}`,
        );
      }
      const end = ciphertext.length - 16;
      const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      decipher.setAAD(aad, { plaintextLength: end });
      decipher.setAuthTag(ciphertext.subarray(end));
      try {
        const body = decipher.update(ciphertext.subarray(0, end));
        return concatBytes(body, decipher.final());
      } catch (cause) {
        throw new CryptoError(
          'ERR_CRYPTO_AUTHENTICATION',
          'The ciphertext, its tag, key or associated data was altered',
          { cause },
        );
      }
    },
  };
  return provider;
}
