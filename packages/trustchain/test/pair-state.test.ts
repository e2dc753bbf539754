import type { HalfBlock, PairState, TypeRule } from '@edmp/interface';
import { answerKind, isSelfBlock, pairState, proposalDeadline } from '@edmp/trustchain/pair';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreementTo, blockOf, START, signerOf, strangeId } from './support/blocks.ts';

const alice = signerOf(1);
const bob = signerOf(2);
const stranger = signerOf(9);
const DEADLINE = START + 100;

const proposalOf = (): Promise<HalfBlock> =>
  blockOf(alice, { peer: bob.publicKey, tx: { deadline: DEADLINE } });
const state = (proposal: HalfBlock, answers: readonly HalfBlock[], now = START): PairState =>
  pairState(proposal, answers, { now });
const refusalOf = (proposal: HalfBlock, seq = 1): Promise<HalfBlock> =>
  blockOf(bob, {
    seq,
    prev: seq === 1 ? null : strangeId(1),
    peer: alice.publicKey,
    link: proposal.id,
    type: 'tc/refuse',
    tx: { reason: 'no' },
  });
const withdrawalOf = (proposal: HalfBlock, time = DEADLINE + 1): Promise<HalfBlock> =>
  blockOf(alice, {
    seq: 2,
    prev: proposal.id,
    peer: bob.publicKey,
    link: proposal.id,
    type: 'tc/withdraw',
    tx: null,
    time,
  });

describe('state of a pair', () => {
  it('is pending until the deadline and expired after it', async () => {
    const proposal = await proposalOf();
    expect(state(proposal, [], DEADLINE)).toMatchObject({ state: 'pending', deadline: DEADLINE });
    expect(state(proposal, [], DEADLINE + 1)).toMatchObject({ state: 'expired' });
    const open = await blockOf(alice, { peer: bob.publicKey });
    expect(state(open, [], START * 2)).toMatchObject({ state: 'pending', deadline: null });
  });

  it('is agreed once the counterparty agreed in time by its own clock', async () => {
    const proposal = await proposalOf();
    const agreement = await agreementTo(bob, proposal, { time: DEADLINE });
    const found = state(proposal, [agreement], DEADLINE + 1_000_000);
    expect(found).toMatchObject({ state: 'agreed' });
    expect(found.answer?.id.equals(agreement.id)).toBe(true);
    const late = await agreementTo(bob, proposal, { time: DEADLINE + 1 });
    expect(state(proposal, [late], DEADLINE + 1)).toMatchObject({ state: 'expired' });
    expect(state(proposal, [late], DEADLINE + 1).reason).toContain('ERR_BLOCK_ANSWER_LATE');
  });

  it('is refused, or withdrawn after the deadline', async () => {
    const proposal = await proposalOf();
    expect(state(proposal, [await refusalOf(proposal)])).toMatchObject({ state: 'refused' });
    expect(state(proposal, [await withdrawalOf(proposal)], DEADLINE + 2)).toMatchObject({
      state: 'withdrawn',
    });
    expect(state(proposal, [await withdrawalOf(proposal, DEADLINE)])).toMatchObject({ state: 'pending' });
  });

  it('ignores what strangers say and what answers something else', async () => {
    const proposal = await proposalOf();
    const claim = await agreementTo(stranger, proposal);
    const other = await agreementTo(bob, await blockOf(alice, { peer: bob.publicKey, tx: 9 }));
    expect(state(proposal, [claim, other, proposal])).toMatchObject({ state: 'pending' });
  });

  it('an agreement outweighs a refusal: a double answer does not free its author', async () => {
    const proposal = await proposalOf();
    const agreement = await agreementTo(bob, proposal);
    expect(state(proposal, [await refusalOf(proposal, 2), agreement])).toMatchObject({ state: 'agreed' });
  });

  it('does not depend on the order of the answers', async () => {
    const proposal = await proposalOf();
    const answers = [
      await agreementTo(bob, proposal),
      await agreementTo(bob, proposal, { seq: 5, prev: strangeId(4) }),
      await agreementTo(bob, proposal, { tx: 'wrong' }),
      await refusalOf(proposal, 3),
      await withdrawalOf(proposal),
      await agreementTo(stranger, proposal),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(answers), fc.constantFrom(START, DEADLINE + 1), (some, now) => {
        expect(state(proposal, some, now)).toEqual(
          state(
            proposal,
            [...some].sort((a, b) => (a.id.toString() < b.id.toString() ? -1 : 1)),
            now,
          ),
        );
      }),
    );
  });

  it('an agreement stays agreed whatever arrives later', async () => {
    const proposal = await proposalOf();
    const agreement = await agreementTo(bob, proposal);
    const later = [
      await refusalOf(proposal, 2),
      await withdrawalOf(proposal),
      await agreementTo(stranger, proposal),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(later), fc.integer({ min: START, max: DEADLINE * 2 }), (some, now) => {
        expect(state(proposal, [...some, agreement], now).state).toBe('agreed');
      }),
    );
  });

  it('counts no agreement to a proposal that breaks its own rule', async () => {
    const rule: TypeRule = { checkProposal: () => [{ code: 'ERR_X', message: 'x' }] };
    const proposal = await proposalOf();
    const agreement = await agreementTo(bob, proposal);
    expect(pairState(proposal, [agreement], { now: START, rule })).toMatchObject({ state: 'pending' });
    expect(pairState(proposal, [agreement], { now: START, rule }).reason).toContain('breaks its own rule');
  });

  it('of a source block counts the first of several agreements', async () => {
    const source = await blockOf(alice, { tx: 1 });
    const [one, two] = [await agreementTo(bob, source), await agreementTo(stranger, source)];
    expect(state(source, [two, one]).answer).toEqual(state(source, [one, two]).answer);
    expect(state(source, [one, two]).reason).toContain('2 agreement');
  });

  it('of a block to oneself is agreed at once', async () => {
    const self = await blockOf(alice, { peer: alice.publicKey });
    expect(state(self, [])).toMatchObject({ state: 'agreed' });
  });
});

describe('S021 kinds', () => {
  it('are told apart by link, type and counterparty', async () => {
    const proposal = await proposalOf();
    const kinds = [
      [proposal, null, false],
      [await agreementTo(bob, proposal), 'agreement', false],
      [await refusalOf(proposal), 'refusal', false],
      [await withdrawalOf(proposal), 'withdrawal', false],
      [await blockOf(alice, { peer: alice.publicKey }), null, true],
      [await blockOf(alice, { type: 'tc/checkpoint' }), null, false],
    ] as const;
    for (const [block, kind, self] of kinds) {
      expect([answerKind(block), isSelfBlock(block)]).toEqual([kind, self]);
    }
  });
});

describe('deadline', () => {
  it('is the integer `deadline` of a map, or what the rule says', async () => {
    const of = async (tx: never, rule?: TypeRule): Promise<number | null> =>
      proposalDeadline(await blockOf(alice, { tx }), rule);
    expect(await of({ deadline: 5 } as never)).toBe(5);
    for (const tx of [
      null,
      5,
      'deadline',
      [5],
      new Uint8Array(1),
      {},
      { deadline: 'x' },
      { deadline: 2n ** 60n },
    ]) {
      expect(await of(tx as never)).toBeNull();
    }
    expect(await of({ deadline: 5 } as never, { deadline: () => 7 })).toBe(7);
    expect(await of({ deadline: 5 } as never, { deadline: () => null })).toBeNull();
    expect(await of({ deadline: 5 } as never, { deadline: () => 1.5 })).toBeNull();
  });
});
