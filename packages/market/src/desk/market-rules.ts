import type { Crypto, TypeRule } from '@edmp/interface';
import { ASK_TYPE, BID_TYPE, CANCEL_TYPE } from '../blocks/order.ts';
import { PAYMENT_TYPE, paymentRule } from '../blocks/payment.ts';
import { moneyRules } from '../blocks/rules.ts';
import { cancelRule, orderRule } from '../order/rules.ts';

/**
 * The rules of all block types of the market. Give them to `createTrustchain({ rules })`, so that no block slips in
 * unjudged before the market starts; `createMarket` registers the ones that are missing.
 *
 * @example
 * ```ts
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 * import { marketRules } from '@edmp/market';
 *
 * console.log('market/ask' in marketRules(nodeCrypto())); // true
 * ```
 */
export function marketRules(crypto: Pick<Crypto, 'sha256'>): Readonly<Record<string, TypeRule>> {
  const order = orderRule(crypto);
  return {
    [ASK_TYPE]: order,
    [BID_TYPE]: order,
    [CANCEL_TYPE]: cancelRule,
    [PAYMENT_TYPE]: paymentRule,
    ...moneyRules(crypto),
  };
}
