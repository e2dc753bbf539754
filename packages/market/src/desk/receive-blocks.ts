import type { HalfBlock, ReceiveResult, Trustchain } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';

/**
 * Hands blocks from a message to the chain, which verifies them together. Undefined stands for one that it refuses;
 * what speaks against nobody (load, a stop) is thrown.
 */
export function receiveBlocks(
  trustchain: Pick<Trustchain, 'receive'>,
  blocks: readonly Uint8Array[],
): Promise<readonly (HalfBlock | undefined)[]> {
  const receiving = blocks.map((bytes) => trustchain.receive(bytes).then(validBlock, unlessWrong));
  const [first] = receiving;
  // Nearly always it is one.
  return first !== undefined && receiving.length === 1
    ? first.then((block) => [block])
    : Promise.all(receiving);
}

const validBlock = ({ block, level }: ReceiveResult): HalfBlock | undefined =>
  level === 'invalid' ? undefined : block;

function unlessWrong(error: unknown): undefined {
  if (isEdmpError(error) && error.code.startsWith('ERR_BLOCK_')) return undefined;
  throw error;
}
