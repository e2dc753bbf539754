import {
  type BlockId,
  type Crypto,
  concatBytes,
  equalBytes,
  type HalfBlock,
  type HalfBlockCore,
  type Signer,
  utf8ToBytes,
  type VerifyItem,
} from '@edmp/interface';
import { assembleHalfBlock, decodeCore, encodeCore } from './codec.ts';
import { BlockError } from './errors.ts';
import { blockDigest, identify } from './identity.ts';

/** Domain label in front of every half block's digest, so that no other use of the key can sign one (DESIGN §3.1). */
export const HALF_BLOCK_DOMAIN = 'edmp/half-block/v1';
const DOMAIN = utf8ToBytes(HALF_BLOCK_DOMAIN);

/**
 * What is signed: `"edmp/half-block/v1" ‖ sha256(core)`, for the 32-byte digest of a core.
 *
 * @param digest - SHA-256 of the core's bytes.
 */
export function signingMessage(digest: Uint8Array): Uint8Array {
  return concatBytes(DOMAIN, digest);
}

/** Signature, message and key of a block, as a crypto provider verifies them. */
export function verifyItem(block: HalfBlock): VerifyItem {
  return {
    signature: block.signature,
    message: signingMessage(blockDigest(block.id)),
    publicKey: block.core.key,
  };
}

/** Whether the author made the block's signature (strict RFC 8032 verification). */
export function verifySignature(block: HalfBlock, crypto: Crypto): boolean {
  const item = verifyItem(block);
  return crypto.ed25519Verify(item.signature, item.message, item.publicKey);
}

/** The error of a block whose signature the author did not make. */
export function signatureError(block: HalfBlock): BlockError {
  return new BlockError(
    'ERR_BLOCK_SIGNATURE',
    `The signature of block ${block.id} at position ${block.core.seq} was not made by its author`,
    { details: { id: block.id.toString() } },
  );
}

/**
 * Signs a core. Throws `ERR_BLOCK_SIGNER` when `signer` is not its author, and the codec's errors for a core that is
 * not acceptable.
 */
export async function signHalfBlock(
  core: HalfBlockCore,
  signer: Signer,
  crypto: Pick<Crypto, 'sha256'>,
): Promise<HalfBlock> {
  const bytes = encodeCore(core);
  // Decoding what was encoded makes the block that is returned equal to what every other node will see.
  return signCore(decodeCore(bytes), bytes, identify(bytes, crypto), signer);
}

/** Signs a core whose bytes and identity are known. Rejects with `ERR_BLOCK_SIGNER` when `signer` is not its author. */
export function signCore(
  core: HalfBlockCore,
  coreBytes: Uint8Array,
  id: BlockId,
  signer: Signer,
): Promise<HalfBlock> {
  // Not an async function: own blocks are signed one after another, and every turn of the queue adds up.
  try {
    if (!equalBytes(core.key, signer.publicKey)) {
      throw new BlockError(
        'ERR_BLOCK_SIGNER',
        'A core can only be signed by the key that it names as its author',
      );
    }
    return signer
      .sign(signingMessage(blockDigest(id)))
      .then((signature) => assembleHalfBlock(core, coreBytes, id, signature));
  } catch (error) {
    return Promise.reject(error);
  }
}
