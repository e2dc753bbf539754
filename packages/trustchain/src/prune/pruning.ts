import type { Trustchain } from '@edmp/interface';
import { type PruneOptions, type PruneReport, type Pruner, type PrunerContext, pruner } from './prune.ts';

/** A {@link Trustchain} that can shorten what it keeps of others' chains. */
export interface PrunableTrustchain extends Trustchain {
  /**
   * Removes the oldest blocks of others beyond `maxBlocks`, after signing a checkpoint of what goes. Never removes one's
   * own blocks, those of one's own pairs, proposals that are pending (see {@link PruneOptions}), or branches whose fraud
   * is not proven yet; a stranger's whole chain may go. Throws `ERR_INVALID_ARGUMENT` when the store cannot remove blocks.
   */
  prune(options: PruneOptions): Promise<PruneReport>;
}

/** The ability to prune, as `createTrustchain` takes it. Inert until the chain opens it. */
export interface Pruning {
  /** Opens the pruner of a chain, once at its start. */
  open(context: PrunerContext): Promise<Pruner>;
}

/** Lets a chain be pruned: `createTrustchain({ …, pruning: pruning() })` gives one with `prune`. */
export function pruning(): Pruning {
  return { open: pruner };
}
