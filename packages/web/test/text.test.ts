import type {
  ConsentLogView,
  ConsentView,
  CurveQuery,
  TradeView,
  WalletTransactionView,
  WalletView,
} from '@edmp/node/client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balancesAround } from '../src/text/balances.ts';
import { consentedKind, consentedPlace, consentState, logText, mergeLog } from '../src/text/consents.ts';
import { formatPlace, geohashBox, shortAssets, shortId } from '../src/text/format.ts';
import { ladderOf, newsOf } from '../src/text/ladder.ts';
import { nothingYet } from '../src/text/meters.ts';
import { formatMoney, parseMoney } from '../src/text/money.ts';
import { byPrivacy, isTooFine, onlyIn, stepsAround } from '../src/text/reveals.ts';
import { rung } from '../src/text/words.ts';

it('says of a meter without readings only what will happen', () => {
  const about = (kind: 'upload' | 'folder' | 'mqtt', state: 'idle' | 'live' | 'lost') =>
    nothingYet({ kind, state });
  expect(about('upload', 'idle')).toContain('Add a file');
  expect(about('folder', 'live')).toContain('first file');
  expect(about('mqtt', 'live')).toContain('within a minute');
  expect(about('mqtt', 'lost')).toBe('No readings yet.');
});

describe('money', () => {
  it('writes minor units with the currency’s decimals', () => {
    expect(formatMoney(1050n, { id: 'MB', precision: 2 })).toBe('10.50\u00a0MB');
    expect(formatMoney(5n, { id: 'MB', precision: 2 })).toBe('0.05\u00a0MB');
    expect(formatMoney(-1234567n, { id: 'DUM1', precision: 0 })).toBe('\u22121\u2009234\u2009567\u00a0DUM1');
  });

  it('reads back every amount it writes', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 63n - 1n), fc.integer({ min: 0, max: 8 }), (amount, precision) => {
        const [text = ''] = formatMoney(amount, { id: 'X', precision }).split('\u00a0');
        expect(parseMoney(text.replaceAll('\u2009', ''), precision)).toBe(amount);
      }),
    );
  });

  it.each(['', '0', '-1', '1e3', '1.5', 'ten', '9223372036854775808', '1 000'])('refuses %o', (text) => {
    expect(parseMoney(text, 0)).toBeUndefined();
  });

  it('takes a comma for decimals', () => {
    expect(parseMoney(' 1,5 ', 2)).toBe(150n);
  });
});

describe('places and days', () => {
  it('finds the cell of a geohash', () => {
    // The example of the Wikipedia article on geohashes.
    const box = geohashBox('ezs42');
    expect(box?.south).toBeCloseTo(42.583, 3);
    expect(box?.north).toBeCloseTo(42.627, 3);
    expect(box?.west).toBeCloseTo(-5.625, 3);
    expect(box?.east).toBeCloseTo(-5.581, 3);
    expect(geohashBox('a!')).toBeUndefined();
  });

  it('says how rough a place is, and when it is withheld', () => {
    expect(formatPlace('u15')).toMatch(/^Near \d+°\u00a0N, \d+°\u00a0E, within \d+\u00a0km$/);
    expect(formatPlace(null)).toBe('Not told');
  });

  it('shortens asset ids inside a text', () => {
    expect(shortAssets(`Sale of EW${'a'.repeat(30)} to x`)).toBe('Sale of EWaaaaaa…aaaaaaaa to x');
  });

  it('shortens ids only', () => {
    expect(shortId('short')).toBe('short');
    expect(shortId('0123456789abcdef0123')).toBe('01234567…cdef0123');
  });
});

describe('steps of a deal', () => {
  it('speaks to the reader', () => {
    expect(rung('release-proposal', 'seller').title).toBe('Key handed over by you');
    expect(rung('release-proposal', 'buyer').title).toBe('Key handed over by the seller');
  });

  it('shows a step it has no words for', () => {
    expect(rung('payment-2', 'buyer')).toEqual({ title: 'Payment 2', meaning: '' });
  });
});

describe('ladder', () => {
  const step = (name: string): TradeView['steps'][number] => ({ name, at: 1, block: null, signedBy: null });
  const deal = (names: string[], change: Partial<TradeView> = {}): TradeView =>
    ({ role: 'buyer', final: false, failed: null, steps: names.map(step), ...change }) as TradeView;
  const states = (trade: TradeView): string[] => ladderOf(trade).map((rung) => `${rung.name} ${rung.state}`);

  it('adds the steps to come to those that were taken', () => {
    expect(states(deal(['negotiation', 'terms', 'trade-proposal']))).toEqual([
      'terms done',
      'trade-proposal done',
      'trade-agreement next',
      'release-proposal later',
      'release-agreement later',
    ]);
  });

  it('has nothing to come when the deal is over, well or not', () => {
    const failed = deal(['negotiation', 'terms', 'failed'], { final: true, failed: 'silence' });
    expect(states(failed).slice(0, 2)).toEqual(['terms done', 'trade-proposal never']);
    expect(newsOf(failed)).toBe('Your purchase did not happen: silence');
    const all = ['terms', 'trade-proposal', 'trade-agreement', 'release-proposal', 'release-agreement'];
    const done = deal(all, { final: true });
    expect(states(done)).toEqual(all.map((name) => `${name} done`));
    expect(newsOf(done)).toBe('Your purchase is done');
  });

  it('shows steps outside the ordinary course', () => {
    expect(states(deal(['terms', 'complaint']))[1]).toBe('complaint done');
    expect(newsOf(deal(['terms', 'complaint']))).toBe('Your purchase: Complaint by you');
  });
});

describe('balances around a deal', () => {
  const wallet = { available: 990n, held: 0n, earned: 0n } as WalletView;
  const trade = { id: 't', role: 'buyer', price: 10n, failed: null } as TradeView;
  const movement = (change: Partial<WalletTransactionView>): WalletTransactionView =>
    ({
      direction: 'out',
      amount: 10n,
      time: 5,
      status: 'final',
      trade: 't',
      ...change,
    }) as WalletTransactionView;

  it('expects the change while the deal runs', () => {
    const held = { available: 990n, held: 10n, earned: 0n } as WalletView;
    expect(balancesAround(trade, held, [movement({ status: 'held' })])).toEqual({
      before: 1000n,
      after: 990n,
    });
    const seller = { ...trade, role: 'seller' } as TradeView;
    expect(balancesAround(seller, { available: 1000n, held: 0n, earned: 0n } as WalletView, [])).toEqual({
      before: 1000n,
      after: 1010n,
    });
  });

  it('goes back over later movements once it is final', () => {
    const later = movement({ trade: 'u', direction: 'in', amount: 7n, time: 9 });
    expect(
      balancesAround(trade, { available: 997n, held: 0n, earned: 0n } as WalletView, [movement({}), later]),
    ).toEqual({ before: 1000n, after: 990n });
  });

  it('changes nothing when the deal failed', () => {
    expect(balancesAround({ ...trade, failed: 'x' }, wallet, [])).toEqual({ before: 990n, after: 990n });
  });
});

describe('consents', () => {
  const consent = { withdrawn: null, validUntil: 1000 } as ConsentView;
  const entry = (event: ConsentLogView['event'], detail: string, at = 1): ConsentLogView => ({
    at,
    event,
    consent: 'c1',
    detail,
  });

  it('holds until its end or its withdrawal', () => {
    expect(consentState(consent, 999)).toMatchObject({ name: 'In force', holds: true });
    expect(consentState(consent, 1000)).toMatchObject({ name: 'Ended', holds: false });
    expect(consentState({ ...consent, withdrawn: 5 }, 6)).toMatchObject({ name: 'Withdrawn', holds: false });
  });

  it('names what was agreed to', () => {
    expect(consentedKind('electricity import, gas import')).toBe('Electricity used, Gas used');
    expect(consentedKind('steam import')).toBe('steam import');
    expect(consentedPlace('none')).toBe('Not told');
    expect(consentedPlace('town')).toBe('Town, no closer');
  });

  it('tells the log in plain words', () => {
    expect(logText(entry('granted', 'research, own words'))).toBe(
      'You agreed. Allowed for: Research, own words',
    );
    expect(logText(entry('refused', 'ERR_CONSENT_EXPIRED'))).toBe(
      'Your node refused a sale: the consent had ended',
    );
    expect(logText(entry('refused', 'error'))).toBe('Your node refused a sale: error');
    expect(logText(entry('erased', ''))).toContain('deleted');
  });

  it('counts checks of one delivery together, and no others', () => {
    const merged = mergeLog([
      entry('delivered', 'b1', 4),
      entry('delivered', 'b1', 3),
      entry('delivered', 'b2', 2),
      entry('listed', 'b2', 1),
    ]);
    expect(merged.map(({ entry: { at }, times }) => [at, times])).toEqual([
      [4, 2],
      [2, 1],
      [1, 1],
    ]);
  });
});

describe('what a step reveals', () => {
  const finding = (kind: string, sensitivity: 'low' | 'medium' | 'high') => ({
    kind,
    sensitivity,
    text: kind,
    days: [],
  });

  it('compares with the steps beside it', () => {
    expect(stepsAround('PT1H')).toEqual({ finer: 'PT30M', coarser: 'P1D' });
    expect(stepsAround('PT1M')).toEqual({ finer: undefined, coarser: 'PT5M' });
    expect(stepsAround('P1D')).toEqual({ finer: 'PT1H', coarser: undefined });
    const fine = [finding('base-load', 'low'), finding('absence', 'high')];
    expect(onlyIn(fine, [finding('base-load', 'low')])).toEqual([fine[1]]);
    expect(byPrivacy(fine)).toEqual([fine[1], fine[0]]);
  });

  it('does not ask for more values than a node gives', () => {
    const query = { from: '2026-01-01', to: '2026-02-03' } as CurveQuery;
    expect(isTooFine(query, 'PT1M')).toBe(false);
    expect(isTooFine({ ...query, to: '2026-02-04' }, 'PT1M')).toBe(true);
    expect(isTooFine({ ...query, to: '2026-12-31' }, 'PT15M')).toBe(false);
  });
});
