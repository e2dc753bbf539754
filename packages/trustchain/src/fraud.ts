/**
 * Evidence that an author cheated, and fraud proofs that anyone checks from their bytes.
 *
 * @packageDocumentation
 */
export { FraudProofError } from './fraud/errors.ts';
export {
  doubleAnswerEvidence,
  FRAUD_KINDS,
  type FraudEvidence,
  type FraudKind,
  forkEvidence,
  hashLinkEvidence,
  slotEvidence,
} from './fraud/evidence.ts';
export {
  decodeFraudProof,
  encodeFraudProof,
  FRAUD_PROOF_VERSION,
  type FraudProof,
  MAX_FRAUD_PROOF_BYTES,
  verifyFraudProof,
  verifyFraudProofAsync,
} from './fraud/proof.ts';
export { type SlotOf, slotsBy } from './fraud/slot.ts';
