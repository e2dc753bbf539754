/**
 * Pruning: removes old blocks of others, and remembers, signed, what was removed.
 *
 * @packageDocumentation
 */
export type { FraudRegister } from './chain/fraud-register.ts';
export {
  DEFAULT_DISK_BUDGET,
  type DiskBudget,
  type DiskBudgetOptions,
  type DiskReport,
  type DiskUsage,
  MIN_DISK_BUDGET,
  type PruneSeverity,
  startDiskBudget,
} from './prune/disk-budget.ts';
export type { PruneOptions, PruneReport, Pruner, PrunerContext } from './prune/prune.ts';
export { type PrunableTrustchain, type Pruning, pruning } from './prune/pruning.ts';
