import { cidOf } from '@edmp/data-settlement/content';
import { type CheckedBlock, CODEC_RAW } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';

const crypto = nodeCrypto();

/** The block of one number: 3 kB that depend on it. */
export function killedBlock(number: number): CheckedBlock {
  const bytes = Uint8Array.from({ length: 3_000 }, (_, i) => (number >> (8 * (i % 4))) ^ i);
  return { cid: cidOf(crypto, CODEC_RAW, bytes), bytes };
}
