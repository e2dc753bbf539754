import type * as NodeCrypto from 'node:crypto';
import { noise } from '@libp2p/noise';

/** What Node.js and those that follow it have; browsers do not, and bundles for them must not ask for it. */
const node = (
  globalThis as {
    readonly process?: { getBuiltinModule?(id: 'node:crypto'): typeof NodeCrypto | undefined };
  }
).process?.getBuiltinModule?.('node:crypto');

const CIPHER = 'chacha20-poly1305';
/** From here on libp2p asks OpenSSL; what is shorter goes to a WebAssembly cipher, which takes a key as bytes. */
const MIN_BYTES = 1_200;

/** Seals or opens one message of a channel: libp2p's `ICrypto.encrypt` and `decrypt`. */
export type NoiseCipher<T extends { readonly byteLength: number }> = (
  bytes: T,
  nonce: Uint8Array,
  ad: Uint8Array,
  key: Uint8Array,
  into?: Uint8Array,
) => T;

/** The part of libp2p's noise in which the ciphers are found. */
export interface NoiseCiphers<T extends { readonly byteLength: number }> {
  readonly encrypt: NoiseCipher<T>;
  readonly decrypt: NoiseCipher<T>;
}

/** Keys as OpenSSL takes them fastest, for as long as a channel keeps the bytes, which it never changes. */
const objects = new WeakMap<Uint8Array, NodeCrypto.KeyObject>();

function keyOf(key: Uint8Array, { createSecretKey }: typeof NodeCrypto): NodeCrypto.KeyObject {
  let object = objects.get(key);
  if (object === undefined) {
    object = createSecretKey(key);
    objects.set(key, object);
  }
  return object;
}

/**
 * The same ciphers, given key objects for what is large. With bare bytes Node 24 takes 15 µs to set up a cipher, with an
 * object 4: that was 13 % of the processor time of a delivery.
 */
export function withKeyObjects<T extends { readonly byteLength: number }>(
  ciphers: NoiseCiphers<T>,
): NoiseCiphers<T> {
  if (node === undefined) return ciphers;
  const over =
    (cipher: NoiseCipher<T>): NoiseCipher<T> =>
    (bytes, nonce, ad, key, into) => {
      // libp2p hands the key to `createCipheriv` as it is, which takes either; its type says bytes.
      const given = bytes.byteLength < MIN_BYTES ? key : (keyOf(key, node) as unknown as Uint8Array);
      return cipher(bytes, nonce, ad, given, into);
    };
  return { encrypt: over(ciphers.encrypt), decrypt: over(ciphers.decrypt) };
}

/** Whether libp2p's ciphers work with key objects here: Bun's OpenSSL does not know the cipher, others may be used. */
function takesKeyObjects(ciphers: NoiseCiphers<Uint8Array>): boolean {
  if (node === undefined) return false;
  try {
    const key = new Uint8Array(32);
    const [nonce, ad, text] = [new Uint8Array(12), new Uint8Array(0), new Uint8Array(MIN_BYTES)];
    node.createCipheriv(CIPHER, keyOf(key, node), nonce, { authTagLength: 16 });
    const { encrypt, decrypt } = withKeyObjects(ciphers);
    return decrypt(encrypt(text, nonce, ad, key), nonce, ad, key).byteLength === MIN_BYTES;
  } catch {
    return false;
  }
}

type NoiseFactory = ReturnType<typeof noise>;

/** libp2p's noise with {@link withKeyObjects}, where it works; everything else is libp2p's. */
export function fastNoise(): NoiseFactory {
  const create = noise();
  return (components) => {
    const encrypter: ReturnType<NoiseFactory> & { crypto?: NoiseCiphers<Uint8Array> } = create(components);
    const { crypto } = encrypter;
    if (crypto !== undefined && takesKeyObjects(crypto))
      encrypter.crypto = { ...crypto, ...withKeyObjects(crypto) };
    return encrypter;
  };
}
