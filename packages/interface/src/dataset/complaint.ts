import { concatBytes, utf8ToBytes } from '../bytes.ts';
import type { Crypto } from '../crypto/types.ts';
import type { FieldFailureOptions } from '../format/failure.ts';
import { type FieldReaders, fieldReaders } from '../format/fields.ts';
import type { JudgedTrade, Judgement } from '../settlement.ts';
import { encodeDatasetDocument } from './document.ts';
import { DatasetError } from './errors.ts';

const DOMAIN = utf8ToBytes('edmp/complaint/v1');

const write: FieldReaders = fieldReaders(
  (message: string, { cause }: FieldFailureOptions) =>
    new DatasetError('ERR_DATASET_FORMAT', `A complaint's ${message}`, { cause }),
);

/**
 * What a buyer signs when it complains: `"edmp/complaint/v1" ‖ SHA-256` over everything that the complaint is judged by,
 * so that nobody can hold it against other facts later, e.g. against a second release whose key is right. Throws
 * `ERR_DATASET_*` for a document that is none.
 *
 * @param trade - The facts, with the wrapped key of the release that is complained about.
 * @param proof - The proof of misbehaviour as it is encoded.
 */
export function complaintMessage(
  crypto: Pick<Crypto, 'sha256'>,
  trade: JudgedTrade,
  proof: Uint8Array,
): Uint8Array {
  const facts = write.encodeFields({
    v: 1,
    kind: 'complaint',
    tradeId: trade.tradeId,
    asset: trade.asset,
    seller: trade.seller,
    buyer: trade.buyer,
    suite: trade.suite,
    recipientKey: trade.recipientKey,
    document: crypto.sha256(encodeDatasetDocument(trade.document)),
    settlementRoot: trade.settlementRoot,
    wrappedKey: trade.wrappedKey,
    proof: crypto.sha256(proof),
  });
  return concatBytes(DOMAIN, crypto.sha256(facts));
}

/** What {@link falseComplaint} judges. */
export interface SignedComplaint {
  readonly trade: JudgedTrade;
  /** The buyer's signature over {@link complaintMessage}, 64 bytes; anything may be given. */
  readonly signature: Uint8Array;
  /** The proof that the complaint names; anything may be given. */
  readonly proof: Uint8Array;
}

/**
 * Judges whether the buyer of a trade signed a complaint that its proof does not bear out: guilty is the buyer. Where
 * the judge of proofs cannot tell, nobody is. Throws what `judge` throws.
 *
 * @param crypto - What verifies the signature.
 * @param complaint - What was complained about, and how.
 * @param judge - Judges the proof against the seller.
 */
export function falseComplaint(
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
  complaint: SignedComplaint,
  judge: (trade: JudgedTrade, proof: Uint8Array) => Judgement,
): Judgement {
  const { trade, signature, proof } = complaint;
  const kind = 'false-complaint';
  const unfounded = (reason: string): Judgement => ({ guilty: false, kind, reason });
  let isSigned: boolean;
  try {
    isSigned = crypto.ed25519Verify(signature, complaintMessage(crypto, trade, proof), trade.buyer);
  } catch {
    return unfounded('the complaint or the facts of the trade cannot be read');
  }
  if (!isSigned) return unfounded('the buyer did not sign this complaint about these facts');
  const verdict = judge(trade, proof);
  if (verdict.undecided === true) return unfounded(`it cannot be judged here: ${verdict.reason}`);
  return verdict.guilty
    ? unfounded(`the complaint is right: ${verdict.reason}`)
    : { guilty: true, kind, reason: `the complaint is not borne out: ${verdict.reason}` };
}
