/**
 * TrustChain: signed half blocks in one chain per author, pairs of them as two-party transactions, validation, fraud
 * proofs, stores and the network protocol.
 *
 * @packageDocumentation
 */
export { decodeCore, decodeHalfBlock, encodeCore } from './block/codec.ts';
export { isBlockType } from './block/core-rules.ts';
export { BlockError, type BlockErrorCode } from './block/errors.ts';
export { blockIdFromBytes, blockIdFromDigest, identify, isBlockId } from './block/identity.ts';
export { MAX_BLOCK_BYTES, MAX_CORE_BYTES, MAX_TYPE_BYTES } from './block/limits.ts';
export { signHalfBlock, signingMessage, verifyItem, verifySignature } from './block/signature.ts';
export { createTrustchain, type PrunableTrustchain } from './chain/create-trustchain.ts';
export { ChainError, PairError } from './chain/errors.ts';
export type { TrustchainLimits, TrustchainOptions } from './chain/options.ts';
export { MAX_REASON } from './chain/pair-requests.ts';
export { type LinkView, type TypeRules, viewFromStore } from './chain/view.ts';
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
export { type ChainExtent, chainExtent, type PositionRange } from './inspect/gaps.ts';
export {
  type AnswerKind,
  answerKind,
  checkAnswer,
  checkProposal,
  isSelfBlock,
  proposalDeadline,
} from './pair/answer.ts';
export { type PairContext, pairState } from './pair/state.ts';
export {
  FRAUD_TOPIC,
  HEADS_TOPIC,
  OFFER_PROTOCOL,
  PUSH_PROTOCOL,
  SYNC_PROTOCOL,
} from './protocol/messages.ts';
export type { QuotaOptions } from './protocol/quota.ts';
export { CHECKPOINT_TYPE } from './prune/checkpoint.ts';
export type { PruneOptions, PruneReport } from './prune/prune.ts';
export { StoreError } from './store/errors.ts';
export { memoryBlockStore } from './store/memory.ts';
export type { ValidationCode } from './validation/codes.ts';
export { type BlockView, type Verdict, validateBlock } from './validation/validate.ts';
