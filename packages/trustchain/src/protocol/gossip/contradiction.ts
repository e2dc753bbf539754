import { type BlockId, type BlockStore, equalBytes, type HalfBlock } from '@edmp/interface';

const isSame = (a: BlockId | null, b: BlockId): boolean => a !== null && equalBytes(a.bytes, b.bytes);

/**
 * Whether a block contradicts what is stored of its author: another block at its position, or a hash link that does not
 * fit the stored block before or after it. If its signature is genuine, taking it in gives a fraud proof.
 */
export async function contradicts(store: BlockStore, block: HalfBlock): Promise<boolean> {
  const { key, seq, prev } = block.core;
  const branches = await store.at(key, seq);
  if (branches.some((other) => !isSame(other.id, block.id))) return true;
  const before = await store.at(key, seq - 1);
  if (before.length > 0 && !before.some((other) => isSame(prev, other.id))) return true;
  const after = await store.at(key, seq + 1);
  return after.some((other) => !isSame(other.core.prev, block.id));
}
