import { type Environment, isEdmpError, withDeadline } from '@edmp/interface';
import type { Spending } from '../blocks/spending.ts';
import type { TradeId } from '../blocks/terms.ts';
import type { OutcomeKind } from '../ledger/hold.ts';
import type { Certificate } from '../notary/certificate.ts';
import { MAX_HOLDS } from '../notary/limits.ts';
import { Alarm } from './alarm.ts';
import type { TradeWitnesses } from './needs.ts';
import { roundsOf } from './situation.ts';
import { isFinished } from './states.ts';
import { idOf, type Trade } from './trade.ts';

/** Purchases that are kept in mind, at most: as many as memory keeps ended trades. The wallet asks for others. */
const MAX_WAITING = 10_000;
/** First and longest pause between two questions about one hold, ms. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 21_600_000;
/** Longest wait for the witnesses of one batch, ms. */
const BATCH_TIMEOUT_MS = 60_000;

interface Waiting {
  readonly hold: Spending;
  due: number;
  pauseMs: number;
}

/** What {@link UnsettledEnds} works with. */
export interface UnsettledNeeds {
  readonly environment: Environment;
  readonly witnesses: Pick<TradeWitnesses, 'outcomes'>;
  /** How many witnesses a trade has, those of its currency included. */
  readonly witnessesOf: (trade: Trade) => number;
  /** What the ledger says became of a hold; null = nothing yet. */
  readonly outcomeOf: (hold: Spending) => OutcomeKind | null;
  /** Δ of the witnesses' rounds, ms. */
  readonly deltaMs: number;
  /** Keeps a certificate and tells the ledger. */
  readonly learn: (certificate: Certificate) => Promise<void>;
  readonly report: (what: string, error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/**
 * Purchases that ended before anybody knew what becomes of their money: the data is open and its seller a proven cheat,
 * with which nothing is signed, or it could not be opened. Their holds end by their witnesses, which are asked once the
 * complaint window is over: otherwise the money would count as held for as long as its buyer spends nothing.
 */
export class UnsettledEnds {
  readonly #needs: UnsettledNeeds;
  readonly #waiting = new Map<TradeId, Waiting>();
  readonly #alarm: Alarm;

  constructor(needs: UnsettledNeeds) {
    this.#needs = needs;
    const { environment, signal, report } = needs;
    const failed = (error: unknown): void => report('asking what became of ended purchases', error);
    this.#alarm = new Alarm({ environment, signal, act: () => this.#askDue(), failed });
  }

  /** A trade has ended, now or before a restart. */
  add(trade: Trade): void {
    const { deltaMs, outcomeOf, witnessesOf } = this.#needs;
    const { role, state, hold, receipt, encoded } = trade;
    if (role !== 'buyer' || !isFinished(state) || hold === null || receipt !== null) return;
    const witnesses = witnessesOf(trade);
    if (witnesses === 0 || outcomeOf(hold) !== null || this.#waiting.size >= MAX_WAITING) return;
    const { complain } = encoded.terms.deadlines;
    const due = complain + roundsOf(witnesses, deltaMs) + deltaMs;
    this.#waiting.set(idOf(trade), { hold, due, pauseMs: FIRST_PAUSE_MS });
    this.#alarm.set(due);
  }

  async #askDue(): Promise<void> {
    const { environment, outcomeOf } = this.#needs;
    const now = environment.now();
    const due = new Map<string, TradeId>();
    const holds: Spending[] = [];
    for (const [id, waiting] of this.#waiting) {
      if (outcomeOf(waiting.hold) !== null) {
        this.#waiting.delete(id);
      } else if (waiting.due <= now && holds.length < MAX_HOLDS) {
        waiting.due = now + waiting.pauseMs;
        waiting.pauseMs = Math.min(waiting.pauseMs * 2, LONGEST_PAUSE_MS);
        due.set(waiting.hold.key, id);
        holds.push(waiting.hold);
      }
    }
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) next = Math.min(next, waiting.due);
    // More than one request takes is asked for once this one is answered.
    if (next !== Number.POSITIVE_INFINITY) this.#alarm.set(Math.max(next, now + 1));
    if (holds.length > 0) await this.#ask(holds, due);
  }

  async #ask(holds: readonly Spending[], ids: ReadonlyMap<string, TradeId>): Promise<void> {
    const { environment, learn, signal, witnesses } = this.#needs;
    try {
      const outcomes = await withDeadline(
        environment,
        BATCH_TIMEOUT_MS,
        'asking the witnesses what became of ended purchases',
        (inner) => witnesses.outcomes(holds, undefined, { signal: inner }),
        { signal },
      );
      for (const [hold, certificate] of outcomes) {
        await learn(certificate);
        const id = ids.get(hold);
        if (id !== undefined) this.#waiting.delete(id);
      }
    } catch (error) {
      // Silent witnesses are asked again.
      if (!isEdmpError(error)) throw error;
    }
  }
}
