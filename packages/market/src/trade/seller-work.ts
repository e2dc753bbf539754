import {
  type Crypto,
  type Environment,
  isEdmpError,
  type Network,
  type Settlement,
  withDeadline,
} from '@edmp/interface';
import { lockKey, releaseOf, releaseToTx } from '../blocks/release.ts';
import { RELEASE_TYPE } from '../blocks/types.ts';
import { MarketError } from '../errors.ts';
import type { Certificate } from '../notary/certificate.ts';
import { askPeer } from './ask-peer.ts';
import { notYet, refusalOf } from './failures.ts';
import type { TradeChain, TradeWitnesses } from './needs.ts';
import { ownRelease } from './own-chain.ts';
import type { TradeRecords } from './records.ts';
import { settlementTradeOf, type Trade } from './trade.ts';
import type { TradeAction } from './transition.ts';

/** Longest wait for a buyer to take its key, ms. */
const HAND_TIMEOUT_MS = 10_000;
/** Longest single try to hear from witnesses, ms. */
const WITNESS_TIMEOUT_MS = 60_000;
const OPENER_BYTES = 32;

/** What {@link SellerWork} works with. */
export interface SellerNeeds {
  readonly chain: TradeChain;
  readonly network: Pick<Network, 'request'>;
  readonly settlement: Settlement;
  readonly environment: Environment;
  readonly crypto: Crypto;
  readonly records: TradeRecords;
  readonly witnesses: TradeWitnesses;
  /** Keeps a certificate and tells the ledger. */
  readonly learn: (certificate: Certificate) => Promise<void>;
}

/** The seller's actions. Each finds facts and sets them in the trade; each may be repeated. */
export class SellerWork {
  readonly #needs: SellerNeeds;
  /** Drafts that are on disk. */
  readonly #written = new WeakSet<Trade>();
  /** Trades for which signing was begun in this process: the chain must be searched before it is tried again. */
  readonly #begun = new WeakSet<Trade>();

  constructor(needs: SellerNeeds) {
    this.#needs = needs;
  }

  /** Performs an action of the seller's half of the table. */
  async perform(trade: Trade, action: TradeAction, signal: AbortSignal): Promise<void> {
    try {
      await this.#work(trade, action, signal);
    } catch (error) {
      throw await refusalOf(error, trade.encoded.terms.buyer, this.#needs.chain);
    }
  }

  #work(trade: Trade, action: TradeAction, signal: AbortSignal): Promise<void> {
    switch (action) {
      case 'release':
        return this.#release(trade, signal);
      case 'acknowledge':
        return this.#acknowledge(trade, signal);
      case 'hand':
        return this.#hand(trade, signal);
      case 'ask':
        return this.#ask(trade, signal);
      default:
        throw new MarketError('ERR_TRADE_STATE', `A seller does not ${action}`);
    }
  }

  /**
   * One release per hold, ever: the key as it was wrapped and what opens its lock are on disk before the release is
   * signed, and whatever goes wrong, the very same transaction is signed, or found on this node’s own chain.
   */
  async #release(trade: Trade, signal: AbortSignal): Promise<void> {
    const { chain, crypto, records } = this.#needs;
    const { hold, encoded } = trade;
    if (hold === null) throw new MarketError('ERR_TRADE_STATE', 'There is no hold to release for');
    if (trade.draft === null) await this.#draft(trade, signal);
    const { draft } = trade;
    if (draft === null) throw new MarketError('ERR_TRADE_STATE', 'No key was wrapped');
    if (!trade.unsure && !this.#written.has(trade)) await records.save(trade);
    this.#written.add(trade);

    const again = trade.unsure || this.#begun.has(trade);
    this.#begun.add(trade);
    const before = again ? await ownRelease(chain, hold.id, draft.after) : undefined;
    const tx = releaseToTx({
      hold: hold.id,
      suite: encoded.terms.suite,
      ...lockKey(draft.wrapped, draft.opener, hold.id, crypto),
    });
    const proposal = { peer: encoded.terms.buyer, type: RELEASE_TYPE, tx };
    const block = before ?? (await chain.propose(proposal, { push: false }));
    trade.release = { block, tx: releaseOf(block), opener: draft.opener, wrapped: draft.wrapped };
  }

  async #draft(trade: Trade, signal: AbortSignal): Promise<void> {
    const { chain, environment, settlement } = this.#needs;
    const { buyer, deadlines } = trade.encoded.terms;
    if (await chain.isFraudulent(buyer)) {
      throw new MarketError('ERR_RISK_FRAUD', 'Fraud by the buyer is proven; the key stays here');
    }
    const wrapped = await withDeadline(
      environment,
      Math.max(1, deadlines.release - environment.now()),
      'wrapping the key',
      (inner) => settlement.release(settlementTradeOf(trade), { signal: inner }),
      { signal },
    );
    const head = await chain.store.head(chain.self);
    // From here on only this key, under this opener, may be released for the hold.
    trade.draft ??= { wrapped, opener: environment.randomBytes(OPENER_BYTES), after: head?.core.seq ?? 0 };
  }

  async #acknowledge(trade: Trade, signal: AbortSignal): Promise<void> {
    const { hold, release } = trade;
    if (hold === null || release === null) {
      throw new MarketError('ERR_TRADE_STATE', 'There is no release to acknowledge');
    }
    const acks = await this.#needs.witnesses.acknowledge(hold, release.block, release.opener, { signal });
    trade.acks = acks;
    await this.#needs.learn(acks);
  }

  async #hand(trade: Trade, signal: AbortSignal): Promise<void> {
    const { chain, network } = this.#needs;
    const { release } = trade;
    if (release === null) throw new MarketError('ERR_TRADE_STATE', 'There is no release to hand over');
    const { buyer } = trade.encoded.terms;
    if (trade.unsure) {
      const [receipt] = await chain.store.answers(release.block.id, { author: buyer, limit: 1 });
      trade.receipt = receipt?.block.id ?? null;
      trade.unsure = false;
      if (trade.receipt !== null) return;
    }
    const reply = await askPeer(
      network,
      buyer,
      { kind: 'release', release: release.block.bytes, opener: release.opener },
      { signal, timeoutMs: HAND_TIMEOUT_MS },
    );
    if (reply.kind !== 'ok') throw notYet('The buyer did not take the key');
    trade.handed = true;
  }

  async #ask(trade: Trade, signal: AbortSignal): Promise<void> {
    const { chain, learn, witnesses } = this.#needs;
    const { hold, release } = trade;
    if (hold === null) throw new MarketError('ERR_TRADE_STATE', 'There is no hold to ask about');
    if (trade.acks === null && release !== null) await this.#lateAcks(trade, signal);
    const [receipt] =
      release === null
        ? []
        : await chain.store.answers(release.block.id, { author: trade.encoded.terms.buyer, limit: 1 });
    if (receipt !== undefined && trade.receipt === null) {
      trade.receipt = receipt.block.id;
      return;
    }
    const outcomes = await this.#bounded('asking the witnesses for the outcome', signal, (inner) =>
      witnesses.outcomes([hold], trade.acks === null ? {} : { acks: new Map([[hold.key, trade.acks]]) }, {
        signal: inner,
      }),
    );
    const certificate = outcomes.get(hold.key);
    if (certificate === undefined) throw notYet('The witnesses have not decided yet');
    await learn(certificate);
  }

  /** A witness that acknowledged in time says so again, whenever it is asked. */
  async #lateAcks(trade: Trade, signal: AbortSignal): Promise<void> {
    try {
      await this.#bounded('asking the witnesses again', signal, (inner) => this.#acknowledge(trade, inner));
    } catch (error) {
      if (!isEdmpError(error) || signal.aborted) throw error;
      // Their outcome says what the acknowledgements would have said.
    }
  }

  #bounded<T>(what: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(this.#needs.environment, WITNESS_TIMEOUT_MS, what, task, { signal });
  }
}
