import * as nodeCrypto from 'node:crypto';
import { createRequire } from 'node:module';
import { concatBytes, equalBytes, hexToBytes } from '../bytes.ts';
import { type BareKem, ML_KEM_768_SIZES } from './kem.ts';
import { bareNobleKem, type NobleMlKem } from './noble-kem.ts';
import { missingNoble } from './noble-peers.ts';

// DER of draft-ietf-lamps-kyber-certificates before an ML-KEM-768 seed (PKCS #8, the form that holds nothing but the seed)
// and before a public key (SubjectPublicKeyInfo).
const PRIVATE = hexToBytes('3054020100300b060960864801650304040204428040');
const PUBLIC = hexToBytes('308204b2300b0609608648016503040402038204a100');
/** Not written into the call itself, so that no bundler insists on an optional package. */
const MODULE: string = '@noble/post-quantum/ml-kem.js';
const SHA3_MODULE: string = '@noble/hashes/sha3.js';

const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** The part of `node:crypto` that is used; the last two exist since Node 24.7. */
export interface NodeKems {
  readonly createPrivateKey: typeof nodeCrypto.createPrivateKey;
  readonly createPublicKey: typeof nodeCrypto.createPublicKey;
  readonly encapsulate?: typeof nodeCrypto.encapsulate | undefined;
  readonly decapsulate?: typeof nodeCrypto.decapsulate | undefined;
}

/** ML-KEM-768 of OpenSSL; it takes no randomness from outside, so `given` encapsulates from any that is given. */
function kemOf(node: NodeKems, given: () => BareKem): BareKem | undefined {
  const { encapsulate, decapsulate, createPrivateKey, createPublicKey } = node;
  if (encapsulate === undefined || decapsulate === undefined) return undefined;
  const privateKey = (seed: Uint8Array): nodeCrypto.KeyObject =>
    createPrivateKey({ key: Buffer.from(concatBytes(PRIVATE, seed)), format: 'der', type: 'pkcs8' });
  return {
    publicKey(seed) {
      const key = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
      return new Uint8Array(key.subarray(-ML_KEM_768_SIZES.publicKeyBytes));
    },
    encapsulate(publicKey, randomness) {
      if (randomness !== undefined) return given().encapsulate(publicKey, randomness);
      const key = createPublicKey({
        key: Buffer.from(concatBytes(PUBLIC, publicKey)),
        format: 'der',
        type: 'spki',
      });
      const { sharedKey, ciphertext } = encapsulate(key);
      return { sharedSecret: plain(sharedKey), ciphertext: plain(ciphertext) };
    },
    decapsulate: (seed, ciphertext) => plain(decapsulate(privateKey(seed), ciphertext)),
  };
}

/** Whether a runtime's mechanism works at all, from a seed: OpenSSL may be older than Node's interface to it. */
function works(kem: BareKem): boolean {
  try {
    const seed = new Uint8Array(ML_KEM_768_SIZES.seedBytes).fill(1);
    const { ciphertext, sharedSecret } = kem.encapsulate(kem.publicKey(seed), undefined);
    return equalBytes(kem.decapsulate(seed, ciphertext), sharedSecret);
  } catch {
    return false;
  }
}

function requireNoble(load: () => NobleMlKem): NobleMlKem {
  try {
    return load();
  } catch (cause) {
    throw missingNoble(
      'Here node:crypto has no ML-KEM-768, or takes no given randomness for it, so nodeCrypto()',
      ['@noble/post-quantum'],
      cause,
    );
  }
}

const loadNoble = (): NobleMlKem =>
  (createRequire(import.meta.url)(MODULE) as { readonly ml_kem768: NobleMlKem }).ml_kem768;

/** Probed once for the process. */
let hasOwn: boolean | undefined;

/**
 * ML-KEM-768 of `node:crypto` where the runtime has it, else that of `mlKem`; default: of the optional peer
 * `@noble/post-quantum`, whose absence is told by `ERR_CRYPTO_PROVIDER` only when it is needed.
 */
export function nodeKem(
  mlKem?: NobleMlKem,
  node: NodeKems = nodeCrypto,
  load: () => NobleMlKem = loadNoble,
): BareKem {
  let loaded: BareKem | undefined;
  const portable = (): BareKem => {
    loaded ??= bareNobleKem(mlKem ?? requireNoble(load));
    return loaded;
  };
  const own = kemOf(node, portable);
  if (own !== undefined) {
    if (node !== nodeCrypto) {
      if (works(own)) return own;
    } else {
      hasOwn ??= works(own);
      if (hasOwn) return own;
    }
  }
  return {
    publicKey: (seed) => portable().publicKey(seed),
    encapsulate: (publicKey, randomness) => portable().encapsulate(publicKey, randomness),
    decapsulate: (seed, ciphertext) => portable().decapsulate(seed, ciphertext),
  };
}

/** SHA-3 as X-Wing uses it (FIPS 202). */
export interface Sha3 {
  /** SHA3-256, 32 bytes. */
  sha3(data: Uint8Array): Uint8Array;
  /** The first `length` bytes of SHAKE256. */
  shake256(data: Uint8Array, length: number): Uint8Array;
}

/** The part of `@noble/hashes/sha3.js` that is used. */
export interface NobleSha3 {
  sha3_256(data: Uint8Array): Uint8Array;
  shake256(data: Uint8Array, options: { readonly dkLen: number }): Uint8Array;
}

const ownSha3: Sha3 = {
  sha3: (data) => plain(nodeCrypto.hash('sha3-256', data, 'buffer')),
  shake256: (data, outputLength) =>
    plain(nodeCrypto.createHash('shake256', { outputLength }).update(data).digest()),
};

/** Whether a runtime gives the digests of no bytes that FIPS 202 says; not every one takes an output length. */
function digests({ sha3, shake256 }: Sha3): boolean {
  try {
    const nothing = new Uint8Array(0);
    const [digest, long] = [sha3(nothing), shake256(nothing, 96)];
    return (
      digest[0] === 0xa7 && digest[31] === 0x4a && long.length === 96 && long[0] === 0x46 && long[31] === 0x2f
    );
  } catch {
    return false;
  }
}

const loadSha3 = (): NobleSha3 => createRequire(import.meta.url)(SHA3_MODULE) as NobleSha3;

/** SHA-3 of `node:crypto` where the runtime has it, else of the optional peer `@noble/hashes`; `ERR_CRYPTO_PROVIDER`. */
export function nodeSha3(own: Sha3 = ownSha3, load: () => NobleSha3 = loadSha3): Sha3 {
  let chosen: Sha3 | undefined;
  const choose = (): Sha3 => {
    if (digests(own)) return own;
    try {
      const { sha3_256, shake256 } = load();
      return { sha3: sha3_256, shake256: (data, dkLen) => shake256(data, { dkLen }) };
    } catch (cause) {
      throw missingNoble(
        "This runtime's node:crypto has no SHA-3, so nodeCrypto()",
        ['@noble/hashes'],
        cause,
      );
    }
  };
  const get = (): Sha3 => {
    chosen ??= choose();
    return chosen;
  };
  return { sha3: (data) => get().sha3(data), shake256: (data, length) => get().shake256(data, length) };
}
