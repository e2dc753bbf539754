import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OUTCOME_KINDS } from '../src/ledger/hold.ts';
import { nextMoment, type TradeSituation } from '../src/trade/situation.ts';
import {
  BUYER_STATES,
  isFinished,
  SELLER_STATES,
  TRADE_STATE_TEXT,
  TRADE_STATES,
  type TradeState,
} from '../src/trade/states.ts';
import {
  formatTransitions,
  isInterruptible,
  nextTransition,
  TRADE_TRANSITIONS,
} from '../src/trade/transitions.ts';

const flag = fc.boolean();
const situations: fc.Arbitrary<TradeSituation> = fc
  .record({
    role: fc.constantFrom('buyer' as const, 'seller' as const),
    at: fc.nat(),
    now: fc.integer({ min: 0, max: 12_000 }),
    roundsMs: fc.constantFrom(0, 120),
    witnessed: flag,
    unsure: flag,
    offer: flag,
    received: flag,
    hold: flag,
    certified: flag,
    declined: flag,
    draft: flag,
    release: flag,
    acks: flag,
    handed: flag,
    receipt: flag,
    unreceipted: flag,
    proof: flag,
    unfounded: flag,
    outcome: fc.constantFrom(null, ...OUTCOME_KINDS),
  })
  .map(({ role, at, ...rest }) => {
    const states: readonly TradeState[] = role === 'buyer' ? BUYER_STATES : SELLER_STATES;
    const state = states[at % states.length] ?? 'failed';
    return {
      role,
      state,
      deadlines: { accept: 1_000, release: 5_000, complain: 9_000 },
      marginMs: 120,
      ...rest,
    };
  });

describe('the table', () => {
  it('has a way out of every state that is no end, and none out of an end', () => {
    for (const role of ['buyer', 'seller'] as const) {
      for (const state of role === 'buyer' ? BUYER_STATES : SELLER_STATES) {
        const rows = TRADE_TRANSITIONS.filter((row) => row.role === role && row.from === state);
        expect(rows.length > 0, `${role} ${state}`).toBe(!isFinished(state));
        expect(
          rows.every(({ to }) => (role === 'buyer' ? BUYER_STATES : SELLER_STATES).includes(to as never)),
        ).toBe(true);
      }
    }
  });

  it('reaches every state from the first one', () => {
    for (const [role, first] of [
      ['buyer', 'proposing'],
      ['seller', 'offered'],
    ] as const) {
      const reached = new Set<TradeState>([first]);
      for (let size = 0; size !== reached.size; ) {
        size = reached.size;
        for (const row of TRADE_TRANSITIONS)
          if (row.role === role && reached.has(row.from)) reached.add(row.to);
      }
      expect([...reached].sort()).toEqual([...(role === 'buyer' ? BUYER_STATES : SELLER_STATES)].sort());
    }
  });

  it('says why in every row that ends a trade without success, and only there', () => {
    for (const row of TRADE_TRANSITIONS) {
      const fails = isFinished(row.to) && row.action === 'end' && row.to !== 'completed';
      expect(row.code !== undefined, `${row.role} ${row.from}: ${row.when}`).toBe(fails);
      expect(row.reason !== undefined).toBe(fails);
    }
  });

  it('never stops for good: in every situation there is a row, a moment, or somebody else’s turn', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        if (isFinished(situation.state)) return;
        if (nextTransition(situation) !== undefined) return;
        // Nothing to do now: time alone must lead to a row.
        let now = situation.now;
        for (let i = 0; i < 16; i++) {
          const moment = nextMoment({ ...situation, now });
          if (moment === undefined) break;
          expect(moment).toBeGreaterThan(now);
          now = moment;
          if (nextTransition({ ...situation, now }) !== undefined) return;
        }
        throw new Error(`stuck: ${JSON.stringify(situation)}`);
      }),
      { numRuns: 5_000 },
    );
  });

  it('never fails a trade in which money is held, and never calls a seller paid that was not', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const row = nextTransition(situation);
        if (row === undefined) return;
        const possible = situation.state !== 'proposing';
        if (situation.role === 'buyer' && situation.hold && possible) expect(row.to).not.toBe('failed');
        // A receipt for a release that no quorum took pays nobody (H8).
        const isPaidByReceipt = situation.receipt && (situation.acks || !situation.witnessed);
        if (situation.role === 'seller' && row.to === 'completed') {
          expect(isPaidByReceipt || situation.outcome === 'receipt' || situation.outcome === 'paid').toBe(
            true,
          );
        }
        if (row.to === 'lost' && situation.role === 'seller') expect(isPaidByReceipt).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  it('signs nothing too late: no release within 2Δ of its deadline without a draft, no hold after the accept deadline', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const action = nextTransition(situation)?.action;
        if (action === 'sign') expect(situation.now).toBeLessThanOrEqual(situation.deadlines.accept);
        if (action === 'release' && !situation.draft) {
          expect(situation.now).toBeLessThanOrEqual(situation.deadlines.release - situation.marginMs);
        }
        if (action === 'hand') expect(!situation.witnessed || situation.state === 'acknowledged').toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('calls off only what waits for others', () => {
    for (const action of ['sign', 'release', 'open', 'fetch', 'propose', 'look'] as const) {
      expect(isInterruptible(action)).toBe(false);
    }
  });

  it('can be printed, and each state explained', () => {
    const lines = formatTransitions().split('\n');
    expect(lines).toHaveLength(TRADE_TRANSITIONS.length);
    expect(lines.every((line) => /^(buyer|seller) /.test(line))).toBe(true);
    for (const state of TRADE_STATES) expect(TRADE_STATE_TEXT[state]).toMatch(/^\p{Lu}.*\.$/u);
  });
});
