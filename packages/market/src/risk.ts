/**
 * What a node accepts of counterparties, and what it refused.
 *
 * @packageDocumentation
 */
export type { AgentTrust, MarketEvidence } from './market.ts';
export { defaultRiskPolicy, permissiveRiskPolicy, type RiskPolicy } from './risk/policy.ts';
