import type { AbortOptions, PublicKey } from '@edmp/interface';
import type { NetFlow } from '@edmp/trustchain/trust';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import type { Terms } from '../blocks/terms.ts';
import { MarketError } from '../errors.ts';
import type { TradeChain, TradeLedger } from '../trade/needs.ts';
import type { Trade } from '../trade/trade.ts';
import { checkBuyer, checkSeller, type TrustFacts } from './check.ts';
import { exposureTo, openObligations, soldOf, trustIn } from './facts.ts';
import type { RiskPolicy } from './policy.ts';

/** What {@link RiskGuard} looks at. */
export interface RiskNeeds {
  readonly policy: RiskPolicy;
  /** This node's view of the completed deals in a currency. */
  readonly netFlow: (currency: CurrencyId) => NetFlow;
  readonly chain: Pick<TradeChain, 'self' | 'isFraudulent' | 'history'>;
  readonly ledger: TradeLedger;
  readonly currency: (id: CurrencyId) => Currency | undefined;
  /** This node's trades that have not ended. */
  readonly unfinished: () => Iterable<Trade>;
  readonly now: () => number;
  /** Asks what became of holds of an account whose outcome was not heard here. Silent witnesses are no error. */
  readonly settle: (account: PublicKey, options: AbortOptions) => Promise<void>;
}

/** Gathers what chains, certificates and own trades say of a counterparty, and applies the policy to it. */
export class RiskGuard {
  readonly #needs: RiskNeeds;
  /** Trades of which this node, as their buyer, is about to hold the money: the next one counts them already. */
  readonly #cleared = new WeakSet<Trade>();

  constructor(needs: RiskNeeds) {
    this.#needs = needs;
  }

  /** As a seller, before data is sealed. Throws as {@link checkBuyer} does. */
  async buyer(terms: Terms, currency: Currency, options: AbortOptions): Promise<void> {
    const { chain, policy } = this.#needs;
    const cheat = await chain.isFraudulent(terms.buyer);
    const known = this.#available(terms.buyer, currency);
    if (currency.kind === 'test' && policy.requireFunds && known < terms.amount) {
      // What is known may be old: money that came back since is in blocks that were not seen here.
      await chain.history(terms.buyer, { ...options, upTo: terms.bid, want: 'complete' });
      // A refund is a certificate beside the chain: who was away when it was told asks for it (M10).
      if (this.#available(terms.buyer, currency) < terms.amount) {
        await this.#needs.settle(terms.buyer, options);
      }
    }
    const facts = {
      key: terms.buyer,
      cheat,
      exposure: exposureTo(this.#atStake(), terms.buyer, currency.id),
      trust: () => this.#trust(terms.buyer, currency),
      openObligations: openObligations(this.#needs.ledger, terms.buyer, this.#needs.now()),
      available: this.#available(terms.buyer, currency),
      owned: this.#owned(currency),
    };
    checkBuyer(policy, facts, { currency, amount: terms.amount, quantity: terms.quantity });
  }

  /** As a buyer, before money is held. Throws as {@link checkSeller} does, and for a chain that cannot be brought in. */
  async seller(trade: Trade, options: AbortOptions): Promise<void> {
    const { chain, currency: currencyOf, ledger, policy } = this.#needs;
    const { terms } = trade.encoded;
    const currency = currencyOf(terms.price.currency);
    if (currency === undefined) {
      throw new MarketError('ERR_CURRENCY_UNKNOWN', 'The block of the currency is not known here');
    }
    const proposal = trade.offer?.proposal.block.id;
    const exclusive = trade.ask.quantity === 1;
    if (exclusive && proposal !== undefined) {
      await chain.history(terms.seller, { ...options, upTo: proposal, want: 'complete' });
    }
    const cheat = await chain.isFraudulent(terms.seller);
    const others = this.#atStake().filter((other) => other !== trade);
    const facts = {
      key: terms.seller,
      cheat,
      exposure: exposureTo(others, terms.seller, currency.id),
      trust: () => this.#trust(terms.seller, currency, others),
      supply: trade.ask.quantity,
      ...soldOf(ledger, terms, proposal?.toString() ?? '', exclusive, this.#needs.now()),
    };
    checkSeller(policy, facts, { currency, amount: terms.amount, quantity: terms.quantity });
    // In the same turn as the look at the others: two that are checked at once must not both find nothing at stake.
    this.#cleared.add(trade);
  }

  /** Trades under way in which money is held, or about to be held by this node. */
  #atStake(): readonly Trade[] {
    return [...this.#needs.unfinished()].filter((trade) => trade.hold !== null || this.#cleared.has(trade));
  }

  #trust(counterparty: PublicKey, { id }: Currency, trades: readonly Trade[] = this.#atStake()): TrustFacts {
    return trustIn(this.#needs.netFlow(id), trades, counterparty, id);
  }

  #available(account: PublicKey, currency: Currency): bigint {
    return this.#needs.ledger.balance(account, currency.id).available;
  }

  #owned(currency: Currency): bigint {
    if (currency.kind !== 'issued') return 0n;
    const { available, held, pending } = this.#needs.ledger.balance(this.#needs.chain.self, currency.id);
    return available + held + pending;
  }
}
