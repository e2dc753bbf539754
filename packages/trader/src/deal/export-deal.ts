import type { AbortOptions, Crypto } from '@edmp/interface';
import type { Market } from '@edmp/market';
import { encodeCertificate } from '@edmp/market/notary';
import type { DealEvidence } from '@edmp/market/trade';
import { type DealFile, encodeDealFile } from './deal-file.ts';

/** Options of {@link exportDeal}. */
export interface ExportDealOptions extends AbortOptions {
  /** Put the proof that the seller cheated or the buyer lied in, which may show a part of the data. Default `false`. */
  readonly withProof?: boolean;
}

/** The deal file of what was signed. */
export function dealFileOf(evidence: DealEvidence, options: ExportDealOptions = {}): DealFile {
  const { currency, ask, bid, proposal, hold, release, receipt, spend, acks, outcome } = evidence;
  const { recipientKey, opener, proof, lie } = evidence;
  const bytesOf = (block: { readonly bytes: Uint8Array } | null): Uint8Array | null => block?.bytes ?? null;
  const encoded = (certificate: DealEvidence['spend']): Uint8Array | null =>
    certificate === null ? null : encodeCertificate(certificate);
  return {
    blocks: {
      currency: bytesOf(currency),
      ask: ask.bytes,
      bid: bytesOf(bid),
      proposal: proposal.bytes,
      hold: bytesOf(hold),
      release: bytesOf(release),
      receipt: bytesOf(receipt),
    },
    certificates: { spend: encoded(spend), acks: encoded(acks), outcome: encoded(outcome) },
    complaint:
      options.withProof === true && proof !== null && opener !== null
        ? { recipientKey, opener, proof }
        : null,
    lie:
      options.withProof === true && lie !== null && opener !== null ? { recipientKey, opener, ...lie } : null,
  };
}

/**
 * The deal file of a finished trade, see {@link DealFile}. Throws `ERR_MARKET_UNKNOWN`, and `ERR_TRADE_STATE` before
 * the trade's end or when the seller signed no offer for it.
 *
 * @param trader its market, and hashes for the file's sum
 * @param trade id, hex
 * @param options what goes in, and a signal that calls it off
 */
export async function exportDeal(
  trader: { readonly market: Pick<Market, 'dealEvidence'>; readonly crypto: Crypto },
  trade: string,
  options: ExportDealOptions = {},
): Promise<Uint8Array> {
  const evidence = await trader.market.dealEvidence(trade, options);
  return encodeDealFile(dealFileOf(evidence, options), trader.crypto);
}
