import { publicKey } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HoldRow } from '../src/notary/hold-row.ts';
import {
  complaintLimit,
  conclude,
  hasQuorumOfAcks,
  noneAfter,
  paidAfter,
  quorumOfWitnesses,
  releaseLimit,
  takeComplaint,
  takeRelease,
  WITNESS_RULES,
} from '../src/notary/hold-rules.ts';
import { withAcks, withRefunds } from '../src/notary/hold-shares.ts';
import { someId } from './support/money.ts';

const DELTA = 10;
const RELEASES = [someId('one'), someId('two')] as const;
const signature = new Uint8Array(64);

const rowOf = (n: number): HoldRow => ({
  hold: someId('hold'),
  currency: null,
  buyer: publicKey(new Uint8Array(32)),
  seller: publicKey(new Uint8Array(32)),
  proposal: someId('proposal'),
  release: 100,
  complain: 200,
  until: 200,
  witnesses: Array.from({ length: n }, (_, i) => publicKey(new Uint8Array(32).fill(i))),
  first: null,
  outcome: null,
  acks: null,
  refunds: [],
});

type Step =
  | { readonly kind: 'release'; readonly which: 0 | 1; readonly bearers: number }
  | { readonly kind: 'complaint'; readonly bearers: number }
  | { readonly kind: 'time'; readonly receipt: boolean; readonly quorum: boolean };

const sharesOf = (count: number) => Array.from({ length: count }, (_, i) => ({ index: i + 1, signature }));

/** What one step makes of a row, as the witness does it. */
function apply(row: HoldRow, at: number, step: Step): HoldRow {
  switch (step.kind) {
    case 'release': {
      const bearers = Math.min(step.bearers, row.witnesses.length - 1);
      const known = withAcks(row, RELEASES[step.which], sharesOf(bearers), 0);
      return takeRelease(known, { release: RELEASES[step.which], at, bearers }, DELTA);
    }
    case 'complaint': {
      const known = withRefunds(row, sharesOf(Math.min(step.bearers, row.witnesses.length - 1)), 0);
      return takeComplaint(known, { at, bearers: known.refunds.length }, DELTA);
    }
    default:
      return conclude(row, { at, receipt: step.receipt, quorum: step.quorum }, DELTA);
  }
}

const stepOf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('release' as const),
    which: fc.constantFrom(0 as const, 1 as const),
    bearers: fc.nat(6),
  }),
  fc.record({ kind: fc.constant('complaint' as const), bearers: fc.nat(6) }),
  fc.record({ kind: fc.constant('time' as const), receipt: fc.boolean(), quorum: fc.boolean() }),
);
const history = fc.record({
  n: fc.constantFrom(1, 4, 7),
  steps: fc.array(fc.tuple(fc.nat(300), stepOf), { maxLength: 12 }),
});

describe('the rules of a witness', () => {
  it('make each choice once, whatever comes in whatever order, and only as their table says', () => {
    fc.assert(
      fc.property(history, ({ n, steps }) => {
        let row = rowOf(n);
        for (const [at, step] of steps) {
          const next = apply(row, at, step);
          if (row.first !== null) expect(next.first).toEqual(row.first);
          if (row.outcome !== null) expect(next.outcome).toBe(row.outcome);
          if (row.first === null && next.first !== null) {
            const rule = WITNESS_RULES.find(({ says }) => says === next.first?.kind);
            expect(rule?.choice).toBe('first');
            if (next.first.kind === 'none') expect(at).toBeGreaterThan(noneAfter(row, DELTA));
            else expect(step.kind).toBe('release');
          }
          if (row.outcome === null && next.outcome !== null) {
            const rule = WITNESS_RULES.find(({ says }) => says === next.outcome);
            expect(rule?.choice).toBe('outcome');
            if (next.outcome === 'paid') {
              const receipt = step.kind === 'time' && step.receipt;
              const quorum = step.kind === 'time' && step.quorum;
              expect(quorum || hasQuorumOfAcks(next)).toBe(true);
              expect(receipt || at > paidAfter(row, DELTA)).toBe(true);
            } else {
              expect(at).toBeLessThanOrEqual(complaintLimit(next, next.refunds.length, DELTA));
            }
          }
          row = next;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('leave no moment in which a release is too late and none too early, but the rounds', () => {
    for (const n of [1, 4, 7]) {
      const row = rowOf(n);
      const f = (n - 1) / 3;
      expect(quorumOfWitnesses(row)).toBe(2 * f + 1);
      expect(releaseLimit(row, 0, DELTA)).toBe(100);
      expect(releaseLimit(row, n - 1, DELTA)).toBe(noneAfter(row, DELTA));
      expect(noneAfter(row, DELTA)).toBe(n === 1 ? 100 : 100 + (f + 1) * DELTA);
      for (let k = 0; k < n; k++) {
        const limit = releaseLimit(row, k, DELTA);
        expect(takeRelease(row, { release: RELEASES[0], at: limit, bearers: k }, DELTA).first?.kind).toBe(
          'ack',
        );
        expect(takeRelease(row, { release: RELEASES[0], at: limit + 1, bearers: k }, DELTA).first).toBeNull();
      }
    }
  });

  it('are told in a table with a row for each statement', () => {
    expect(WITNESS_RULES.map(({ says, choice }) => `${choice}: ${says}`)).toEqual([
      'first: ack',
      'first: none',
      'outcome: refund',
      'outcome: paid',
    ]);
  });
});
