import type { HalfBlock } from '@edmp/interface';
import {
  ASK_TYPE,
  askToTx,
  COMPLAINT_TYPE,
  type Currency,
  complaintToTx,
  foldLedger,
  ISSUE_TYPE,
  issueToTx,
  type Ledger,
  price,
  RELEASE_TYPE,
  referenceToTx,
  TRANSFER_TYPE,
  transferToTx,
  WITHDRAWAL_TYPE,
  WITNESS_TYPE,
} from '@edmp/market';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Author, agreed, author, document, released, START, termsOf } from './support/chains.ts';
import { crypto } from './support/documents.ts';

const fold = (
  blocks: readonly HalfBlock[],
  now = START + 100,
  extra: Partial<Parameters<typeof foldLedger>[1]> = {},
): Ledger =>
  foldLedger(blocks, {
    crypto,
    now,
    judge: (_, proof) => ({ guilty: proof[0] === 1, kind: 'wrong-key', reason: 'by the test' }),
    ...extra,
  });
const dum1 = (ledger: Ledger, who: Author): readonly bigint[] => {
  const { available, held, pending } = ledger.balance(who.key, 'DUM1');
  return [available, held, pending];
};

describe('token ledger', () => {
  it('holds at the agreement and pays at the receipt', async () => {
    const [seller, buyer] = [author('s1'), author('b1')];
    const terms = termsOf(seller, buyer, 10n, 1);
    const { proposal, agreement } = await agreed(seller, buyer, terms);
    const release = await released(seller, buyer, terms, proposal);
    const receipt = await buyer.sign(RELEASE_TYPE, release.core.tx, { peer: seller.key, link: release.id });
    expect(dum1(fold([proposal]), buyer)).toEqual([1000n, 0n, 0n]);
    expect(dum1(fold([proposal, agreement]), buyer)).toEqual([990n, 10n, 0n]);
    expect(dum1(fold([proposal, agreement]), seller)).toEqual([1000n, 0n, 10n]);
    expect(dum1(fold([agreement]), buyer)).toEqual([990n, 10n, 0n]);
    const done = fold([proposal, agreement, release, receipt]);
    expect(dum1(done, buyer)).toEqual([990n, 0n, 0n]);
    expect(dum1(done, seller)).toEqual([1010n, 0n, 0n]);
    expect(done.movements(buyer.key, 'DUM1').map((m) => [m.direction, m.amount, m.status])).toEqual([
      ['in', 1000n, 'final'],
      ['out', 10n, 'final'],
    ]);
    expect(done.movements(buyer.key, 'EW')).toMatchObject([{ direction: 'in', amount: 1n, status: 'final' }]);
    expect(done.licences(terms.terms.asset)).toMatchObject([{ quantity: 1, status: 'final' }]);
  });

  it('ignores an agreement after the accept deadline', async () => {
    const [seller, buyer] = [author('s2'), author('b2')];
    const terms = termsOf(seller, buyer, 10n, 1);
    const { proposal, agreement } = await agreed(seller, buyer, terms, START + 2_001);
    expect(dum1(fold([proposal, agreement]), buyer)).toEqual([1000n, 0n, 0n]);
  });

  it('finalises for the seller when the complaint window passes in silence', async () => {
    const [seller, buyer] = [author('s3'), author('b3')];
    const terms = termsOf(seller, buyer, 10n, 1);
    const { proposal, agreement } = await agreed(seller, buyer, terms);
    const release = await released(seller, buyer, terms, proposal, START + 2_500);
    const blocks = [proposal, agreement, release];
    expect(dum1(fold(blocks, START + 4_000), seller)).toEqual([1000n, 0n, 10n]);
    expect(dum1(fold(blocks, START + 4_001), seller)).toEqual([1010n, 0n, 0n]);
    const moving = fold(blocks, START + 100);
    moving.advance(START + 4_001);
    expect(dum1(moving, seller)).toEqual([1010n, 0n, 0n]);
    // Without any release the money stays held for the buyer to withdraw.
    expect(dum1(fold([proposal, agreement], START + 9_000), buyer)).toEqual([990n, 10n, 0n]);
  });

  it('returns the money on a founded complaint only, and only before the receipt', async () => {
    const [seller, buyer] = [author('s4'), author('b4')];
    const ask = await seller.sign(
      ASK_TYPE,
      askToTx({ document, price: price('DUM1', 10), supply: 1, expires: START + 90_000 }),
    );
    const terms = termsOf(seller, buyer, 10n, 1, { ask: ask.id });
    const { proposal, agreement } = await agreed(seller, buyer, terms);
    const release = await released(seller, buyer, terms, proposal);
    const complain = (proof: Uint8Array, inline: boolean) =>
      complaintToTx({
        trade: terms.digest,
        release: release.id,
        kind: 'wrong-key',
        digest: crypto.sha256(proof),
        proof: inline ? proof : null,
      });
    const founded = await buyer.sign(COMPLAINT_TYPE, complain(Uint8Array.of(1), true), { peer: seller.key });
    const receipt = await buyer.sign(RELEASE_TYPE, release.core.tx, { peer: seller.key, link: release.id });
    const base = [ask, proposal, agreement, release];
    expect(dum1(fold([...base, founded]), buyer)).toEqual([1000n, 0n, 0n]);
    expect(fold([...base, founded]).trade(terms.id)?.outcome).toBe('complained');
    // The complaint came first in the buyer's chain: a later receipt changes nothing.
    expect(fold([...base, founded, receipt]).trade(terms.id)?.outcome).toBe('complained');

    const other = author('b4');
    const same = await agreed(seller, other, terms);
    const early = await other.sign(RELEASE_TYPE, release.core.tx, { peer: seller.key, link: release.id });
    const late = await other.sign(COMPLAINT_TYPE, complain(Uint8Array.of(1), true), { peer: seller.key });
    expect(fold([ask, proposal, same.agreement, release, early, late]).trade(terms.id)?.outcome).toBe(
      'final',
    );

    const unfounded = await author('b4').sign(COMPLAINT_TYPE, complain(Uint8Array.of(0), true), {
      peer: seller.key,
    });
    expect(fold([...base, unfounded]).trade(terms.id)?.outcome).toBe('held');
    expect(fold([...base, unfounded], START + 4_001).trade(terms.id)?.outcome).toBe('final');

    const hidden = await author('b4').sign(COMPLAINT_TYPE, complain(Uint8Array.of(1), false), {
      peer: seller.key,
    });
    const disputed = fold([...base, hidden]);
    expect(disputed.trade(terms.id)?.outcome).toBe('disputed');
    expect(dum1(disputed, buyer)).toEqual([990n, 10n, 0n]);
    disputed.addEvidence(Uint8Array.of(1));
    expect(disputed.trade(terms.id)?.outcome).toBe('complained');
  });

  it('ignores complaints, receipts and releases by strangers', async () => {
    const [seller, buyer, stranger] = [author('s5'), author('b5'), author('x5')];
    const terms = termsOf(seller, buyer, 10n, 1);
    const { proposal, agreement } = await agreed(seller, buyer, terms);
    const release = await released(seller, buyer, terms, proposal);
    const fakes = [
      await stranger.sign(RELEASE_TYPE, release.core.tx, { peer: seller.key, link: release.id }),
      await stranger.sign(RELEASE_TYPE, release.core.tx, { peer: buyer.key }),
      await stranger.sign(
        COMPLAINT_TYPE,
        complaintToTx({
          trade: terms.digest,
          release: release.id,
          kind: 'wrong-key',
          digest: crypto.sha256(Uint8Array.of(1)),
          proof: Uint8Array.of(1),
        }),
      ),
      await stranger.sign(WITHDRAWAL_TYPE, referenceToTx({ trade: terms.digest, block: proposal.id }), {
        time: START + 3_500,
      }),
    ];
    for (const order of [
      [...fakes, proposal, agreement],
      [proposal, agreement, ...fakes],
    ]) {
      expect(dum1(fold(order, START + 3_600), buyer)).toEqual([990n, 10n, 0n]);
    }
  });

  it('a withdrawal returns the money unless the agreed witnesses saw the key in time', async () => {
    const [seller, buyer, w1, w2] = [author('s6'), author('b6'), author('w1'), author('w2')];
    for (const witnesses of [[], [w1.key, w2.key]]) {
      const terms = termsOf(seller, buyer, 10n, witnesses.length, { witnesses });
      const { proposal, agreement } = await agreed(seller, buyer, terms, START + 1_500);
      const withdrawal = await buyer.sign(
        WITHDRAWAL_TYPE,
        referenceToTx({ trade: terms.digest, block: proposal.id }),
        { peer: seller.key, time: START + 3_100 },
      );
      const early = { ...withdrawal, core: { ...withdrawal.core, time: START + 2_900 } };
      expect(fold([proposal, agreement, early]).trade(terms.id)?.outcome).toBe('held');
      expect(fold([proposal, agreement, withdrawal]).trade(terms.id)?.outcome).toBe('withdrawn');
      const release = await released(seller, buyer, terms, proposal, START + 2_000);
      const blocks = [proposal, agreement, release, withdrawal];
      expect(fold(blocks).trade(terms.id)?.outcome).toBe('withdrawn');
      const reference = referenceToTx({ trade: terms.digest, block: release.id });
      const first = await w1.sign(WITNESS_TYPE, reference, { time: START + 2_100 });
      const second = await w2.sign(WITNESS_TYPE, reference, { time: START + 2_100 });
      expect(fold([...blocks, first]).trade(terms.id)?.outcome).toBe('withdrawn');
      expect(fold([...blocks, first, second], START + 4_001).trade(terms.id)?.outcome).toBe(
        witnesses.length === 0 ? 'withdrawn' : 'final',
      );
    }
  });

  it('freezes a proven forker from the fork on', async () => {
    const [seller, buyer] = [author('s7'), author('b7')];
    const first = termsOf(seller, buyer, 10n, 1);
    const second = termsOf(seller, buyer, 20n, 2);
    const a = await agreed(seller, buyer, first);
    const b = await agreed(seller, buyer, second);
    const blocks = [a.proposal, a.agreement, b.proposal, b.agreement];
    const ledger = fold(blocks, START + 100, { forks: [[buyer.key, 2]] });
    expect(ledger.trade(first.id)?.outcome).toBe('held');
    expect(ledger.trade(second.id)?.outcome).toBe('void');
    expect(dum1(ledger, buyer)).toEqual([0n, 1000n, 0n]);
    expect(dum1(ledger, seller)).toEqual([1000n, 0n, 10n]);
  });

  it('mints only what the issuer signs', async () => {
    const [issuer, holder, stranger] = [author('issuer'), author('holder'), author('stranger')];
    const currency: Currency = {
      id: 'MB',
      name: 'Community',
      precision: 2,
      minUnit: 1n,
      genesis: 0n,
      issuer: issuer.key,
    };
    const mint = await issuer.sign(ISSUE_TYPE, issueToTx({ currency: 'MB', to: holder.key, amount: 500n }));
    const fake = await stranger.sign(
      ISSUE_TYPE,
      issueToTx({ currency: 'MB', to: stranger.key, amount: 500n }),
    );
    const none = await stranger.sign(
      ISSUE_TYPE,
      issueToTx({ currency: 'DUM1', to: stranger.key, amount: 500n }),
    );
    const pay = await holder.sign(TRANSFER_TYPE, transferToTx({ currency: 'MB', amount: 200n }), {
      peer: stranger.key,
    });
    const ledger = fold([mint, mint, fake, none, pay], START, { currencies: [currency] });
    expect(ledger.balance(holder.key, 'MB').available).toBe(300n);
    expect(ledger.balance(stranger.key, 'MB').available).toBe(200n);
    expect(ledger.balance(stranger.key, 'DUM1').available).toBe(1000n);
    expect(ledger.issued('MB')).toBe(500n);
    ledger.freeze(issuer.key, 1);
    expect(ledger.issued('MB')).toBe(0n);
  });

  it('counts obligations from the chain, so they cannot be washed (E17)', async () => {
    const [seller, buyer] = [author('s8'), author('b8')];
    const terms = termsOf(seller, buyer, 10n, 1);
    const { proposal, agreement } = await agreed(seller, buyer, terms);
    const many: HalfBlock[] = [];
    for (let i = 0; i < 30; i++) {
      many.push(
        await seller.sign(
          ASK_TYPE,
          askToTx({ document, price: price('DUM1', 1), supply: 1, expires: START + 90_000 }),
        ),
      );
    }
    expect(fold([proposal, agreement, ...many]).obligations(seller.key)).toBe(1);
    const release = await released(seller, buyer, terms, proposal);
    const after = fold([proposal, agreement, ...many, release]);
    expect(after.obligations(seller.key)).toBe(0);
    expect(after.obligations(buyer.key)).toBe(1);
    expect(after.exposure(seller.key, buyer.key, 'DUM1')).toBe(10n);
  });

  it('loses and creates nothing, whatever blocks arrive in whatever order', async () => {
    const people = [author('p0'), author('p1'), author('p2')];
    const blocks: HalfBlock[] = [];
    for (let i = 0; i < 12; i++) {
      const seller = people[i % 3]!;
      const buyer = people[(i + 1 + (i % 2)) % 3]!;
      const terms = termsOf(seller, buyer, BigInt(1 + i * 3), i);
      const { proposal, agreement } = await agreed(seller, buyer, terms, START + 1_000 + i);
      blocks.push(proposal, agreement);
      if (i % 4 === 0) continue;
      if (i % 4 === 1) {
        blocks.push(
          await buyer.sign(WITHDRAWAL_TYPE, referenceToTx({ trade: terms.digest, block: proposal.id }), {
            peer: seller.key,
            time: START + 3_200,
          }),
        );
        continue;
      }
      const release = await released(seller, buyer, terms, proposal);
      blocks.push(release);
      if (i % 4 === 2)
        blocks.push(await buyer.sign(RELEASE_TYPE, release.core.tx, { peer: seller.key, link: release.id }));
      blocks.push(
        await buyer.sign(TRANSFER_TYPE, transferToTx({ currency: 'DUM1', amount: BigInt(i) }), {
          peer: seller.key,
        }),
      );
    }
    const reference = fold(blocks, START + 5_000);
    const expected = people.map((who) => dum1(reference, who));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(blocks, { minLength: 0 }),
        fc.constantFrom(START, START + 3_300, START + 5_000),
        (some, now) => {
          const ledger = fold(some, now);
          let sum = 0n;
          for (const who of people) {
            const { available, held } = ledger.balance(who.key, 'DUM1');
            sum += available + held;
          }
          expect(sum).toBe(3_000n);
        },
      ),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(
        fc.shuffledSubarray(blocks, { minLength: blocks.length, maxLength: blocks.length }),
        fc.boolean(),
        (order, late) => {
          const ledger = fold(order, late ? START : START + 5_000);
          ledger.advance(START + 5_000);
          expect(people.map((who) => dum1(ledger, who))).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});
