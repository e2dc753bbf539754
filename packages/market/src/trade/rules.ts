import type { Crypto, HalfBlock, TypeRule } from '@edmp/interface';
import { MarketError } from '../errors.ts';
import { issuesOf } from '../order/rules.ts';
import {
  decodeComplaintTx,
  decodeReferenceTx,
  decodeReleaseTx,
  decodeTradeTx,
  expectTradeParties,
  type TradeTx,
} from './blocks.ts';
import { verifyTerms } from './terms.ts';

/** Trades whose two signatures were verified; both halves and every relay show the same terms again. */
const VERIFIED_CACHE = 4_096;

/** Rule of `market/trade`: terms signed by both, blocks by the right parties, agreement until the accept deadline. */
export function tradeRule(crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>): TypeRule {
  const verified = new Set<string>();
  const check = (block: HalfBlock): void => {
    const trade = decodeTradeTx(block.core.tx, crypto);
    expectTradeParties(block, trade);
    expectSignatures(trade);
  };
  const expectSignatures = (trade: TradeTx): void => {
    const { encoded } = trade;
    const name = signatureName(trade);
    if (verified.has(name)) return;
    const { seller, buyer } = encoded.terms;
    if (
      !verifyTerms(encoded, trade.sellerSignature, seller, crypto) ||
      !verifyTerms(encoded, trade.buyerSignature, buyer, crypto)
    ) {
      throw new MarketError('ERR_TRADE_TERMS', 'Expected terms that both the seller and the buyer signed');
    }
    if (verified.size >= VERIFIED_CACHE) {
      for (const oldest of verified) {
        verified.delete(oldest);
        break;
      }
    }
    verified.add(name);
  };
  const signatureName = (trade: TradeTx): string =>
    `${trade.encoded.id}${String.fromCharCode(...trade.sellerSignature, ...trade.buyerSignature)}`;
  return {
    checkProposal: (block) => issuesOf(() => check(block)),
    checkAgreement(agreement, proposal) {
      const own = issuesOf(() => check(agreement));
      if (own.length > 0) return own;
      return issuesOf(() => {
        const answer = decodeTradeTx(agreement.core.tx, crypto);
        const offered = decodeTradeTx(proposal.core.tx, crypto);
        if (answer.encoded.id !== offered.encoded.id || !sameRoot(answer, offered)) {
          throw new MarketError('ERR_TRADE_TERMS', 'Expected an agreement with the proposal as it stands');
        }
      });
    },
    deadline: (proposal) =>
      deadlineOf(() => decodeTradeTx(proposal.core.tx, crypto).encoded.terms.deadlines.accept),
  };
}

function sameRoot(a: TradeTx, b: TradeTx): boolean {
  return (
    a.settlementRoot.every((byte, i) => byte === b.settlementRoot[i]) &&
    a.chunks === b.chunks &&
    a.bytes === b.bytes
  );
}

/** A deadline out of a transaction that may be malformed; then there is none and the block is invalid anyway. */
function deadlineOf(read: () => number): number | null {
  let deadline: number | null = null;
  issuesOf(() => {
    deadline = read();
  });
  return deadline;
}

/** Rule of `market/release`; the receipt repeats the proposal (TrustChain's default). */
export const releaseRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => decodeReleaseTx(block.core.tx)),
  deadline: (proposal) => deadlineOf(() => decodeReleaseTx(proposal.core.tx).deadline),
};

/** Rule of `market/complaint`. Whether it is founded is the ledger's question. */
export function complaintRule(crypto: Pick<Crypto, 'sha256'>): TypeRule {
  return {
    checkProposal: (block) => issuesOf(() => decodeComplaintTx(block.core.tx, crypto)),
    deadline: () => null,
  };
}

/** Rule of `market/withdrawal` and `market/witness`. */
export const referenceRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => decodeReferenceTx(block.core.tx)),
  deadline: () => null,
};
