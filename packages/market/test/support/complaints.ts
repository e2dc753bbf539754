import { isEdmpError, type PublicKey, type Signer, virtualEnvironment } from '@edmp/interface';
import { complaintMessage } from '@edmp/interface/dataset';
import type { Spending } from '../../src/blocks/spending.ts';
import { decodeCanonical, encodeCanonical } from '../../src/codec/fields.ts';
import { type NotaryAnswer, type SignedProof, signedProofOf } from '../../src/notary/answers.ts';
import type { Share } from '../../src/notary/certificate.ts';
import { factsOfComplaint } from '../../src/notary/complaint.ts';
import {
  complaintBinding,
  keptBinding,
  keptRequestMessage,
  openSealed,
  sealTo,
} from '../../src/notary/complaint-seal.ts';
import {
  type ComplaintEvidence,
  complaintToTx,
  type HoldEvidence,
  type NotaryRequest,
} from '../../src/notary/messages.ts';
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

/** A complaint request before it is sealed. */
export interface OpenComplain {
  readonly kind: 'complain';
  readonly key: PublicKey;
  readonly evidence: HoldEvidence;
  readonly complaint: ComplaintEvidence;
  readonly refunds: readonly Share[];
}

type Ask = (request: NotaryRequest) => Promise<NotaryAnswer>;

const environment = virtualEnvironment({ seed: 77 });

/** Seals a complaint to the key that the witness gives now; `change` alters what it is bound to. */
export async function sealedComplain(
  { complaint, ...request }: OpenComplain,
  from: PublicKey,
  ask: Ask,
  change: Partial<Parameters<typeof complaintBinding>[1]> = {},
): Promise<Extract<NotaryRequest, { kind: 'complain' }>> {
  const offered = await ask({ kind: 'sealing', key: request.key });
  if (offered.kind !== 'sealing') throw new Error(`expected a key, got ${JSON.stringify(offered)}`);
  const parts = { key: request.key, from, hold: request.evidence.hold, ...change };
  const sealed = sealTo(
    { crypto, environment },
    offered.publicKey,
    complaintBinding(crypto, parts),
    encodeCanonical(complaintToTx(complaint)),
  );
  return { ...request, sealedTo: crypto.sha256(offered.publicKey), sealed };
}

/** What a witness keeps about a hold, as its seller reads it: the complaint, or the answer that is none. */
export async function keptComplaint(
  key: PublicKey,
  hold: Spending,
  seller: Signer,
  ask: Ask,
): Promise<NotaryAnswer | { readonly complaint: SignedProof | null }> {
  const secretKey = environment.randomBytes(32);
  const recipient = crypto.xWing.publicKey(secretKey);
  const message = keptRequestMessage(crypto, { key, hold: hold.id.bytes, recipient });
  const signature = await seller.sign(message);
  const answer = await ask({ kind: 'complaint', key, hold: hold.id, recipient, signature });
  if (answer.kind !== 'complaint') return answer;
  if (answer.sealed === null) return { complaint: null };
  const binding = keptBinding({ key, seller: seller.publicKey, hold: hold.id.bytes });
  const plain = openSealed(crypto, secretKey, binding, answer.sealed);
  return { complaint: signedProofOf(decodeCanonical(plain, 1 << 20, 'kept')) };
}
