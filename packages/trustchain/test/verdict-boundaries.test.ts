/** What a verdict says besides its codes: where the contradiction is, and whether anybody cheated at all. */
import type { HalfBlock } from '@edmp/interface';
import { forkEvidence } from '@edmp/trustchain/fraud';
import { type BlockView, type Verdict, validateBlock } from '@edmp/trustchain/validation';
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

const alice = signerOf(1);
const bob = signerOf(2);
const judge = (block: HalfBlock, view: Partial<BlockView> = {}): Verdict =>
  validateBlock(block, { now: START + 1_000, branches: [], previous: [], next: [], answers: [], ...view });
const messages = (verdict: Verdict): string => verdict.issues.map((found) => found.message).join('\n');

describe('a verdict', () => {
  it('speaks of fraud only when there is some', async () => {
    const a = await blockOf(alice, { tx: 1 });
    const b = await blockOf(alice, { tx: 2 });
    expect(Object.keys(judge(a)).sort()).toEqual(['deferred', 'issues', 'level']);
    expect(judge(a, { branches: [b] }).fraud).toEqual(forkEvidence(a, b));
  });

  it('names the neighbour that contradicts the block, and its position', async () => {
    const chain = await chainOf(alice, 6);
    const fourth = itemAt(chain, 3);
    const rival = await blockOf(alice, { seq: 3, prev: strangeId(2), time: START });
    const behind = messages(judge(fourth, { previous: [rival] }));
    expect(behind).toContain(String(fourth.core.prev));
    expect(behind).toContain('position 3');
    expect(behind).toContain(String(rival.id));
    const orphan = await blockOf(alice, { seq: 5, prev: strangeId(4), time: START + 9 });
    const ahead = messages(judge(fourth, { next: [orphan] }));
    expect(ahead).toContain('position 5');
    expect(ahead).toContain(String(strangeId(4)));
    const twin = await blockOf(alice, { seq: 4, prev: strangeId(3) });
    const fork = messages(judge(fourth, { branches: [twin] }));
    expect(fork).toContain(String(twin.id));
    expect(fork).toContain('position 4');
    const stray = await blockOf(bob);
    expect(() => judge(fourth, { previous: [stray] })).toThrow(String(stray.id));
    expect(() => judge(fourth, { previous: [stray] })).toThrow('position 1');
  });

  it('says by how much a time is out', async () => {
    const early = await blockOf(alice, { time: START + 10 });
    const back = await blockOf(alice, { seq: 2, prev: early.id, time: START + 3 });
    expect(messages(judge(back, { previous: [early] }))).toContain(String(START + 3));
    expect(messages(judge(back, { previous: [early] }))).toContain(String(START + 10));
    const future = await blockOf(alice, { time: START + 300_007 });
    expect(messages(judge(future, { now: START }))).toContain('300007 ms ahead');
  });

  it('finds a fork and a broken link at once, and proves the fork', async () => {
    const one = await blockOf(alice, { tx: 1 });
    const two = await after(alice, one);
    const twin = await blockOf(alice, { seq: 2, prev: strangeId(1) });
    const verdict = judge(twin, { previous: [one], branches: [two] });
    expect(verdict.issues.map(({ code }) => code)).toEqual(['ERR_BLOCK_FORK', 'ERR_BLOCK_PREVIOUS_MISMATCH']);
    expect(verdict.fraud?.kind).toBe('fork');
  });

  it('reports a broken link even when the counterparty of the block cheated too', async () => {
    const one = await blockOf(alice, { tx: 1 });
    const proposal = await blockOf(alice, { seq: 2, prev: strangeId(1), peer: bob.publicKey });
    const agreement = await agreementTo(bob, proposal);
    const answers = [agreement, await agreementTo(bob, proposal, { tx: 9, seq: 2, prev: agreement.id })];
    expect(judge(proposal, { answers }).fraud).toMatchObject({
      kind: 'double-answer',
      author: bob.publicKey,
    });
    expect(judge(proposal, { answers, previous: [one] }).fraud).toMatchObject({
      kind: 'hash-link',
      author: alice.publicKey,
    });
  });
});
