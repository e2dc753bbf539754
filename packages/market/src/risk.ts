/**
 * What a node accepts of counterparties, and what it refused.
 *
 * @packageDocumentation
 */
export type { MarketEvidence } from './market.ts';
export { defaultRiskPolicy, permissiveRiskPolicy, type RiskPolicy } from './risk/policy.ts';
