import type { Crypto, HalfBlock, TypeRule, ValidationIssue } from '@edmp/interface';
import { decodeCancel, decodeOrder } from '../blocks/order.ts';
import { issuesOf } from '../codec/issues.ts';

const NO_ANSWER: readonly ValidationIssue[] = [
  { code: 'ERR_MARKET_FORMAT', message: 'Orders and cancels have no agreements' },
];

/** Rule of `market/ask` and `market/bid`. */
export function orderRule(crypto: Pick<Crypto, 'sha256'>): TypeRule {
  return {
    checkProposal: (block: HalfBlock) => issuesOf(() => decodeOrder(block, crypto)),
    checkAgreement: () => NO_ANSWER,
    deadline: () => null,
  };
}

/** Rule of `market/cancel`. That the order is the same key's is checked where the order is known. */
export const cancelRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => decodeCancel(block)),
  checkAgreement: () => NO_ANSWER,
  deadline: () => null,
};
