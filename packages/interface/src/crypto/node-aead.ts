import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { concatBytes } from '../bytes.ts';
import { missingNoble } from './noble-peers.ts';

/** Bytes of a Poly1305 tag. */
const TAG_BYTES = 16;
const CIPHER = 'chacha20-poly1305';
/** Not written into the call itself, so that no bundler insists on an optional package. */
const NOBLE_MODULE: string = '@noble/ciphers/chacha.js';

/** ChaCha20-Poly1305 (RFC 8439 §2.8) on arguments whose lengths were checked. */
export interface Aead {
  /** The ciphertext and its tag. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** The plaintext. Throws anything when the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Uint8Array;
}

/** The part of `node:crypto` that {@link nodeAead} uses. */
export interface NodeCiphers {
  readonly createCipheriv: typeof createCipheriv;
  readonly createDecipheriv: typeof createDecipheriv;
}

/** The part of `@noble/ciphers/chacha.js` that is used. */
export interface NobleChaCha {
  chacha20poly1305(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
  ): { encrypt(plaintext: Uint8Array): Uint8Array; decrypt(ciphertext: Uint8Array): Uint8Array };
}

/** A key made into an object first: in Node 24 a cipher over bare bytes takes 15 µs to set up, and over this 4. */
const keyOf = (key: Uint8Array): KeyObject => createSecretKey(key);

const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function aeadOf(ciphers: NodeCiphers): Aead {
  return {
    seal(key, nonce, plaintext, aad) {
      const cipher = ciphers.createCipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(aad, { plaintextLength: plaintext.length });
      const body = cipher.update(plaintext);
      const rest = cipher.final();
      return concatBytes(body, rest, cipher.getAuthTag());
    },
    open(key, nonce, ciphertext, aad) {
      const end = ciphertext.length - TAG_BYTES;
      const decipher = ciphers.createDecipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(aad, { plaintextLength: end });
      decipher.setAuthTag(ciphertext.subarray(end));
      const body = decipher.update(ciphertext.subarray(0, end));
      const rest = decipher.final();
      return rest.length === 0 ? plain(body) : concatBytes(body, rest);
    },
  };
}

function aeadOfNoble({ chacha20poly1305 }: NobleChaCha): Aead {
  return {
    seal: (key, nonce, plaintext, aad) => chacha20poly1305(key, nonce, aad).encrypt(plaintext),
    open: (key, nonce, ciphertext, aad) => chacha20poly1305(key, nonce, aad).decrypt(ciphertext),
  };
}

/** Whether a runtime's cipher works at all: Bun's `createCipheriv` does not know it. */
function works(aead: Aead): boolean {
  try {
    const empty = new Uint8Array(0);
    const [key, nonce, text] = [new Uint8Array(32), new Uint8Array(12), Uint8Array.of(1)];
    return aead.open(key, nonce, aead.seal(key, nonce, text, empty), empty)[0] === 1;
  } catch {
    return false;
  }
}

/**
 * The cipher of `node:crypto` where the runtime has it, else that of the optional peer `@noble/ciphers`. Throws
 * `ERR_CRYPTO_PROVIDER`, which says what to install, when there is neither.
 */
export function nodeAead(
  ciphers: NodeCiphers = { createCipheriv, createDecipheriv },
  loadNoble: () => NobleChaCha = () => createRequire(import.meta.url)(NOBLE_MODULE) as NobleChaCha,
): Aead {
  const own = aeadOf(ciphers);
  if (works(own)) return own;
  try {
    return aeadOfNoble(loadNoble());
  } catch (cause) {
    throw missingNoble(
      `This runtime's node:crypto has no ${CIPHER}, so nodeCrypto()`,
      ['@noble/ciphers'],
      cause,
    );
  }
}

let known: Aead | undefined;

/** {@link nodeAead} of this process, probed once. */
export function processAead(): Aead {
  known ??= nodeAead();
  return known;
}
