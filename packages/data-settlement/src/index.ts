/**
 * Sealed delivery of energy data: datasets, key commitments, HPKE, content stores and proofs of misbehaviour.
 *
 * @packageDocumentation
 */
export type * from './exchange/types.ts';
