/**
 * Pruning: removes old blocks of others, and remembers, signed, what was removed.
 *
 * @packageDocumentation
 */
export type { FraudRegister } from './chain/fraud-register.ts';
export type { PruneOptions, PruneReport, Pruner, PrunerContext } from './prune/prune.ts';
export { type PrunableTrustchain, type Pruning, pruning } from './prune/pruning.ts';
