import type { HalfBlock, HalfBlockCore } from '@edmp/interface';
import { decodeCore, decodeHalfBlock, encodeCore } from '@edmp/trustchain/block';
import { crypto } from './blocks.ts';

/** A half block over `core` with any 64 bytes as its signature: stores do not judge. */
export function fabricate(
  core: HalfBlockCore,
  signature: Uint8Array = new Uint8Array(64).fill(7),
): HalfBlock {
  const coreBytes = encodeCore(core);
  decodeCore(coreBytes);
  const bytes = new Uint8Array(coreBytes.length + 67);
  bytes[0] = 0x82;
  bytes.set(coreBytes, 1);
  bytes.set([0x58, 64], coreBytes.length + 1);
  bytes.set(signature, coreBytes.length + 3);
  return decodeHalfBlock(bytes, crypto);
}
