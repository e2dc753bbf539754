import { InvalidArgumentError } from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import { readCheckpoints } from './checkpoint.ts';
import type { Pruner, PrunerContext } from './prune.ts';

/** A chain that prunes nothing, over a store that may have been pruned: it still wants nothing below the checkpoints. */
export async function keptFloors({ store, self }: Pick<PrunerContext, 'store' | 'self'>): Promise<Pruner> {
  const checkpoints = await readCheckpoints(store, self);
  return {
    async prune() {
      throw new InvalidArgumentError(
        'The chain was made without pruning; pass pruning: pruning() of @edmp/trustchain/pruning',
      );
    },
    floor: (author) => checkpoints.get(bytesKey(author))?.to ?? 1,
    checkpoint: (author) => checkpoints.get(bytesKey(author)),
  };
}
