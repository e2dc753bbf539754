/**
 * Proofs of misbehaviour and spot checks: written, read and judged from bytes alone.
 *
 * @packageDocumentation
 */
export { judgeProof } from './exchange/judge.ts';
export {
  decodeProof,
  encodeProof,
  type LeafEvidence,
  MAX_PROOF_BYTES,
  type Proof,
} from './exchange/proof.ts';
export {
  decodeEquivocation,
  encodeEquivocation,
  judgeEquivocation,
  judgeFalseComplaint,
  type StatementReader,
  type TradeStatement,
} from './exchange/signed-evidence.ts';
export {
  type DrawnChunk,
  encodeSpotCheck,
  MAX_SPOT_CHECK,
  spotCheckIndices,
  spotCheckSeed,
  verifySpotCheck,
} from './exchange/spot-check.ts';
