import { type Crypto, equalBytes } from '@edmp/interface';
import type { Claim } from '../blocks/money.ts';
import type { Spending } from '../blocks/spending.ts';
import { MarketError } from '../errors.ts';
import { decodeCertificate, verifyCertificate } from '../notary/certificate.ts';
import { type ChainPlace, isBefore } from './author-chain.ts';
import type { HoldOutcome, HoldRecord } from './hold.ts';

/** A hold that a claim takes back, and what the claim shows became of it. */
export interface Refund {
  readonly hold: HoldRecord;
  readonly outcome: HoldOutcome;
}

function refused(claim: Claim, why: string): MarketError {
  return new MarketError('ERR_MONEY_CLAIM', `The claim of ${claim.id} ${why}`);
}

/**
 * What a claim in test money shows: that `hold`, the hold that it names, goes back. It is the buyer's own earlier one, not ended
 * before on the same path, given back by the certificate inside; or, without witnesses, claimed at or after the last
 * deadline (DESIGN §4.4.3, §4.4.4). Throws `ERR_MONEY_CLAIM`, or `ERR_MARKET_FORMAT` on an unreadable certificate.
 */
export function refundOf(
  claim: Claim,
  hold: HoldRecord | undefined,
  by: Spending,
  place: ChainPlace,
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): Refund {
  const stands = hold?.place ?? null;
  if (hold === undefined || stands === null || !hold.counts || !isBefore(stands, place)) {
    throw refused(claim, 'names no hold before it in its own chain: test money claims refunds only');
  }
  if (hold.currency !== by.money.currency || hold.amount !== claim.amount) {
    throw refused(claim, `expected ${hold.amount} of ${hold.currency}`);
  }
  if (hold.ends.some((end) => isBefore(end, place))) {
    throw refused(claim, 'names a hold that was claimed or receipted before');
  }
  if (hold.witnesses.length === 0) {
    if (claim.certificate !== null)
      throw refused(claim, 'carries a certificate, but the hold has no witnesses');
    if (by.block.core.time < hold.complain) {
      throw refused(claim, `is dated before ${hold.complain}, the last deadline`);
    }
    return { hold, outcome: { kind: 'unwitnessed', certificate: null } };
  }
  if (claim.certificate === null) throw refused(claim, 'carries no certificate');
  const certificate = decodeCertificate(claim.certificate, null);
  const { kind, subject } = certificate;
  if ((kind !== 'none' && kind !== 'refund') || !equalBytes(subject.bytes, hold.id.bytes)) {
    throw refused(claim, `carries a certificate of another outcome: ${kind} of ${subject}`);
  }
  if (!verifyCertificate(certificate, hold.witnesses, crypto)) {
    throw refused(claim, 'carries a certificate that is not signed by a quorum of the hold’s witnesses');
  }
  return { hold, outcome: { kind, certificate } };
}
