import {
  type BlockId,
  type Crypto,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type TxValue,
} from '@edmp/interface';
import { blockIdOf, boundedBytesOf, bytesOf, integerOf, mapOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { suiteOf } from './terms.ts';
import { RELEASE_TYPE } from './types.ts';

/** Largest locked key, bytes: a hybrid KEM's ciphertext and tag are about 1 200. */
export const MAX_LOCKED_KEY_BYTES = 1_600;
/** Length of an authentication tag of ChaCha20-Poly1305, bytes. */
const TAG_BYTES = 16;
/** Largest wrapped key, bytes. */
export const MAX_WRAPPED_KEY_BYTES: number = MAX_LOCKED_KEY_BYTES - TAG_BYTES;
/** Length of an opener, bytes. */
export const OPENER_BYTES = 32;
/** An opener encrypts one key, ever, so its nonce may be fixed. */
const NONCE = new Uint8Array(12);

/**
 * The seller's release: the wrapped key, locked. The block may travel like any other; what opens it, 32 random bytes
 * made once for this hold, goes to the witnesses first and to the buyer once a quorum has acknowledged.
 */
export interface ReleaseTx {
  /** The hold that it answers. */
  readonly hold: BlockId;
  /** How the content key is wrapped; that of the terms. */
  readonly suite: string;
  /** The wrapped key, encrypted under the opener. */
  readonly key: Uint8Array;
  /** SHA-256 of the opener, 32 bytes. */
  readonly lock: Uint8Array;
}

/**
 * Encrypts a wrapped key under `opener`, 32 bytes that are used for nothing else. Throws `ERR_MARKET_FORMAT`.
 *
 * @param wrapped - The content key as it is wrapped for the buyer, `MAX_WRAPPED_KEY_BYTES` at most.
 * @param hold - Hold that the release answers; the encrypted key opens for no other one.
 */
export function lockKey(
  wrapped: Uint8Array,
  opener: Uint8Array,
  hold: BlockId,
  crypto: Pick<Crypto, 'sha256' | 'chacha20Poly1305Seal'>,
): Pick<ReleaseTx, 'key' | 'lock'> {
  bytesOf(opener, OPENER_BYTES, 'opener');
  boundedBytesOf(wrapped, MAX_WRAPPED_KEY_BYTES, 'wrapped key');
  return {
    key: crypto.chacha20Poly1305Seal(opener, NONCE, wrapped, hold.bytes),
    lock: crypto.sha256(opener),
  };
}

/** The wrapped key of a release; undefined when `opener` is not what locks it, or the key was locked for another hold. */
export function unlockKey(
  release: ReleaseTx,
  opener: Uint8Array,
  crypto: Pick<Crypto, 'sha256' | 'chacha20Poly1305Open'>,
): Uint8Array | undefined {
  if (opener.length !== OPENER_BYTES || !equalBytes(crypto.sha256(opener), release.lock)) return undefined;
  try {
    return crypto.chacha20Poly1305Open(opener, NONCE, release.key, release.hold.bytes);
  } catch (error) {
    if (isEdmpError(error)) return undefined;
    throw error;
  }
}

/** Transaction of a release. */
export function releaseToTx(release: ReleaseTx): TxValue {
  return { v: 1, hold: release.hold, suite: release.suite, key: release.key, lock: release.lock };
}

/** Transaction of a receipt. */
export function receiptToTx(hold: BlockId): TxValue {
  return { v: 1, hold };
}

const releases = new WeakMap<HalfBlock, ReleaseTx>();

/** Reads a release: a proposal to the buyer. Throws `ERR_MARKET_FORMAT`. */
export function releaseOf(block: HalfBlock): ReleaseTx {
  const known = releases.get(block);
  if (known !== undefined) return known;
  const { core } = block;
  if (core.type !== RELEASE_TYPE || core.link !== null || core.peer === null) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `Expected a release to a buyer, got a block of type ${core.type}`,
    );
  }
  const fields = mapOf(core.tx, ['v', 'hold', 'suite', 'key', 'lock'], 'release');
  integerOf(fields.v, 1, 1, 'release.v');
  const release = {
    hold: blockIdOf(fields.hold, 'release.hold'),
    suite: suiteOf(fields.suite, 'release.suite'),
    key: boundedBytesOf(fields.key, MAX_LOCKED_KEY_BYTES, 'release.key'),
    lock: bytesOf(fields.lock, 32, 'release.lock'),
  };
  releases.set(block, release);
  return release;
}

/** The hold that a receipt names: an answer to the release. Throws `ERR_MARKET_FORMAT`. */
export function receiptOf(block: HalfBlock): BlockId {
  const { core } = block;
  if (core.type !== RELEASE_TYPE || core.link === null) {
    throw new MarketError('ERR_MARKET_FORMAT', `Expected a receipt, got a block of type ${core.type}`);
  }
  const fields = mapOf(core.tx, ['v', 'hold'], 'receipt');
  integerOf(fields.v, 1, 1, 'receipt.v');
  return blockIdOf(fields.hold, 'receipt.hold');
}
