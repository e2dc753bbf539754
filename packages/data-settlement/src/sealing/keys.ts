import { type Crypto, concatBytes, isEdmpError, uint32ToBytes, utf8ToBytes } from '@edmp/interface';
import { type HpkeCrypto, hpkeRecipient, hpkeSender } from '@edmp/interface/hpke';
import { SettlementError } from '../errors.ts';
import { type KeySuite, xWingSuite } from './key-suite.ts';
import { isCanonicalX25519Key } from './x25519-key.ts';

const CHUNK_KEY_LABEL = utf8ToBytes('edmp/chunk-key/v1');
const COMMIT_LABEL = utf8ToBytes('edmp/key-commit/v1');
const WRAP_LABEL = utf8ToBytes('edmp/key-wrap/v1');
const NO_SALT = new Uint8Array(0);

/** Bytes of a content key. */
export const CONTENT_KEY_BYTES = 32;
const TAG_BYTES = 16;
const X25519_BYTES = 32;

/** Bytes of a wrapped content key: encapsulated key, ciphertext, tag. 1 168 for X-Wing. */
export const wrappedKeyBytes = (suite: KeySuite): number =>
  suite.kem.encBytes + CONTENT_KEY_BYTES + TAG_BYTES;

/**
 * Chunk keys of a content key: `HKDF-SHA256(K, "edmp/chunk-key/v1" ‖ index)`, 32 bytes each.
 *
 * @param contentKey - The key K that one delivery is sealed under, 32 bytes.
 */
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
 *
 * @param index - Place of the chunk in the dataset, from 0.
 * @param key - Key of that chunk, 32 bytes, as {@link chunkKeys} gives it.
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

/** What the bytes of a key or a ciphertext can be refused for; a library that is missing or failing says nothing about them. */
const REFUSED: ReadonlySet<string> = new Set([
  'ERR_CRYPTO_KEY',
  'ERR_CRYPTO_LOW_ORDER',
  'ERR_CRYPTO_AUTHENTICATION',
]);

/** Does `work`, and names what its bytes are refused for. */
function withKey<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isEdmpError(cause) || !REFUSED.has(cause.code)) throw cause;
    throw new SettlementError('ERR_SETTLEMENT_KEY', what, { cause });
  }
}

const UNUSABLE_KEY =
  'The recipient key is not usable for this way of wrapping keys: ask the buyer for another one';

const wrapInfo = (binding: KeyBinding): Uint8Array => concatBytes(WRAP_LABEL, binding.tradeId);

/**
 * Wraps a content key to a one-time key: HPKE base mode (RFC 9180), info = label ‖ trade id, AAD = the settlement
 * root. `suite` is that of the terms, by default X-Wing; `randomness` is as many random bytes as its KEM takes, used
 * for nothing else, and may be left out where the KEM lets the provider draw them. Throws `ERR_SETTLEMENT_KEY` when
 * the recipient's key is unusable.
 *
 * @param options - The trade and its settlement root, the recipient's one-time public key and the content key, 32
 *   bytes.
 */
export function wrapContentKey(
  crypto: HpkeCrypto,
  options: KeyBinding & {
    readonly suite?: KeySuite;
    readonly recipientKey: Uint8Array;
    readonly contentKey: Uint8Array;
    readonly randomness?: Uint8Array | undefined;
  },
): Uint8Array {
  const { suite = xWingSuite, recipientKey, randomness } = options;
  const info = wrapInfo(options);
  const { enc, context } = withKey(UNUSABLE_KEY, () =>
    hpkeSender({ crypto, kem: suite.kem, info, recipientKey, randomness }),
  );
  return concatBytes(enc, context.seal(options.settlementRoot, options.contentKey));
}

/**
 * Unwraps what {@link wrapContentKey} made. Throws `ERR_SETTLEMENT_KEY`.
 *
 * @param options - The trade and its settlement root, the way of wrapping (default X-Wing), the recipient's secret
 *   key and the wrapped key.
 */
export function unwrapContentKey(
  crypto: HpkeCrypto,
  options: KeyBinding & {
    readonly suite?: KeySuite;
    readonly secretKey: Uint8Array;
    readonly wrappedKey: Uint8Array;
  },
): Uint8Array {
  const { suite = xWingSuite, wrappedKey } = options;
  const length = wrappedKeyBytes(suite);
  if (!(wrappedKey instanceof Uint8Array) || wrappedKey.length !== length) {
    throw new SettlementError(
      'ERR_SETTLEMENT_KEY',
      `Expected a wrapped key of ${length} bytes, got ${wrappedKey?.length ?? typeof wrappedKey}`,
    );
  }
  return withKey('The wrapped key, the trade or root it is bound to, or its one-time key was altered', () => {
    const context = hpkeRecipient({
      crypto,
      kem: suite.kem,
      info: wrapInfo(options),
      secretKey: options.secretKey,
      enc: wrappedKey.subarray(0, suite.kem.encBytes),
    });
    return context.open(options.settlementRoot, wrappedKey.subarray(suite.kem.encBytes));
  });
}

/** Whether {@link unwrapContentKey} threw because of the bytes that the seller released. */
export const isUnusableKey = (error: unknown): boolean =>
  isEdmpError(error) && error.code === 'ERR_SETTLEMENT_KEY';

/**
 * Throws `ERR_SETTLEMENT_KEY` unless `key` is a public key of the suite that can be wrapped to: of its length, its X25519
 * part, the last 32 bytes, in its one encoding and not of low order (RFC 7748 §5, §6.1), its ML-KEM part with all
 * coefficients below the modulus (FIPS 203 §7.2), which gives that one encoding too.
 */
export function expectRecipientKey(crypto: HpkeCrypto, key: Uint8Array, suite: KeySuite = xWingSuite): void {
  const { kem } = suite;
  const isKey = key instanceof Uint8Array && key.length === kem.publicKeyBytes;
  if (!isKey || !isCanonicalX25519Key(key.subarray(-X25519_BYTES))) {
    throw new SettlementError(
      'ERR_SETTLEMENT_KEY',
      `The recipient key is not in the one encoding of a key for ${suite.id}: ask the buyer for another one`,
    );
  }
  // One try finds the rest; what comes out of it is thrown away.
  const randomness = kem.drawsRandomness ? undefined : new Uint8Array(kem.randomnessBytes).fill(1);
  withKey(UNUSABLE_KEY, () => hpkeSender({ crypto, kem, info: WRAP_LABEL, recipientKey: key, randomness }));
}
