import { equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import { forgetOldest } from '../store/forget-oldest.ts';
import type { BlockView } from '../validation/validate.ts';

const MAX_TIPS = 16_384;

/**
 * The newest block of recently seen chains, where it is known that nothing lies above or beside it. A block that
 * follows such a tip is judged without asking the store: the ordinary case of growing chains and of syncing.
 */
export interface Tips {
  /** Neighbourhood of a block that directly follows its author's tip; undefined in every other case. */
  follow(block: HalfBlock): Pick<BlockView, 'branches' | 'previous' | 'next'> | undefined;
  /** Notes a stored block with the neighbourhood that it was judged by. */
  note(block: HalfBlock, view: Pick<BlockView, 'branches' | 'next'>): void;
  /** Forgets one author's tip. */
  forget(author: PublicKey): void;
}

/** An empty {@link Tips}. */
export function chainTips(): Tips {
  const tips = new Map<string, HalfBlock>();
  return {
    follow(block) {
      const tip = tips.get(bytesKey(block.core.key));
      if (tip === undefined || block.core.seq !== tip.core.seq + 1 || block.core.prev === null)
        return undefined;
      if (!equalBytes(block.core.prev.bytes, tip.id.bytes)) return undefined;
      return { branches: [], previous: [tip], next: [] };
    },
    note(block, view) {
      const key = bytesKey(block.core.key);
      tips.delete(key);
      if (view.branches.length > 0 || view.next.length > 0) return;
      tips.set(key, block);
      if (tips.size <= MAX_TIPS) return;
      forgetOldest(tips);
    },
    forget(author) {
      tips.delete(bytesKey(author));
    },
  };
}
