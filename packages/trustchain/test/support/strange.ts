import type { BlockId } from '@edmp/interface';
import { blockIdFromDigest } from '@edmp/trustchain/block';

/** A block id that nothing has. */
export const strangeId = (fill: number): BlockId => blockIdFromDigest(new Uint8Array(32).fill(fill));
