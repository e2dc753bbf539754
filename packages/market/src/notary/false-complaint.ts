import { type Crypto, isEdmpError, type Judgement } from '@edmp/interface';
import { falseComplaint } from '@edmp/interface/dataset';
import { verifySignature } from '@edmp/trustchain/block';
import {
  boundedBytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { type ComplaintJudge, factsOfComplaint } from './complaint.ts';
import { MAX_REQUEST_BYTES } from './limits.ts';
import { type ComplaintEvidence, complaintOf, complaintToTx, MAX_COMPLAINT_ITEMS } from './messages.ts';
import { spendingOfBytes } from './spend-run.ts';

/**
 * Proof that a buyer lied about a delivery: the complaint as it was shown to a witness, with what it is judged by. It
 * shows what the complaint showed and nothing more, which may be a chunk of the data or what opens it.
 */
export interface FalseComplaint {
  /** The signed hold that was complained about. */
  readonly hold: Uint8Array;
  readonly complaint: Extract<ComplaintEvidence, { kind: 'proof' }>;
}

/** Canonical dag-cbor of a proof: `{v: 1, kind: "false-complaint", hold, complaint}`. */
export function encodeFalseComplaint({ hold, complaint }: FalseComplaint): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'false-complaint', hold, complaint: complaintToTx(complaint) });
}

/**
 * Decodes {@link encodeFalseComplaint} strictly, without judging it. Throws `ERR_MARKET_FORMAT`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeFalseComplaint(bytes: Uint8Array): FalseComplaint {
  const where = 'false complaint';
  const fields = mapOf(
    decodeCanonical(bytes, MAX_REQUEST_BYTES, where, MAX_COMPLAINT_ITEMS + 8),
    ['v', 'kind', 'hold', 'complaint'],
    where,
  );
  integerOf(fields.v, 1, 1, `${where}.v`);
  oneOf(fields.kind, ['false-complaint'], `${where}.kind`);
  const complaint = complaintOf(fields.complaint, where);
  if (complaint.kind !== 'proof')
    throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected a proof about a delivery`);
  return { hold: boundedBytesOf(fields.hold, MAX_REQUEST_BYTES, `${where}.hold`), complaint };
}

/**
 * Judges a proof that the buyer of a hold lied, from bytes alone: pure, offline, and never guilty where the judge of
 * deliveries cannot tell. Never throws on bad input: then it is unfounded. Throws what `judge` throws.
 *
 * @param proof - What {@link encodeFalseComplaint} gives; anything may be given.
 * @param options - What verifies signatures, and the judge of proofs about deliveries, e.g. that of a settlement.
 */
export function judgeFalseComplaintProof(
  proof: Uint8Array,
  options: { readonly crypto: Crypto; readonly judge: ComplaintJudge },
): Judgement {
  const { crypto, judge } = options;
  const unfounded = (reason: string): Judgement => ({ guilty: false, kind: 'false-complaint', reason });
  let complaint: FalseComplaint['complaint'];
  let read: ReturnType<typeof factsOfComplaint>;
  try {
    const decoded = decodeFalseComplaint(proof);
    const hold = spendingOfBytes(decoded.hold, crypto);
    complaint = decoded.complaint;
    read = factsOfComplaint(complaint, hold, crypto);
    const isSigned = [hold.block, read.release, read.proposal].every((block) =>
      verifySignature(block, crypto),
    );
    if (!isSigned) return unfounded('a block in the proof is not signed by its author');
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return unfounded(error.message);
  }
  if (read.facts === undefined) return unfounded('the opener in the proof does not open the release');
  return falseComplaint(
    crypto,
    { trade: read.facts, signature: complaint.signature, proof: complaint.proof },
    judge,
  );
}
