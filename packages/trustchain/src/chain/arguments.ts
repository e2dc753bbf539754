import {
  AbortedError,
  type BlockId,
  InvalidArgumentError,
  type PublicKey,
  type TxValue,
} from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import { blockErrorOf } from '../block/errors.ts';
import { isBlockId } from '../block/identity.ts';

/** `id` when it is a block id. Throws `ERR_INVALID_ARGUMENT` otherwise. */
export function expectBlockId(id: BlockId): BlockId {
  if (typeof id === 'object' && id !== null && id.multihash !== undefined && isBlockId(id)) return id;
  throw new InvalidArgumentError(`A block id is a CIDv1 of dag-cbor and sha2-256, got ${String(id)}`);
}

/** A copy of `key` when it is bytes; the codec checks their length. Throws `ERR_INVALID_ARGUMENT` naming `what` otherwise. */
export function expectKey(what: string, key: PublicKey): PublicKey {
  if (key instanceof Uint8Array) return key.slice() as PublicKey;
  throw new InvalidArgumentError(`${what} is a public key of 32 bytes, got ${String(key)}`);
}

/**
 * A transaction as it is now: what the caller changes while a block waits to be signed does not change the block.
 * Throws a `BlockError` when it cannot stand in a half block.
 */
export function snapshot(tx: TxValue): TxValue {
  try {
    return decodeCanonical(encodeCanonical(tx));
  } catch (error) {
    throw blockErrorOf(error);
  }
}

/** Settles as `work` does, or with `ERR_ABORTED` as soon as the signal fires; `work` goes on by itself. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new AbortedError(undefined, { cause: signal.reason }));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    work.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
  });
}
