import {
  type AbortOptions,
  type Crypto,
  type Environment,
  equalBytes,
  isEdmpError,
  type PublicKey,
  type SealedDelivery,
  type Settlement,
  withDeadline,
} from '@edmp/interface';
import { semaphore } from '@edmp/interface/bounded';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import { decodeOrder, type SignedOrder } from '../blocks/order.ts';
import { decodeTerms, type EncodedTerms, type Terms, type TradeId } from '../blocks/terms.ts';
import { tradeProposalOf, tradeProposalToTx } from '../blocks/trade.ts';
import { TRADE_TYPE } from '../blocks/types.ts';
import { isMarketError } from '../errors.ts';
import type { TradeEngine } from '../trade/engine.ts';
import { decline, reasonOf } from '../trade/hold-desk.ts';
import type { Decline, TradeReply, TradeRequest } from '../trade/messages.ts';
import type { TradeChain } from '../trade/needs.ts';
import { isFinished } from '../trade/states.ts';
import { newTrade, settlementTradeOf, type Trade } from '../trade/trade.ts';
import { checkTerms } from './check-terms.ts';
import { OfferBook, type OfferLimits } from './offer-limits.ts';
import type { NegotiationOrders } from './orders.ts';
import type { NegotiationSettings } from './settings.ts';
import type { WitnessNodes } from './witnesses.ts';

/** Datasets sealed at once: sealing is bound by the processor. */
const MAX_SEALING = 4;
/** Pause after which a buyer may propose again where the cause may pass, ms. */
const BUSY_RETRY_MS = 2_000;
/** Answers that are being made at once, in all. */
const MAX_ANSWERING = 512;

/** What {@link SellerNegotiation} works with. */
export interface SellerNegotiationNeeds {
  readonly engine: TradeEngine;
  readonly chain: TradeChain;
  readonly settlement: Pick<Settlement, 'holds' | 'seal' | 'erase'>;
  readonly environment: Environment;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly orders: NegotiationOrders;
  readonly currency: (id: CurrencyId) => Currency | undefined;
  /** Licences of one’s own ask that no hold has taken. */
  readonly left: (ask: string) => number;
  /** Applies the risk policy to the buyer of proposed terms. Throws `ERR_RISK_*`. */
  readonly checkBuyer: (terms: Terms, currency: Currency, options: AbortOptions) => Promise<void>;
  readonly nodes: WitnessNodes;
  readonly settings: NegotiationSettings;
  readonly limits: OfferLimits;
}

type Proposal = Extract<TradeRequest, { kind: 'propose' }>;

/** The seller's half of negotiations: checks what buyers propose; its signed trade proposal is the acceptance. */
export class SellerNegotiation {
  readonly #needs: SellerNegotiationNeeds;
  readonly #offers: OfferBook;
  readonly #sealing = semaphore(MAX_SEALING);
  /** Answers being made, so that a repeated proposal gets the same one. */
  readonly #answering = new Map<TradeId, Promise<TradeReply>>();

  constructor(needs: SellerNegotiationNeeds) {
    this.#needs = needs;
    this.#offers = new OfferBook(needs.engine, needs.limits, () => needs.environment.now());
  }

  /** Answers proposed terms. The same terms get the same answer for as long as the offer is remembered. */
  async propose(from: PublicKey, request: Proposal, options: AbortOptions): Promise<TradeReply> {
    const { chain, crypto, engine } = this.#needs;
    const encoded = decodeTerms(request.terms, crypto);
    const { terms } = encoded;
    if (!equalBytes(terms.seller, chain.self) || !equalBytes(terms.buyer, from)) {
      return decline('terms', 'the terms name other parties');
    }
    if (!equalBytes(crypto.sha256(request.recipientKey), terms.recipient)) {
      return decline('terms', 'the terms name another one-time key');
    }
    const known = engine.get(encoded.id);
    if (known !== undefined) return repeated(known);
    const running = this.#answering.get(encoded.id);
    if (running !== undefined) return running;
    if (this.#answering.size >= MAX_ANSWERING) {
      return decline('busy', 'too many negotiations are under way', { retryMs: BUSY_RETRY_MS });
    }
    const answer = this.#consider(encoded, request, options);
    this.#answering.set(encoded.id, answer);
    try {
      return await answer;
    } finally {
      this.#answering.delete(encoded.id);
    }
  }

  async #consider(encoded: EncodedTerms, request: Proposal, options: AbortOptions): Promise<TradeReply> {
    const { terms } = encoded;
    const bid = await this.#bidOf(request.bid, options);
    if (bid === undefined) return decline('terms', 'expected the valid bid that the terms name');
    const before = this.#check(encoded, bid) ?? (await this.#checkBuyer(terms, options));
    if (before !== undefined) return before;
    // Only now is it worth asking around who the witnesses are.
    await this.#needs.nodes.locate(this.#witnessesOf(terms), options);
    const no = this.#check(encoded, bid);
    if (no !== undefined) return no;
    return this.#offers.making(terms.buyer, () => this.#offer(encoded, bid, request.recipientKey, options));
  }

  #witnessesOf({ witnesses, price }: Terms): readonly PublicKey[] {
    if (witnesses !== null) return witnesses;
    const money = this.#needs.currency(price.currency);
    return money?.kind === 'issued' ? money.notaries : [];
  }

  async #bidOf(bytes: Uint8Array, options: AbortOptions): Promise<SignedOrder | undefined> {
    const { chain, crypto } = this.#needs;
    const { block, level } = await chain.receive(bytes, options);
    if (level === 'invalid') return undefined;
    try {
      return decodeOrder(block, crypto);
    } catch (error) {
      if (isMarketError(error)) return undefined;
      throw error;
    }
  }

  /** Everything about terms that needs no waiting. */
  #check({ terms }: EncodedTerms, bid: SignedOrder): Decline | undefined {
    const { currency, environment, left, orders, nodes, settings } = this.#needs;
    const key = terms.ask.toString();
    const deal = {
      terms,
      ask: orders.ask(key),
      bid,
      currency: currency(terms.price.currency),
      left: left(key),
      now: environment.now(),
    };
    const no = checkTerms(deal, { settings, nodes });
    if (no !== undefined) {
      if (no.reason === 'taken') orders.soldOut?.(key);
      return no;
    }
    const full = this.#offers.full(terms.buyer);
    return full === undefined ? undefined : decline('busy', full, { retryMs: BUSY_RETRY_MS });
  }

  async #checkBuyer(terms: Terms, options: AbortOptions): Promise<Decline | undefined> {
    const { checkBuyer, currency } = this.#needs;
    const money = currency(terms.price.currency);
    if (money === undefined) return decline('terms', 'the currency is not known here');
    try {
      await checkBuyer(terms, money, options);
      return undefined;
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return decline(reasonOf(error, 'risk'), `${error.code}: ${error.message}`, {
        retryMs: error.retryable ? BUSY_RETRY_MS : null,
      });
    }
  }

  /** Seals the data and signs the proposal. Nothing is reserved: whatever fails here, nothing has to be undone. */
  async #offer(
    encoded: EncodedTerms,
    bid: SignedOrder,
    recipientKey: Uint8Array,
    options: AbortOptions,
  ): Promise<TradeReply> {
    const { chain, crypto, engine, orders } = this.#needs;
    const { terms } = encoded;
    const ask = orders.ask(terms.ask.toString());
    if (ask === undefined) return decline('unknown', 'there is no such ask here');
    const sealed = await this.#seal({ encoded, recipientKey }, options);
    if ('kind' in sealed) return sealed;
    let offered = false;
    try {
      // The ask may have been cancelled or sold while the data was being sealed.
      const again = this.#check(encoded, bid);
      if (again !== undefined && again.reason !== 'busy') return again;
      const block = await chain.propose(
        { peer: terms.buyer, type: TRADE_TYPE, tx: tradeProposalToTx(encoded, sealed.settlementRoot) },
        { push: false },
      );
      const trade = newTrade({
        role: 'seller',
        encoded,
        ask: ask.order,
        recipientKey,
        bid: null,
        state: 'offered',
        offer: { proposal: tradeProposalOf(block, crypto), delivery: sealed },
      });
      await engine.start(trade);
      offered = true;
      return acceptance(trade);
    } finally {
      if (!offered) await this.#erase(encoded);
    }
  }

  /** Ciphertext that is not offered is of no use to anybody. */
  async #erase({ digest }: EncodedTerms): Promise<void> {
    try {
      await this.#needs.settlement.erase(digest);
    } catch (error) {
      if (!isEdmpError(error)) throw error;
    }
  }

  async #seal(
    trade: Pick<Trade, 'encoded' | 'recipientKey'>,
    options: AbortOptions,
  ): Promise<SealedDelivery | Decline> {
    const { environment, settlement } = this.#needs;
    const { asset, deadlines } = trade.encoded.terms;
    try {
      if (!(await settlement.holds(asset))) return decline('data', 'the data is not here any more');
      return await this.#sealing.run(() =>
        withDeadline(
          environment,
          Math.max(1, deadlines.accept - environment.now()),
          'sealing the data',
          (signal) => settlement.seal(settlementTradeOf(trade), { signal }),
          options,
        ),
      );
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return decline('data', `the data could not be sealed: ${error.message}`, {
        retryMs: error.retryable ? BUSY_RETRY_MS : null,
      });
    }
  }
}

/** The answer to terms that were accepted before. */
function repeated(trade: Trade): TradeReply {
  if (trade.role !== 'seller') return decline('terms', 'the terms name other parties');
  return isFinished(trade.state) ? decline('closed', 'that trade has ended') : acceptance(trade);
}

function acceptance({ offer }: Trade): TradeReply {
  if (offer === null) return decline('unknown', 'no such offer was made here');
  const { manifest, chunks, bytes } = offer.delivery;
  return { kind: 'accept', proposal: offer.proposal.block.bytes, manifest, chunks, bytes };
}
