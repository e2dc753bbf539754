import type { BlockId, HalfBlock, Trustchain } from '@edmp/interface';
import { equalBytes, isEdmpError } from '@edmp/interface';
import { releaseOf } from '../blocks/release.ts';
import { RELEASE_TYPE } from '../blocks/types.ts';
import { isMarketError } from '../errors.ts';

/** Blocks of the own chain that are read at once. */
const PAGE = 256;

/** What is needed of a chain to find what this node signed before. */
export type OwnChain = Pick<Trustchain, 'self' | 'store' | 'refuse'>;

/**
 * Signs what a crash or a failing signer left reserved. Until then it cannot be known what this node has signed: the
 * block at a reserved position will come, whatever else is asked for.
 */
export async function finishOwnChain(chain: OwnChain): Promise<void> {
  const [open] = await chain.store.unfinished(chain.self);
  if (open === undefined) return;
  try {
    // Every request finishes what is reserved before it is looked at itself; this one is about an own block, so it is refused.
    await chain.refuse(open.id, 'finish what was reserved');
  } catch (error) {
    if (!isEdmpError(error) || !error.code.startsWith('ERR_PAIR_')) throw error;
  }
}

/** This node's answer to a proposal, if it ever signed one. */
export async function ownAnswer(chain: OwnChain, proposal: BlockId): Promise<HalfBlock | undefined> {
  await finishOwnChain(chain);
  const [answer] = await chain.store.answers(proposal, { author: chain.self, limit: 1 });
  return answer?.block;
}

/** This node's release of a hold above a position of its own chain, if it ever signed one. */
export async function ownRelease(
  chain: OwnChain,
  hold: BlockId,
  after: number,
): Promise<HalfBlock | undefined> {
  await finishOwnChain(chain);
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
