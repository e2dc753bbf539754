/** What is at stake with one seller when many of its trades are checked at the same time. */
import { createDealGraph, netFlow } from '@edmp/trustchain/trust';
import { describe, expect, it } from 'vitest';
import { RiskGuard, type RiskNeeds } from '../src/risk/guard.ts';
import { defaultRiskPolicy } from '../src/risk/policy.ts';
import type { Trade } from '../src/trade/trade.ts';
import { author } from './support/money.ts';

const [me, seller, other] = [author('me').key, author('seller').key, author('other').key];
const CAP = 100n;

/** A trade whose money is not held yet. */
function tradeOf(id: string, amount: bigint, from = seller): Trade {
  const terms = { seller: from, buyer: me, amount, quantity: 1, price: { currency: 'DUM1' }, asset: id };
  const trade = { role: 'buyer', hold: null, offer: null, ask: { quantity: 5 }, encoded: { id, terms } };
  return trade as unknown as Trade;
}

function guardOver(trades: readonly Trade[]) {
  const currency = { kind: 'test', id: 'DUM1', label: 'DUM1', grant: 1_000n, precision: 0 };
  const view = netFlow(createDealGraph(), { evaluator: me });
  return new RiskGuard({
    policy: { ...defaultRiskPolicy, maxExposure: () => CAP },
    netFlow: () => view,
    chain: { self: me, isFraudulent: async () => false },
    ledger: { holdsIn: () => [] },
    currency: () => currency,
    unfinished: () => trades,
    now: () => 0,
  } as unknown as RiskNeeds);
}

const outcomes = async (guard: RiskGuard, trades: readonly Trade[]): Promise<string[]> =>
  (await Promise.allSettled(trades.map((trade) => guard.seller(trade, {})))).map((each) =>
    each.status === 'fulfilled' ? 'passed' : (each.reason as { readonly code: string }).code,
  );

describe('trades of one seller that are checked at once', () => {
  it('pass together up to the cap, and no further', async () => {
    const trades = ['a', 'b', 'c', 'd'].map((id) => tradeOf(id, 40n));
    const found = await outcomes(guardOver(trades), trades);
    expect(found.filter((each) => each === 'passed')).toHaveLength(2);
    expect(found.filter((each) => each === 'ERR_RISK_EXPOSURE')).toHaveLength(2);
  });

  it('do not count against themselves when they are checked again, nor when they are over', async () => {
    const trades = [tradeOf('a', 90n), tradeOf('b', 90n)];
    const [first, second] = trades as [Trade, Trade];
    const unfinished = [...trades];
    const guard = guardOver(unfinished);
    expect(await outcomes(guard, [first, first])).toEqual(['passed', 'passed']);
    expect(await outcomes(guard, [second])).toEqual(['ERR_RISK_EXPOSURE']);
    unfinished.shift();
    expect(await outcomes(guard, [second])).toEqual(['passed']);
  });

  it('take nothing from those of another seller', async () => {
    const trades = [tradeOf('a', 90n), tradeOf('b', 90n, other)];
    expect(await outcomes(guardOver(trades), trades)).toEqual(['passed', 'passed']);
  });
});
