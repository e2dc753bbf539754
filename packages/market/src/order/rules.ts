import type { Crypto, HalfBlock, TypeRule, ValidationIssue } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import { decodeCancel, decodeOrder } from '../blocks/order.ts';

/** What `read` finds wrong with a block, as issues; anything that is no EDMP error is a bug and is thrown on. */
export function issuesOf(read: () => unknown): readonly ValidationIssue[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return [{ code: error.code, message: error.message }];
  }
}

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
