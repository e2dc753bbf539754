import type { BlockId, HalfBlock, Trustchain } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { releaseOf } from '../blocks/release.ts';
import { RELEASE_TYPE } from '../blocks/types.ts';
import { isMarketError } from '../errors.ts';

/** Blocks of this node’s own chain that are read at once. */
const PAGE = 256;

/** What is needed of a chain to find what this node signed before. */
export type OwnChain = Pick<Trustchain, 'self' | 'store' | 'finish'>;

/** This node's answer to a proposal, if it ever signed one. */
export async function ownAnswer(chain: OwnChain, proposal: BlockId): Promise<HalfBlock | undefined> {
  // What is reserved will be signed, whatever else is asked for: only then is it known what this node has said.
  await chain.finish();
  const [answer] = await chain.store.answers(proposal, { author: chain.self, limit: 1 });
  return answer?.block;
}

/** This node's release of a hold above a position of its own chain, if it ever signed one. */
export async function ownRelease(
  chain: OwnChain,
  hold: BlockId,
  after: number,
): Promise<HalfBlock | undefined> {
  await chain.finish();
  for (let from = after + 1; ; ) {
    const page = await chain.store.range(chain.self, from, Number.MAX_SAFE_INTEGER, PAGE);
    const found = page.find((block) => isReleaseOf(block, hold));
    if (found !== undefined) return found;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return undefined;
    from = last.core.seq + 1;
  }
}

function isReleaseOf(block: HalfBlock, hold: BlockId): boolean {
  if (block.core.type !== RELEASE_TYPE || block.core.link !== null) return false;
  try {
    return equalBytes(releaseOf(block).hold.bytes, hold.bytes);
  } catch (error) {
    if (isMarketError(error)) return false;
    throw error;
  }
}
