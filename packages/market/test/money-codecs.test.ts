import { bytesToHex, type HalfBlock, isEdmpError, type TxValue } from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CURRENCY_TYPE,
  currencyOfBlock,
  currencyToTx,
  DUM1,
  DUM2,
  decodeCurrencyTx,
  faultsOf,
  isCurrencyId,
  MAX_AMOUNT,
  quorumOf,
} from '../src/asset/currency.ts';
import { currencyLink } from '../src/asset/currency-link.ts';
import { currencyRegister } from '../src/asset/currency-register.ts';
import { type Claim, MAX_CLAIMS, moneyOf, moneyToTx, sortClaims } from '../src/blocks/money.ts';
import { priceOf, priceToTx } from '../src/blocks/price.ts';
import { lockKey, receiptOf, receiptToTx, releaseOf, releaseToTx, unlockKey } from '../src/blocks/release.ts';
import { moneyRules } from '../src/blocks/rules.ts';
import {
  checkSuccession,
  claimToTx,
  holdToTx,
  spendingOf,
  spendingSlot,
  transferToTx,
} from '../src/blocks/spending.ts';
import { decodeTerms, encodeTerms } from '../src/blocks/terms.ts';
import { tradeProposalOf } from '../src/blocks/trade.ts';
import { CLAIM_TYPE, RELEASE_TYPE, TRADE_TYPE, TRANSFER_TYPE } from '../src/blocks/types.ts';
import { marketRules } from '../src/desk/market-rules.ts';
import { author, crypto, issue, proposed, quorum, someId, termsOf } from './support/money.ts';

const [alice, bob] = [author('alice'), author('bob')];
const notaries = quorum('codec', 4);
const { currency: sun, block: sunBlock } = await issue(author('issuer'), notaries);
const witnesses = quorum('witness').keys;

const code = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (isEdmpError(error)) return error.code;
    throw error;
  }
  return 'nothing thrown';
};

/** A block of any transaction, as a stranger may sign it. */
const block = (type: string, tx: TxValue, options = {}): Promise<HalfBlock> =>
  author('alice').sign(type, tx, options);

const claimed = (text: string, amount = 5n, certificate: Uint8Array | null = null): Claim => ({
  id: someId(text),
  amount,
  certificate,
});

describe('currencies', () => {
  it('has the CID of its block as id, which statements and prices link to', () => {
    expect(sun.id).toBe(sunBlock.id.toString());
    expect(isCurrencyId(sun.id)).toBe(true);
    expect(currencyLink(sun.id)?.equals(sunBlock.id)).toBe(true);
    expect(currencyLink('DUM1')).toBeNull();
    expect(sun).toMatchObject({ label: 'SUN', precision: 2, notaries: notaries.keys });
  });

  it('takes no other text for an id', () => {
    const { id } = sun;
    const others = [
      '',
      'SUN',
      'EW',
      'DUM3',
      'dum1',
      id.toUpperCase(),
      `${id}a`,
      id.slice(1),
      `${id.slice(0, -1)}b`,
    ];
    for (const text of others) expect(isCurrencyId(text), text).toBe(false);
    expect(code(() => currencyLink('SUN'))).toBe('ERR_MARKET_FORMAT');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(isCurrencyId(someId(bytesToHex(bytes)).toString())).toBe(true);
      }),
    );
  });

  it('takes labels that mislead, counts other than 1, 4, 7 and repeated notaries for malformed', () => {
    const good = { label: 'SUN', precision: 2, notaries: notaries.keys };
    expect(decodeCurrencyTx(currencyToTx(good))).toEqual(good);
    for (const label of ['S', 'sun', 'DUM1', 'EWX', '1SUN', 'SUNSUNSUNSUNS', 'SÜN', 'S N']) {
      expect(
        code(() => currencyToTx({ ...good, label })),
        label,
      ).toBe('ERR_MARKET_FORMAT');
    }
    for (const precision of [-1, 9, 0.5]) {
      expect(code(() => currencyToTx({ ...good, precision }))).toBe('ERR_MARKET_FORMAT');
    }
    const [first] = notaries.keys;
    for (const keys of [[], notaries.keys.slice(0, 2), [first!, first!, first!, first!]]) {
      expect(code(() => currencyToTx({ ...good, notaries: keys }))).toBe('ERR_MARKET_FORMAT');
    }
  });

  it('has quorums that share an honest key', () => {
    for (const n of [1, 4, 7] as const) {
      expect(n).toBe(3 * faultsOf(n) + 1);
      expect(2 * quorumOf(n) - n).toBeGreaterThan(faultsOf(n));
    }
  });

  it('keeps a bounded register in which pinned ones stay', async () => {
    const register = currencyRegister({ max: 2 });
    const blocks: HalfBlock[] = [];
    for (const label of ['AA', 'BB', 'CC', 'DD'])
      blocks.push((await issue(author('many'), notaries, label)).block);
    const [a, b, c, d] = blocks.map((one) => currencyOfBlock(one).id);
    expect(register.add(blocks[0]!)?.id).toBe(a);
    expect(register.pin(a!)).toBe(true);
    expect(register.add(blocks[0]!)).toBe(register.get(a!));
    register.add(blocks[1]!);
    register.add(blocks[2]!);
    expect(register.values().map(({ id }) => id)).toEqual(['DUM1', 'DUM2', a, c]);
    expect(register.pin(b!)).toBe(false);
    register.pin(c!);
    expect(register.add(blocks[3]!)).toBeUndefined();
    expect(register.get(d!)).toBeUndefined();
    expect(register.add(await block(TRANSFER_TYPE, null))).toBeUndefined();
    expect(register.size).toBe(2);
  });
});

describe('money', () => {
  const money = alice.money(DUM1, {
    pay: 10n,
    to: bob.key,
    claims: [claimed('a', 3n, Uint8Array.of(1)), claimed('b')],
  });

  it('reads what it writes, claims sorted', () => {
    const read = moneyOf(decodeCanonical(encodeCanonical(moneyToTx(money))), alice.key);
    expect(read).toEqual({ ...money, claims: sortClaims(money.claims) });
  });

  it('reads any honest money again', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: MAX_AMOUNT }),
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 8 }),
        fc.bigInt({ min: -MAX_AMOUNT, max: MAX_AMOUNT }),
        (pay, n, names, balance) => {
          const any = {
            currency: sun.id,
            n,
            prev: n === 1 ? null : someId('before'),
            claims: sortClaims(names.map((name) => claimed(name))),
            pay,
            to: pay === 0n ? null : bob.key,
            balance,
          };
          expect(moneyOf(decodeCanonical(encodeCanonical(moneyToTx(any))), alice.key)).toEqual(any);
        },
      ),
    );
  });

  const tx = moneyToTx({ ...money, claims: [claimed('x'), claimed('y')] }) as Record<string, TxValue>;
  const claims = tx.claims as TxValue[];
  const many = Array.from({ length: MAX_CLAIMS + 1 }, (_, i) => claimed(`many ${i}`));
  const refusals: readonly (readonly [string, TxValue])[] = [
    ['a field too few', Object.fromEntries(Object.entries(tx).slice(1))],
    ['a field too many', { ...tx, fee: 0 }],
    ['an unknown currency', { ...tx, currency: 'SUN' }],
    ['number 0', { ...tx, n: 0 }],
    ['a first one with a block before it', { ...tx, prev: someId('before') }],
    ['a second one without', { ...tx, n: 2 }],
    ['claims out of order', { ...tx, claims: claims.toReversed() }],
    ['a claim twice', { ...tx, claims: [claims[0]!, claims[0]!] }],
    ['a claim of nothing', { ...tx, claims: [[someId('x'), 0]] }],
    ['a claim with four items', { ...tx, claims: [[someId('x'), 1, Uint8Array.of(1), 1]] }],
    [
      '65 claims',
      { ...tx, claims: (moneyToTx({ ...money, claims: many }) as Record<string, TxValue>).claims! },
    ],
    ['a certificate that is too large', { ...tx, claims: [[someId('x'), 1, new Uint8Array(513)]] }],
    [
      'a certificate in issued money',
      { ...tx, currency: sunBlock.id, claims: [[someId('x'), 1, new Uint8Array(9)]] },
    ],
    ['a payee for nothing', { ...tx, pay: 0 }],
    ['no payee for something', { ...tx, to: null }],
    ['a payment to oneself', { ...tx, to: alice.key }],
    ['a negative payment', { ...tx, pay: -1 }],
    ['more than 2⁶³−1', { ...tx, pay: 2n ** 63n }],
    ['test money below zero', { ...tx, balance: -1 }],
  ];
  it.each(refusals)('refuses %s', (_name, value) => {
    expect(code(() => moneyOf(value, alice.key))).toBe('ERR_MARKET_FORMAT');
  });
});

describe('spending blocks', () => {
  const money = author('alice').money(DUM1, { pay: 10n, to: bob.key });
  const claim = author('alice').money(DUM1, { claims: [claimed('a')] });
  const times = { release: 100, complain: 200 };
  const spending = { peer: bob.key };
  const holding = { peer: bob.key, link: someId('proposal') };

  it('reads transfers, claims and holds, once a block', async () => {
    const transfer = await block(TRANSFER_TYPE, transferToTx(money, 'for the coffee'), spending);
    expect(spendingOf(transfer)).toMatchObject({
      kind: 'transfer',
      money,
      memo: 'for the coffee',
      hold: null,
    });
    expect(spendingOf(transfer)).toBe(spendingOf(transfer));
    expect(spendingOf(transfer)?.key).toBe(transfer.id.toString());
    expect(spendingOf(await block(CLAIM_TYPE, claimToTx(claim), { peer: alice.key }))).toMatchObject({
      kind: 'claim',
      money: claim,
    });
    const hold = await block(TRADE_TYPE, holdToTx(money, { ...times, witnesses }), holding);
    expect(spendingOf(hold)).toMatchObject({
      kind: 'hold',
      money,
      hold: { ...times, witnesses, proposal: someId('proposal') },
    });
    const issued = author('alice').money(sun, { pay: 10n, to: bob.key });
    expect(
      spendingOf(await block(TRADE_TYPE, holdToTx(issued, { ...times, witnesses: null }), holding))?.hold,
    ).toEqual({
      ...times,
      witnesses: null,
      proposal: someId('proposal'),
    });
    expect(spendingOf(await block('market/ask', null))).toBeUndefined();
    expect(spendingSlot(transfer)).toBe('spend/DUM1/1');
    expect(spendingSlot(hold)).toBe('spend/DUM1/1');
    expect(spendingSlot(await block('market/ask', null))).toBeUndefined();
    expect(spendingSlot(await block(TRANSFER_TYPE, null))).toBeUndefined();
  });

  const keys = (count: number) => quorum(`many ${count}`, 7).keys.slice(0, count);
  const issued = author('alice').money(sun, { pay: 10n, to: bob.key });
  it.each([
    ['a transfer to another than the payee', TRANSFER_TYPE, transferToTx(money), { peer: alice.key }],
    ['a transfer to nobody', TRANSFER_TYPE, transferToTx(money), {}],
    ['a transfer that answers', TRANSFER_TYPE, transferToTx(money), holding],
    ['a transfer of nothing', TRANSFER_TYPE, transferToTx(claim), spending],
    ['a long memo', TRANSFER_TYPE, transferToTx(money, 'x'.repeat(65)), spending],
    ['a memo that clears the terminal', TRANSFER_TYPE, transferToTx(money, '\u001b[2J'), spending],
    ['version 2', TRANSFER_TYPE, { ...(transferToTx(money) as object), v: 2 }, spending],
    ['a claim that pays', CLAIM_TYPE, claimToTx(money), { peer: alice.key }],
    ['a claim to somebody', CLAIM_TYPE, claimToTx(claim), spending],
    ['a claim of nothing', CLAIM_TYPE, claimToTx({ ...claim, claims: [] }), { peer: alice.key }],
    [
      'a hold to another',
      TRADE_TYPE,
      holdToTx(money, { ...times, witnesses }),
      { ...holding, peer: author('carol').key },
    ],
    [
      'deadlines that touch',
      TRADE_TYPE,
      holdToTx(money, { release: 200, complain: 200, witnesses }),
      holding,
    ],
    [
      'test money without a list of witnesses',
      TRADE_TYPE,
      holdToTx(money, { ...times, witnesses: null }),
      holding,
    ],
    ['issued money with one', TRADE_TYPE, holdToTx(issued, { ...times, witnesses: [] }), holding],
    ['two witnesses', TRADE_TYPE, holdToTx(money, { ...times, witnesses: keys(2) }), holding],
    ['five witnesses', TRADE_TYPE, holdToTx(money, { ...times, witnesses: keys(5) }), holding],
    ['no map', TRADE_TYPE, [1], holding],
  ] as const)('refuses %s', async (_name, type, tx, options) => {
    const bad = await block(type, tx as TxValue, options);
    expect(code(() => spendingOf(bad))).toBe('ERR_MARKET_FORMAT');
    expect(spendingSlot(bad)).toBeUndefined();
  });

  it('follows one another by number, link and balance, and only so', async () => {
    const payer = author('payer');
    const first = await payer.transfer(DUM1, bob.key, 400n);
    const twin = await author('payer').transfer(DUM1, alice.key, 400n);
    const second = await payer.transfer(DUM1, bob.key, 600n);
    checkSuccession(null, first, DUM1);
    checkSuccession(first, second, DUM1);
    const wrong = (
      before: typeof first | null,
      next: typeof first,
      currency: typeof DUM1 | typeof DUM2 | typeof sun,
    ) => code(() => checkSuccession(before, next, currency));
    expect(wrong(null, second, DUM1)).toBe('ERR_MONEY_SUCCESSION');
    expect(wrong(first, first, DUM1)).toBe('ERR_MONEY_SUCCESSION');
    expect(wrong(twin, second, DUM1)).toBe('ERR_MONEY_SUCCESSION');
    expect(wrong(null, first, DUM2)).toBe('ERR_MONEY_SUCCESSION');
    const another = await author('another').transfer(DUM1, bob.key, 400n);
    expect(wrong(another, second, DUM1)).toBe('ERR_MONEY_SUCCESSION');
    for (const balance of [599n, 601n, MAX_AMOUNT]) {
      const cheat = await author('payer').transfer(DUM1, bob.key, 400n, { changes: { balance } });
      expect(wrong(null, cheat, DUM1)).toBe('ERR_MONEY_SUCCESSION');
    }
  });

  it('lets the issuer alone go below zero', async () => {
    const minted = await author('issuer').transfer(sun, bob.key, 1_000n);
    expect(minted.money.balance).toBe(-1_000n);
    checkSuccession(null, minted, sun);
    const forged = await author('mallory').transfer(sun, bob.key, 1_000n);
    expect(code(() => checkSuccession(null, forged, sun))).toBe('ERR_MONEY_SUCCESSION');
  });
});

describe('terms and proposals', () => {
  it('reads what it writes, in test and in issued money', () => {
    for (const [currency, named] of [
      [DUM1, []],
      [DUM1, witnesses],
      [sun, null],
    ] as const) {
      const encoded = termsOf(alice, bob, currency, 70n, { witnesses: named });
      expect(decodeTerms(encoded.bytes, crypto)).toEqual(encoded);
      expect(encoded.terms.witnesses).toEqual(named);
      expect(priceOf(priceToTx(encoded.terms.price), 'price')).toEqual(encoded.terms.price);
    }
  });

  const good = termsOf(alice, bob, DUM1, 70n).terms;
  it.each([
    ['another amount', { amount: 71n }],
    ['deadlines out of order', { deadlines: { accept: 3, release: 2, complain: 4 } }],
    ['deadlines that touch', { deadlines: { accept: 1, release: 2, complain: 2 } }],
    ['one party twice', { buyer: good.seller }],
    ['no list of witnesses in test money', { witnesses: null }],
    ['two witnesses', { witnesses: notaries.keys.slice(0, 2) }],
    ['a party as witness', { witnesses: [good.buyer] }],
  ] as const)('refuses %s', (_name, changes) => {
    expect(code(() => encodeTerms({ ...good, ...changes }, crypto))).toBe('ERR_TRADE_TERMS');
  });

  it.each([
    ['a suite in capitals', { suite: 'X-Wing' }],
    ['a recipient key instead of its digest', { recipient: new Uint8Array(33) }],
    ['an asset that is none', { asset: 'EWshort' }],
    ['a witness twice', { witnesses: [witnesses[0]!, witnesses[0]!] }],
    ['no quantity', { quantity: 0 }],
  ] as const)('takes %s for malformed', (_name, changes) => {
    expect(code(() => encodeTerms({ ...good, ...changes }, crypto))).toBe('ERR_MARKET_FORMAT');
  });

  it('holds proposals to their parties, and holds to their proposals', async () => {
    const rule = moneyRules(crypto)[TRADE_TYPE]!;
    const [seller, buyer] = [author('seller'), author('buyer')];
    const proposal = await proposed(seller, buyer, DUM1, 70n, { witnesses });
    expect(tradeProposalOf(proposal.block, crypto).encoded).toEqual(proposal.encoded);
    expect(rule.checkProposal?.(proposal.block)).toEqual([]);
    expect(rule.deadline?.(proposal.block)).toBeNull();
    const taken = await author('mallory').sign(TRADE_TYPE, proposal.block.core.tx, { peer: buyer.key });
    expect(rule.checkProposal?.(taken)).toMatchObject([{ code: 'ERR_TRADE_TERMS' }]);
    const hold = await buyer.hold(DUM1, proposal);
    expect(rule.checkAgreement?.(hold.block, proposal.block)).toEqual([]);
    expect(rule.slot?.(hold.block)).toBe('spend/DUM1/1');
    const other = { ...good, seller: seller.key, buyer: buyer.key };
    for (const changes of [
      { amount: 71n, price: { ...good.price, amount: 71n } },
      { price: { ...good.price, currency: 'DUM2' } },
      { deadlines: { ...good.deadlines, release: good.deadlines.release - 1 } },
      { deadlines: { ...good.deadlines, complain: good.deadlines.complain + 1 } },
      { witnesses: [] },
    ]) {
      const encoded = encodeTerms({ ...other, witnesses, ...changes }, crypto);
      const currency = encoded.terms.price.currency === 'DUM2' ? DUM2 : DUM1;
      const unfit = await author('buyer').hold(currency, { encoded, block: proposal.block });
      expect(rule.checkAgreement?.(unfit.block, proposal.block)).toMatchObject([{ code: 'ERR_TRADE_TERMS' }]);
    }
  });
});

describe('releases and receipts', () => {
  const hold = someId('hold');
  const opener = new Uint8Array(32).fill(7);
  const wrapped = new Uint8Array(1_200).fill(3);

  it('unlocks with the opener alone, for the hold alone', () => {
    const release = { hold, suite: 'x-wing', ...lockKey(wrapped, opener, hold, crypto) };
    expect(unlockKey(release, opener, crypto)).toEqual(wrapped);
    expect(release.key.length).toBe(wrapped.length + 16);
    expect(unlockKey(release, new Uint8Array(32), crypto)).toBeUndefined();
    expect(unlockKey(release, new Uint8Array(31), crypto)).toBeUndefined();
    expect(unlockKey({ ...release, hold: someId('other') }, opener, crypto)).toBeUndefined();
    expect(unlockKey({ ...release, key: release.key.slice(1) }, opener, crypto)).toBeUndefined();
    expect(unlockKey({ ...release, key: new Uint8Array(3) }, opener, crypto)).toBeUndefined();
    expect(code(() => lockKey(new Uint8Array(1_585), opener, hold, crypto))).toBe('ERR_MARKET_FORMAT');
    expect(code(() => lockKey(wrapped, new Uint8Array(16), hold, crypto))).toBe('ERR_MARKET_FORMAT');
  });

  it('reads what it writes; a receipt names the hold of the release that it answers', async () => {
    const rule = moneyRules(crypto)[RELEASE_TYPE]!;
    const release = { hold, suite: 'x-wing', ...lockKey(wrapped, opener, hold, crypto) };
    const sent = await block(RELEASE_TYPE, releaseToTx(release), { peer: bob.key });
    expect(releaseOf(sent)).toEqual(release);
    expect(rule.checkProposal?.(sent)).toEqual([]);
    const receipt = await block(RELEASE_TYPE, receiptToTx(hold), { peer: bob.key, link: sent.id });
    expect(receiptOf(receipt).equals(hold)).toBe(true);
    expect(rule.checkAgreement?.(receipt, sent)).toEqual([]);
    const other = await block(RELEASE_TYPE, receiptToTx(someId('other')), { peer: bob.key, link: sent.id });
    expect(rule.checkAgreement?.(other, sent)).toMatchObject([{ code: 'ERR_TRADE_TERMS' }]);
    expect(code(() => receiptOf(sent))).toBe('ERR_MARKET_FORMAT');
    expect(code(() => releaseOf(receipt))).toBe('ERR_MARKET_FORMAT');
    const long = await block(RELEASE_TYPE, releaseToTx({ ...release, key: new Uint8Array(1_601) }), {
      peer: bob.key,
    });
    expect(code(() => releaseOf(long))).toBe('ERR_MARKET_FORMAT');
    expect(rule.checkProposal?.(long)).toMatchObject([{ code: 'ERR_MARKET_FORMAT' }]);
  });
});

describe('every reader of a transaction', () => {
  const money = alice.money(DUM1, { pay: 10n, to: bob.key, claims: [claimed('a', 2n, Uint8Array.of(1))] });
  const examples: readonly (readonly [string, TxValue, object])[] = [
    [CURRENCY_TYPE, currencyToTx({ label: 'SUN', precision: 0, notaries: notaries.keys }), {}],
    [TRANSFER_TYPE, transferToTx(money, 'memo'), { peer: bob.key }],
    [CLAIM_TYPE, claimToTx({ ...money, pay: 0n, to: null }), { peer: alice.key }],
    [
      TRADE_TYPE,
      holdToTx(money, { release: 1, complain: 2, witnesses }),
      { peer: bob.key, link: someId('p') },
    ],
    [
      RELEASE_TYPE,
      releaseToTx({ hold: someId('h'), suite: 's', key: Uint8Array.of(1), lock: new Uint8Array(32) }),
      { peer: bob.key },
    ],
    [RELEASE_TYPE, receiptToTx(someId('h')), { peer: bob.key, link: someId('r') }],
    [
      TRADE_TYPE,
      { v: 1, terms: termsOf(alice, bob, DUM1, 5n).bytes, root: new Uint8Array(32) },
      { peer: bob.key },
    ],
  ];
  /** Any value in place of any part of `tx`. */
  const altered = (tx: TxValue): fc.Arbitrary<TxValue> =>
    fc
      .tuple(
        fc.array(fc.nat(7), { maxLength: 4 }),
        fc.oneof(
          fc.constantFrom<TxValue>(
            null,
            true,
            0,
            -1,
            1,
            2n ** 63n,
            '',
            'DUM2',
            [],
            {},
            new Uint8Array(32),
            someId('z'),
          ),
          fc.integer(),
          fc.string({ maxLength: 80 }),
          fc.uint8Array({ maxLength: 70 }),
        ),
      )
      .map(([path, value]) => replaced(tx, path, value));
  const replaced = (tx: TxValue, [at, ...path]: readonly number[], value: TxValue): TxValue => {
    if (
      at === undefined ||
      tx === null ||
      typeof tx !== 'object' ||
      tx instanceof Uint8Array ||
      'multihash' in tx
    )
      return value;
    const entries = Object.entries(tx) as [string, TxValue][];
    if (entries.length === 0) return value;
    const [name, part] = entries[at % entries.length]!;
    if (Array.isArray(tx)) return tx.with(at % entries.length, replaced(part, path, value));
    return { ...(tx as object), [name]: replaced(part, path, value) };
  };

  it.each(examples)('%s: reads its own and survives every other', async (type, tx, options) => {
    const rules = marketRules(crypto);
    await fc.assert(
      fc.asyncProperty(fc.option(altered(tx), { freq: 20 }), async (change) => {
        const one = await block(type, change ?? tx, options);
        const rule = rules[type]!;
        const issues =
          one.core.link === null
            ? (rule.checkProposal?.(one) ?? [])
            : (rule.checkAgreement?.(one, one) ?? []).filter(
                ({ code: found }) => found !== 'ERR_TRADE_TERMS',
              );
        for (const issue of issues) expect(issue.code).toMatch(/^ERR_(MARKET|ORDER|TRADE)_/);
        if (change === null && one.core.link === null) expect(issues).toEqual([]);
        expect(() => rule.slot?.(one)).not.toThrow();
      }),
      { numRuns: 150 },
    );
  });
});
