import type { HalfBlock, PublicKey } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import type { MarketContext } from '../context.ts';
import { isMarketError, type MarketErrorCode } from '../errors.ts';
import type { Trade, TradeId, TradeState } from '../market.ts';
import type { Claim } from '../order/own-orders.ts';
import type { SignedOrder } from '../order/signed-order.ts';
import { performAction } from './actions.ts';
import { encodeTradeRecord, type TradeRecord, tradeRecordKey } from './record.ts';
import { nextTransition, stateDeadline, type TradeSituation, type TradeTransition } from './state-machine.ts';
import { tradeView } from './trade-view.ts';

/** First and longest pause between looks at the counterparty's chain while waiting for it, ms. */
const FIRST_LOOK_MS = 2_000;
const LONGEST_LOOK_MS = 60_000;
/** First and longest pause before an action that failed is tried again, ms. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Finished trades kept in memory for `trades()`. */
const MAX_FINISHED = 10_000;

/** A trade in this process. */
export interface LiveTrade {
  readonly record: TradeRecord;
  readonly ask: SignedOrder;
  running: boolean;
  again: boolean;
  lookMs: number;
  retryMs: number;
  cancelTimer: () => void;
}

/** Drives this node's trades from state to state (see {@link TRADE_TRANSITIONS}). */
export interface TradeEngine {
  /** Keeps a trade durably and starts to drive it. */
  start(record: TradeRecord, ask: SignedOrder): Promise<void>;
  /** Takes up a trade found in the records after a restart. */
  resume(record: TradeRecord, ask: SignedOrder): void;
  get(id: TradeId): LiveTrade | undefined;
  /** Unfinished trade of a pair of orders. */
  ofPair(ask: string, bid: string): LiveTrade | undefined;
  /** A block about the trade arrived. */
  poke(id: TradeId): void;
  /** All trades look again: a peer came back. */
  pokeAll(counterparty: PublicKey): void;
  /** Writes a changed record. */
  save(live: LiveTrade): Promise<void>;
  /** Ends an unfinished trade. */
  fail(live: LiveTrade, code: MarketErrorCode, reason: string): Promise<void>;
  /** Moves to a state by a message instead of a block. */
  enter(live: LiveTrade, state: TradeState, signer: PublicKey | null): Promise<void>;
  views(): readonly Trade[];
  view(live: LiveTrade): Trade;
  stop(): void;
}

/** Whether a trade has ended. */
export function isFinished(state: TradeState): boolean {
  return state === 'completed' || state === 'failed';
}

function claimOf(state: TradeState): Claim | undefined {
  switch (state) {
    case 'failed':
      return undefined;
    case 'completed':
      return 'filled';
    case 'agreed':
    case 'released':
    case 'complained':
      return 'agreed';
    default:
      return 'reserved';
  }
}

/** The engine of one market. `onFinished` hears of every end. */
export function tradeEngine(context: MarketContext, onFinished: (live: LiveTrade) => void): TradeEngine {
  const { environment, ledger, own, records, trustchain } = context;
  const trades = new Map<TradeId, LiveTrade>();
  const pairs = new Map<string, TradeId>();

  const pairKey = (live: LiveTrade): string =>
    `${live.record.encoded.terms.ask.toString()} ${live.record.encoded.terms.bid.toString()}`;
  const ownOrderOf = (live: LiveTrade): string =>
    (live.record.role === 'seller'
      ? live.record.encoded.terms.ask
      : live.record.encoded.terms.bid
    ).toString();
  const counterpartyOf = (live: LiveTrade): PublicKey =>
    live.record.role === 'seller' ? live.record.encoded.terms.buyer : live.record.encoded.terms.seller;

  const save = (live: LiveTrade): Promise<void> =>
    records.set(tradeRecordKey(live.record.encoded.id), encodeTradeRecord(live.record));
  const viewOf = (live: LiveTrade): Trade => tradeView(live);

  const claim = (live: LiveTrade): void => {
    const { state, encoded } = live.record;
    own.claim(ownOrderOf(live), encoded.id, encoded.terms.quantity, claimOf(state));
  };

  const announce = (live: LiveTrade): void => {
    claim(live);
    context.emit({ type: 'trade', trade: viewOf(live) });
    const order = own.view(ownOrderOf(live));
    if (order !== undefined) context.emit({ type: 'order', order });
  };

  const forgetOldest = (): void => {
    if (trades.size <= MAX_FINISHED) return;
    for (const [id, live] of trades) {
      if (!isFinished(live.record.state)) continue;
      trades.delete(id);
      return;
    }
  };

  const enterState = async (
    live: LiveTrade,
    state: TradeState,
    block: HalfBlock | undefined,
    signer: PublicKey | null,
  ): Promise<void> => {
    const { record } = live;
    record.state = state;
    record.steps = [
      ...record.steps,
      {
        state,
        time: block?.core.time ?? environment.now(),
        block: block?.id ?? null,
        signer: block?.core.key ?? signer,
      },
    ];
    live.lookMs = FIRST_LOOK_MS;
    live.retryMs = FIRST_RETRY_MS;
    await save(live);
    announce(live);
    if (isFinished(state)) {
      live.cancelTimer();
      if (pairs.get(pairKey(live)) === record.encoded.id) pairs.delete(pairKey(live));
      forgetOldest();
      onFinished(live);
    }
  };

  const fail = async (live: LiveTrade, code: MarketErrorCode, reason: string): Promise<void> => {
    if (isFinished(live.record.state)) return;
    live.record.failure = { code, reason: reason.slice(0, 1_000) };
    await enterState(live, 'failed', undefined, null);
  };

  const situationOf = async (live: LiveTrade): Promise<TradeSituation> => {
    ledger.advance(environment.now());
    const { record } = live;
    const seen = ledger.trade(record.encoded.id);
    const proposal = seen?.blocks.proposal;
    const refused =
      record.state === 'proposed' &&
      proposal !== undefined &&
      (await trustchain.pair(proposal.id)).state === 'refused';
    return {
      role: record.role,
      state: record.state,
      now: environment.now(),
      deadlines: record.encoded.terms.deadlines,
      proposal: proposal !== undefined,
      refused,
      agreement: seen?.blocks.agreement !== undefined,
      release: seen?.blocks.release !== undefined,
      receipt: seen?.blocks.receipt !== undefined,
      complaint: seen?.blocks.complaint !== undefined,
      withdrawal: seen?.blocks.withdrawal !== undefined,
      outcome: seen?.outcome ?? 'open',
    };
  };

  const blockOf = (live: LiveTrade, state: TradeState): HalfBlock | undefined => {
    const blocks = ledger.trade(live.record.encoded.id)?.blocks;
    switch (state) {
      case 'proposed':
        return blocks?.proposal;
      case 'agreed':
        return blocks?.agreement;
      case 'released':
        return blocks?.release?.block;
      case 'complained':
        return blocks?.complaint?.block;
      case 'completed':
        return blocks?.receipt;
      default:
        return undefined;
    }
  };

  /** Takes one row. Returns whether to look again at once. */
  const take = async (live: LiveTrade, row: TradeTransition): Promise<boolean> => {
    if (row.action === 'fail') {
      await fail(live, row.code ?? 'ERR_TRADE_LOCAL', row.reason ?? row.when);
      return false;
    }
    if (row.action === 'note') {
      await enterState(live, row.to, blockOf(live, row.to), null);
      return true;
    }
    try {
      await performAction(context, live, row.action, () => save(live));
      return true;
    } catch (error) {
      if (context.signal.aborted) return false;
      if (!isEdmpError(error)) throw error;
      if (isMarketError(error) && !error.retryable) {
        await fail(live, error.code, error.message);
        return false;
      }
      schedule(live, live.retryMs);
      live.retryMs = Math.min(live.retryMs * 2, LONGEST_RETRY_MS);
      return false;
    }
  };

  const schedule = (live: LiveTrade, delayMs: number): void => {
    live.cancelTimer();
    const { record } = live;
    if (context.signal.aborted || isFinished(record.state)) return;
    const deadline = stateDeadline(record.state, record.encoded.terms.deadlines);
    const untilDeadline =
      deadline === undefined || deadline < environment.now()
        ? Number.POSITIVE_INFINITY
        : deadline + 1 - environment.now();
    live.cancelTimer = environment.schedule(Math.min(delayMs, untilDeadline), () => {
      context.background('a trade', () => look(live));
    });
  };

  /** Asks the counterparty for blocks that may have got lost, then goes on. */
  const look = async (live: LiveTrade): Promise<void> => {
    await context.chains.sync(counterpartyOf(live));
    live.lookMs = Math.min(live.lookMs * 2, LONGEST_LOOK_MS);
    await drive(live);
  };

  const drive = async (live: LiveTrade): Promise<void> => {
    if (live.running) {
      live.again = true;
      return;
    }
    live.running = true;
    live.cancelTimer();
    try {
      let progress = true;
      while (progress && !context.signal.aborted && !isFinished(live.record.state)) {
        live.again = false;
        const row = nextTransition(await situationOf(live));
        if (row === undefined) {
          progress = live.again;
          if (!progress) schedule(live, live.lookMs);
        } else {
          progress = (await take(live, row)) || live.again;
        }
      }
    } finally {
      live.running = false;
    }
  };

  const adopt = (record: TradeRecord, ask: SignedOrder): LiveTrade => {
    const live: LiveTrade = {
      record,
      ask,
      running: false,
      again: false,
      lookMs: FIRST_LOOK_MS,
      retryMs: FIRST_RETRY_MS,
      cancelTimer: () => undefined,
    };
    trades.set(record.encoded.id, live);
    if (!isFinished(record.state)) pairs.set(pairKey(live), record.encoded.id);
    claim(live);
    return live;
  };

  return {
    async start(record, ask) {
      const live = adopt(record, ask);
      await save(live);
      announce(live);
      context.background('a trade', () => drive(live));
    },
    resume(record, ask) {
      const live = adopt(record, ask);
      if (!isFinished(record.state)) context.background('a trade', () => drive(live));
    },
    get: (id) => trades.get(id),
    ofPair(ask, bid) {
      const id = pairs.get(`${ask} ${bid}`);
      return id === undefined ? undefined : trades.get(id);
    },
    poke(id) {
      const live = trades.get(id);
      if (live !== undefined && !isFinished(live.record.state))
        context.background('a trade', () => drive(live));
    },
    pokeAll(counterparty) {
      for (const live of trades.values()) {
        if (isFinished(live.record.state) || live.record.state === 'negotiating') continue;
        if (counterpartyOf(live).every((byte, i) => byte === counterparty[i])) {
          context.background('a trade', () => look(live));
        }
      }
    },
    save,
    fail,
    async enter(live, state, signer) {
      await enterState(live, state, undefined, signer);
      context.background('a trade', () => drive(live));
    },
    views: () => [...trades.values()].map(viewOf),
    view: viewOf,
    stop() {
      for (const live of trades.values()) live.cancelTimer();
    },
  };
}
