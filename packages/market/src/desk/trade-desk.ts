import {
  type AbortOptions,
  type AssetId,
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
import type { Delivery, TradeEvidence, Trade as TradeView } from '../market.ts';
import type { TradeEngine } from '../trade/engine.ts';
import { isFinished } from '../trade/states.ts';
import { documentOf, idOf, settlementTradeOf, type Trade } from '../trade/trade.ts';
import { optionsOf, textArgument } from './arguments.ts';
import { tradeView } from './trade-view.ts';

/** What a {@link TradeDesk} needs. */
export interface TradeDeskNeeds {
  readonly engine: TradeEngine;
  readonly ledger: () => Ledger;
  readonly certificates: CertificateStore;
  readonly settlement: Pick<Settlement, 'open'>;
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
