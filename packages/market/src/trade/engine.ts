import {
  AbortedError,
  type CancelTimer,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  withDeadline,
} from '@edmp/interface';
import type { Spending } from '../blocks/spending.ts';
import type { TradeId } from '../blocks/terms.ts';
import { RELEASE_TYPE } from '../blocks/types.ts';
import { safeEmitter } from '../codec/emitter.ts';
import type { OutcomeKind } from '../ledger/hold.ts';
import type { TradeRecords } from './records.ts';
import { nextMoment, situationOf, type TradeSituation } from './situation.ts';
import { isFinished, type TradeState, takesQuantity } from './states.ts';
import { TradeTally } from './tally.ts';
import {
  counterpartyOf,
  idOf,
  ownOrderOf,
  type Trade,
  type TradeEnd,
  type TradeFailure,
  type TradeStep,
} from './trade.ts';
import { TradeList } from './trade-list.ts';
import type { TradeAction, TradeTransition } from './transition.ts';
import { isInterruptible, nextTransition } from './transitions.ts';

/** First and longest pause before work that did not succeed is tried again, ms. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 300_000;
/** Longest reason of a failure, UTF-16 units. */
const MAX_REASON = 1_000;
/** Longest run of rows without a pause: more than any trade has states. */
const MAX_ROWS_AT_ONCE = 64;

/**
 * States whose beginning is written down. The others follow again, after a restart, from the facts, from this node's
 * own chain and from the clock.
 */
const SAVED: ReadonlySet<TradeState> = new Set<TradeState>([
  'fetching',
  'offered',
  'opening',
  'complaining',
  'acknowledged',
  'completed',
  'returned',
  'lost',
  'failed',
]);

/** Something that a trade's engine reports. */
export type TradeEngineEvent =
  /** A trade entered a state; `from` is null for a new one. */
  | { readonly type: 'entered'; readonly trade: Trade; readonly from: TradeState | null }
  /** A trade ended; told once. */
  | { readonly type: 'ended'; readonly trade: Trade };

/** What {@link TradeEngine} works with. */
export interface TradeEngineNeeds {
  readonly environment: Environment;
  readonly records: TradeRecords;
  /** Δ of the witnesses' rounds, ms. */
  readonly deltaMs: number;
  /** How many witnesses a trade has, those of its currency included. */
  readonly witnessesOf: (trade: Trade) => number;
  /** What the ledger says became of a hold; null = nothing yet. */
  readonly outcomeOf: (hold: Spending) => OutcomeKind | null;
  /** Performs a row's action: learns facts and sets them in the trade. May be called again at any time. */
  readonly work: (trade: Trade, action: TradeAction, signal: AbortSignal) => Promise<void>;
  /** Hears of failures that are nobody's answer: bugs, full disks. */
  readonly report: (what: string, error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/** An end that was decided: the table's, or what a failure of work means. */
interface Ending {
  readonly state: TradeState;
  readonly from: TradeState;
  readonly failure: TradeFailure | null;
}

/** A trade in this process, with what drives it. */
interface Running {
  readonly trade: Trade;
  /** What is being worked at, and how to call it off. */
  current: { readonly row: TradeTransition; readonly controller: AbortController } | undefined;
  driving: boolean;
  /** How the trade ends, as soon as that is written down. */
  ending: Ending | undefined;
  /** Something changed while a row was being taken. */
  again: boolean;
  retryMs: number;
  /** Why the last try in this state did not succeed: the truth behind "not in time". */
  lastFailure: string | undefined;
  cancelTimer: CancelTimer;
  readonly waiting: Set<() => void>;
}

/**
 * Drives this node's trades from state to state. The table decides (`TRADE_TRANSITIONS`), the work finds facts, and
 * each state is entered in one place. Nothing that happens in one trade reaches another.
 */
export class TradeEngine {
  readonly #needs: TradeEngineNeeds;
  readonly #running = new Map<TradeId, Running>();
  readonly #list = new TradeList();
  readonly #emitter = safeEmitter<TradeEngineEvent>((error) =>
    this.#needs.report('a listener of the trade engine', error),
  );
  /** What trades have taken of this node's own orders. */
  readonly tally: TradeTally = new TradeTally();

  constructor(needs: TradeEngineNeeds) {
    this.#needs = needs;
    needs.signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  /** Hears of states and ends until the returned function is called. */
  on(listener: (event: TradeEngineEvent) => void): () => void {
    return this.#emitter.on(listener);
  }

  /** Takes up a new trade. A seller's first state is durable when the promise resolves. */
  async start(trade: Trade): Promise<void> {
    const running = this.#adopt(trade);
    try {
      await this.#enter(running, trade.state, null);
    } catch (error) {
      this.tally.giveBack(ownOrderOf(trade), idOf(trade));
      this.#list.forget(idOf(trade));
      this.#running.delete(idOf(trade));
      throw error;
    }
    this.#drive(running);
  }

  /** Takes up what the records held. Call {@link TradeEngine.resume} when everything that the work needs is there. */
  restore(trade: Trade): void {
    const running = this.#adopt(trade);
    this.#count(trade);
    if (isFinished(trade.state)) this.#retire(running);
  }

  /** Drives all restored trades on. */
  resume(): void {
    for (const running of this.#running.values()) {
      if (!isFinished(running.trade.state)) this.#drive(running);
    }
  }

  get(id: TradeId): Trade | undefined {
    return this.#list.get(id);
  }

  /** All trades that are in memory, oldest first. */
  all(): readonly Trade[] {
    return this.#list.all();
  }

  /** Trades that have not ended. */
  unfinished(): Iterable<Trade> {
    return this.#list.unfinished();
  }

  /** Trades of one of this node's own orders that are in memory. */
  ofOrder(order: string): Iterable<Trade> {
    return this.#list.ofOrder(order);
  }

  /** The trade that a seller's proposal opened. */
  ofProposal(proposal: string): Trade | undefined {
    return this.#list.ofProposal(proposal);
  }

  /** The trade whose hold has this id. */
  ofHold(hold: string): Trade | undefined {
    return this.#list.ofHold(hold);
  }

  /** The trade went on by something that happened outside: a hold, a message. Never throws. */
  poke(trade: Trade): void {
    const running = this.#running.get(idOf(trade));
    if (running !== undefined && !isFinished(trade.state)) this.#drive(running);
  }

  /** A peer is back: what waits for it is tried again at once. */
  pokeAll(peer: PublicKey): void {
    for (const trade of this.unfinished()) {
      if (equalBytes(counterpartyOf(trade), peer)) this.poke(trade);
    }
  }

  /** A block was stored: the receipt of a release, for one. */
  onBlock(block: HalfBlock): void {
    const { type, link, key } = block.core;
    if (type !== RELEASE_TYPE || link === null) return;
    const trade = this.#list.ofRelease(link.toString());
    if (trade === undefined || trade.receipt !== null) return;
    if (!equalBytes(key, trade.encoded.terms.buyer)) return;
    trade.receipt = block.id;
    if (trade.state === 'completed') this.#noteReceipt(trade);
    else this.poke(trade);
  }

  /** The ledger learned what became of a hold, or that it counts. */
  onHold(hold: string): void {
    const trade = this.ofHold(hold);
    if (trade !== undefined) this.poke(trade);
  }

  /** Resolves when the trade is in a state that `wanted` accepts, or after `ms`. */
  async until(trade: Trade, wanted: (state: TradeState) => boolean, ms: number): Promise<void> {
    const running = this.#running.get(idOf(trade));
    if (running === undefined || wanted(trade.state)) return;
    let wake: () => void = () => undefined;
    try {
      await withDeadline(
        this.#needs.environment,
        ms,
        'waiting for a trade',
        () =>
          new Promise<void>((resolve) => {
            wake = () => {
              if (wanted(trade.state)) resolve();
            };
            running.waiting.add(wake);
          }),
        { signal: this.#needs.signal },
      );
    } catch (error) {
      if (!isEdmpError(error)) throw error;
    } finally {
      running.waiting.delete(wake);
    }
  }

  /** Ends a trade in which nothing is held or given, for a reason from outside the table. */
  async fail(trade: Trade, code: string, reason: string): Promise<void> {
    const running = this.#running.get(idOf(trade));
    if (running === undefined || isFinished(trade.state) || trade.hold !== null) return;
    trade.failure = { code, reason: reason.slice(0, MAX_REASON) };
    await this.#enter(running, 'failed', trade.state);
  }

  #adopt(trade: Trade): Running {
    const running: Running = {
      trade,
      current: undefined,
      driving: false,
      ending: undefined,
      again: false,
      retryMs: FIRST_RETRY_MS,
      lastFailure: undefined,
      cancelTimer: () => undefined,
      waiting: new Set(),
    };
    this.#running.set(idOf(trade), running);
    this.#list.add(trade);
    return running;
  }

  #count(trade: Trade): void {
    const { role, state, encoded } = trade;
    const order = ownOrderOf(trade);
    const { quantity } = encoded.terms;
    if (!takesQuantity(role, state)) this.tally.giveBack(order, encoded.id);
    else if (isFinished(state)) this.tally.settle(order, encoded.id, quantity);
    else this.tally.take(order, encoded.id, quantity);
  }

  /** The one place where a trade changes state. Done at once, or when what must be durable is. */
  #enter(running: Running, state: TradeState, from: TradeState | null): Promise<void> | undefined {
    const { trade } = running;
    trade.state = state;
    trade.steps = this.#stepsWith(trade, state);
    this.#arrive(running, from);
    if (SAVED.has(state)) return this.#save(trade).then(() => this.#entered(running, state, from));
    this.#entered(running, state, from);
    return undefined;
  }

  /**
   * Ends a trade once its end is on disk: an end that was told and not written would be undone by a restart, and what
   * ended would be bought again. Returns whether it has ended; otherwise writing is tried again.
   */
  async #end(running: Running, ending: Ending): Promise<boolean> {
    const { trade } = running;
    const { records, report } = this.#needs;
    const { state, from, failure } = ending;
    running.ending = ending;
    const end: TradeEnd = { state, failure, steps: this.#stepsWith(trade, state) };
    try {
      await records.save(trade, end);
    } catch (error) {
      report(`writing down the end of trade ${idOf(trade).slice(0, 16)}`, error);
      // Of what a restart knows nothing, nothing can be undone.
      if (records.isKnown(trade)) return false;
    }
    if (isFinished(trade.state)) return true;
    if (this.#isOvertaken(trade, ending)) {
      running.ending = undefined;
      running.again = true;
      return true;
    }
    Object.assign(trade, end);
    this.#arrive(running, from);
    this.#entered(running, state, from);
    if (trade.receipt !== null) this.#noteReceipt(trade);
    return true;
  }

  /** While a loss was written down, what pays came: nobody was told yet, and the books say the better end. */
  #isOvertaken(trade: Trade, { state }: Ending): boolean {
    if (state !== 'lost') return false;
    const row = nextTransition(this.#situation(trade));
    return row?.action === 'end' && row.to === 'completed';
  }

  #stepsWith(trade: Trade, state: TradeState): readonly TradeStep[] {
    return [...trade.steps, { state, time: this.#needs.environment.now(), ...signedFor(trade, state) }];
  }

  #arrive(running: Running, from: TradeState | null): void {
    const { trade } = running;
    running.retryMs = FIRST_RETRY_MS;
    if (trade.state !== from) running.lastFailure = undefined;
    this.#list.index(trade);
    this.#count(trade);
  }

  /** The ledger told that a trade was completed before the receipt's block came here. */
  #noteReceipt(trade: Trade): void {
    const last = trade.steps.at(-1);
    if (last?.state !== 'completed' || last.block !== null) return;
    trade.steps = [...trade.steps.slice(0, -1), { ...last, ...signedFor(trade, 'completed') }];
    void this.#save(trade);
  }

  #entered(running: Running, state: TradeState, from: TradeState | null): void {
    this.#emitter.emit({ type: 'entered', trade: running.trade, from });
    for (const wake of [...running.waiting]) wake();
    if (isFinished(state)) this.#finish(running);
  }

  /** A write that fails does not undo what was signed: the trade goes on in memory, and the next write says more. */
  async #save(trade: Trade): Promise<void> {
    try {
      await this.#needs.records.save(trade);
    } catch (error) {
      // Nothing is given or promised before it is written down; what that needs is saved by the work itself.
      if (trade.steps.length === 1) throw error;
      this.#needs.report(`writing down trade ${idOf(trade).slice(0, 16)}`, error);
    }
  }

  #finish(running: Running): void {
    running.cancelTimer();
    this.#retire(running);
    this.#emitter.emit({ type: 'ended', trade: running.trade });
  }

  /** Keeps a bounded number of finished trades in memory. */
  #retire(running: Running): void {
    const gone = this.#list.retire(running.trade);
    if (gone !== undefined) this.#running.delete(idOf(gone));
  }

  #situation(trade: Trade): TradeSituation {
    const { environment, deltaMs, witnessesOf, outcomeOf } = this.#needs;
    return situationOf(trade, {
      now: environment.now(),
      deltaMs,
      witnesses: witnessesOf(trade),
      outcome: trade.hold === null ? null : outcomeOf(trade.hold),
    });
  }

  #drive(running: Running): void {
    if (running.driving) {
      running.again = true;
      this.#callOff(running);
      return;
    }
    if (this.#needs.signal.aborted) return;
    running.driving = true;
    running.cancelTimer();
    this.#takeRows(running)
      .catch((error: unknown) => {
        this.#needs.report(`trade ${idOf(running.trade).slice(0, 16)}`, error);
        this.#retryLater(running);
      })
      .finally(() => {
        running.driving = false;
        if (running.again && !isFinished(running.trade.state)) this.#drive(running);
      });
  }

  /** What is only being waited for ends when another row applies meanwhile. */
  #callOff(running: Running): void {
    const { current, trade } = running;
    if (current === undefined || !isInterruptible(current.row.action)) return;
    if (nextTransition(this.#situation(trade)) === current.row) return;
    current.controller.abort(new AbortedError('Another row of the table applies now'));
  }

  async #takeRows(running: Running): Promise<void> {
    const { trade } = running;
    for (let rows = 0; rows < MAX_ROWS_AT_ONCE; rows++) {
      if (this.#needs.signal.aborted || isFinished(trade.state)) return;
      running.again = false;
      if (running.ending !== undefined) {
        if (!(await this.#end(running, running.ending))) this.#retryLater(running);
        return;
      }
      const situation = this.#situation(trade);
      const row = nextTransition(situation);
      if (row === undefined) {
        this.#wakeAt(running, situation);
        return;
      }
      if (row.action !== 'note' && row.action !== 'end' && !(await this.#perform(running, row))) {
        if (!running.again) this.#retryLater(running);
        return;
      }
      if (row.action === 'end') {
        const failure =
          row.code === undefined
            ? trade.failure
            : { code: row.code, reason: reasonOf(row, running.lastFailure) };
        running.ending = { state: row.to, from: row.from, failure };
      }
      if (row.action === 'note') {
        const writing = this.#enter(running, row.to, row.from);
        if (writing !== undefined) await writing;
      }
    }
    this.#retryLater(running);
  }

  /** Works at a row. Returns whether to look at the table again at once. */
  async #perform(running: Running, row: TradeTransition): Promise<boolean> {
    const { trade } = running;
    const controller = new AbortController();
    const stop = (): void => controller.abort(this.#needs.signal.reason);
    this.#needs.signal.addEventListener('abort', stop, { once: true });
    running.current = { row, controller };
    // Time alone may make another row apply while this one only waits for others.
    if (isInterruptible(row.action)) this.#wakeAt(running, this.#situation(trade));
    try {
      await this.#needs.work(trade, row.action, controller.signal);
      this.#list.index(trade);
      running.retryMs = FIRST_RETRY_MS;
      return true;
    } catch (error) {
      this.#list.index(trade);
      if (controller.signal.aborted) return running.again;
      if (!isEdmpError(error)) {
        this.#needs.report(`trade ${idOf(trade).slice(0, 16)}, ${row.action}`, error);
        return false;
      }
      return this.#give(running, row, error.code, error.message, error.retryable);
    } finally {
      running.current = undefined;
      running.cancelTimer();
      this.#needs.signal.removeEventListener('abort', stop);
    }
  }

  /** What a failure of work means: nothing is held or given yet, so the trade ends; otherwise it is tried again. */
  #give(running: Running, row: TradeTransition, code: string, message: string, retryable: boolean): boolean {
    const { trade } = running;
    const end = retryable ? undefined : endAfterFailure(trade, row.action);
    if (end === undefined) {
      running.lastFailure = message;
      return false;
    }
    running.ending = { state: end, from: row.from, failure: { code, reason: message.slice(0, MAX_REASON) } };
    return true;
  }

  /** Nothing to do: looks again when time alone may change that. */
  #wakeAt(running: Running, situation: TradeSituation): void {
    const at = nextMoment(situation);
    if (at !== undefined) this.#schedule(running, at - situation.now);
  }

  #retryLater(running: Running): void {
    if (isFinished(running.trade.state)) return;
    const { trade } = running;
    const situation = this.#situation(trade);
    const at = nextMoment(situation);
    const untilMoment = at === undefined ? Number.POSITIVE_INFINITY : at - situation.now;
    this.#schedule(running, Math.min(running.retryMs, untilMoment));
    running.retryMs = Math.min(running.retryMs * 2, LONGEST_RETRY_MS);
  }

  #schedule(running: Running, delayMs: number): void {
    running.cancelTimer();
    if (this.#needs.signal.aborted) return;
    running.cancelTimer = this.#needs.environment.schedule(delayMs, () => this.#drive(running));
  }

  #stop(): void {
    for (const running of this.#running.values()) running.cancelTimer();
    this.#emitter.end();
  }
}

/** Why a row ended a trade, with what was last in its way. */
function reasonOf(row: TradeTransition, lastFailure: string | undefined): string {
  const reason = row.reason ?? row.when;
  return (lastFailure === undefined ? reason : `${reason}; the last try: ${lastFailure}`).slice(
    0,
    MAX_REASON,
  );
}

/** The block that took a trade to a state, and who signed it. */
function signedFor(trade: Trade, state: TradeState): Pick<TradeStep, 'block' | 'signer'> {
  // Of the receipt only the id is kept.
  if (state === 'completed' && trade.receipt !== null)
    return { block: trade.receipt, signer: trade.encoded.terms.buyer };
  const block = blockOf(trade, state);
  return { block: block?.id ?? null, signer: block?.core.key ?? null };
}

function blockOf(trade: Trade, state: TradeState): HalfBlock | undefined {
  switch (state) {
    case 'fetching':
    case 'offered':
      return trade.offer?.proposal.block;
    case 'certifying':
    case 'releasing':
      return trade.hold?.block;
    case 'opening':
    case 'acknowledged':
      return trade.release?.block;
    case 'waiting':
      // Without witnesses nobody acknowledged it before.
      return trade.acks === null ? trade.release?.block : undefined;
    default:
      return undefined;
  }
}

/** Where a final failure of work leads; undefined where money is held or a key given, and only trying again helps. */
function endAfterFailure(trade: Trade, action: TradeAction): TradeState | undefined {
  switch (action) {
    case 'propose':
    case 'fetch':
    case 'sign':
      return trade.hold === null ? 'failed' : undefined;
    case 'release':
      return trade.draft === null ? 'failed' : undefined;
    case 'open':
      return 'lost';
    default:
      return undefined;
  }
}
