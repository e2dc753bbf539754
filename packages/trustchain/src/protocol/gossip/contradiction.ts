import { type BlockId, type BlockStore, equalBytes, type HalfBlock } from '@edmp/interface';
import { hashLinkEvidence } from '../../fraud/evidence.ts';

/** Blocks read around one position: the branches that are kept of three positions, and some. */
const MAX_AROUND = 64;

const isSame = (a: BlockId | null, b: BlockId): boolean => a !== null && equalBytes(a.bytes, b.bytes);

/**
 * Whether a block contradicts what is stored of its author: another block at its position, or a hash link that does not
 * fit the stored block before or after it. If its signature is genuine, taking it in gives a fraud proof. What is
 * compared is read at one moment.
 */
export async function contradicts(store: BlockStore, block: HalfBlock): Promise<boolean> {
  const { key, seq, prev } = block.core;
  const around = await store.range(key, Math.max(1, seq - 1), seq + 1, MAX_AROUND);
  const at = (position: number): readonly HalfBlock[] => around.filter(({ core }) => core.seq === position);
  if (at(seq).some((other) => !isSame(other.id, block.id))) return true;
  const before = at(seq - 1);
  if (before.length > 0 && !before.some((other) => isSame(prev, other.id))) return true;
  if (at(seq + 1).some((other) => !isSame(other.core.prev, block.id))) return true;
  // Where the position before is not stored, the block that is named may stand at another one.
  const named = before.length > 0 || prev === null ? undefined : await store.get(prev);
  return named !== undefined && hashLinkEvidence(named, block) !== undefined;
}
