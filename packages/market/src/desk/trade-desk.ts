import {
  type AbortOptions,
  type AssetId,
  type BlockStore,
  type Crypto,
  type Environment,
  isEdmpError,
  type PublicKey,
  type Settlement,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import type { TradeId } from '../blocks/terms.ts';
import { MarketError } from '../errors.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { Hold } from '../ledger/hold.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { DealEvidence, Delivery, TradeEvidence, TradeProof, Trade as TradeView } from '../market.ts';
import type { SignedProof } from '../notary/answers.ts';
import type { TradeEngine } from '../trade/engine.ts';
import { judgeLie, proofOfLie } from '../trade/false-complaints.ts';
import { isFinished } from '../trade/states.ts';
import { documentOf, factsOf, idOf, settlementTradeOf, type Trade } from '../trade/trade.ts';
import { optionsOf, textArgument } from './arguments.ts';
import { dealEvidenceOf } from './deal-evidence.ts';
import { tradeView } from './trade-view.ts';

/** What a {@link TradeDesk} needs. */
export interface TradeDeskNeeds {
  readonly engine: TradeEngine;
  readonly ledger: () => Ledger;
  readonly certificates: CertificateStore;
  readonly blocks: Pick<BlockStore, 'get' | 'answers'>;
  /** A trade of the records that memory has let go. */
  readonly find: (id: TradeId) => Promise<Trade | undefined>;
  /** The complaint by which the buyer of a sale is convicted. */
  readonly lie: (id: TradeId) => Promise<SignedProof | undefined>;
  readonly settlement: Pick<Settlement, 'open' | 'judge'>;
  readonly crypto: Crypto;
  readonly forgetProof: (trade: Trade) => Promise<void>;
  readonly currencyOf: (id: CurrencyId) => Currency | undefined;
  readonly environment: Environment;
  /** Asks the witnesses of own holds for outcomes and keeps those that there are. */
  readonly settle: (holds: readonly Hold[], options: AbortOptions) => Promise<void>;
}

/** Longest wait for witnesses that are asked for an outcome, ms. */
const ASK_TIMEOUT_MS = 5_000;

/** Own trades as their owner sees them. */
export class TradeDesk {
  readonly #needs: TradeDeskNeeds;

  constructor(needs: TradeDeskNeeds) {
    this.#needs = needs;
  }

  all(): readonly TradeView[] {
    const started = ({ steps }: Trade): number => steps[0]?.time ?? 0;
    return this.#needs.engine
      .all()
      .toSorted((a, b) => started(a) - started(b))
      .map((trade) => this.view(trade));
  }

  one(id: TradeId): TradeView {
    return this.view(this.#trade(id));
  }

  view(trade: Trade): TradeView {
    return tradeView(trade, this.#witnessesOf(trade));
  }

  /** Whether a purchase of the asset is under way. */
  isBuying(asset: AssetId): boolean {
    for (const { role, state, encoded } of this.#needs.engine.unfinished()) {
      if (role === 'buyer' && encoded.terms.asset === asset && !isFinished(state)) return true;
    }
    return false;
  }

  evidence(id: TradeId): TradeEvidence {
    const trade = this.#trade(id);
    const { certificates, ledger } = this.#needs;
    const { hold } = trade;
    if (hold === null) return { trade: idOf(trade), hold: null, spend: null, acks: null, outcome: null };
    return {
      trade: idOf(trade),
      hold: hold.id,
      spend: trade.certificate ?? certificates.spend(hold.key) ?? null,
      acks: trade.acks ?? certificates.ack(hold.key) ?? null,
      outcome: ledger().hold(hold.key)?.outcome ?? null,
    };
  }

  /** {@link TradeDesk.evidence}, after asking the witnesses what is not known. */
  async askOutcome(id: TradeId, given?: AbortOptions): Promise<TradeEvidence> {
    const options = optionsOf(given, 'options');
    const { environment, ledger, settle } = this.#needs;
    const trade = this.#trade(id);
    throwIfAborted(options.signal);
    const hold = trade.hold === null ? undefined : ledger().hold(trade.hold.key);
    if (hold === undefined || hold.outcome !== null || hold.witnesses.length === 0) return this.evidence(id);
    try {
      await withDeadline(
        environment,
        ASK_TIMEOUT_MS,
        'Asking the witnesses what became of a hold',
        (signal) => settle([hold], { signal }),
        options,
      );
    } catch (error) {
      throwIfAborted(options.signal);
      // Silent witnesses leave it open.
      if (!isEdmpError(error)) throw error;
    }
    return this.evidence(id);
  }

  /** {@link Market.dealEvidence}. The outcome is asked for first where the witnesses know it and this node does not. */
  async dealEvidence(id: TradeId, given?: AbortOptions): Promise<DealEvidence> {
    const options = optionsOf(given, 'options');
    const trade = await this.#found(id);
    const finished = isFinished(trade.state);
    if (finished && this.#needs.engine.get(id) !== undefined) await this.askOutcome(id, options);
    const evidence = await dealEvidenceOf(trade, finished, this.#needs);
    return { ...evidence, lie: (await this.#needs.lie(idOf(trade))) ?? null };
  }

  /** The buyer's proof against the seller, or the seller's that the buyer lied, judged as a witness would. */
  async proofs(id: TradeId, given?: AbortOptions): Promise<readonly TradeProof[]> {
    throwIfAborted(optionsOf(given, 'options').signal);
    const trade = await this.#found(id);
    const { proof } = trade;
    if (trade.role === 'seller') return this.#lieOf(trade);
    const facts = factsOf(trade);
    if (proof === null || facts === undefined) return [];
    return [{ ...this.#needs.settlement.judge(facts, proof), against: 'seller', bytes: proof }];
  }

  async #lieOf(trade: Trade): Promise<readonly TradeProof[]> {
    const lie = await this.#needs.lie(idOf(trade));
    const bytes = lie === undefined ? undefined : proofOfLie(trade, lie);
    const judgement = lie === undefined ? undefined : judgeLie(trade, lie, this.#needs);
    return bytes === undefined || judgement === undefined ? [] : [{ ...judgement, against: 'buyer', bytes }];
  }

  async forgetProofs(id: TradeId, given?: AbortOptions): Promise<void> {
    throwIfAborted(optionsOf(given, 'options').signal);
    const trade = await this.#found(id);
    if (!isFinished(trade.state)) {
      throw new MarketError('ERR_TRADE_STATE', `The trade is still ${trade.state}: its proofs are needed`);
    }
    await this.#needs.forgetProof(trade);
  }

  async delivery(id: TradeId, given?: AbortOptions): Promise<Delivery> {
    const options = optionsOf(given, 'options');
    const trade = this.#trade(id);
    const { role, state, offer, release } = trade;
    if (role !== 'buyer' || state !== 'completed' || offer === null || release === null) {
      throw new MarketError(
        'ERR_TRADE_STATE',
        `Only a completed purchase has data; this trade is a ${role === 'buyer' ? 'purchase' : 'sale'} in the state ${state}`,
      );
    }
    const document = documentOf(trade);
    const outcome = await this.#needs.settlement.open(
      settlementTradeOf(trade),
      document,
      offer.delivery,
      release.wrapped,
      options,
    );
    if (outcome.kind !== 'opened') throw new MarketError('ERR_TRADE_DELIVERY', outcome.reason);
    return { document: outcome.document, consumption: outcome.consumption };
  }

  async #found(id: TradeId): Promise<Trade> {
    const { engine, find } = this.#needs;
    const key = textArgument(id, 256, 'trade');
    return engine.get(key) ?? (/^[0-9a-f]{64}$/.test(key) ? await find(key) : undefined) ?? this.#trade(key);
  }

  #trade(id: TradeId): Trade {
    const found = this.#needs.engine.get(textArgument(id, 256, 'trade'));
    if (found !== undefined) return found;
    throw new MarketError('ERR_MARKET_UNKNOWN', `No trade ${JSON.stringify(id.slice(0, 80))} is known here`);
  }

  #witnessesOf({ encoded }: Trade): readonly PublicKey[] {
    const { witnesses, price } = encoded.terms;
    if (witnesses !== null) return witnesses;
    const currency = this.#needs.currencyOf(price.currency);
    return currency?.kind === 'issued' ? currency.notaries : [];
  }
}
