import { type Crypto, equalBytes, type TypeRule, type ValidationIssue } from '@edmp/interface';
import { CURRENCY_TYPE, currencyOfBlock } from '../asset/currency.ts';
import { issuesOf } from '../codec/issues.ts';
import { MarketError } from '../errors.ts';
import { receiptOf, releaseOf } from './release.ts';
import { spendingOf, spendingSlot } from './spending.ts';
import { checkHold, tradeProposalOf } from './trade.ts';
import { CLAIM_TYPE, RELEASE_TYPE, TRADE_TYPE, TRANSFER_TYPE } from './types.ts';

const noAnswer = (what: string): (() => readonly ValidationIssue[]) => {
  const issues = [{ code: 'ERR_MARKET_FORMAT', message: `${what} needs no agreement` }];
  return () => issues;
};

/** Rule of `market/transfer` and `market/claim`. */
const spendingRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => spendingOf(block)),
  checkAgreement: noAnswer('A transfer or claim'),
  deadline: () => null,
  slot: spendingSlot,
};

/** Rule of `market/currency`. */
const currencyRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => currencyOfBlock(block)),
  checkAgreement: noAnswer('A currency'),
  deadline: () => null,
};

/** Rule of `market/trade`. A hold counts whenever it was signed: its witnesses give it back (DESIGN §3.2). */
function tradeRule(crypto: Pick<Crypto, 'sha256'>): TypeRule {
  return {
    checkProposal: (block) => issuesOf(() => tradeProposalOf(block, crypto)),
    checkAgreement: (agreement, proposal) =>
      issuesOf(() => {
        const spending = spendingOf(agreement);
        if (spending === undefined) throw new MarketError('ERR_MARKET_FORMAT', 'Expected a hold');
        checkHold(spending, tradeProposalOf(proposal, crypto));
      }),
    deadline: () => null,
    slot: spendingSlot,
  };
}

/** Rule of `market/release`. */
const releaseRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => releaseOf(block)),
  checkAgreement: (agreement, proposal) =>
    issuesOf(() => {
      if (!equalBytes(receiptOf(agreement).bytes, releaseOf(proposal).hold.bytes)) {
        throw new MarketError('ERR_TRADE_TERMS', 'Expected a receipt for the hold that was released');
      }
    }),
  deadline: () => null,
};

/** The rules of every block type that concerns money. */
export function moneyRules(crypto: Pick<Crypto, 'sha256'>): Readonly<Record<string, TypeRule>> {
  return {
    [CURRENCY_TYPE]: currencyRule,
    [TRANSFER_TYPE]: spendingRule,
    [CLAIM_TYPE]: spendingRule,
    [TRADE_TYPE]: tradeRule(crypto),
    [RELEASE_TYPE]: releaseRule,
  };
}
