import type { PublicKey } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { type Currency, DUM1, DUM2, MAX_AMOUNT } from '../src/asset/currency.ts';
import type { Claim } from '../src/blocks/money.ts';
import { marketRules } from '../src/desk/market-rules.ts';
import { incomeClaim, ledgerOf, refundClaim, sums, types } from './support/ledger.ts';
import { ASSET, type Author, author, crypto, HOUR, proposed, quorum, START } from './support/money.ts';

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
