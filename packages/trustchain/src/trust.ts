/**
 * Trust scores from completed deals: what a node may risk with an agent (NetFlow) and whose offers come first (MeritRank), as
 * one evaluator sees them, each with its reasons.
 *
 * @packageDocumentation
 */
export {
  type ArrivedDeal,
  type CompletedDeal,
  createDealGraph,
  type DealGraph,
  type DealSource,
} from './trust/deal-graph.ts';
export { TrustError } from './trust/errors.ts';
export {
  explainScore,
  type TrustAdvice,
  type TrustBound,
  type TrustExplanation,
  type TrustPath,
} from './trust/explanation.ts';
export { type ExposureLedger, exposureLedger, type Headroom } from './trust/exposure-ledger.ts';
export type { DealGraphLimits, NeighbourhoodLimits } from './trust/limits.ts';
export { type MeritRank, type MeritRankOptions, type MeritRankScore, meritRank } from './trust/merit-rank.ts';
export type { Truncation } from './trust/neighbourhood.ts';
export { type NetFlow, type NetFlowOptions, type NetFlowScore, netFlow } from './trust/net-flow.ts';
