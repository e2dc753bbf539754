import type { BlockId, HalfBlock, Signature } from '@edmp/interface';
import type { Spending } from '../blocks/spending.ts';
import type { SignedProof } from './answers.ts';
import type { Certificate } from './certificate.ts';

/** A complaint as the buyer hands it in: a proof of misbehaviour with what it is judged against. */
export interface Complaint {
  readonly proposal: HalfBlock;
  readonly release: HalfBlock;
  readonly opener: Uint8Array;
  readonly recipientKey: Uint8Array;
  /** Encoded dataset document. */
  readonly document: Uint8Array;
  readonly proof: Uint8Array;
  /** The buyer's, over `complaintMessage` of the facts and the proof. */
  readonly signature: Signature;
}

/** What the witnesses of a hold keep about it for its seller. */
export interface KeptComplaints {
  /** As they came, signatures unchecked: a witness may invent some. */
  readonly complaints: readonly SignedProof[];
  /** Witnesses that gave no answer now. */
  readonly silent: number;
}

/** What a party can show a witness besides the hold, by the text of the hold's id. */
export interface OutcomeEvidence {
  readonly receipts?: ReadonlyMap<string, HalfBlock>;
  readonly acks?: ReadonlyMap<string, Certificate>;
  /** Whether certificates are kept for as long as the store lives. Default `true`; `false` for others' holds. */
  readonly keep?: boolean;
}

/** A release as witnesses hand it to the buyer. */
export interface ReleasedKey {
  readonly release: HalfBlock;
  readonly opener: Uint8Array;
  readonly acks: Certificate;
}

/** The newest block of an account that any notary signed or saw certified, and its certificate when there is one. */
export interface AccountTip {
  readonly n: number;
  readonly id: BlockId;
  readonly block: HalfBlock;
  readonly certificate: Certificate | null;
}

/** The certificate of a block, or of a later one of its account with the blocks that lead there. */
export interface Cover {
  readonly certificate: Certificate;
  /** The blocks after the covered one up to the certified one, in order; none when the certificate is its own. */
  readonly blocks: readonly Spending[];
}
