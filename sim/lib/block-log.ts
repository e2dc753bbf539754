import type { BlockStore, HalfBlock, PublicKey, Reservation } from '../../packages/interface/src/index.ts';

/** One write of a block store, as a disk keeps it. */
export type BlockWrite =
  | { readonly kind: 'put'; readonly blocks: readonly HalfBlock[]; readonly durable: boolean }
  | {
      readonly kind: 'proof';
      readonly author: PublicKey;
      readonly id: HalfBlock['id'];
      readonly proof: Uint8Array;
    }
  | { readonly kind: 'reserve'; readonly author: PublicKey; readonly reservations: readonly Reservation[] };

/** Does again, in `store`, what was written. */
export async function replayBlocks(store: BlockStore, writes: readonly BlockWrite[]): Promise<BlockStore> {
  for (const entry of writes) {
    if (entry.kind === 'put') await store.put(entry.blocks);
    else if (entry.kind === 'proof') await store.putProof(entry.author, entry.id, entry.proof);
    else {
      const [first, ...more] = entry.reservations;
      if (first !== undefined) await store.reserve(entry.author, first, ...more);
    }
  }
  return store;
}
