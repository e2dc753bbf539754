import { isEdmpError } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Currency, DUM1, type IssuedCurrency } from '../src/asset/currency.ts';
import { PutAside } from '../src/negotiation/put-aside.ts';
import { checkDurations, defaultDurations } from '../src/negotiation/settings.ts';
import { chooseWitnesses, refuseWitnesses } from '../src/negotiation/witnesses.ts';
import { type BuyerFacts, checkBuyer, checkSeller, type SellerFacts } from '../src/risk/check.ts';
import { defaultRiskPolicy, permissiveRiskPolicy, type RiskPolicy } from '../src/risk/policy.ts';
import type { Decline } from '../src/trade/messages.ts';
import { author, issue, quorum } from './support/money.ts';

const key = author('counterparty').key;
const { currency: sun } = await issue(author('issuer'), quorum('notaries', 4));

const outcome = (act: () => unknown): string => {
  try {
    act();
    return 'fine';
  } catch (error) {
    if (isEdmpError(error)) return error.retryable ? `${error.code} later` : error.code;
    throw error;
  }
};
const buyer = (
  facts: Partial<BuyerFacts>,
  policy: Partial<RiskPolicy> = {},
  currency: Currency = DUM1,
  amount = 10n,
) =>
  outcome(() =>
    checkBuyer(
      { ...defaultRiskPolicy, ...policy },
      { key, cheat: false, exposure: 0n, openObligations: 0, available: 1_000n, owned: 0n, ...facts },
      { currency, amount, quantity: 1 },
    ),
  );
const seller = (facts: Partial<SellerFacts>, policy: Partial<RiskPolicy> = {}, quantity = 1) =>
  outcome(() =>
    checkSeller(
      { ...defaultRiskPolicy, ...policy },
      { key, cheat: false, exposure: 0n, supply: 1, sold: 0, soldOpen: 0, ...facts },
      { currency: DUM1, amount: 10n, quantity },
    ),
  );

describe('what a seller accepts of a buyer', () => {
  it('says the true reason', () => {
    expect(buyer({})).toBe('fine');
    expect(buyer({ cheat: true })).toBe('ERR_RISK_FRAUD');
    expect(buyer({ available: 9n })).toBe('ERR_RISK_BALANCE');
    expect(buyer({ exposure: 991n })).toBe('ERR_RISK_EXPOSURE later');
    expect(buyer({}, { maxExposure: () => 9n })).toBe('ERR_RISK_EXPOSURE');
    expect(buyer({ openObligations: 32 })).toBe('ERR_RISK_OBLIGATIONS later');
  });

  it('M24 RESTRICT(k) allows k open payments: k = 1 allows one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 60 }), (k, open) => {
        const got = buyer({ openObligations: open }, { maxOpenObligations: k });
        expect(got).toBe(open < k ? 'fine' : 'ERR_RISK_OBLIGATIONS later');
      }),
    );
  });

  it('caps what is at stake with one counterparty by its trust where it has any, finitely where it has none', () => {
    expect(defaultRiskPolicy.maxExposure(DUM1)).toBe(1_000n);
    expect(buyer({}, { trustCap: () => 5n })).toBe('ERR_RISK_EXPOSURE');
    expect(buyer({ exposure: 5_000n }, { trustCap: () => 10_000n })).toBe('fine');
    expect(buyer({ exposure: 5_000n }, { trustCap: () => undefined })).toBe('ERR_RISK_EXPOSURE later');
  });

  it('lets more be at stake with whom deals vouch for, and bounds what is at stake with strangers together', () => {
    const trust = (room: bigint, strangers: bigint) => () => ({ room, strangers });
    const policy = { maxExposure: () => 20n, strangersExposure: () => 30n };
    expect(buyer({ exposure: 11n }, { maxExposure: () => 20n })).toBe('ERR_RISK_EXPOSURE later');
    expect(buyer({ exposure: 11n, trust: trust(1n, 0n) }, { maxExposure: () => 20n })).toBe('fine');
    expect(buyer({ trust: trust(0n, 20n) }, policy)).toBe('fine');
    expect(buyer({ trust: trust(0n, 21n) }, policy)).toBe('ERR_RISK_EXPOSURE later');
    expect(buyer({ trust: trust(1n, 21n) }, policy)).toBe('fine');
    expect(buyer({ trust: trust(10n, 500n) }, policy)).toBe('fine');
    expect(seller({ trust: trust(0n, 0n) }, { strangersExposure: () => 9n })).toBe('ERR_RISK_EXPOSURE');
  });

  it('in issued money caps its issuer, and asks for no history', () => {
    const facts = { available: 0n, openObligations: 99, exposure: 10n ** 12n };
    expect(buyer(facts, {}, sun)).toBe('fine');
    expect(buyer({ owned: 95n }, { issuerCap: () => 100n }, sun)).toBe('ERR_RISK_EXPOSURE later');
    expect(buyer({ owned: 90n }, { issuerCap: () => 100n }, sun)).toBe('fine');
    expect(buyer({ cheat: true }, {}, sun)).toBe('ERR_RISK_FRAUD');
    expect(defaultRiskPolicy.issuerCap(sun)).toBe(10n ** BigInt(6 + sun.precision));
  });

  it('has a policy without limits for simulations', () => {
    expect(buyer({ cheat: true, available: 0n, openObligations: 10_000 }, permissiveRiskPolicy)).toBe('fine');
  });
});

describe('what a buyer accepts of a seller', () => {
  it('says the true reason', () => {
    expect(seller({})).toBe('fine');
    expect(seller({ cheat: true })).toBe('ERR_RISK_FRAUD');
    expect(seller({ sold: 1 })).toBe('ERR_RISK_OVERSOLD');
    expect(seller({ sold: 1, soldOpen: 1 })).toBe('ERR_RISK_OVERSOLD later');
    expect(seller({ supply: 10, sold: 8 }, {}, 2)).toBe('fine');
    expect(seller({ supply: 10, sold: 8 }, {}, 3)).toBe('ERR_RISK_OVERSOLD');
    expect(seller({}, { maxExposure: () => 9n })).toBe('ERR_RISK_EXPOSURE');
  });
});

describe('witnesses', () => {
  const [w1, w2, w3, w4, w5] = [1, 2, 3, 4, 5].map((i) => author(`w${i}`).key) as [
    typeof key,
    typeof key,
    typeof key,
    typeof key,
    typeof key,
  ];
  const parties = { seller: author('s').key, buyer: author('b').key, nodes: { serves: () => false } };
  const settings = { witnesses: [w1, w2, w3, w4, w5], withoutWitnesses: false, loneNotaryParty: false };

  it('are those that both sides name: four, or one', () => {
    expect(chooseWitnesses(DUM1, [w5, w1], parties, settings)).toEqual([w5]);
    expect(chooseWitnesses(DUM1, [w1, w2, w3, w4], parties, settings)).toEqual([w1, w2, w3, w4]);
    expect(chooseWitnesses(DUM1, [w1, w2, w3], parties, settings)).toEqual([w1]);
    expect(outcome(() => chooseWitnesses(DUM1, [author('x').key], parties, settings))).toBe(
      'ERR_TRADE_WITNESSES',
    );
    expect(outcome(() => chooseWitnesses(DUM1, [], parties, settings))).toBe('ERR_TRADE_WITNESSES');
    expect(chooseWitnesses(DUM1, [], parties, { ...settings, withoutWitnesses: true })).toEqual([]);
    expect(chooseWitnesses(sun, [], parties, settings)).toBeNull();
  });

  it('M5 are never a party, nor served by one', () => {
    const served = { ...parties, nodes: { serves: (_: unknown, witness: unknown) => witness === w1 } };
    expect(chooseWitnesses(DUM1, [w1, w2], served, settings)).toEqual([w2]);
    expect(refuseWitnesses(DUM1, [w1], [w1, w2], served, settings)).toContain('served by one of the parties');
    expect(refuseWitnesses(DUM1, [w2], [w1, w2], served, settings)).toBeUndefined();
  });

  it('M5 none are accepted only where the ask lists none and the seller switched it on', () => {
    const on = { ...settings, withoutWitnesses: true };
    expect(refuseWitnesses(DUM1, [], [], parties, on)).toBeUndefined();
    expect(refuseWitnesses(DUM1, [], [], parties, settings)).toBeDefined();
    expect(refuseWitnesses(DUM1, [], [w1], parties, on)).toBeDefined();
    expect(refuseWitnesses(DUM1, null, [w1], parties, on)).toBeDefined();
    expect(refuseWitnesses(DUM1, [w2], [w1], parties, on)).toBeDefined();
  });

  it('H10 a lone notary that is a party is refused unless switched on; four are not', () => {
    const alone: IssuedCurrency = { ...sun, notaries: [w1] };
    const served = { ...parties, nodes: { serves: () => true } };
    expect(outcome(() => chooseWitnesses(alone, [], served, settings))).toBe('ERR_TRADE_WITNESSES');
    expect(chooseWitnesses(alone, [], served, { ...settings, loneNotaryParty: true })).toBeNull();
    expect(chooseWitnesses(sun, [], served, settings)).toBeNull();
    expect(refuseWitnesses(alone, null, [], served, settings)).toContain('lone notary');
    expect(refuseWitnesses(alone, null, [], parties, settings)).toBeUndefined();
  });
});

describe('phases', () => {
  const settings = {
    durations: defaultDurations,
    shortComplaints: false,
    witnesses: [],
    withoutWitnesses: false,
    loneNotaryParty: false,
    suite: 'test',
    deltaMs: 60_000,
  };
  const check = (durations: Partial<typeof defaultDurations>, shortComplaints = false): string =>
    outcome(() =>
      checkDurations({ ...settings, shortComplaints, durations: { ...defaultDurations, ...durations } }),
    );

  it('are checked once, with what to change', () => {
    expect(check({})).toBe('fine');
    expect(check({ release: 120_000 })).toBe('ERR_TRADE_TERMS');
    expect(check({ release: 120_001 })).toBe('fine');
    expect(check({ release: 3_600_001 })).toBe('ERR_TRADE_TERMS');
    expect(check({ complain: 3_599_999 })).toBe('ERR_TRADE_TERMS');
    expect(check({ complain: 3_599_999 }, true)).toBe('fine');
    for (const bad of [0, -1, 1.5, Number.NaN]) expect(check({ accept: bad })).toBe('ERR_TRADE_TERMS');
  });
});

describe('asks that were put aside', () => {
  const no = (more: Partial<Decline>): Decline => ({
    kind: 'decline',
    reason: 'busy',
    message: 'not now',
    retryMs: null,
    offer: null,
    ...more,
  });

  const busy = { code: 'ERR_TRADE_SILENT', reason: 'busy' };

  it('are tried again after pauses that double, eight times', () => {
    const aside = new PutAside();
    let now = 0;
    const pauses: number[] = [];
    while (aside.mayTry('ask', now)) {
      aside.declined('ask', no({ retryMs: 100 }), now);
      const next = aside.nextTry(now);
      if (next === undefined) break;
      expect(aside.mayTry('ask', next - 1)).toBe(false);
      pauses.push(next - now);
      now = next;
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
    expect(aside.mayTry('ask', now + 1e9)).toBe(false);
  });

  // Found by simulation, seed 409: an ask whose pause was over, and that was no candidate, was looked at every millisecond.
  it('make nobody wait for a pause that is over', () => {
    const aside = new PutAside();
    aside.wait('due', 500, busy, 0);
    aside.wait('later', 500, busy, 1_000);
    expect(aside.nextTry(0)).toBe(500);
    expect(aside.nextTry(500)).toBe(1_500);
    expect(aside.nextTry(1_500)).toBeUndefined();
  });

  it('a counter-offer is answered once', () => {
    const aside = new PutAside();
    const offer = { quantity: 2, witnesses: [] };
    aside.declined('ask', no({ offer }), 0);
    expect(aside.offerOf('ask')).toEqual(offer);
    expect(aside.mayTry('ask', 0)).toBe(true);
    aside.declined('ask', no({ offer }), 0);
    expect(aside.offerOf('ask')).toBeUndefined();
    expect(aside.mayTry('ask', 1e9)).toBe(false);
  });

  it('are bounded', () => {
    const aside = new PutAside();
    for (let i = 0; i < 1_000; i++) aside.put(`ask ${i}`, busy);
    expect(aside.mayTry('ask 0', 0)).toBe(true);
    expect(aside.mayTry('ask 999', 0)).toBe(false);
  });
});
