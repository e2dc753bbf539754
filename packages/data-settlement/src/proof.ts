/**
 * Proofs of misbehaviour, spot checks and deal files: written, read and judged from bytes alone.
 *
 * @packageDocumentation
 */
export { decodeDealFile, encodeDealFile, MAX_DEAL_BLOCKS } from './exchange/deal-file.ts';
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
  verifySpotCheck,
} from './exchange/spot-check.ts';
