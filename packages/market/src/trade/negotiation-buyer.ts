import { isEdmpError, singleFrame, sleep } from '@edmp/interface';
import { semaphore } from '@edmp/interface/bounded';
import { comparePrices, costOf, wholeLots } from '../asset/price.ts';
import { hex } from '../codec/fields.ts';
import type { MarketContext } from '../context.ts';
import { MarketError, type MarketErrorCode } from '../errors.ts';
import { executionPrice, isEarlier, ordersCross, type SignedOrder } from '../order/signed-order.ts';
import {
  decodeNegotiateReply,
  encodeNegotiateRequest,
  NEGOTIATE_PROTOCOL,
  type NegotiateReply,
  type NegotiateRequest,
} from './messages.ts';
import type { TradeRecord } from './record.ts';
import { decodeTerms, type EncodedTerms, encodeTerms, signTerms, type Terms, verifyTerms } from './terms.ts';
import type { LiveTrade, TradeEngine } from './trade-engine.ts';

/** Matching asks that a bid keeps in reserve, at most. */
const MAX_CANDIDATES = 256;
/** Failures after which the question is asked again. */
const LOST: readonly string[] = ['ERR_NETWORK_UNREACHABLE', 'ERR_NETWORK_BUSY', 'ERR_TIMEOUT'];
/** Negotiations under way at once, below what a seller serves one peer. */
const MAX_TALKS = 32;
/** Times that a busy seller is asked again, and the first pause, ms. */
const BUSY_ATTEMPTS = 8;
const BUSY_PAUSE_MS = 500;
/** Times that one question is asked, and the pause between them, ms. */
const ATTEMPTS = 3;
const ATTEMPT_PAUSE_MS = 2_000;
/** Asks that a bid gave up on, at most. */
const MAX_TRIED = 64;

/** The buyer's half of negotiations: only buyers propose, so two sides never propose to each other at once. */
export interface BuyerNegotiation {
  /** A matching ask for an own bid. Duplicates, of several matchmakers, collapse. */
  consider(bid: string, ask: SignedOrder): void;
  /** Asks that a bid gave up on. */
  triedBy(bid: string): readonly SignedOrder[];
  /** The bid may have quantity again. */
  retry(bid: string): void;
  /** A trade of this pair failed: do not try it again. */
  giveUp(bid: string, ask: SignedOrder): void;
  /** A trade ended: sellers that were busy may have time now. */
  retryBusy(): void;
  /** Goes on with a negotiation that a restart interrupted. */
  resume(live: LiveTrade): void;
}

interface BidState {
  readonly candidates: Map<string, SignedOrder>;
  readonly tried: Map<string, SignedOrder>;
  /** Asks whose seller was busy, and how often. */
  readonly later: Map<string, { readonly ask: SignedOrder; readonly times: number }>;
  busy: boolean;
}

/** The buyer's negotiations of one market. */
export function buyerNegotiation(context: MarketContext, engine: TradeEngine): BuyerNegotiation {
  const { crypto, durations, environment, network, own, self, settlement, signer } = context;
  const bids = new Map<string, BidState>();
  const talks = semaphore(MAX_TALKS);

  const stateOf = (bid: string): BidState => {
    let state = bids.get(bid);
    if (state === undefined) {
      state = { candidates: new Map(), tried: new Map(), later: new Map(), busy: false };
      bids.set(bid, state);
    }
    return state;
  };

  const giveUp = (bid: string, ask: SignedOrder): void => {
    const { candidates, tried } = stateOf(bid);
    candidates.delete(ask.key);
    if (tried.size >= MAX_TRIED) {
      for (const oldest of tried.keys()) {
        tried.delete(oldest);
        break;
      }
    }
    tried.set(ask.key, ask);
  };

  /** Tries a busy seller again when a trade ends, or after a pause that doubles. */
  const postpone = (bidKey: string, order: SignedOrder): void => {
    const { later } = stateOf(bidKey);
    const times = (later.get(order.key)?.times ?? 0) + 1;
    if (times > BUSY_ATTEMPTS) {
      later.delete(order.key);
      giveUp(bidKey, order);
      return;
    }
    later.set(order.key, { ask: order, times });
    environment.schedule(BUSY_PAUSE_MS * 2 ** times, () => {
      if (!context.signal.aborted) again(bidKey, order);
    });
  };

  const again = (bidKey: string, order: SignedOrder): void => {
    const { candidates, later } = stateOf(bidKey);
    if (!later.has(order.key) || own.available(bidKey) < 1) return;
    candidates.set(order.key, order);
    retry(bidKey);
  };

  /** Cheapest first, then oldest. */
  const bestCandidate = (bid: SignedOrder, state: BidState): SignedOrder | undefined => {
    let best: SignedOrder | undefined;
    for (const ask of state.candidates.values()) {
      if (
        ask.expires <= environment.now() ||
        context.registry.isClosed(ask.key) ||
        engine.ofPair(ask.key, bid.key) !== undefined
      ) {
        state.candidates.delete(ask.key);
        continue;
      }
      if (best === undefined) {
        best = ask;
        continue;
      }
      const order = comparePrices(ask.price, best.price);
      if (order < 0 || (order === 0 && isEarlier(ask, best))) best = ask;
    }
    return best;
  };

  /** Asks, and asks again when the connection breaks: the seller answers a repeated question alike. */
  const ask = async (live: LiveTrade, request: NegotiateRequest): Promise<NegotiateReply> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await askOnce(live, request);
      } catch (error) {
        const lost = isEdmpError(error) && LOST.includes(error.code);
        if (!lost || attempt === ATTEMPTS) throw error;
        await sleep(environment, ATTEMPT_PAUSE_MS, { signal: context.signal });
      }
    }
  };

  const askOnce = async (live: LiveTrade, request: NegotiateRequest): Promise<NegotiateReply> =>
    decodeNegotiateReply(
      await singleFrame(
        network.request(
          live.record.encoded.terms.seller,
          NEGOTIATE_PROTOCOL,
          encodeNegotiateRequest(request),
          {
            signal: context.signal,
            timeoutMs: durations.negotiate,
            maxFrameBytes: 8_192,
          },
        ),
      ),
    );

  const newRecord = async (encoded: EncodedTerms, order: SignedOrder): Promise<TradeRecord> => ({
    role: 'buyer',
    encoded,
    state: 'negotiating',
    sellerSignature: null,
    buyerSignature: await signTerms(encoded, signer),
    ask: order.block.bytes,
    delivery: null,
    failure: null,
    proof: null,
    steps: [{ state: 'negotiating', time: environment.now(), block: null, signer: self }],
  });

  const termsFor = async (order: SignedOrder, bid: SignedOrder, quantity: number): Promise<EncodedTerms> => {
    const unit = executionPrice(order, bid);
    const recipientKey = await settlement.createRecipientKey();
    const deliver = environment.now() + durations.deliver;
    const accept = deliver + durations.accept;
    const release = accept + durations.release;
    const parties = new Set<string>([context.selfHex, order.ownerHex]);
    const terms: Terms = {
      ask: order.id,
      bid: bid.id,
      seller: order.owner,
      buyer: self,
      asset: order.asset,
      quantity,
      price: unit,
      amount: costOf(unit, quantity),
      deadlines: { deliver, accept, release, complain: release + durations.complain },
      recipientKey,
      witnesses: context.matchmakers().filter((key) => !parties.has(hex(key))),
      nonce: environment.randomBytes(16),
    };
    return encodeTerms(terms, crypto);
  };

  /** Whether a counter is the proposal with less quantity or fewer witnesses and nothing else. */
  const isSmaller = (counter: Terms, proposed: Terms): boolean => {
    if (counter.quantity > proposed.quantity) return false;
    const witnesses = new Set(proposed.witnesses.map(hex));
    if (!counter.witnesses.every((key) => witnesses.has(hex(key)))) return false;
    const same = encodeTerms(
      { ...counter, quantity: proposed.quantity, amount: proposed.amount, witnesses: proposed.witnesses },
      crypto,
    );
    return same.id === encodeTerms(proposed, crypto).id;
  };

  const settle = async (live: LiveTrade, reply: NegotiateReply): Promise<LiveTrade | undefined> => {
    const { record } = live;
    const { encoded } = record;
    const { seller } = encoded.terms;
    if (reply.kind === 'accept') {
      if (!verifyTerms(encoded, reply.signature, seller, crypto)) {
        context.refuse(seller, 'ERR_TRADE_TERMS', 'an acceptance without a valid signature');
        throw new MarketError('ERR_TRADE_TERMS', 'The seller accepted without a valid signature');
      }
      record.sellerSignature = reply.signature;
      await engine.enter(live, 'accepted', seller);
      return undefined;
    }
    if (reply.kind === 'counter') {
      const counter = decodeTerms(reply.terms, crypto);
      if (
        !isSmaller(counter.terms, encoded.terms) ||
        !verifyTerms(counter, reply.signature, seller, crypto)
      ) {
        context.refuse(seller, 'ERR_TRADE_TERMS', 'a counter-offer with other terms than the proposal');
        throw new MarketError(
          'ERR_TRADE_TERMS',
          'The counter-offer changes more than quantity and witnesses',
        );
      }
      await engine.fail(live, 'ERR_TRADE_DECLINED', `the seller offers ${counter.terms.quantity} instead`);
      const next = await newRecord(counter, live.ask);
      next.sellerSignature = reply.signature;
      await engine.start(next, live.ask);
      return engine.get(counter.id);
    }
    const message = reply.kind === 'decline' ? `${reply.reason}: ${reply.message}` : 'an unexpected answer';
    const code: MarketErrorCode =
      reply.kind === 'decline' && reply.reason === 'price' ? 'ERR_TRADE_PRICE' : 'ERR_TRADE_DECLINED';
    throw new MarketError(code, `The seller declined (${message})`, {
      retryable: reply.kind === 'decline' && (reply.reason === 'reserved' || reply.reason === 'busy'),
      details: { reason: reply.kind === 'decline' ? reply.reason : reply.kind },
    });
  };

  const conclude = async (live: LiveTrade, bid: SignedOrder): Promise<void> => {
    const { buyerSignature, encoded } = live.record;
    try {
      if (buyerSignature === null) throw new MarketError('ERR_TRADE_STATE', 'Own signature is missing');
      let next = await settle(
        live,
        await ask(live, {
          kind: 'propose',
          terms: encoded.bytes,
          signature: buyerSignature,
          bid: bid.block.bytes,
        }),
      );
      if (next?.record.buyerSignature != null) {
        const countered = next;
        try {
          next = await settle(
            countered,
            await ask(countered, {
              kind: 'confirm',
              trade: countered.record.encoded.digest,
              signature: next.record.buyerSignature,
            }),
          );
        } catch (error) {
          await end(countered, bid, error);
        }
      }
    } catch (error) {
      await end(live, bid, error);
    }
  };

  const end = async (live: LiveTrade, bid: SignedOrder, error: unknown): Promise<void> => {
    if (context.signal.aborted) return;
    if (!isEdmpError(error)) throw error;
    const declined = error.name === 'MarketError';
    if (declined && error.retryable && error.details.reason === 'busy') postpone(bid.key, live.ask);
    stateOf(bid.key).candidates.delete(live.ask.key);
    if (!error.retryable || !declined) giveUp(bid.key, live.ask);
    await engine.fail(
      live,
      declined ? (error.code as MarketErrorCode) : 'ERR_TRADE_SILENT',
      declined ? error.message : `The seller did not answer: ${error.message}`,
    );
  };

  const negotiate = async (bidKey: string): Promise<void> => {
    const state = stateOf(bidKey);
    if (state.busy) return;
    state.busy = true;
    const skipped: SignedOrder[] = [];
    try {
      for (;;) {
        const bid = own.get(bidKey);
        const available = own.available(bidKey);
        if (context.signal.aborted || bid === undefined || available < 1) break;
        const order = bestCandidate(bid, state);
        if (order === undefined) break;
        state.candidates.delete(order.key);
        const known = context.registry.get(order.key)?.available ?? order.quantity;
        const quantity = wholeLots(executionPrice(order, bid), Math.min(available, Math.max(known, 1)));
        if (quantity < 1) continue;
        const record = await newRecord(await termsFor(order, bid, quantity), order);
        // The bid may have been cancelled or taken by another match while the key was made.
        if (own.available(bidKey) < quantity) continue;
        await engine.start(record, order);
        const live = engine.get(record.encoded.id);
        if (live === undefined) break;
        await talks.run(() => conclude(live, bid));
        if (live.record.state === 'failed') skipped.push(order);
      }
    } finally {
      state.busy = false;
    }
    if (skipped.length > 0 && own.available(bidKey) > 0) {
      context.orderChanged(
        bidKey,
        skipped.map((order) => order.id),
      );
    }
  };

  const retry = (bid: string): void => {
    context.background('a negotiation', () => negotiate(bid));
  };

  return {
    retryBusy() {
      for (const bidKey of own.open()) {
        for (const { ask: order } of bids.get(bidKey)?.later.values() ?? []) again(bidKey, order);
      }
    },
    consider(bidKey, order) {
      const bid = own.get(bidKey);
      if (bid === undefined || !ordersCross(order, bid)) return;
      const { candidates, tried } = stateOf(bidKey);
      if (tried.has(order.key) || candidates.has(order.key) || candidates.size >= MAX_CANDIDATES) return;
      candidates.set(order.key, order);
      retry(bidKey);
    },
    triedBy: (bid) => [...stateOf(bid).tried.values()],
    retry,
    giveUp,
    resume(live) {
      const bidKey = live.record.encoded.terms.bid.toString();
      context.background('a negotiation', async () => {
        const bid = own.get(bidKey);
        if (bid === undefined || live.record.encoded.terms.deadlines.deliver <= environment.now()) {
          await engine.fail(live, 'ERR_TRADE_SILENT', 'the negotiation was interrupted by a restart');
          return;
        }
        await conclude(live, bid);
      });
    },
  };
}
