import type { Crypto, HalfBlock } from '@edmp/interface';
import { decodeHalfBlock } from '../block/codec.ts';
import { FraudProofError } from './errors.ts';
import { forkEvidence, slotEvidence } from './evidence.ts';
import { encodeFraudProof, type FraudProof, verifyFraudProof } from './proof.ts';
import type { SlotOf } from './slot.ts';

/**
 * The proof that two signed blocks are a fork, or carry one slot; the same whatever their order. The blocks are read
 * again from their bytes. Throws a {@link FraudProofError}, `ERR_BLOCK_*`.
 */
export function accusation(a: HalfBlock, b: HalfBlock, crypto: Crypto, slotOf: SlotOf): FraudProof {
  const [first, second] = [decodeHalfBlock(a.bytes, crypto), decodeHalfBlock(b.bytes, crypto)];
  const evidence = forkEvidence(first, second) ?? slotEvidence(first, second);
  if (evidence === undefined) {
    throw new FraudProofError(
      'ERR_FRAUD_UNFOUNDED',
      'Two different blocks of one author are needed to prove that it cheated',
    );
  }
  return verifyFraudProof(encodeFraudProof(evidence, crypto).bytes, crypto, slotOf);
}
