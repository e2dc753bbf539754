import type { IncomingRequest, PublicKey } from '@edmp/interface';
import { equalBytes, isEdmpError } from '@edmp/interface';
import { comparePrices, costOf, wholeLots } from '../asset/price.ts';
import { hex } from '../codec/fields.ts';
import type { MarketContext } from '../context.ts';
import type { TradeDeadlines, TradeId } from '../market.ts';
import { decodeOrder, executionPrice, ordersCross, type SignedOrder } from '../order/signed-order.ts';
import { checkCounterparty } from '../risk/check.ts';
import {
  type DeclineReason,
  decodeNegotiateRequest,
  encodeNegotiateReply,
  type NegotiateReply,
} from './messages.ts';
import { decodeTerms, type EncodedTerms, encodeTerms, signTerms, verifyTerms } from './terms.ts';
import { isFinished, type TradeEngine } from './trade-engine.ts';

/** Phases of a trade that a seller accepts are at least this long, ms. */
const SHORTEST_PHASE_MS = 1_000;
/** And all of them together at most this long, ms: 31 days. */
const LONGEST_TRADE_MS: number = 31 * 86_400_000;
/** Syncs of a chain that keeps having gaps. */
const SYNC_ATTEMPTS = 3;
/** Counter-offers that wait for their confirmation, at most. */
const MAX_PENDING = 1_024;

interface Pending {
  readonly encoded: EncodedTerms;
  readonly ask: SignedOrder;
  readonly cancel: () => void;
}

const pairOf = (encoded: EncodedTerms): string => `${encoded.terms.ask} ${encoded.terms.bid}`;

/** Serves `/edmp/market/negotiate/1`: checks what buyers propose, and tells them where their ciphertext is. */
export interface SellerNegotiation {
  handle(request: IncomingRequest): Promise<Uint8Array>;
  stop(): void;
}

/** The seller's negotiations of one market. */
export function sellerNegotiation(context: MarketContext, engine: TradeEngine): SellerNegotiation {
  const { crypto, durations, environment, own, self, settlement, signer, trustchain } = context;
  const pending = new Map<TradeId, Pending>();
  /** Pairs of orders whose trade is being written down. */
  const starting = new Map<string, TradeId>();
  /** Answers being made, so that a repeated request gets the same one. */
  const answering = new Map<TradeId, Promise<NegotiateReply>>();

  const decline = (reason: DeclineReason, message: string): NegotiateReply => ({
    kind: 'decline',
    reason,
    message: message.slice(0, 300),
  });

  const checkDeadlines = (deadlines: TradeDeadlines): boolean => {
    const now = environment.now();
    const { deliver, accept, release, complain } = deadlines;
    return (
      deliver - now >= SHORTEST_PHASE_MS &&
      accept - deliver >= SHORTEST_PHASE_MS &&
      release - accept >= SHORTEST_PHASE_MS &&
      complain - release >= SHORTEST_PHASE_MS &&
      complain - now <= LONGEST_TRADE_MS
    );
  };

  const accept = async (
    encoded: EncodedTerms,
    ask: SignedOrder,
    buyerSignature: Uint8Array,
  ): Promise<NegotiateReply> => {
    // Reserved before the first wait, so that two proposals cannot both pass.
    own.claim(ask.key, encoded.id, encoded.terms.quantity, 'reserved');
    starting.set(pairOf(encoded), encoded.id);
    const signature = await signTerms(encoded, signer);
    await engine.start(
      {
        role: 'seller',
        encoded,
        state: 'accepted',
        sellerSignature: signature,
        buyerSignature,
        ask: ask.block.bytes,
        delivery: null,
        failure: null,
        proof: null,
        steps: [{ state: 'accepted', time: environment.now(), block: null, signer: self }],
      },
      ask,
    );
    starting.delete(pairOf(encoded));
    return { kind: 'accept', signature };
  };

  /** Everything about the terms that needs no waiting. */
  const firstChecks = (
    encoded: EncodedTerms,
    ask: SignedOrder | undefined,
    bid: SignedOrder,
    from: PublicKey,
  ): NegotiateReply | undefined => {
    const { terms } = encoded;
    if (ask === undefined || ask.side !== 'ask') return decline('unknown', 'no such ask');
    if (own.status(ask.key) !== 'open') return decline('closed', `the ask is ${own.status(ask.key)}`);
    if (!bid.id.equals(terms.bid) || !equalBytes(bid.owner, from) || !ordersCross(ask, bid)) {
      context.refuse(from, 'ERR_TRADE_TERMS', 'terms over orders that do not cross, or of somebody else');
      return decline('terms', 'the two orders do not cross');
    }
    if (bid.expires <= environment.now()) return decline('closed', 'the bid has expired');
    if (
      terms.price.currency !== ask.price.currency ||
      comparePrices(terms.price, executionPrice(ask, bid)) !== 0
    ) {
      context.refuse(from, 'ERR_TRADE_PRICE', 'terms at another price than the resting order’s');
      return decline('price', "the resting order's price executes");
    }
    if (terms.asset !== ask.asset || terms.quantity > bid.quantity) {
      context.refuse(from, 'ERR_TRADE_TERMS', 'terms beyond the two orders');
      return decline('terms', 'asset or quantity goes beyond the orders');
    }
    if (!checkDeadlines(terms.deadlines)) return decline('deadlines', 'a phase is too short or too long');
    const live = engine.ofPair(ask.key, bid.key);
    const begun = live?.record.encoded.id ?? starting.get(pairOf(encoded));
    if (begun !== undefined && begun !== encoded.id) {
      return decline('trading', 'these two orders are trading already');
    }
    return undefined;
  };

  const checkRisk = async (encoded: EncodedTerms, ask: SignedOrder): Promise<NegotiateReply | undefined> => {
    const { buyer } = encoded.terms;
    let links = false;
    for (let attempt = 1; ; attempt++) {
      // What a buyer spends is in its own chain; what it earned, in others', matters only when the first is not enough.
      await context.chains.sync(buyer, { links });
      try {
        await checkCounterparty(
          { policy: context.risk, trustchain, ledger: context.ledger },
          encoded,
          ask,
          self,
        );
        break;
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        // Blocks that overtook others leave a gap for a moment; another sync closes it.
        if (error.code === 'ERR_RISK_CHAIN' && attempt < SYNC_ATTEMPTS) continue;
        if (error.code === 'ERR_RISK_BALANCE' && !links) {
          links = true;
          continue;
        }
        return decline(error.retryable ? 'busy' : 'risk', `${error.code}: ${error.message}`);
      }
    }
    return (await settlement.holds(encoded.terms.asset))
      ? undefined
      : decline('data', 'the data is not here');
  };

  /** Terms with what can be given: the free quantity and witnesses that this side knows too. */
  const affordable = (encoded: EncodedTerms, ask: SignedOrder): EncodedTerms | undefined => {
    const { terms } = encoded;
    const quantity = wholeLots(terms.price, Math.min(terms.quantity, own.available(ask.key)));
    if (quantity < 1) return undefined;
    const known = new Set(context.matchmakers().map(hex));
    const witnesses = terms.witnesses.filter((key) => known.has(hex(key)));
    if (quantity === terms.quantity && witnesses.length === terms.witnesses.length) return encoded;
    return encodeTerms({ ...terms, quantity, amount: costOf(terms.price, quantity), witnesses }, crypto);
  };

  const counter = async (encoded: EncodedTerms, ask: SignedOrder): Promise<NegotiateReply> => {
    if (pending.size >= MAX_PENDING) return decline('busy', 'too many negotiations');
    own.claim(ask.key, encoded.id, encoded.terms.quantity, 'reserved');
    const cancel = environment.schedule(2 * durations.negotiate, () => {
      if (!pending.delete(encoded.id)) return;
      own.claim(ask.key, encoded.id, 0, undefined);
      context.orderChanged(ask.key, []);
    });
    pending.set(encoded.id, { encoded, ask, cancel });
    return { kind: 'counter', terms: encoded.bytes, signature: await signTerms(encoded, signer) };
  };

  const propose = async (
    from: PublicKey,
    terms: Uint8Array,
    signature: Uint8Array,
    bidBytes: Uint8Array,
  ): Promise<NegotiateReply> => {
    const encoded = decodeTerms(terms, crypto);
    if (!equalBytes(encoded.terms.seller, self) || !equalBytes(encoded.terms.buyer, from)) {
      context.refuse(from, 'ERR_TRADE_TERMS', 'terms between other parties');
      return decline('terms', 'the terms name other parties');
    }
    if (!verifyTerms(encoded, signature, from, crypto)) {
      context.refuse(from, 'ERR_TRADE_TERMS', 'terms without a valid signature of the buyer');
      return decline('terms', 'the signature does not fit the terms');
    }
    const running = answering.get(encoded.id);
    if (running !== undefined) return running;
    const answer = consider(encoded, from, signature, bidBytes);
    answering.set(encoded.id, answer);
    try {
      return await answer;
    } finally {
      answering.delete(encoded.id);
    }
  };

  const consider = async (
    encoded: EncodedTerms,
    from: PublicKey,
    signature: Uint8Array,
    bidBytes: Uint8Array,
  ): Promise<NegotiateReply> => {
    const repeated = engine.get(encoded.id);
    if (repeated !== undefined) {
      const { sellerSignature, state } = repeated.record;
      if (sellerSignature !== null && !isFinished(state))
        return { kind: 'accept', signature: sellerSignature };
      return decline('closed', 'that trade has ended');
    }
    const received = await trustchain.receive(bidBytes);
    if (received.level === 'invalid') return decline('terms', 'the bid is not valid');
    const bid = decodeOrder(received.block, crypto);
    const ask = own.get(encoded.terms.ask.toString());
    const first = firstChecks(encoded, ask, bid, from);
    if (first !== undefined || ask === undefined) return first ?? decline('unknown', 'no such ask');
    if (own.available(ask.key) < 1) return decline('reserved', 'all licences are reserved');
    const risk = await checkRisk(encoded, ask);
    if (risk !== undefined) return risk;
    const again = firstChecks(encoded, ask, bid, from);
    if (again !== undefined) return again;
    const possible = affordable(encoded, ask);
    if (possible === undefined) return decline('reserved', 'all licences are reserved');
    return possible.id === encoded.id ? accept(encoded, ask, signature) : counter(possible, ask);
  };

  const confirm = async (
    from: PublicKey,
    trade: Uint8Array,
    signature: Uint8Array,
  ): Promise<NegotiateReply> => {
    const id = hex(trade);
    const waiting = pending.get(id);
    if (waiting === undefined) return decline('unknown', 'no counter-offer waits under this id');
    if (
      !equalBytes(waiting.encoded.terms.buyer, from) ||
      !verifyTerms(waiting.encoded, signature, from, crypto)
    ) {
      context.refuse(from, 'ERR_TRADE_TERMS', 'a confirmation without a valid signature of the buyer');
      return decline('terms', 'the signature does not fit the counter-offer');
    }
    pending.delete(id);
    waiting.cancel();
    return accept(waiting.encoded, waiting.ask, signature);
  };

  const manifest = (from: PublicKey, trade: Uint8Array): NegotiateReply => {
    const live = engine.get(hex(trade));
    if (
      live === undefined ||
      live.record.role !== 'seller' ||
      live.record.delivery === null ||
      !equalBytes(live.record.encoded.terms.buyer, from)
    ) {
      return decline('unknown', 'no delivery for you under this id');
    }
    return { kind: 'manifest', manifest: live.record.delivery.manifest };
  };

  return {
    async handle({ from, body }) {
      const request = decodeNegotiateRequest(body);
      switch (request.kind) {
        case 'propose':
          return encodeNegotiateReply(await propose(from, request.terms, request.signature, request.bid));
        case 'confirm':
          return encodeNegotiateReply(await confirm(from, request.trade, request.signature));
        default:
          return encodeNegotiateReply(manifest(from, request.trade));
      }
    },
    stop() {
      for (const { cancel } of pending.values()) cancel();
      pending.clear();
    },
  };
}
