import type { HalfBlock, TypeRule } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';
import { neighbourhoodLevel } from '@edmp/trustchain/tools';
import { type BlockView, type Verdict, validateBlock, viewFromStore } from '@edmp/trustchain/validation';
import { describe, expect, it } from 'vitest';
import {
  after,
  agreementTo,
  blockOf,
  chainOf,
  itemAt,
  START,
  signerOf,
  strangeId,
} from './support/blocks.ts';
import { codeOf } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);
const stranger = signerOf(9);
const empty: BlockView = { now: START + 1_000_000, branches: [], previous: [], next: [], answers: [] };
const judge = (block: HalfBlock, view: Partial<BlockView> = {}): Verdict =>
  validateBlock(block, { ...empty, ...view });
const codes = (verdict: Verdict): string[] => verdict.issues.map((found) => found.code);

/** Verdict on `block` when exactly `known` are stored. */
async function among(
  block: HalfBlock,
  known: readonly HalfBlock[],
  rules: Record<string, TypeRule> = {},
): Promise<Verdict> {
  const store = memoryBlockStore();
  await store.put(known);
  return validateBlock(block, await viewFromStore(block, store, new Map(Object.entries(rules)), empty.now));
}

describe('level', () => {
  const cases: readonly (readonly [string, number, number | null, number | null, string])[] = [
    ['S027 genesis alone', 1, null, null, 'partial-next'],
    ['S028 no neighbours, later block', 2, null, null, 'no-info'],
    ['S029 next adjacent, genesis', 1, null, 2, 'valid'],
    ['S030 next adjacent, later block', 4, null, 5, 'partial-previous'],
    ['S031 next with gap, genesis', 1, null, 3, 'partial-next'],
    ['S032 next with gap, later block', 4, null, 6, 'partial'],
    ['S033 previous adjacent only', 4, 3, null, 'partial-next'],
    ['S034 previous with gap only', 4, 2, null, 'partial'],
    ['S035 gaps on both sides', 3, 1, 5, 'partial'],
    ['S036 gap after only', 4, 3, 6, 'partial-next'],
    ['S037 gap before only', 4, 2, 5, 'partial-previous'],
    ['S038 both adjacent', 4, 3, 5, 'valid'],
  ];
  for (const [name, seq, previous, next, level] of cases) {
    it(`${name}: ${level}`, async () => {
      expect(neighbourhoodLevel(seq, previous, next)).toBe(level);
      const chain = await chainOf(alice, 6);
      const at = (position: number | null): HalfBlock[] =>
        position === null ? [] : [itemAt(chain, position - 1)];
      expect(judge(itemAt(chain, seq - 1), { previous: at(previous), next: at(next) })).toMatchObject({
        level,
        issues: [],
      });
    });
  }
});

describe('a chain', () => {
  it('S077 accepts a block that follows its predecessor', async () => {
    const [one, two, three] = (await chainOf(alice, 3)) as [HalfBlock, HalfBlock, HalfBlock];
    expect(judge(two, { previous: [one], next: [three] })).toEqual({
      level: 'valid',
      issues: [],
      deferred: false,
    });
  });

  it('S080 S062 finds a block that does not follow its adjacent predecessor, and proves it', async () => {
    const one = await blockOf(alice, { tx: 'a' });
    const two = await blockOf(alice, { seq: 2, prev: strangeId(5) });
    const verdict = judge(two, { previous: [one] });
    expect(verdict.level).toBe('invalid');
    expect(codes(verdict)).toEqual(['ERR_BLOCK_PREVIOUS_MISMATCH']);
    expect(verdict.fraud?.kind).toBe('hash-link');
    const earlier = judge(one, { next: [two] });
    expect(codes(earlier)).toEqual(['ERR_BLOCK_NEXT_MISMATCH']);
    expect(earlier.fraud).toEqual(verdict.fraud);
  });

  it('S081 S086 says nothing about links over a gap', async () => {
    const one = await blockOf(alice, { tx: 'a' });
    const three = await blockOf(alice, { seq: 3, prev: strangeId(5) });
    expect(judge(three, { previous: [one] })).toMatchObject({ level: 'partial', issues: [] });
    expect(judge(one, { next: [three] })).toMatchObject({ level: 'partial-next', issues: [] });
  });

  it('S078 S083 S084 refuses a view that does not belong to the block', async () => {
    const [one, two, three] = (await chainOf(alice, 3)) as [HalfBlock, HalfBlock, HalfBlock];
    const other = await blockOf(bob);
    for (const view of [
      { previous: [other] },
      { next: [await after(bob, other)] },
      { previous: [three] },
      { next: [one] },
      { branches: [one] },
      { previous: [two] },
      { next: [two] },
    ]) {
      expect(codeOf(() => judge(two, view))).toBe('ERR_INVALID_ARGUMENT');
    }
  });

  it('finds time that runs backwards, in the later block alone', async () => {
    const one = await blockOf(alice, { time: START + 10 });
    const two = await blockOf(alice, { seq: 2, prev: one.id, time: START + 9 });
    expect(codes(judge(two, { previous: [one] }))).toEqual(['ERR_BLOCK_TIME_BACKWARDS']);
    expect(judge(one, { next: [two] })).toMatchObject({ level: 'valid', issues: [] });
    const same = await blockOf(alice, { seq: 2, prev: one.id, time: START + 10 });
    expect(judge(same, { previous: [one] })).toMatchObject({ issues: [] });
  });

  it('S046 S047 defers blocks from the future without condemning them', async () => {
    const block = await blockOf(alice, { time: START + 300_001 });
    expect(judge(block, { now: START })).toMatchObject({ deferred: true, level: 'partial-next' });
    expect(codes(judge(block, { now: START }))).toEqual(['ERR_BLOCK_FUTURE']);
    expect(judge(block, { now: START + 1 })).toMatchObject({ deferred: false, issues: [] });
    const rule: TypeRule = { checkProposal: () => [{ code: 'ERR_X', message: 'x' }] };
    expect(judge(block, { now: START, rule })).toMatchObject({ deferred: true, level: 'invalid' });
  });

  it('S060 S063 finds a fork, on both branches alike', async () => {
    const a = await blockOf(alice, { tx: 1 });
    const b = await blockOf(alice, { tx: 2 });
    const [left, right] = [judge(a, { branches: [b] }), judge(b, { branches: [a] })];
    expect(codes(left)).toEqual(['ERR_BLOCK_FORK']);
    expect(left.level).toBe('invalid');
    expect(left.fraud).toEqual(right.fraud);
    expect(left.fraud?.kind).toBe('fork');
  });

  it('a block is no other branch of itself', async () => {
    const block = await blockOf(alice, { tx: 1 });
    expect(judge(block, { branches: [block] })).toEqual({
      level: 'partial-next',
      issues: [],
      deferred: false,
    });
  });

  it('does not hold a fork against the blocks that follow a known branch', async () => {
    const a = await blockOf(alice, { tx: 1 });
    const b = await blockOf(alice, { tx: 2 });
    const next = await after(alice, a);
    expect(await among(next, [a, b, next])).toMatchObject({ level: 'partial-next', issues: [] });
    expect(codes(await among(b, [a, b, next]))).toEqual(['ERR_BLOCK_FORK']);
  });
});

describe('links', () => {
  it('S070 S071 S072 accepts an agreement that fits', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: 5 });
    const agreement = await agreementTo(bob, proposal);
    expect(await among(agreement, [proposal, agreement])).toMatchObject({
      level: 'partial-next',
      issues: [],
    });
    expect(await among(proposal, [proposal, agreement])).toMatchObject({ level: 'partial-next', issues: [] });
  });

  it('S067 an unknown proposal is no finding', async () => {
    const agreement = await blockOf(bob, { peer: alice.publicKey, link: strangeId(3) });
    expect(await among(agreement, [agreement])).toMatchObject({ level: 'partial-next', issues: [] });
  });

  it('S075 S090 finds an answer to a proposal made to somebody else, and leaves the proposal alone', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: 5 });
    const claim = await agreementTo(stranger, proposal);
    expect(codes(await among(claim, [proposal, claim]))).toEqual(['ERR_BLOCK_LINK_COUNTERPARTY']);
    expect(await among(proposal, [proposal, claim])).toMatchObject({ level: 'partial-next', issues: [] });
  });

  it('S068 S069 finds an answer that names the wrong counterparty', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: 5 });
    const answer = await agreementTo(bob, proposal, { peer: stranger.publicKey });
    expect(codes(await among(answer, [proposal]))).toEqual(['ERR_BLOCK_LINK_COUNTERPARTY']);
  });

  it('finds answers to nobody and to oneself, known proposal or not', async () => {
    for (const peer of [null, bob.publicKey]) {
      const answer = await blockOf(bob, { peer, link: strangeId(1) });
      expect(codes(judge(answer))).toEqual(['ERR_BLOCK_PEER']);
    }
  });

  it('finds answers to answers and to blocks to oneself', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey });
    const agreement = await agreementTo(bob, proposal);
    const second = await agreementTo(alice, agreement, { seq: 2, prev: proposal.id });
    expect(codes(await among(second, [proposal, agreement]))).toEqual(['ERR_BLOCK_LINK_NOT_PROPOSAL']);
    const self = await blockOf(alice, { peer: alice.publicKey });
    expect(codes(await among(await agreementTo(bob, self), [self]))).toEqual(['ERR_BLOCK_LINK_NOT_PROPOSAL']);
  });

  it('S052 accepts a block to oneself', async () => {
    expect(judge(await blockOf(alice, { peer: alice.publicKey }))).toMatchObject({ issues: [] });
  });

  it('finds an agreement of another type or content', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: { amount: 5n } });
    expect(codes(await among(await agreementTo(bob, proposal, { type: 'other' }), [proposal]))).toEqual([
      'ERR_BLOCK_LINK_TYPE',
    ]);
    expect(codes(await among(await agreementTo(bob, proposal, { tx: { amount: 6 } }), [proposal]))).toEqual([
      'ERR_BLOCK_AGREEMENT',
    ]);
  });

  it('S074 lets anybody, and several, answer a source block', async () => {
    const source = await blockOf(alice, { tx: 1 });
    const one = await agreementTo(bob, source);
    const two = await agreementTo(stranger, source);
    for (const block of [source, one, two]) {
      expect(await among(block, [source, one, two])).toMatchObject({ level: 'partial-next', issues: [] });
    }
    const refusal = await agreementTo(bob, source, { type: 'tc/refuse' });
    expect(codes(await among(refusal, [source]))).toEqual(['ERR_BLOCK_LINK_COUNTERPARTY']);
  });

  it('finds an agreement after the deadline and a withdrawal before it', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: { deadline: START + 10 } });
    const tx = { tx: proposal.core.tx };
    expect(
      codes(await among(await agreementTo(bob, proposal, { ...tx, time: START + 11 }), [proposal])),
    ).toEqual(['ERR_BLOCK_ANSWER_LATE']);
    expect(
      codes(await among(await agreementTo(bob, proposal, { ...tx, time: START + 10 }), [proposal])),
    ).toEqual([]);
    const withdraw = (time: number, peer = bob.publicKey): Promise<HalfBlock> =>
      blockOf(alice, { seq: 2, prev: proposal.id, peer, link: proposal.id, type: 'tc/withdraw', time });
    expect(codes(await among(await withdraw(START + 10), [proposal]))).toEqual([
      'ERR_BLOCK_WITHDRAWAL_EARLY',
    ]);
    expect(codes(await among(await withdraw(START + 11), [proposal]))).toEqual([]);
    expect(codes(await among(await withdraw(START + 11, stranger.publicKey), [proposal]))).toEqual([
      'ERR_BLOCK_LINK_COUNTERPARTY',
    ]);
    const foreign = await blockOf(bob, {
      peer: bob.publicKey,
      link: proposal.id,
      type: 'tc/withdraw',
      time: START + 11,
    });
    expect(codes(await among(foreign, [proposal]))).toEqual(['ERR_BLOCK_LINK_COUNTERPARTY']);
    const open = await blockOf(alice, { peer: null, tx: 1 });
    const early = await blockOf(alice, {
      seq: 2,
      prev: open.id,
      peer: null,
      link: open.id,
      type: 'tc/withdraw',
      time: START,
    });
    expect(codes(await among(early, [open]))).toEqual(['ERR_BLOCK_WITHDRAWAL_NO_DEADLINE']);
  });

  it('S088 finds two answers of the counterparty, from the proposal too, and blames the counterparty', async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: 1 });
    const agreement = await agreementTo(bob, proposal);
    const refusal = await blockOf(bob, {
      seq: 2,
      prev: agreement.id,
      peer: alice.publicKey,
      link: proposal.id,
      type: 'tc/refuse',
    });
    const all = [proposal, agreement, refusal];
    for (const answer of [agreement, refusal]) {
      const verdict = await among(answer, all);
      expect(codes(verdict)).toEqual(['ERR_BLOCK_DOUBLE_ANSWER']);
      expect(verdict.fraud).toMatchObject({ kind: 'double-answer', author: bob.publicKey });
    }
    const own = await among(proposal, all);
    expect(own).toMatchObject({ level: 'partial-next', issues: [] });
    expect(own.fraud).toMatchObject({ kind: 'double-answer', author: bob.publicKey });
  });

  it("the counterparty's double answer is not held against a stranger's claim", async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: 1 });
    const agreement = await agreementTo(bob, proposal);
    const again = await after(bob, agreement, { peer: alice.publicKey, link: proposal.id, tx: 1 });
    const claim = await agreementTo(stranger, proposal);
    const verdict = await among(claim, [proposal, agreement, again, claim]);
    expect(codes(verdict)).toEqual(['ERR_BLOCK_LINK_COUNTERPARTY']);
    expect(verdict.fraud?.author).toEqual(bob.publicKey);
  });

  it("a stranger's rival answer is no double answer of the counterparty", async () => {
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: 1 });
    const agreement = await agreementTo(bob, proposal);
    const claim = await agreementTo(stranger, proposal);
    expect((await among(agreement, [proposal, agreement, claim])).fraud).toBeUndefined();
    expect((await among(claim, [proposal, agreement, claim])).fraud).toBeUndefined();
  });
});

describe('rules of application types', () => {
  it('S040 lower the verdict with their own findings', async () => {
    const rule: TypeRule = {
      checkProposal: () => [
        { code: 'ERR_A', message: 'a' },
        { code: 'ERR_B', message: 'b' },
      ],
    };
    const verdict = await among(await blockOf(alice), [], { test: rule });
    expect(verdict.level).toBe('invalid');
    expect(codes(verdict)).toEqual(['ERR_A', 'ERR_B']);
  });

  it('cannot raise a verdict', async () => {
    const rule: TypeRule = { checkProposal: () => [], checkAgreement: () => [] };
    const later = await blockOf(alice, { seq: 5, prev: strangeId(4) });
    expect((await among(later, [later], { test: rule })).level).toBe('no-info');
    const a = await blockOf(alice, { tx: 1 });
    const b = await blockOf(alice, { tx: 2 });
    expect((await among(a, [a, b], { test: rule })).level).toBe('invalid');
  });

  it('that throw count as findings', async () => {
    const rule: TypeRule = {
      checkProposal: () => {
        throw new Error('boom');
      },
      checkAgreement: () => {
        throw 'not even an error';
      },
      deadline: () => {
        throw new Error('boom');
      },
    };
    const proposal = await blockOf(alice, { peer: bob.publicKey, tx: { deadline: 1 } });
    expect(codes(await among(proposal, [], { test: rule }))).toEqual(['ERR_BLOCK_RULE']);
    expect(codes(await among(await agreementTo(bob, proposal), [proposal], { test: rule }))).toEqual([
      'ERR_BLOCK_RULE',
    ]);
  });

  it('S256 S257 can hold totals against the transaction itself', async () => {
    const total = (block: HalfBlock): { amount: number; total: number } => block.core.tx as never;
    const rule: TypeRule = {
      checkProposal: (block) =>
        total(block).total >= total(block).amount
          ? []
          : [{ code: 'ERR_TOTAL', message: 'total below amount' }],
    };
    expect(
      codes(await among(await blockOf(alice, { tx: { amount: 5, total: 4 } }), [], { test: rule })),
    ).toEqual(['ERR_TOTAL']);
    expect(
      codes(await among(await blockOf(alice, { tx: { amount: 5, total: 5 } }), [], { test: rule })),
    ).toEqual([]);
  });
});
