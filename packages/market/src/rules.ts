import type { Crypto, TypeRule } from '@edmp/interface';
import { moneyRules } from './blocks/rules.ts';
import { cancelRule, orderRule } from './order/rules.ts';
import { ASK_TYPE, BID_TYPE, CANCEL_TYPE } from './order/signed-order.ts';

/**
 * The rules of all block types of the market. Give them to `createTrustchain({ rules })`, so that no block slips in
 * unjudged before the market starts; `createMarket` registers the ones that are missing.
 */
export function marketRules(crypto: Pick<Crypto, 'sha256'>): Readonly<Record<string, TypeRule>> {
  const order = orderRule(crypto);
  return {
    ...moneyRules(crypto),
    [ASK_TYPE]: order,
    [BID_TYPE]: order,
    [CANCEL_TYPE]: cancelRule,
  };
}
