import {
  type AbortOptions,
  type Environment,
  equalBytes,
  isEdmpError,
  type PublicKey,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import type { LedgerChange } from '../ledger/changes.ts';
import type { Hold } from '../ledger/hold.ts';
import { MAX_HOLDS } from '../notary/limits.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';

/** Proposals of which the outcome of a hold is awaited, at most; the oldest give way, those of others first. */
const MAX_WAITING = 4_096;
/** From a hold's last deadline and its rounds to the first question, ms: what is spread has arrived by then. */
const GRACE_MS = 60_000;
/** Between two questions about one hold at first, ms; doubles. */
const FIRST_PAUSE_MS = 600_000;
/** Questions about one hold, the last one some two days after the first. */
const MAX_QUESTIONS = 9;
/** From the rounds after the release deadline to the question about a hold on an ask of one's own, ms. */
const OWN_GRACE_MS = 1_000;
/** Longest wait for the witnesses of one batch, ms. */
const BATCH_TIMEOUT_MS = 10_000;
/** Longest wait while a buyer waits for an answer, ms. */
const ACCOUNT_TIMEOUT_MS = 5_000;

interface Awaited {
  readonly hold: Hold;
  due: number;
  questions: number;
}

/** What {@link MissedOutcomes} needs. */
export interface MissedNeeds {
  readonly self: PublicKey;
  readonly environment: Environment;
  readonly books: Bookkeeper;
  /** Asks the witnesses of holds for outcomes and takes those that there are into the ledger. */
  readonly settle: (holds: readonly Hold[], options: AbortOptions) => Promise<void>;
  /** Whether an order is open here, but for what holds take of it. */
  readonly isListed: (ask: string) => boolean;
  /** Δ of the witnesses' rounds, ms. */
  readonly deltaMs: number;
  readonly report: (what: string, error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/**
 * Finds the outcomes of others' holds that this node did not hear of: an outcome is told once, and whoever was away
 * then would take the licence for sold, and the buyer's money for held, for ever.
 */
export class MissedOutcomes {
  readonly #needs: MissedNeeds;
  /** By proposal: a buyer can sign any number of holds to one, and one outcome gives the licence back. */
  readonly #awaited = new Map<string, Awaited>();
  #cancelTimer: (() => void) | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(needs: MissedNeeds) {
    this.#needs = needs;
    needs.signal.addEventListener('abort', () => this.#cancelTimer?.(), { once: true });
  }

  /** The ledger learned something. */
  onChange(change: LedgerChange): void {
    if (change.type !== 'hold' && change.type !== 'outcome') return;
    const { hold } = change;
    const { self, deltaMs } = this.#needs;
    const name = hold.proposal.toString();
    if (!isOpen(hold)) {
      if (this.#awaited.get(name)?.hold.key === hold.key) this.#awaited.delete(name);
      return;
    }
    // What fits no proposal takes nothing. What became of one's own money is asked by the wallet.
    if (hold.terms === undefined || equalBytes(hold.buyer, self) || this.#awaited.has(name)) return;
    if (this.#awaited.size >= MAX_WAITING) this.#forgetOldest();
    const rounds = roundsOf(hold.witnesses.length) * deltaMs;
    // The seller asks first and tells everybody: a buyer that never showed its hold must not keep the ask closed.
    const isOwnAsk = equalBytes(hold.seller, self);
    const due = isOwnAsk ? hold.release + rounds + OWN_GRACE_MS : hold.complain + rounds + GRACE_MS;
    this.#awaited.set(name, { hold, due, questions: 0 });
    this.#wake(due);
  }

  /** Asks about the holds of an account whose release deadline is over. Silent witnesses are no error. Throws `ERR_ABORTED`. */
  async settle(account: PublicKey, options: AbortOptions): Promise<void> {
    const { books, environment } = this.#needs;
    const now = environment.now();
    const due: Hold[] = [];
    for (const hold of books.upToDate().holdsOf(account)) {
      if (isOpen(hold) && hold.release < now && equalBytes(hold.buyer, account)) due.push(hold);
      if (due.length >= MAX_HOLDS) break;
    }
    await this.#ask(due, ACCOUNT_TIMEOUT_MS, options);
  }

  #wake(at: number): void {
    const { environment, signal } = this.#needs;
    if (signal.aborted || at >= this.#wakeAt) return;
    this.#cancelTimer?.();
    this.#wakeAt = at;
    this.#cancelTimer = environment.schedule(Math.max(0, at - environment.now()), () => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#cancelTimer = undefined;
      this.#askDue().catch((error: unknown) => {
        if (!signal.aborted) this.#needs.report('asking for missed outcomes', error);
      });
    });
  }

  async #askDue(): Promise<void> {
    const { environment, isListed, signal } = this.#needs;
    const now = environment.now();
    const due: Hold[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, waiting] of this.#awaited) {
      const { hold } = waiting;
      if (waiting.due > now) {
        next = Math.min(next, waiting.due);
        continue;
      }
      // An order that is gone needs nothing back; a buyer's money is asked for when it buys.
      const ask = hold.terms?.ask.toString();
      const wanted = isOpen(hold) && ask !== undefined && isListed(ask) && waiting.questions < MAX_QUESTIONS;
      if (!wanted) {
        this.#awaited.delete(key);
        continue;
      }
      if (due.length >= MAX_HOLDS) {
        next = now + BATCH_TIMEOUT_MS;
        break;
      }
      waiting.due = now + FIRST_PAUSE_MS * 2 ** waiting.questions;
      waiting.questions += 1;
      next = Math.min(next, waiting.due);
      due.push(hold);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#wake(next);
    await this.#ask(due, BATCH_TIMEOUT_MS, { signal });
  }

  async #ask(holds: readonly Hold[], timeoutMs: number, options: AbortOptions): Promise<void> {
    if (holds.length === 0) return;
    const { environment, settle } = this.#needs;
    try {
      await withDeadline(
        environment,
        timeoutMs,
        'Asking witnesses what became of others’ holds',
        (signal) => settle(holds, { signal }),
        options,
      );
    } catch (error) {
      throwIfAborted(options.signal);
      // Silent witnesses leave things as they are.
      if (!isEdmpError(error)) throw error;
    }
  }

  #forgetOldest(): void {
    let oldest: string | undefined;
    for (const [name, { hold }] of this.#awaited) {
      oldest ??= name;
      if (equalBytes(hold.seller, this.#needs.self)) continue;
      oldest = name;
      break;
    }
    if (oldest !== undefined) this.#awaited.delete(oldest);
  }
}

/** Rounds of so many witnesses after a deadline, in Δ: f + 1, and none of a lone one (DESIGN §4.4.4). */
function roundsOf(witnesses: number): number {
  return witnesses === 1 ? 0 : (witnesses - 1) / 3 + 1;
}

/** Whether a hold may still come back, as far as is known here. */
function isOpen({ outcome, receipt, witnesses }: Hold): boolean {
  return outcome === null && receipt === null && witnesses.length > 0;
}
