import { type CancelTimer, equalBytes, isEdmpError, type PublicKey } from '@edmp/interface';
import { semaphore } from '@edmp/interface/bounded';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import { wholeLots } from '../asset/price.ts';
import { executionPrice, type SignedOrder } from '../blocks/order.ts';
import { safeEmitter } from '../codec/emitter.ts';
import { MarketError } from '../errors.ts';
import type { AskPutAside } from '../order/order.ts';
import type { TradeEngine } from '../trade/engine.ts';
import { isFinished, type TradeState } from '../trade/states.ts';
import type { Trade, TradeFailure } from '../trade/trade.ts';
import { defaultOfferLimits } from './offer-limits.ts';
import { OpenOffers } from './open-offers.ts';
import type { NegotiationOrders } from './orders.ts';
import { PutAside } from './put-aside.ts';
import type { NegotiationSettings } from './settings.ts';
import { proposeTrade, type TermsNeeds } from './terms.ts';
import { chooseWitnesses, type WitnessNodes } from './witnesses.ts';

/** Negotiations under way at once, below what a seller serves one peer. */
const MAX_TALKS = 32;
/** Pause before a seller that was silent is tried again while nobody else sells, ms. */
const SILENT_PAUSE_MS = 5_000;

/** States of a buyer in which its seller still counts the offer as open. */
const OFFER_OPEN: ReadonlySet<TradeState> = new Set<TradeState>([
  'proposing',
  'fetching',
  'signing',
  'certifying',
  'held',
]);

/** What {@link BuyerNegotiation} works with. */
export interface BuyerNegotiationNeeds extends TermsNeeds {
  readonly self: PublicKey;
  readonly engine: TradeEngine;
  readonly orders: NegotiationOrders;
  readonly currency: (id: CurrencyId) => Currency | undefined;
  readonly nodes: WitnessNodes;
  readonly settings: NegotiationSettings;
  readonly report: (what: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** What a bid's negotiations come to. */
export type BuyerNegotiationEvent =
  /** An ask is left alone from now on, or for some time: {@link BuyerNegotiation.aside} says why. */
  | { readonly type: 'aside'; readonly bid: string }
  /** No ask is left to try, now; `last` says why the last one failed, null when none was tried. */
  | { readonly type: 'exhausted'; readonly bid: string; readonly last: TradeFailure | null };

interface BidState {
  readonly aside: PutAside;
  /** Asks with which a deal is under way. */
  readonly dealing: Set<string>;
  talking: boolean;
  again: boolean;
  last: TradeFailure | null;
  told: boolean;
  cancelTimer: CancelTimer;
}

/**
 * The buyer's half of negotiations: for each own bid one ask after the other, the cheapest known first, straight at its
 * seller (DESIGN §4.2). Only buyers propose, so two sides never propose to each other at once.
 */
export class BuyerNegotiation {
  readonly #needs: BuyerNegotiationNeeds;
  readonly #bids = new Map<string, BidState>();
  readonly #talks = semaphore(MAX_TALKS);
  readonly #offers = new OpenOffers(defaultOfferLimits.perBuyer, (bid) => this.consider(bid));
  readonly #emitter = safeEmitter<BuyerNegotiationEvent>((error) =>
    this.#needs.report('a listener of negotiations', error),
  );

  constructor(needs: BuyerNegotiationNeeds) {
    this.#needs = needs;
    needs.engine.on((event) => {
      if (event.type === 'ended' && event.trade.role === 'buyer') this.#ended(event.trade);
    });
    needs.signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  /** Hears what bids come to until the returned function is called. */
  on(listener: (event: BuyerNegotiationEvent) => void): () => void {
    return this.#emitter.on(listener);
  }

  /** One’s own bid is new, or an ask may suit it. */
  consider(bid: string): void {
    const { signal, report } = this.#needs;
    if (signal.aborted) return;
    const state = this.#stateOf(bid);
    if (state.talking) {
      state.again = true;
      return;
    }
    state.talking = true;
    state.told = false;
    this.#talks
      .run(() => this.#talk(bid, state))
      .catch((error: unknown) => report(`negotiating for bid ${bid.slice(0, 16)}`, error))
      .finally(() => {
        state.talking = false;
        if (state.again) {
          state.again = false;
          this.consider(bid);
        }
        // A place that this bid was called for and did not take is another one's.
        this.#offers.next();
      });
  }

  /** The asks that a bid leaves alone, and why, newest last. */
  aside(bid: string): readonly AskPutAside[] {
    return this.#bids.get(bid)?.aside.reasons() ?? [];
  }

  /** A bid was closed: nothing more is proposed for it. Deals under way go on. */
  forget(bid: string): void {
    this.#bids.get(bid)?.cancelTimer();
    this.#bids.delete(bid);
  }

  #stateOf(bid: string): BidState {
    let state = this.#bids.get(bid);
    if (state === undefined) {
      state = {
        aside: new PutAside(),
        dealing: new Set(),
        talking: false,
        again: false,
        last: null,
        told: false,
        cancelTimer: () => undefined,
      };
      this.#bids.set(bid, state);
      for (const trade of this.#needs.engine.ofOrder(bid)) remember(trade, state);
    }
    return state;
  }

  /** Licences that a bid still wants. */
  #wanted(bid: SignedOrder): number {
    return bid.quantity - this.#needs.engine.tally.taken(bid.key);
  }

  async #talk(key: string, state: BidState): Promise<void> {
    const { orders, environment, signal } = this.#needs;
    state.cancelTimer();
    while (!signal.aborted) {
      const bid = orders.bid(key);
      if (bid === undefined) {
        this.forget(key);
        return;
      }
      if (this.#wanted(bid) < 1) return;
      const now = environment.now();
      const ask = orders
        .candidates(key)
        .find((one) => one.expires > now && !state.dealing.has(one.key) && state.aside.mayTry(one.key, now));
      if (ask === undefined) {
        this.#rest(key, state);
        return;
      }
      // Considered again when one of the deals with this seller got on.
      if (!this.#offers.take(ask.ownerHex, key)) return;
      await this.#try(ask, bid, state);
    }
  }

  /** Nothing to try now: waits for sellers that were busy, or tells that nobody is left. */
  #rest(key: string, state: BidState): void {
    const { environment } = this.#needs;
    const now = environment.now();
    const next = state.aside.nextTry(now);
    if (next !== undefined) {
      state.cancelTimer = environment.schedule(next - now, () => this.consider(key));
      return;
    }
    if (state.told || state.dealing.size > 0) return;
    state.told = true;
    this.#emitter.emit({ type: 'exhausted', bid: key, last: state.last });
  }

  /** Tries one ask, with a place among the offers of its seller, which is given back when the offer is not open any more. */
  async #try(ask: SignedOrder, bid: SignedOrder, state: BidState): Promise<void> {
    const { engine, report } = this.#needs;
    let trade: Trade | undefined;
    try {
      trade = await this.#begin(ask, bid, state);
    } finally {
      if (trade === undefined) this.#offers.give(ask.ownerHex);
    }
    if (trade === undefined) return;
    const { accept } = trade.encoded.terms.deadlines;
    const patience = Math.max(1, accept - this.#needs.environment.now()) + 1_000;
    engine
      .until(trade, (now) => !OFFER_OPEN.has(now), patience)
      .catch((error: unknown) => report('waiting for an offer', error))
      .finally(() => this.#offers.give(ask.ownerHex));
    await engine.until(trade, (now) => now !== 'proposing', patience);
  }

  /** The trade that was begun with an ask; undefined when its terms do not come about. */
  async #begin(ask: SignedOrder, bid: SignedOrder, state: BidState): Promise<Trade | undefined> {
    const { engine, orders } = this.#needs;
    let trade: Trade;
    try {
      trade = await this.#termsFor(ask, bid, state);
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      state.last = { code: error.code, reason: error.message };
      state.aside.put(ask.key, state.last);
      this.#emitter.emit({ type: 'aside', bid: bid.key });
      return undefined;
    }
    // The bid may have been closed, or taken by another deal, while the key was made.
    const open = orders.bid(bid.key);
    if (open === undefined || this.#wanted(open) < trade.encoded.terms.quantity) return undefined;
    state.dealing.add(ask.key);
    await engine.start(trade);
    return trade;
  }

  async #termsFor(ask: SignedOrder, bid: SignedOrder, state: BidState): Promise<Trade> {
    const { currency, nodes, settings, self, signal } = this.#needs;
    const money = currency(ask.price.currency);
    if (money === undefined) {
      throw new MarketError(
        'ERR_CURRENCY_UNKNOWN',
        `The block of the currency ${ask.price.currency.slice(0, 16)}… is not known here yet`,
      );
    }
    if (equalBytes(ask.owner, self)) throw new MarketError('ERR_TRADE_TERMS', 'Nobody buys from itself');
    const counter = state.aside.offerOf(ask.key);
    const listed = counter !== undefined && counter.witnesses.length > 0 ? counter.witnesses : ask.witnesses;
    await nodes.locate(money.kind === 'issued' ? money.notaries : listed, { signal });
    const witnesses = chooseWitnesses(money, listed, { seller: ask.owner, buyer: self, nodes }, settings);
    const most = Math.min(this.#wanted(bid), ask.quantity, counter?.quantity ?? Number.MAX_SAFE_INTEGER);
    const quantity = wholeLots(executionPrice(ask, bid), most);
    if (quantity < 1) {
      throw new MarketError(
        'ERR_ORDER_AMOUNT',
        `The ask sells lots of ${ask.price.per}, ${most} are wanted or left`,
      );
    }
    return proposeTrade(this.#needs, ask, bid, quantity, witnesses);
  }

  /** A deal ended: what failed before money was held leaves the bid open for the next ask. */
  #ended(trade: Trade): void {
    const bid = trade.encoded.terms.bid.toString();
    const state = this.#bids.get(bid);
    if (state === undefined) return;
    const { key } = trade.ask;
    state.dealing.delete(key);
    if (trade.state === 'failed') {
      state.last = trade.failure;
      this.#failed(trade, state);
      this.#emitter.emit({ type: 'aside', bid });
    } else {
      // Whatever came of it, a second deal over the same data is nobody's wish.
      state.aside.put(key, trade.failure ?? BOUGHT);
    }
    this.consider(bid);
  }

  #failed({ decline, failure, ask }: Trade, { aside }: BidState): void {
    const now = this.#needs.environment.now();
    const why = failure ?? { code: 'ERR_TRADE_LOCAL', reason: 'the deal failed' };
    if (decline !== null) aside.declined(ask.key, decline, now);
    else if (failure?.code === 'ERR_TRADE_SILENT') aside.wait(ask.key, SILENT_PAUSE_MS, why, now);
    else aside.put(ask.key, why);
  }

  #stop(): void {
    for (const { cancelTimer } of this.#bids.values()) cancelTimer();
    this.#emitter.end();
  }
}

/** Why an ask that was bought from is left alone. */
const BOUGHT: TradeFailure = { code: 'ERR_ORDER_REPEATED', reason: 'a licence was bought from this seller' };

/** What a bid's trades before a restart say about the asks that are left to try. */
function remember({ state: at, ask, failure }: Trade, { dealing, aside }: BidState): void {
  if (!isFinished(at)) dealing.add(ask.key);
  else if (at !== 'failed') aside.put(ask.key, failure ?? BOUGHT);
}
