import {
  type AbortOptions,
  type Environment,
  equalBytes,
  isEdmpError,
  type PublicKey,
  withDeadline,
} from '@edmp/interface';
import { isTestCurrency } from '../asset/currency.ts';
import type { LedgerChange } from '../ledger/changes.ts';
import type { Hold } from '../ledger/hold.ts';
import type { TradeEngine } from '../trade/engine.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';

/** Proposals looked after at once; of more the one that waited longest is given up. Each cost this node a signature. */
const MAX_WAITING = 4_096;
/** Holds asked about in one request. */
const MAX_ASKED = 64;
/** How long after the last round witnesses are asked first, and how long apart at first and at most, ms. */
const GRACE_MS = 5_000;
const FIRST_PAUSE_MS = 60_000;
const LAST_PAUSE_MS = 3_600_000;
/** Longest wait for the witnesses, ms. */
const ASK_MS = 60_000;

/** What {@link UnhonouredHolds} needs. */
export interface UnhonouredNeeds {
  readonly self: PublicKey;
  readonly books: Bookkeeper;
  readonly engine: Pick<TradeEngine, 'ofProposal'>;
  /** Asks the witnesses of holds for outcomes and takes those that there are into the ledger. */
  readonly settle: (holds: readonly Hold[], options: AbortOptions) => Promise<void>;
  readonly environment: Environment;
  /** Δ of the witnesses, ms. */
  readonly deltaMs: number;
  readonly report: (what: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly hold: Hold;
  /** When its witnesses are asked, ms. */
  at: number;
  pause: number;
}

/**
 * Holds on this node's own proposals that it never took: they came too late, spend what is not there, or were shown to
 * everybody but their seller. Every book takes the licence for sold until it hears `none`, and nobody but the seller has
 * a reason to ask for it.
 */
export class UnhonouredHolds {
  readonly #needs: UnhonouredNeeds;
  /** By proposal: one hold's outcome speaks for all of them. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #close: () => void;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #running = false;

  constructor(needs: UnhonouredNeeds) {
    this.#needs = needs;
    this.#close = needs.books.on((change) => this.#onChange(change));
  }

  /** Proposals that are looked after. */
  get size(): number {
    return this.#waiting.size;
  }

  stop(): void {
    this.#close();
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  #onChange(change: LedgerChange): void {
    if (change.type !== 'hold') return;
    const { hold } = change;
    const { self, deltaMs } = this.#needs;
    const isOwn = hold.terms !== undefined && equalBytes(hold.seller, self);
    // What is not certified takes nothing.
    const takes = hold.counts || isTestCurrency(hold.currency);
    if (!isOwn || !takes || hold.witnesses.length === 0 || hold.outcome !== null) return;
    const name = hold.proposal.toString();
    if (this.#waiting.has(name)) return;
    this.#makeRoom();
    const rounds = (Math.floor((hold.witnesses.length - 1) / 3) + 1) * deltaMs;
    this.#waiting.set(name, { hold, at: hold.release + rounds + GRACE_MS, pause: FIRST_PAUSE_MS });
    this.#arm();
  }

  #makeRoom(): void {
    if (this.#waiting.size < MAX_WAITING) return;
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest);
      return;
    }
  }

  #arm(): void {
    if (this.#running || this.#needs.signal.aborted) return;
    let at = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) at = Math.min(at, waiting.at);
    if (at === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const { environment } = this.#needs;
    const delay = Math.max(0, at - environment.now());
    this.#timer = { at, cancel: environment.schedule(delay, () => void this.#run()) };
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    try {
      const due = this.#due();
      if (due.length > 0) await this.#ask(due.map(({ hold }) => hold));
    } catch (error) {
      // Witnesses that are away are asked again.
      if (!isEdmpError(error)) this.#needs.report('asking what became of holds', error);
    } finally {
      this.#running = false;
      this.#arm();
    }
  }

  /** What is asked about now; each is asked about again after twice as long. */
  #due(): readonly Waiting[] {
    const now = this.#needs.environment.now();
    const due: Waiting[] = [];
    for (const [name, waiting] of this.#waiting) {
      if (waiting.at > now) continue;
      if (waiting.hold.outcome !== null || this.#isTaken(name)) {
        this.#waiting.delete(name);
        continue;
      }
      if (due.length >= MAX_ASKED) break;
      waiting.at = now + waiting.pause;
      waiting.pause = Math.min(2 * waiting.pause, LAST_PAUSE_MS);
      due.push(waiting);
    }
    return due;
  }

  /** Whether a trade took one of the proposal's holds: it asks by itself. */
  #isTaken(proposal: string): boolean {
    return (this.#needs.engine.ofProposal(proposal)?.hold ?? null) !== null;
  }

  async #ask(holds: readonly Hold[]): Promise<void> {
    const { environment, settle, signal } = this.#needs;
    await withDeadline(
      environment,
      ASK_MS,
      'asking the witnesses what became of holds',
      (inner) => settle(holds, { signal: inner }),
      { signal },
    );
  }
}
