import {
  type AbortOptions,
  type Crypto,
  type Environment,
  type HalfBlock,
  isEdmpError,
  type Network,
  type ReceiveResult,
  type Settlement,
  type Signer,
  withDeadline,
} from '@edmp/interface';
import { currencyLink } from '../asset/currency-link.ts';
import { receiptToTx } from '../blocks/release.ts';
import { holdToTx, spendingOf } from '../blocks/spending.ts';
import { tradeProposalOf } from '../blocks/trade.ts';
import { MarketError } from '../errors.ts';
import type { Certificate } from '../notary/certificate.ts';
import { encodeCertificate } from '../notary/certificate.ts';
import { askPeer } from './ask-peer.ts';
import { BuyerComplaints, WITNESS_TIMEOUT_MS } from './buyer-complaints.ts';
import { declineError, notYet, received, refusalOf, retryableOf } from './failures.ts';
import type { TradeReply } from './messages.ts';
import type { TradeChain, TradeWallet, TradeWitnesses } from './needs.ts';
import { ownAnswer } from './own-chain.ts';
import type { TradeRecords } from './records.ts';
import { shownReleaseOf } from './shown-release.ts';
import { documentOf, settlementTradeOf, type Trade, type TradeOffer } from './trade.ts';
import type { TradeAction } from './transition.ts';

/** Longest wait for one answer to terms, ms: the seller seals the data meanwhile. */
const PROPOSE_TIMEOUT_MS = 60_000;
/** Longest wait for one answer to a hold, ms: the seller waits for its witnesses meanwhile. */
const SHOW_TIMEOUT_MS = 30_000;
/** Times that terms are sent before the seller counts as silent. */
const PROPOSE_ATTEMPTS = 3;
/** Failures of a request that say nothing about its content. */
const LOST: ReadonlySet<string> = new Set(['ERR_NETWORK_UNREACHABLE', 'ERR_NETWORK_BUSY', 'ERR_TIMEOUT']);

/** What {@link BuyerWork} works with. */
export interface BuyerNeeds {
  readonly chain: TradeChain;
  readonly network: Pick<Network, 'request'>;
  readonly settlement: Settlement;
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** Signs with this node's key what its complaints say. */
  readonly sign: Signer['sign'];
  readonly wallet: TradeWallet;
  readonly witnesses: TradeWitnesses;
  /** Checks the seller before money is held. Throws `ERR_RISK_*`. */
  readonly checkSeller: (trade: Trade, options: AbortOptions) => Promise<void>;
  readonly records: Pick<TradeRecords, 'isKept' | 'save'>;
  /** Keeps a certificate and tells the ledger. */
  readonly learn: (certificate: Certificate) => Promise<void>;
}

/** Issue of a block whose author signed another one at its position. */
const FORK = 'ERR_BLOCK_FORK';

/** The buyer's actions. Each finds facts and sets them in the trade; each may be repeated. */
export class BuyerWork {
  readonly #needs: BuyerNeeds;
  readonly #attempts = new WeakMap<Trade, number>();
  readonly #complaining: BuyerComplaints;

  constructor(needs: BuyerNeeds) {
    this.#needs = needs;
    this.#complaining = new BuyerComplaints(needs);
  }

  /** Performs an action of the buyer's half of the table. */
  async perform(trade: Trade, action: TradeAction, signal: AbortSignal): Promise<void> {
    try {
      await this.#work(trade, action, signal);
    } catch (error) {
      throw await refusalOf(error, trade.encoded.terms.seller, this.#needs.chain);
    }
  }

  #work(trade: Trade, action: TradeAction, signal: AbortSignal): Promise<void> {
    switch (action) {
      case 'look':
        return this.#look(trade);
      case 'propose':
        return this.#propose(trade, signal);
      case 'fetch':
        return this.#fetch(trade, signal);
      case 'sign':
        return this.#sign(trade, signal);
      case 'certify':
        return this.#certify(trade, signal);
      case 'show':
        return this.#show(trade, signal);
      case 'open':
        return this.#open(trade, signal);
      case 'complain':
        return this.#complaining.complain(trade, signal);
      case 'ask':
        return this.#ask(trade, signal);
      default:
        throw new MarketError('ERR_TRADE_STATE', `A buyer does not ${action}`);
    }
  }

  /** The seller shows the release of a hold by itself. Throws what {@link shownReleaseOf} throws. */
  take(trade: Trade, received: Pick<ReceiveResult, 'block' | 'level' | 'issues'>, opener: Uint8Array): void {
    const { block, level, issues } = received;
    if (trade.release !== null) return;
    // A seller that forked its chain has released all the same: its witnesses say so, and the money goes by what they say.
    if (level === 'invalid' && issues.some(({ code }) => code !== FORK))
      throw new MarketError('ERR_TRADE_TERMS', 'The release breaks a rule of its chain');
    trade.release = shownReleaseOf(trade, block, opener, this.#needs.crypto);
  }

  async #look(trade: Trade): Promise<void> {
    const { offer } = trade;
    if (offer !== null && trade.hold === null) {
      const answer = await ownAnswer(this.#needs.chain, offer.proposal.block.id);
      if (answer !== undefined) this.#setHold(trade, answer);
    }
    trade.unsure = false;
  }

  #setHold(trade: Trade, block: HalfBlock): void {
    const spending = spendingOf(block);
    if (spending?.hold == null) return;
    trade.hold = spending;
    trade.certified = currencyLink(spending.money.currency) === null;
  }

  async #propose(trade: Trade, signal: AbortSignal): Promise<void> {
    const { environment } = this.#needs;
    const { bid } = trade;
    const { terms, bytes } = trade.encoded;
    if (bid === null) throw new MarketError('ERR_TRADE_STATE', 'There is no bid to propose terms for');
    const left = terms.deadlines.accept - environment.now();
    const request = { kind: 'propose', terms: bytes, recipientKey: trade.recipientKey, bid } as const;
    let reply: TradeReply;
    try {
      reply = await askPeer(this.#needs.network, terms.seller, request, {
        signal,
        timeoutMs: Math.max(1, Math.min(PROPOSE_TIMEOUT_MS, left)),
      });
    } catch (error) {
      throw this.#silence(trade, error);
    }
    if (reply.kind === 'decline') {
      trade.decline = reply;
      throw declineError(reply);
    }
    if (reply.kind !== 'accept')
      throw new MarketError('ERR_TRADE_TERMS', `Expected an offer, got ${reply.kind}`);
    trade.offer = await this.#offerOf(trade, reply);
  }

  /** A seller that is out of reach is asked again, and then counts as silent. */
  #silence(trade: Trade, error: unknown): unknown {
    if (!isEdmpError(error) || error.code === 'ERR_ABORTED') return error;
    const attempts = (this.#attempts.get(trade) ?? 0) + 1;
    this.#attempts.set(trade, attempts);
    if (LOST.has(error.code) && attempts < PROPOSE_ATTEMPTS) return notYet(error.message);
    return new MarketError('ERR_TRADE_SILENT', `The seller gave no answer: ${error.message}`, {
      cause: error,
    });
  }

  async #offerOf(trade: Trade, reply: Extract<TradeReply, { kind: 'accept' }>): Promise<TradeOffer> {
    const { chain, crypto } = this.#needs;
    const { block, level } = await chain.receive(reply.proposal);
    const proposal = tradeProposalOf(block, crypto);
    if (level === 'invalid' || proposal.encoded.id !== trade.encoded.id) {
      throw new MarketError('ERR_TRADE_TERMS', 'Expected the seller’s proposal of these very terms');
    }
    const { manifest, chunks, bytes } = reply;
    return { proposal, delivery: { settlementRoot: proposal.root, manifest, chunks, bytes } };
  }

  async #fetch(trade: Trade, signal: AbortSignal): Promise<void> {
    const { environment, settlement, checkSeller } = this.#needs;
    const { offer, encoded } = trade;
    if (offer === null) throw new MarketError('ERR_TRADE_STATE', 'There is no offer to fetch');
    const left = Math.max(1, encoded.terms.deadlines.accept - environment.now());
    await withDeadline(
      environment,
      left,
      'fetching and checking the sealed data',
      async (inner) => {
        await received(
          settlement.receive(settlementTradeOf(trade), documentOf(trade), offer.delivery, { signal: inner }),
        );
        await checkSeller(trade, { signal: inner });
      },
      { signal },
    );
    trade.received = true;
  }

  /** The deadline calls the spending off only before it signs: a hold that was signed is never forgotten. */
  async #sign(trade: Trade, signal: AbortSignal): Promise<void> {
    const { chain, environment, records, wallet } = this.#needs;
    const { offer, encoded } = trade;
    if (offer === null) throw new MarketError('ERR_TRADE_STATE', 'There is no offer to pay for');
    const { deadlines, price, amount, seller, witnesses } = encoded.terms;
    const { release, complain, accept } = deadlines;
    // No money is held for a deal that a restart would know nothing of.
    if (!records.isKept(trade)) await records.save(trade);
    const late = new AbortController();
    const cancel = environment.schedule(Math.max(0, accept - environment.now()), () => late.abort());
    try {
      const spending = await wallet.spend(
        price.currency,
        {
          pay: amount,
          to: seller,
          sign: (money) =>
            chain.agree(offer.proposal.block.id, holdToTx(money, { release, complain, witnesses }), {
              push: false,
              history: 'none',
            }),
        },
        { signal: AbortSignal.any([signal, late.signal]) },
      );
      this.#setHold(trade, spending.block);
    } catch (error) {
      // It may have been signed and only the answer got lost: this node’s own chain says.
      trade.unsure = true;
      try {
        await this.#look(trade);
      } catch (unknown) {
        // A reserved payment is signed before anything else: the trade must not end before that is known.
        throw retryableOf(unknown);
      }
      if (trade.hold !== null) return;
      if (isEdmpError(error, 'ERR_ABORTED')) throw notYet('The payment was not signed in time');
      throw error;
    } finally {
      cancel();
    }
  }

  async #certify(trade: Trade, signal: AbortSignal): Promise<void> {
    if (trade.hold === null) throw new MarketError('ERR_TRADE_STATE', 'There is no hold to certify');
    trade.certificate = await this.#needs.wallet.certified(trade.hold, { signal });
    trade.certified = true;
  }

  async #show(trade: Trade, signal: AbortSignal): Promise<void> {
    const { hold, certificate } = trade;
    if (hold === null) throw new MarketError('ERR_TRADE_STATE', 'There is no hold to show');
    const reply = await askPeer(
      this.#needs.network,
      trade.encoded.terms.seller,
      {
        kind: 'hold',
        hold: hold.block.bytes,
        certificate: certificate === null ? null : encodeCertificate(certificate),
      },
      { signal, timeoutMs: SHOW_TIMEOUT_MS },
    );
    switch (reply.kind) {
      case 'released':
        return this.take(trade, await this.#needs.chain.receive(reply.release, { signal }), reply.opener);
      case 'decline':
        if (reply.retryMs !== null) throw notYet(`The seller does not release yet: ${reply.message}`);
        trade.declined = `${reply.reason}: ${reply.message}`;
        return;
      default:
        throw notYet('The seller waits for its witnesses');
    }
  }

  async #open(trade: Trade, signal: AbortSignal): Promise<void> {
    const { chain, settlement } = this.#needs;
    const { offer, hold, release } = trade;
    if (offer === null || hold === null || release === null) {
      throw new MarketError('ERR_TRADE_STATE', 'There is no key to open the data with');
    }
    if (trade.unsure) {
      trade.receipt = (await ownAnswer(chain, release.block.id))?.id ?? null;
      trade.unsure = false;
      if (trade.receipt !== null) return;
    }
    const outcome = await settlement.open(
      settlementTradeOf(trade),
      documentOf(trade),
      offer.delivery,
      release.wrapped,
      { signal },
    );
    if (outcome.kind === 'misbehaviour') {
      trade.proof = this.#complaining.borneOut(trade, outcome.proof);
      return;
    }
    try {
      const receipt = await chain.agree(release.block.id, receiptToTx(hold.id), { history: 'none' });
      trade.receipt = receipt.id;
    } catch (error) {
      trade.unsure = true;
      if (isEdmpError(error, 'ERR_CHAIN_FRAUD')) trade.unreceipted = true;
      else throw retryableOf(error);
    }
  }

  async #ask(trade: Trade, signal: AbortSignal): Promise<void> {
    const { witnesses, learn } = this.#needs;
    const { hold } = trade;
    if (hold === null) throw new MarketError('ERR_TRADE_STATE', 'There is no hold to ask about');
    if (trade.release === null) {
      const kept = await this.#bounded('asking the witnesses for the release', signal, (inner) =>
        witnesses.released(hold, { signal: inner }),
      );
      if (kept !== undefined) {
        this.take(trade, await this.#needs.chain.receive(kept.release.bytes, { signal }), kept.opener);
        return;
      }
    }
    const outcomes = await this.#bounded('asking the witnesses for the outcome', signal, (inner) =>
      witnesses.outcomes([hold], undefined, { signal: inner }),
    );
    const certificate = outcomes.get(hold.key);
    if (certificate === undefined) throw notYet('The witnesses have not decided yet');
    await learn(certificate);
  }

  #bounded<T>(what: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(this.#needs.environment, WITNESS_TIMEOUT_MS, what, task, { signal });
  }
}
