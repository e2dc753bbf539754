/**
 * The toy models that the money rules were tried on, on the real code: what the first rules allowed and these do not.
 * Part names are those of the models: A double evidence, C two outcomes, D claims that race.
 */
import { seededRandom } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { faultsOf, type NotaryCount, quorumOf } from '../src/asset/currency.ts';
import { currencyRegister } from '../src/asset/currency-register.ts';
import { createLedger } from '../src/ledger/create-ledger.ts';
import { verifyCertificate } from '../src/notary/certificate.ts';
import {
  author,
  toyCrypto as crypto,
  HOUR,
  issue,
  proposed,
  quorum,
  START,
  someId,
} from './support/money.ts';

/** A certified hold of 100 in issued money, and what can be said about it. */
async function heldWorld(count: NotaryCount) {
  const [issuer, buyer, seller] = [
    author('issuer', crypto),
    author('buyer', crypto),
    author('seller', crypto),
  ];
  const notaries = quorum('model', count, crypto);
  const { currency, block } = await issue(issuer, notaries);
  const ledger = createLedger({ crypto, currencies: currencyRegister(), now: START });
  const mint = await issuer.transfer(currency, buyer.key, 100n);
  const proposal = await proposed(seller, buyer, currency, 100n);
  const hold = await buyer.hold(currency, proposal, {
    claims: [{ id: mint.id, amount: 100n, certificate: null }],
  });
  for (const one of [block, mint.block, proposal.block, hold.block]) ledger.applyBlock(one);
  for (const spent of [mint, hold]) {
    ledger.applyCertificate(await notaries.certificate('spend', spent, block.id));
  }
  const claims = () => ({
    seller: ledger.account(seller.key, currency.id).claimable.length > 0,
    buyer: ledger.account(buyer.key, currency.id).claimable.length > 0,
  });
  return { buyer, seller, notaries, currency, block, ledger, hold, claims };
}

describe('A: evidence that made money under the first rules', () => {
  it('receipt after a refund: the seller has nothing to claim', async () => {
    const { buyer, seller, notaries, block, ledger, hold, claims } = await heldWorld(1);
    const release = await seller.release(hold);
    ledger.applyBlock(release);
    ledger.applyBlock(await buyer.receipt(hold, release));
    expect(claims()).toEqual({ seller: false, buyer: false });
    ledger.applyCertificate(await notaries.certificate('refund', hold, block.id));
    expect(claims()).toEqual({ seller: false, buyer: true });
  });

  it('long stop, then a late certificate: the buyer had nothing to claim meanwhile', async () => {
    const { notaries, block, ledger, hold, claims } = await heldWorld(1);
    for (const years of [1, 2, 10]) {
      ledger.advance(START + years * 366 * 24 * HOUR);
      expect(claims()).toEqual({ seller: false, buyer: false });
    }
    ledger.applyCertificate(await notaries.certificate('paid', hold, block.id));
    expect(claims()).toEqual({ seller: true, buyer: false });
  });
});

describe('C: outcome shares are exclusive per witness', () => {
  it('so liars that sign both never make two certificates', async () => {
    const random = seededRandom(12_345);
    let [both, none, one] = [0, 0, 0];
    const subject = someId('a hold');
    for (const count of [4, 7] as const) {
      const witnesses = quorum(`c ${count}`, count, crypto);
      const all = Array.from({ length: count }, (_, i) => i);
      const paid = await witnesses.certify({ kind: 'paid', currency: null, subject, extra: null }, all);
      const refund = await witnesses.certify({ kind: 'refund', currency: null, subject, extra: null }, all);
      const honest = count - faultsOf(count);
      for (let round = 0; round < 2_000; round++) {
        // Liars sign both, or neither where it helps to stall.
        const lying = random.below(2) === 0;
        const pays = all.map((i) => (i >= honest ? lying : random.below(2) === 0));
        const shares = (certificate: typeof paid, signs: (i: number) => boolean) => ({
          ...certificate,
          shares: certificate.shares.filter(({ index }) => signs(index)),
        });
        const isPaid = verifyCertificate(
          shares(paid, (i) => pays[i] === true),
          witnesses.keys,
          crypto,
        );
        const isBack = verifyCertificate(
          shares(refund, (i) => (i >= honest ? lying : pays[i] === false)),
          witnesses.keys,
          crypto,
        );
        if (isPaid && isBack) both++;
        else if (isPaid || isBack) one++;
        else none++;
      }
      // With one liar more than may be there are two: the bound is tight.
      const tooMany = honest - 1;
      const half = Math.ceil(tooMany / 2);
      const x = all.filter((i) => i >= tooMany || i < half);
      const y = all.filter((i) => i >= tooMany || i >= half);
      expect(Math.min(x.length, y.length)).toBeGreaterThanOrEqual(quorumOf(count));
    }
    expect(both).toBe(0);
    expect(one).toBeGreaterThan(0);
    expect(none).toBeGreaterThan(0);
  });
});

describe('D: claims that race for a hold', () => {
  it('would lock both accounts at notaries that take the first claim; claims that rest on the certificate lock nobody', async () => {
    const random = seededRandom(9);
    let [lockedWithout, lockedWith] = [0, 0];
    for (let round = 0; round < 60; round++) {
      // Without a certificate first: each notary takes the claim that comes first, for ever.
      const first = Array.from({ length: 4 }, () => random.below(2));
      const forBuyer = first.filter((side) => side === 0).length;
      if (Math.max(forBuyer, 4 - forBuyer) < quorumOf(4)) lockedWithout++;

      const { buyer, seller, notaries, currency, block, ledger, hold, claims } = await heldWorld(4);
      expect(claims()).toEqual({ seller: false, buyer: false });
      const kind = random.below(2) === 0 ? 'refund' : 'paid';
      ledger.applyCertificate(await notaries.certificate(kind, hold, block.id));
      // Both honest wallets claim what their ledger shows to be due, and go on.
      for (const side of [buyer, seller]) {
        const { claimable } = ledger.account(side.key, currency.id);
        if (claimable.length === 0) continue;
        const claim = await side.claim(currency, claimable);
        ledger.applyBlock(claim.block);
        ledger.applyCertificate(await notaries.certificate('spend', claim, block.id));
      }
      const sides = [buyer, seller].map(({ key }) => ledger.account(key, currency.id));
      if (sides.some(({ n, certified, state }) => n !== certified || state !== 'ok')) lockedWith++;
      expect(sides.map(({ balance }) => balance).sort()).toEqual([0n, 100n]);
      const { accounts, held, unclaimed } = ledger.total(currency.id);
      expect(accounts + held + unclaimed).toBe(0n);
    }
    expect(lockedWithout).toBeGreaterThan(0);
    expect(lockedWith).toBe(0);
  });
});
