import type { PublicKey } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { type Currency, DUM1 } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { incomeClaim, ledgerOf, refundClaim, sums, types } from './support/ledger.ts';
import { ASSET, type Author, author, HOUR, issue, proposed, quorum, START } from './support/money.ts';

/** A trade up to its hold, in test money with the witnesses of `by`. */
async function holding(seller: Author, buyer: Author, amount: bigint, witnesses: readonly PublicKey[] = []) {
  const proposal = await proposed(seller, buyer, DUM1, amount, { witnesses });
  return { proposal, hold: await buyer.hold(DUM1, proposal) };
}

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
