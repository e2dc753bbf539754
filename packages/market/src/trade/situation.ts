import type { TradeDeadlines } from '../blocks/terms.ts';
import type { OutcomeKind } from '../ledger/hold.ts';
import type { TradeRole, TradeState } from './states.ts';
import type { Trade } from './trade.ts';

/** Everything that decides what a trade does next: facts, the ledger's word about the hold, and the time. */
export interface TradeSituation {
  readonly role: TradeRole;
  readonly state: TradeState;
  readonly now: number;
  readonly deadlines: TradeDeadlines;
  /** How long the witnesses' rounds last after a deadline, ms: (f + 1) · Δ; 0 for one witness or none. */
  readonly roundsMs: number;
  /** A hold must reach the seller this long before the release deadline, ms: 2Δ. */
  readonly marginMs: number;
  /** Witnesses decide; otherwise the receipt does. */
  readonly witnessed: boolean;
  /** The own chain must be searched first. */
  readonly unsure: boolean;
  readonly offer: boolean;
  readonly received: boolean;
  readonly hold: boolean;
  readonly certified: boolean;
  readonly declined: boolean;
  readonly draft: boolean;
  readonly release: boolean;
  readonly acks: boolean;
  /** The buyer has the key, or waits for it in a request. */
  readonly handed: boolean;
  readonly receipt: boolean;
  readonly unreceipted: boolean;
  readonly proof: boolean;
  readonly unfounded: boolean;
  readonly outcome: OutcomeKind | null;
}

/** What {@link situationOf} takes from outside the trade. */
export interface Surroundings {
  readonly now: number;
  /** Δ: the longest delay and skew between witnesses that their rounds allow for, ms. */
  readonly deltaMs: number;
  /** How many witnesses the trade has, those of its currency included. */
  readonly witnesses: number;
  readonly outcome: OutcomeKind | null;
}

/** The situation of a trade. Pure. */
export function situationOf(
  trade: Trade,
  { now, deltaMs, witnesses, outcome }: Surroundings,
): TradeSituation {
  return {
    role: trade.role,
    state: trade.state,
    now,
    deadlines: trade.encoded.terms.deadlines,
    roundsMs: roundsOf(witnesses, deltaMs),
    marginMs: 2 * deltaMs,
    witnessed: witnesses > 0,
    unsure: trade.unsure,
    offer: trade.offer !== null,
    received: trade.received,
    hold: trade.hold !== null,
    certified: trade.certified,
    declined: trade.declined !== null,
    draft: trade.draft !== null,
    release: trade.release !== null,
    acks: trade.acks !== null,
    handed: trade.handed || trade.answering > 0,
    receipt: trade.receipt !== null,
    unreceipted: trade.unreceipted,
    proof: trade.proof !== null,
    unfounded: trade.unfounded,
    outcome,
  };
}

/** How long `witnesses` tell each other what they took in time, ms: (f + 1) · Δ with 3f + 1 of them; a lone one asks nobody. */
export function roundsOf(witnesses: number, deltaMs: number): number {
  if (witnesses < 4) return 0;
  return (Math.floor((witnesses - 1) / 3) + 1) * deltaMs;
}

/** The next moment after `now` at which time alone may change what a trade does, ms; undefined when there is none. */
export function nextMoment(situation: TradeSituation): number | undefined {
  const { accept, release, complain } = situation.deadlines;
  const { now, roundsMs, marginMs } = situation;
  let next: number | undefined;
  for (const at of [
    accept,
    release - marginMs,
    release,
    release + roundsMs,
    complain,
    complain + roundsMs,
    complain + marginMs,
  ]) {
    // Rows ask for "later than", so the moment itself is not enough.
    if (at >= now && (next === undefined || at + 1 < next)) next = at + 1;
  }
  return next;
}
