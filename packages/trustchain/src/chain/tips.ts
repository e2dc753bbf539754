import { equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import { forgetOldest } from '../store/forget-oldest.ts';
import type { BlockView, Verdict } from '../validation/validate.ts';

const MAX_TIPS = 16_384;

interface Tip {
  readonly block: HalfBlock;
  /** Absent for this node's blocks, which nobody judges here, and where it may still change by itself. */
  readonly verdict: Verdict | undefined;
}

/**
 * The newest block of recently seen chains, where it is known that nothing lies above or beside it. A block that
 * follows such a tip is judged without asking the store: the ordinary case of growing chains and of syncing. The
 * verdict on a tip stands until its author's chain grows, or somebody forgets it: gossip brings most blocks again.
 */
export interface Tips {
  /** Neighbourhood of a block that directly follows its author's tip; undefined in every other case. */
  follow(block: HalfBlock): Pick<BlockView, 'branches' | 'previous' | 'next'> | undefined;
  /** Notes a stored block with the neighbourhood and the verdict that it was judged by. */
  note(block: HalfBlock, view: Pick<BlockView, 'branches' | 'next'>, verdict?: Verdict): void;
  /** The tip that a block is, signature included, and its verdict; undefined for any other block. */
  judged(block: HalfBlock): { readonly block: HalfBlock; readonly verdict: Verdict } | undefined;
  /** Forgets one author's tip. */
  forget(author: PublicKey): void;
  /** Forgets all tips: rules changed. */
  clear(): void;
}

/** An empty {@link Tips}. */
export function chainTips(): Tips {
  const tips = new Map<string, Tip>();
  return {
    follow(block) {
      const tip = tips.get(bytesKey(block.core.key))?.block;
      if (tip === undefined || block.core.seq !== tip.core.seq + 1 || block.core.prev === null)
        return undefined;
      if (!equalBytes(block.core.prev.bytes, tip.id.bytes)) return undefined;
      return { branches: [], previous: [tip], next: [] };
    },
    note(block, view, verdict) {
      const key = bytesKey(block.core.key);
      tips.delete(key);
      if (view.branches.length > 0 || view.next.length > 0) return;
      const isLasting = verdict !== undefined && verdict.fraud === undefined && !verdict.deferred;
      tips.set(key, { block, verdict: isLasting ? verdict : undefined });
      if (tips.size <= MAX_TIPS) return;
      forgetOldest(tips);
    },
    judged(block) {
      const tip = tips.get(bytesKey(block.core.key));
      if (tip?.verdict === undefined) return undefined;
      const isSame =
        equalBytes(tip.block.id.bytes, block.id.bytes) && equalBytes(tip.block.signature, block.signature);
      return isSame ? { block: tip.block, verdict: tip.verdict } : undefined;
    },
    forget(author) {
      tips.delete(bytesKey(author));
    },
    clear: () => tips.clear(),
  };
}

/** {@link Tips} of a store that other processes write to as well: what was known of a chain's end may be over, so nothing is. */
export function noTips(): Tips {
  return {
    follow: () => undefined,
    note: () => undefined,
    judged: () => undefined,
    forget: () => undefined,
    clear: () => undefined,
  };
}
