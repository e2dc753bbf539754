import type { HalfBlock, PublicKey } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { type Currency, DUM1, DUM2, MAX_AMOUNT } from '../src/asset/currency.ts';
import { type CurrencyRegister, currencyRegister } from '../src/asset/currency-register.ts';
import type { Claim } from '../src/blocks/money.ts';
import type { Spending } from '../src/blocks/spending.ts';
import type { LedgerChange } from '../src/ledger/changes.ts';
import { createLedger, type Ledger } from '../src/ledger/ledger.ts';
import { type Certificate, encodeCertificate } from '../src/notary/certificate.ts';
import { marketRules } from '../src/desk/market-rules.ts';
import { ASSET, type Author, author, crypto, HOUR, issue, proposed, quorum, START } from './support/money.ts';

function ledgerOf(
  blocks: readonly HalfBlock[] = [],
  currencies: CurrencyRegister = currencyRegister(),
): Ledger {
  const ledger = createLedger({ crypto, currencies, now: START });
  for (const block of blocks) ledger.applyBlock(block);
  return ledger;
}

const types = (changes: readonly LedgerChange[]): readonly string[] => changes.map(({ type }) => type);

const refundClaim = (hold: Spending, certificate: Certificate | null): Claim => ({
  id: hold.id,
  amount: hold.money.pay,
  certificate: certificate === null ? null : encodeCertificate(certificate),
});

const incomeClaim = (spending: Spending): Claim => ({
  id: spending.id,
  amount: spending.money.pay,
  certificate: null,
});

/** Available, held, pending, earned. */
const sums = (ledger: Ledger, key: PublicKey, currency: Currency): readonly bigint[] => {
  const { available, held, pending, earned } = ledger.balance(key, currency.id);
  return [available, held, pending, earned];
};

/** A trade up to its hold, in test money with the witnesses of `by`. */
async function holding(seller: Author, buyer: Author, amount: bigint, witnesses: readonly PublicKey[] = []) {
  const proposal = await proposed(seller, buyer, DUM1, amount, { witnesses });
  return { proposal, hold: await buyer.hold(DUM1, proposal) };
}

describe('test money', () => {
  it('is granted, spent, held, earned, and never spent again', async () => {
    const [seller, buyer] = [author('seller'), author('buyer')];
    const ledger = ledgerOf();
    expect(sums(ledger, buyer.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    const { proposal, hold } = await holding(seller, buyer, 300n);
    ledger.applyBlock(proposal.block);
    expect(types(ledger.applyBlock(hold.block))).toEqual(['hold', 'hold']);
    expect(sums(ledger, buyer.key, DUM1)).toEqual([700n, 300n, 0n, 0n]);
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 300n, 0n]);
    expect(ledger.holdOf(proposal.block.id.toString())).toBe(ledger.hold(hold.key));
    expect(ledger.hold(hold.key)).toMatchObject({
      counts: true,
      amount: 300n,
      outcome: null,
      trade: proposal.encoded.id,
      terms: proposal.encoded.terms,
    });
    const release = await seller.release(hold);
    ledger.applyBlock(release);
    const receipt = await buyer.receipt(hold, release);
    expect(types(ledger.applyBlock(receipt))).toEqual(['outcome']);
    expect(ledger.hold(hold.key)).toMatchObject({ outcome: { kind: 'receipt' }, receipt });
    expect(sums(ledger, buyer.key, DUM1)).toEqual([700n, 0n, 0n, 0n]);
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 300n]);
    expect(ledger.licences(ASSET)).toMatchObject([
      { status: 'final', quantity: 1, trade: proposal.encoded.id },
    ]);
    // What it earned is no income that it could claim.
    const greedy = await seller.claim(DUM1, [incomeClaim(hold)]);
    expect(types(ledger.applyBlock(greedy.block))).toEqual(['broken']);
    expect(ledger.account(seller.key, 'DUM1')).toMatchObject({ state: 'broken', n: 0, balance: 1_000n });
    expect(sums(ledger, seller.key, DUM1)).toEqual([0n, 0n, 0n, 300n]);
    expect(ledger.applyBlock(receipt)).toEqual([]);
  });

  it('goes back without witnesses by a claim dated at or after the last deadline, and not before', async () => {
    const [seller, buyer] = [author('seller'), author('buyer')];
    const { proposal, hold } = await holding(seller, buyer, 300n);
    const { complain } = proposal.encoded.terms.deadlines;
    const ledger = ledgerOf([...seller.blocks, ...buyer.blocks]);
    expect(ledger.account(buyer.key, 'DUM1').claimable).toEqual([]);
    expect(ledger.advance(complain - 1)).toEqual([]);
    expect(types(ledger.advance(complain))).toEqual(['hold']);
    expect(ledger.account(buyer.key, 'DUM1').claimable).toEqual([refundClaim(hold, null)]);
    expect(sums(ledger, buyer.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    const early = buyer.fork();
    const tooEarly = await early.claim(DUM1, [refundClaim(hold, null)], { time: complain - 1 });
    expect(types(ledgerOf([...buyer.blocks]).applyBlock(tooEarly.block))).toEqual(['broken']);
    const claim = await buyer.claim(DUM1, [refundClaim(hold, null)], { time: complain });
    expect(types(ledger.applyBlock(claim.block))).toEqual(['outcome']);
    expect(ledger.hold(hold.key)?.outcome).toEqual({ kind: 'unwitnessed', certificate: null });
    expect(sums(ledger, buyer.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    expect(ledger.licences(ASSET)).toMatchObject([{ status: 'returned' }]);
    const again = await buyer.claim(DUM1, [refundClaim(hold, null)], { time: complain + 1 });
    expect(types(ledger.applyBlock(again.block))).toEqual(['broken']);
  });

  it('takes a receipt on the way back from a deadline that passed in silence', async () => {
    const [seller, buyer] = [author('seller'), author('buyer')];
    const { proposal, hold } = await holding(seller, buyer, 300n);
    const ledger = ledgerOf([...seller.blocks, ...buyer.blocks]);
    ledger.advance(proposal.encoded.terms.deadlines.complain);
    ledger.applyBlock(await buyer.receipt(hold, await seller.release(hold)));
    expect(sums(ledger, buyer.key, DUM1)).toEqual([700n, 0n, 0n, 0n]);
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 300n]);
  });

  it('goes back by the certificate of its witnesses, inside the claim', async () => {
    const [seller, buyer, witnesses] = [author('seller'), author('buyer'), quorum('w', 4)];
    const { hold } = await holding(seller, buyer, 300n, witnesses.keys);
    const back = await witnesses.certificate('none', hold, null);
    const ledger = ledgerOf([...seller.blocks, ...buyer.blocks]);
    expect(types(ledger.applyCertificate(back))).toEqual(['outcome']);
    expect(ledger.account(buyer.key, 'DUM1').claimable).toEqual([refundClaim(hold, back)]);
    expect(sums(ledger, buyer.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    const claim = await buyer.transfer(DUM1, seller.key, 1_000n, {
      claims: ledger.account(buyer.key, 'DUM1').claimable,
    });
    expect(types(ledger.applyBlock(claim.block))).toEqual(['income']);
    expect(sums(ledger, buyer.key, DUM1)).toEqual([0n, 0n, 0n, 0n]);
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 1_000n]);
  });

  it('refuses a claim with a wrong certificate, of another hold, amount or currency', async () => {
    const [seller, buyer, witnesses] = [author('seller'), author('buyer'), quorum('w', 4)];
    const { hold } = await holding(seller, buyer, 300n, witnesses.keys);
    const { hold: other } = await holding(seller, buyer, 200n, witnesses.keys);
    const foreign = await holding(seller, author('someone'), 300n, witnesses.keys);
    const unwitnessed = await holding(seller, buyer, 100n);
    const bare = unwitnessed.hold;
    const good = await witnesses.certificate('refund', hold, null);
    const later = START + 10 * HOUR;
    const cases: readonly (readonly [string, readonly Claim[], Currency])[] = [
      ['no certificate', [refundClaim(hold, null)], DUM1],
      ['paid', [refundClaim(hold, await witnesses.certificate('paid', hold, null))], DUM1],
      ['two shares of four', [refundClaim(hold, { ...good, shares: good.shares.slice(1) })], DUM1],
      [
        'another’s witnesses',
        [refundClaim(hold, await quorum('else', 4).certificate('refund', hold, null))],
        DUM1,
      ],
      ['another hold’s certificate', [refundClaim(other, good)], DUM1],
      ['another amount', [{ ...refundClaim(hold, good), amount: 301n }], DUM1],
      ['another currency', [refundClaim(hold, good)], DUM2],
      [
        'another buyer’s hold',
        [refundClaim(foreign.hold, await witnesses.certificate('refund', foreign.hold, null))],
        DUM1,
      ],
      ['no hold', [{ id: good.subject, amount: 300n, certificate: new Uint8Array(3) }], DUM1],
      [
        'a certificate without witnesses',
        [refundClaim(bare, await quorum('x').certificate('refund', bare, null))],
        DUM1,
      ],
    ];
    for (const [name, claims, currency] of cases) {
      const cheat = buyer.fork();
      const ledger = ledgerOf([...seller.blocks, foreign.hold.block, ...buyer.blocks]);
      const claim = await cheat.claim(currency, claims, { time: later });
      expect(types(ledger.applyBlock(claim.block)), name).toEqual(['broken']);
      expect(ledger.balance(buyer.key, 'DUM1').available, name).toBe(currency === DUM1 ? 0n : 400n);
    }
    const ledger = ledgerOf([...buyer.blocks]);
    ledger.applyBlock((await buyer.fork().claim(DUM1, [refundClaim(hold, good)])).block);
    expect(ledger.balance(buyer.key, 'DUM1').available).toBe(700n);
  });

  it('counts nothing across a gap, and everything once it is closed', async () => {
    const [seller, buyer] = [author('seller'), author('buyer')];
    await buyer.sign('market/ask', null);
    const { proposal, hold } = await holding(seller, buyer, 300n);
    const release = await seller.release(hold);
    const receipt = await buyer.receipt(hold, release);
    const ledger = ledgerOf([proposal.block, receipt, hold.block]);
    expect(ledger.hold(hold.key)).toMatchObject({ counts: false, outcome: null });
    expect(ledger.account(buyer.key, 'DUM1')).toMatchObject({ state: 'gap', n: 0 });
    expect(ledger.known(buyer.key)).toBe(0);
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    ledger.applyBlock(buyer.blocks[0]!);
    expect(ledger.known(buyer.key)).toBe(3);
    expect(ledger.account(buyer.key, 'DUM1')).toMatchObject({ state: 'ok', n: 1 });
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 300n]);
  });

  it('M1 minting: a transfer of 2^62 by a key with a grant counts for nothing, through rules and fold', async () => {
    const [mallory, friend] = [author('mallory'), author('friend')];
    const rules = marketRules(crypto);
    const forged = [
      await mallory.fork().transfer(DUM1, friend.key, 2n ** 62n, { changes: { balance: 0n } }),
      await mallory.fork().transfer(DUM1, friend.key, 1_001n, { changes: { balance: 0n } }),
      await mallory.fork().transfer(DUM1, friend.key, 1n, { changes: { balance: 2n ** 62n } }),
      await mallory.fork().claim(DUM1, [
        {
          id: (await author('x').sign('x', null)).id,
          amount: 2n ** 62n,
          certificate: null,
        },
      ]),
    ];
    for (const { block } of forged) {
      const ledger = ledgerOf();
      expect(types(ledger.applyBlock(block))).toEqual(['broken']);
      expect(sums(ledger, friend.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
      expect(sums(ledger, mallory.key, DUM1)).toEqual([0n, 0n, 0n, 0n]);
    }
    // With the balance that follows, below zero, the block is malformed by itself.
    const { money } = forged[0]!;
    const negative = {
      currency: 'DUM1',
      n: 1,
      prev: null,
      claims: [],
      pay: money.pay,
      to: friend.key,
      balance: 1_000n - money.pay,
    };
    const block = await mallory
      .fork()
      .sign('market/transfer', { v: 1, money: negative }, { peer: friend.key });
    expect(rules['market/transfer']?.checkProposal?.(block)).toMatchObject([{ code: 'ERR_MARKET_FORMAT' }]);
    expect(types(ledgerOf().applyBlock(block))).toEqual([]);
  });

  it('M1 of another shape: after an unsound block nothing that follows counts', async () => {
    const [mallory, friend] = [author('mallory'), author('friend')];
    await mallory.transfer(DUM1, friend.key, 1n, { changes: { balance: MAX_AMOUNT } });
    for (let i = 0; i < 3; i++) await mallory.transfer(DUM1, friend.key, 1_000_000n);
    const ledger = ledgerOf(mallory.blocks);
    expect(ledger.balance(friend.key, 'DUM1').earned).toBe(0n);
    expect(ledger.account(mallory.key, 'DUM1')).toMatchObject({ state: 'broken', n: 0 });
  });

  it('M2 overspending without a fork: the second agreement of a chain that has no more counts for nothing', async () => {
    const [one, two, buyer] = [author('one'), author('two'), author('buyer')];
    const first = await holding(one, buyer, 1_000n);
    const proposal = await proposed(two, buyer, DUM1, 1_000n);
    const second = await buyer.hold(DUM1, proposal, { changes: { balance: 0n } });
    const ledger = ledgerOf([first.proposal.block, proposal.block, second.block]);
    // Across the gap: the seller of the second hold learns that it does not know enough.
    expect(ledger.hold(second.key)?.counts).toBe(false);
    expect(ledger.account(buyer.key, 'DUM1').state).toBe('gap');
    expect(types(ledger.applyBlock(first.hold.block))).toContain('broken');
    expect(ledger.hold(first.hold.key)?.counts).toBe(true);
    expect(ledger.hold(second.key)?.counts).toBe(false);
    expect(sums(ledger, two.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
  });

  it('M3 a fork six hours later takes nothing from a paid seller', async () => {
    const [seller, buyer] = [author('seller'), author('buyer')];
    const { hold } = await holding(seller, buyer, 900n);
    const twin = author('buyer');
    await buyer.receipt(hold, await seller.release(hold));
    const ledger = ledgerOf([...seller.blocks, ...buyer.blocks]);
    const before = sums(ledger, seller.key, DUM1);
    expect(before).toEqual([1_000n, 0n, 0n, 900n]);
    const fork = await twin.transfer(DUM1, author('friend').key, 900n, { time: START + 6 * HOUR });
    ledger.advance(START + 6 * HOUR);
    expect(types(ledger.applyBlock(fork.block))).toContain('fork');
    ledger.condemn(buyer.key);
    expect(sums(ledger, seller.key, DUM1)).toEqual(before);
    expect(ledger.hold(hold.key)).toMatchObject({ counts: true, outcome: { kind: 'receipt' } });
    expect(ledger.licences(ASSET)).toMatchObject([{ status: 'final' }]);
    expect(ledger.account(buyer.key, 'DUM1').state).toBe('forked');
    expect(sums(ledger, buyer.key, DUM1)).toEqual([0n, 0n, 0n, 0n]);
    expect(sums(ledger, buyer.key, DUM2)).toEqual([0n, 0n, 0n, 0n]);
  });

  it('M4 five forks at five sellers: what each earned stays, the forker spends nothing more', async () => {
    const ledger = ledgerOf();
    const sellers = [1, 2, 3, 4, 5].map((i) => author(`seller ${i}`));
    for (const seller of sellers) {
      const branch = author('buyer');
      const { proposal, hold } = await holding(seller, branch, 1_000n);
      const release = await seller.release(hold);
      for (const block of [proposal.block, hold.block, release, await branch.receipt(hold, release)]) {
        ledger.applyBlock(block);
      }
    }
    for (const seller of sellers) expect(ledger.balance(seller.key, 'DUM1').earned).toBe(1_000n);
    expect(sums(ledger, author('buyer').key, DUM1)).toEqual([0n, 0n, 0n, 0n]);
  });

  it('H1 the earlier of receipt and refund in the buyer’s own chain counts', async () => {
    const [seller, buyer, witnesses] = [author('seller'), author('buyer'), quorum('w')];
    const { hold } = await holding(seller, buyer, 300n, witnesses.keys);
    const release = await seller.release(hold);
    const back = await witnesses.certificate('refund', hold, null);

    const takes = buyer.fork();
    await takes.claim(DUM1, [refundClaim(hold, back)]);
    await takes.receipt(hold, release);
    const refunded = ledgerOf([...seller.blocks, ...takes.blocks]);
    expect(refunded.hold(hold.key)).toMatchObject({ outcome: { kind: 'refund' }, receipt: null });
    expect(sums(refunded, buyer.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    expect(sums(refunded, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);

    const pays = buyer.fork();
    await pays.receipt(hold, release);
    await pays.claim(DUM1, [refundClaim(hold, back)]);
    const paid = ledgerOf([...seller.blocks, ...pays.blocks]);
    paid.applyCertificate(back);
    expect(paid.hold(hold.key)?.outcome?.kind).toBe('receipt');
    expect(paid.account(buyer.key, 'DUM1').state).toBe('broken');
    expect(sums(paid, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 300n]);
  });

  it('H1 a receipt that the buyer signs with a refund in hand takes from nobody but the buyer', async () => {
    const [seller, buyer, witnesses] = [author('seller'), author('buyer'), quorum('w')];
    const { hold } = await holding(seller, buyer, 300n, witnesses.keys);
    const ledger = ledgerOf([...seller.blocks, ...buyer.blocks]);
    ledger.applyCertificate(await witnesses.certificate('none', hold, null));
    expect(sums(ledger, buyer.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
    ledger.applyBlock(await buyer.receipt(hold, await seller.release(hold)));
    expect(sums(ledger, buyer.key, DUM1)).toEqual([700n, 0n, 0n, 0n]);
    expect(sums(ledger, seller.key, DUM1)).toEqual([1_000n, 0n, 0n, 300n]);
    expect(ledger.account(buyer.key, 'DUM1').claimable).toEqual([]);
  });

  it('H7 forks across two currencies: one position of the chain, two accounts', async () => {
    const [one, two] = [author('one'), author('two')];
    const [left, right] = [author('buyer'), author('buyer')];
    const inDum1 = await left.transfer(DUM1, one.key, 1_000n);
    const inDum2 = await right.transfer(DUM2, two.key, 10_000n);
    for (const order of [
      [inDum1, inDum2],
      [inDum2, inDum1],
    ]) {
      const ledger = ledgerOf(order.map(({ block }) => block));
      expect(ledger.balance(one.key, 'DUM1').earned).toBe(1_000n);
      expect(ledger.balance(two.key, 'DUM2').earned).toBe(10_000n);
      expect(ledger.account(left.key, 'DUM1').state).toBe('forked');
      expect(ledger.account(left.key, 'DUM2').state).toBe('forked');
      expect(ledger.balance(left.key, 'DUM2').available).toBe(0n);
    }
  });
});

describe('issued money', () => {
  async function world(count: 1 | 4 | 7 = 1) {
    const [issuer, alice, bob, notaries] = [
      author('issuer'),
      author('alice'),
      author('bob'),
      quorum('n', count),
    ];
    const { currency, block } = await issue(issuer, notaries);
    const ledger = ledgerOf([block]);
    const certified = async (spending: Spending) => {
      ledger.applyBlock(spending.block);
      return ledger.applyCertificate(await notaries.certificate('spend', spending, block.id));
    };
    return { issuer, alice, bob, notaries, currency, block, ledger, certified };
  }
  const zero = (ledger: Ledger, currency: Currency): bigint => {
    const { accounts, held, unclaimed } = ledger.total(currency.id);
    return accounts + held + unclaimed;
  };

  it('is minted by its issuer, certified, claimed, held, paid and claimed again', async () => {
    const { issuer, alice, bob, notaries, currency, block, ledger, certified } = await world(4);
    const mint = await issuer.transfer(currency, alice.key, 500n);
    expect(types(ledger.applyBlock(mint.block))).toEqual([]);
    expect(sums(ledger, alice.key, currency)).toEqual([0n, 0n, 0n, 0n]);
    expect(types(ledger.applyCertificate(await notaries.certificate('spend', mint, block.id)))).toEqual([
      'income',
      'certified',
    ]);
    expect(sums(ledger, alice.key, currency)).toEqual([500n, 0n, 0n, 0n]);
    expect(ledger.issued(currency.id)).toBe(500n);
    const proposal = await proposed(bob, alice, currency, 200n);
    ledger.applyBlock(proposal.block);
    const hold = await alice.hold(currency, proposal, { claims: [incomeClaim(mint)], time: START + 60 });
    expect(types(ledger.applyBlock(hold.block))).toEqual(['hold']);
    // Signed and not certified: its author reckons with it, its payee does not.
    expect(sums(ledger, alice.key, currency)).toEqual([300n, 200n, 0n, 0n]);
    expect(ledger.account(alice.key, currency.id)).toMatchObject({
      n: 1,
      certified: 0,
      balance: 300n,
      claimable: [],
    });
    expect(sums(ledger, bob.key, currency)).toEqual([0n, 0n, 0n, 0n]);
    expect(types(await certified(hold))).toEqual(['hold', 'certified']);
    expect(ledger.hold(hold.key)).toMatchObject({
      counts: true,
      witnesses: notaries.keys,
      terms: proposal.encoded.terms,
    });
    expect(sums(ledger, bob.key, currency)).toEqual([0n, 0n, 200n, 0n]);
    expect(types(ledger.applyCertificate(await notaries.certificate('paid', hold, block.id)))).toEqual([
      'outcome',
    ]);
    expect(sums(ledger, bob.key, currency)).toEqual([200n, 0n, 0n, 0n]);
    await certified(await bob.claim(currency, ledger.account(bob.key, currency.id).claimable));
    expect(sums(ledger, bob.key, currency)).toEqual([200n, 0n, 0n, 0n]);
    expect(ledger.account(bob.key, currency.id)).toMatchObject({
      n: 1,
      certified: 1,
      balance: 200n,
      claimable: [],
    });
    expect(zero(ledger, currency)).toBe(0n);
    expect(ledger.movements(alice.key, currency.id)).toMatchObject([
      { direction: 'in', amount: 500n, status: 'final' },
      { direction: 'out', amount: 200n, status: 'final' },
    ]);
    expect(ledger.licences(ASSET)).toMatchObject([{ status: 'final', buyer: alice.key }]);
  });

  it('counts what comes before a certified block, once the blocks between are known', async () => {
    const { issuer, alice, bob, notaries, currency, block, ledger } = await world();
    const run: Spending[] = [];
    for (let i = 1; i <= 5; i++)
      run.push(await issuer.transfer(currency, i % 2 ? alice.key : bob.key, BigInt(i)));
    const [a, b, c, d, e] = run as [Spending, Spending, Spending, Spending, Spending];
    ledger.applyBlock(e.block);
    ledger.applyCertificate(await notaries.certificate('spend', e, block.id));
    expect(ledger.account(issuer.key, currency.id)).toMatchObject({
      certified: 5,
      balance: -15n,
      state: 'gap',
    });
    ledger.applyBlock(b.block);
    ledger.applyBlock(c.block);
    expect(sums(ledger, alice.key, currency)[0]).toBe(5n);
    expect(types(ledger.applyBlock(d.block))).toEqual([
      'income',
      'certified',
      'income',
      'certified',
      'income',
      'certified',
    ]);
    expect(ledger.account(issuer.key, currency.id).state).toBe('gap');
    ledger.applyBlock(a.block);
    expect(ledger.account(issuer.key, currency.id).state).toBe('ok');
    expect([sums(ledger, alice.key, currency)[0], sums(ledger, bob.key, currency)[0]]).toEqual([9n, 6n]);
    expect(zero(ledger, currency)).toBe(0n);
  });

  it('moves by a quorum of its own notaries and by nothing else', async () => {
    const { issuer, alice, notaries, currency, block, ledger } = await world(4);
    const mint = await issuer.transfer(currency, alice.key, 500n);
    ledger.applyBlock(mint.block);
    const good = await notaries.certificate('spend', mint, block.id);
    for (const bad of [
      { ...good, shares: good.shares.slice(1) },
      await quorum('else', 4).certificate('spend', mint, block.id),
      await notaries.certificate('paid', mint, block.id),
      { ...good, currency: null },
    ]) {
      expect(ledger.applyCertificate(bad)).toEqual([]);
    }
    expect(sums(ledger, alice.key, currency)).toEqual([0n, 0n, 0n, 0n]);
  });

  it('M1 in issued money: nobody but the issuer mints, certified or not', async () => {
    const { alice, bob, notaries, currency, block, ledger } = await world();
    const forged = await alice.transfer(currency, bob.key, 2n ** 62n);
    expect(types(ledger.applyBlock(forged.block))).toEqual(['broken']);
    // A notary that certifies it is a liar; its word makes no account but the issuer's go below zero.
    expect(ledger.applyCertificate(await notaries.certificate('spend', forged, block.id))).toEqual([]);
    expect(sums(ledger, bob.key, currency)).toEqual([0n, 0n, 0n, 0n]);
    expect(ledger.total(currency.id)).toEqual({ accounts: 0n, held: 0n, unclaimed: 0n });
    const lied = await alice
      .fork()
      .transfer(currency, bob.key, 5n, { changes: { n: 1, prev: null, balance: 7n } });
    expect(ledger.applyCertificate(await notaries.certificate('spend', lied, block.id))).toEqual([]);
    expect(ledger.applyBlock(lied.block).filter(({ type }) => type === 'certified')).toEqual([]);
  });

  it('M3 in issued money: a fork takes nothing of what was certified', async () => {
    const { issuer, alice, bob, currency, ledger, certified } = await world();
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    const twin = alice.fork();
    await certified(await alice.transfer(currency, bob.key, 500n, { claims: [incomeClaim(mint)] }));
    const before = sums(ledger, bob.key, currency);
    const fork = await twin.transfer(currency, author('friend').key, 500n, { claims: [incomeClaim(mint)] });
    expect(types(ledger.applyBlock(fork.block))).toEqual(['fork']);
    ledger.condemn(alice.key);
    expect(sums(ledger, bob.key, currency)).toEqual(before);
    expect(before).toEqual([500n, 0n, 0n, 0n]);
    expect(ledger.account(alice.key, currency.id).state).toBe('forked');
    expect(zero(ledger, currency)).toBe(0n);
  });

  it('M4 in issued money: of two forks only the certified one pays', async () => {
    const { issuer, alice, bob, notaries, currency, block, ledger, certified } = await world(4);
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    const twin = alice.fork();
    const one = await alice.transfer(currency, bob.key, 500n, { claims: [incomeClaim(mint)] });
    const two = await twin.transfer(currency, author('friend').key, 500n, { claims: [incomeClaim(mint)] });
    ledger.applyBlock(one.block);
    ledger.applyBlock(two.block);
    ledger.applyCertificate(await notaries.certificate('spend', two, block.id));
    expect(sums(ledger, bob.key, currency)).toEqual([0n, 0n, 0n, 0n]);
    expect(ledger.balance(author('friend').key, currency.id).available).toBe(500n);
    expect(zero(ledger, currency)).toBe(0n);
  });

  it('M10 a refund whose proof is private is visible to third parties as a certificate', async () => {
    const { issuer, alice, bob, notaries, currency, block, ledger, certified } = await world(4);
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    const proposal = await proposed(bob, alice, currency, 500n);
    const hold = await alice.hold(currency, proposal, { claims: [incomeClaim(mint)] });
    await certified(hold);
    expect(sums(ledger, alice.key, currency)).toEqual([0n, 500n, 0n, 0n]);
    // The complaint and its proof went to the witnesses only; this ledger sees neither.
    ledger.applyCertificate(await notaries.certificate('refund', hold, block.id));
    expect(ledger.hold(hold.key)?.outcome?.kind).toBe('refund');
    expect(sums(ledger, alice.key, currency)).toEqual([500n, 0n, 0n, 0n]);
    expect(sums(ledger, bob.key, currency)).toEqual([0n, 0n, 0n, 0n]);
    const next = await alice.transfer(currency, bob.key, 500n, { claims: [incomeClaim(hold)] });
    await certified(next);
    expect(sums(ledger, bob.key, currency)).toEqual([500n, 0n, 0n, 0n]);
    expect(zero(ledger, currency)).toBe(0n);
  });

  it('M10 in test money: a claim shows the certificate to whoever sees the chain', async () => {
    const [seller, buyer, witnesses] = [author('seller'), author('buyer'), quorum('w', 4)];
    const { hold } = await holding(seller, buyer, 1_000n, witnesses.keys);
    const back = await witnesses.certificate('refund', hold, null);
    await buyer.claim(DUM1, [refundClaim(hold, back)]);
    const third = ledgerOf(buyer.blocks);
    expect(third.hold(hold.key)?.outcome).toMatchObject({ kind: 'refund', certificate: back });
    expect(sums(third, buyer.key, DUM1)).toEqual([1_000n, 0n, 0n, 0n]);
  });

  it('H1 a receipt signed after a refund moves no money: outcomes are certificates and nothing else', async () => {
    const { issuer, alice, bob, notaries, currency, block, ledger, certified } = await world();
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    const proposal = await proposed(bob, alice, currency, 500n);
    ledger.applyBlock(proposal.block);
    const hold = await alice.hold(currency, proposal, { claims: [incomeClaim(mint)] });
    await certified(hold);
    ledger.applyCertificate(await notaries.certificate('refund', hold, block.id));
    const receipt = await alice.receipt(hold, await bob.release(hold));
    expect(types(ledger.applyBlock(receipt))).toEqual(['outcome']);
    expect(ledger.hold(hold.key)).toMatchObject({ outcome: { kind: 'refund' }, receipt });
    expect(sums(ledger, bob.key, currency)).toEqual([0n, 0n, 0n, 0n]);
    expect(sums(ledger, alice.key, currency)).toEqual([500n, 0n, 0n, 0n]);
    // The other way round, and before the hold: the licence passes, no money does.
    const early = ledgerOf([receipt, block, proposal.block, hold.block]);
    expect(early.hold(hold.key)).toMatchObject({ outcome: null, receipt });
    expect(early.balance(bob.key, currency.id).available).toBe(0n);
  });

  it('H2 a certificate kept back for a year still counts, and pays once', async () => {
    const { issuer, alice, bob, notaries, currency, block, ledger, certified } = await world();
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    const proposal = await proposed(bob, alice, currency, 500n);
    const hold = await alice.hold(currency, proposal, { claims: [incomeClaim(mint)] });
    await certified(hold);
    expect(ledger.advance(START + 366 * 24 * HOUR)).toEqual([]);
    // No long stop: for both it stays held, and the buyer cannot take it back meanwhile.
    expect(sums(ledger, alice.key, currency)).toEqual([0n, 500n, 0n, 0n]);
    expect(ledger.account(alice.key, currency.id).claimable).toEqual([]);
    ledger.applyCertificate(await notaries.certificate('paid', hold, block.id));
    expect(sums(ledger, bob.key, currency)).toEqual([500n, 0n, 0n, 0n]);
    expect(zero(ledger, currency)).toBe(0n);
  });

  it('H2 of another shape: certificates a year before their blocks and their currency', async () => {
    const { issuer, alice, bob, notaries, currency, block } = await world();
    const mint = await issuer.transfer(currency, alice.key, 500n);
    const proposal = await proposed(bob, alice, currency, 500n);
    const hold = await alice.hold(currency, proposal, { claims: [incomeClaim(mint)] });
    const ledger = ledgerOf();
    for (const certificate of [
      await notaries.certificate('paid', hold, block.id),
      await notaries.certificate('spend', hold, block.id),
      await notaries.certificate('spend', mint, block.id),
    ]) {
      expect(ledger.applyCertificate(certificate)).toEqual([]);
    }
    ledger.advance(START + 366 * 24 * HOUR);
    for (const late of [hold.block, mint.block, proposal.block]) ledger.applyBlock(late);
    expect(ledger.total(currency.id)).toEqual({ accounts: 0n, held: 0n, unclaimed: 0n });
    ledger.applyBlock(block);
    expect(sums(ledger, bob.key, currency)).toEqual([500n, 0n, 0n, 0n]);
    expect(ledger.issued(currency.id)).toBe(500n);
    expect(zero(ledger, currency)).toBe(0n);
  });

  it('H7 a fork in test money leaves issued money that is certified where it is', async () => {
    const { issuer, alice, bob, currency, ledger, certified } = await world();
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    await certified(await alice.transfer(currency, bob.key, 200n, { claims: [incomeClaim(mint)] }));
    const twin = alice.fork();
    ledger.applyBlock((await alice.transfer(DUM1, bob.key, 1n)).block);
    const changes = ledger.applyBlock((await twin.transfer(DUM1, bob.key, 2n)).block);
    expect(types(changes)).toContain('fork');
    expect(sums(ledger, bob.key, currency)).toEqual([200n, 0n, 0n, 0n]);
    expect(ledger.account(alice.key, currency.id)).toMatchObject({ state: 'forked', balance: 300n });
    expect(ledger.balance(alice.key, currency.id).available).toBe(0n);
    expect(zero(ledger, currency)).toBe(0n);
  });

  it('H13 somebody else’s SUN: two currencies with one label never mix', async () => {
    const { issuer, alice, bob, notaries, currency, block, ledger, certified } = await world();
    const other = await issue(author('forger'), quorum('forger'), currency.label);
    ledger.applyBlock(other.block);
    expect(other.currency.label).toBe(currency.label);
    expect(other.currency.id).not.toBe(currency.id);
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    const forged = await author('forger').transfer(other.currency, bob.key, 10n ** 12n);
    ledger.applyBlock(forged.block);
    for (const [by, of] of [
      [quorum('forger'), other.block.id],
      [quorum('forger'), block.id],
      [notaries, other.block.id],
    ] as const) {
      ledger.applyCertificate(await by.certificate('spend', forged, of));
      ledger.applyCertificate(await by.certificate('spend', mint, of));
    }
    expect(ledger.balance(bob.key, other.currency.id).available).toBe(10n ** 12n);
    expect(sums(ledger, bob.key, currency)).toEqual([0n, 0n, 0n, 0n]);
    expect(sums(ledger, alice.key, other.currency)).toEqual([0n, 0n, 0n, 0n]);
    // A claim in one SUN of an income in the other is no claim.
    const mixed = await bob.claim(currency, [incomeClaim(forged)]);
    ledger.applyBlock(mixed.block);
    expect(ledger.balance(bob.key, other.currency.id).available).toBe(10n ** 12n);
    expect(ledger.total(currency.id).unclaimed).toBe(500n);
    expect(zero(ledger, currency)).toBe(0n);
    expect(zero(ledger, other.currency)).toBe(0n);
    expect(ledger.total('SUN')).toEqual({ accounts: 0n, held: 0n, unclaimed: 0n });
  });

  it('keeps a hold to the terms that it fits, and to the buyer that they name', async () => {
    const { issuer, alice, bob, currency, ledger, certified } = await world();
    const mint = await issuer.transfer(currency, alice.key, 500n);
    await certified(mint);
    const proposal = await proposed(bob, alice, currency, 100n);
    const mallory = author('mallory');
    const shadow = await mallory.hold(currency, proposal);
    ledger.applyBlock(shadow.block);
    ledger.applyBlock(proposal.block);
    expect(ledger.hold(shadow.key)?.terms).toBeUndefined();
    const hold = await alice.hold(currency, proposal, { claims: [incomeClaim(mint)] });
    await certified(hold);
    expect(ledger.hold(hold.key)?.terms).toEqual(proposal.encoded.terms);
    expect(ledger.holdOf(proposal.block.id.toString())?.key).toBe(hold.key);
    expect(ledger.holdsIn(ASSET)).toHaveLength(1);
    expect(ledger.holdsOf(bob.key)).toHaveLength(2);
    expect(ledger.movements(alice.key, 'EW')).toMatchObject([
      { direction: 'in', status: 'pending', amount: 1n },
    ]);
    expect(ledger.movements(bob.key, 'EW')).toMatchObject([{ direction: 'out', status: 'held' }]);
  });

  it('keeps what more than f liars certified, in any order: both spends pay, the paid outcome stands', async () => {
    const { issuer, alice, bob, notaries, currency, block } = await world();
    const mint = await issuer.transfer(currency, alice.key, 500n);
    const twin = alice.fork();
    const claims = [incomeClaim(mint)];
    const one = await alice.transfer(currency, bob.key, 300n, { claims });
    const proposal = await proposed(bob, twin, currency, 400n);
    const two = await twin.hold(currency, proposal, { claims });
    const items = [
      ...[block, mint.block, one.block, proposal.block, two.block].map((item) => ({ item })),
      ...(await Promise.all(
        (
          [
            ['spend', mint],
            ['spend', one],
            ['spend', two],
            ['refund', two],
            ['none', two],
            ['paid', two],
          ] as const
        ).map(async ([kind, subject]) => ({ item: await notaries.certificate(kind, subject, block.id) })),
      )),
    ];
    const shown = [
      items,
      items.toReversed(),
      items.toSorted((a, b) => ('core' in a.item ? 1 : 0) - ('core' in b.item ? 1 : 0)),
    ].map((order) => {
      const ledger = ledgerOf();
      for (const { item } of order) {
        if ('core' in item) ledger.applyBlock(item);
        else ledger.applyCertificate(item);
      }
      expect(ledger.hold(two.key)?.outcome?.kind).toBe('paid');
      expect(sums(ledger, bob.key, currency)).toEqual([700n, 0n, 0n, 0n]);
      expect(sums(ledger, alice.key, currency)).toEqual([0n, 0n, 0n, 0n]);
      const { head, certified, balance } = ledger.account(alice.key, currency.id);
      return [head?.key, certified, balance, ledger.total(currency.id)];
    });
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[2]).toEqual(shown[0]);
  });
});
