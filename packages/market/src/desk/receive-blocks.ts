import type { HalfBlock, Trustchain } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';

/**
 * Hands blocks from a message to the chain, which verifies them together. Undefined stands for one that it refuses;
 * what speaks against nobody (load, a stop) is thrown.
 */
export async function receiveBlocks(
  trustchain: Pick<Trustchain, 'receive'>,
  blocks: readonly Uint8Array[],
): Promise<readonly (HalfBlock | undefined)[]> {
  return Promise.all(
    blocks.map(async (bytes) => {
      try {
        const { block, level } = await trustchain.receive(bytes);
        return level === 'invalid' ? undefined : block;
      } catch (error) {
        if (isEdmpError(error) && error.code.startsWith('ERR_BLOCK_')) return undefined;
        throw error;
      }
    }),
  );
}
