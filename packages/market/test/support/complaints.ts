import { isEdmpError, type Signer } from '@edmp/interface';
import { complaintMessage } from '@edmp/interface/dataset';
import { factsOfComplaint } from '../../src/notary/complaint.ts';
import type { ComplaintEvidence } from '../../src/notary/messages.ts';
import { spendingOfBytes } from '../../src/notary/spend-run.ts';
import { crypto } from './documents.ts';

type ProofComplaint = Extract<ComplaintEvidence, { kind: 'proof' }>;

/** A complaint about a hold with its buyer's signature; one of nothing where there is nothing to sign. */
export async function signedComplaint(
  hold: Uint8Array,
  complaint: Omit<ProofComplaint, 'signature'>,
  signer: Signer,
): Promise<ProofComplaint> {
  const unsigned = { ...complaint, signature: new Uint8Array(64) };
  try {
    const { facts } = factsOfComplaint(unsigned, spendingOfBytes(hold, crypto), crypto);
    if (facts === undefined) return unsigned;
    return { ...complaint, signature: await signer.sign(complaintMessage(crypto, facts, complaint.proof)) };
  } catch (error) {
    if (isEdmpError(error)) return unsigned;
    throw error;
  }
}
