import type { Crypto, TypeRule } from '@edmp/interface';
import { ISSUE_TYPE, issueRule, TRANSFER_TYPE, transferRule } from './ledger/token-blocks.ts';
import { cancelRule, orderRule } from './order/rules.ts';
import { ASK_TYPE, BID_TYPE, CANCEL_TYPE } from './order/signed-order.ts';
import { COMPLAINT_TYPE, RELEASE_TYPE, TRADE_TYPE, WITHDRAWAL_TYPE, WITNESS_TYPE } from './trade/blocks.ts';
import { complaintRule, referenceRule, releaseRule, tradeRule } from './trade/rules.ts';

/**
 * The rules of all block types of the market. Give them to `createTrustchain({ rules })`, so that no block slips in
 * unjudged before the market starts; `createMarket` registers the ones that are missing.
 */
export function marketRules(
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): Readonly<Record<string, TypeRule>> {
  const order = orderRule(crypto);
  return {
    [ASK_TYPE]: order,
    [BID_TYPE]: order,
    [CANCEL_TYPE]: cancelRule,
    [TRADE_TYPE]: tradeRule(crypto),
    [RELEASE_TYPE]: releaseRule,
    [COMPLAINT_TYPE]: complaintRule(crypto),
    [WITHDRAWAL_TYPE]: referenceRule,
    [WITNESS_TYPE]: referenceRule,
    [ISSUE_TYPE]: issueRule,
    [TRANSFER_TYPE]: transferRule,
  };
}
