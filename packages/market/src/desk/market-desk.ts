import type {
  AbortOptions,
  AssetId,
  BlockId,
  Environment,
  HalfBlock,
  PublicKey,
  Wallet,
} from '@edmp/interface';
import { throwIfAborted } from '@edmp/interface';
import type { PruneSeverity } from '@edmp/trustchain/pruning';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { TradeId } from '../blocks/terms.ts';
import type { BookView } from '../book/view.ts';
import type { SafeEmitter } from '../codec/emitter.ts';
import { MarketError } from '../errors.ts';
import type { LicenceHolding } from '../ledger/history.ts';
import type { Listing, ListingQuery } from '../listing/listing.ts';
import type {
  AgentTrust,
  Bid,
  CallOptions,
  CurrencyOffer,
  DealEvidence,
  Delivery,
  Market,
  MarketEvent,
  MarketEvidence,
  Offer,
  OrderWait,
  Trade,
  TradeEvidence,
  TradeProof,
  TradeWait,
  Transfer,
} from '../market.ts';
import type { OrderExchange } from '../matching/exchange.ts';
import type { Order, OrderStatus } from '../order/order.ts';
import { ORDER_STATUSES } from '../order/order.ts';
import { isFinished, TRADE_STATES, type TradeState } from '../trade/states.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';
import {
  choicesArgument,
  currencyArgument,
  listenerArgument,
  objectOf,
  optionsOf,
  publicKeyArgument,
  textArgument,
} from './arguments.ts';
import type { KeepsBlock } from './kept-blocks.ts';
import type { MoneyDesk } from './money-desk.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OwnOrders } from './own-orders.ts';
import { checkQuery } from './query.ts';
import type { Refusals } from './refusals.ts';
import type { TradeDesk } from './trade-desk.ts';
import type { TrustDesk } from './trust-desk.ts';
import { openOrderView } from './views.ts';
import { waitUntil } from './wait.ts';

/** The parts behind a market's counter. */
export interface MarketDeskParts {
  readonly self: PublicKey;
  readonly matchmaker: boolean;
  readonly notaryKeys: readonly PublicKey[];
  readonly environment: Environment;
  readonly currencies: CurrencyRegister;
  readonly books: Bookkeeper;
  readonly orders: OrderDesk;
  readonly own: OwnOrders;
  readonly money: MoneyDesk;
  readonly trades: TradeDesk;
  readonly trust: TrustDesk;
  readonly exchange: OrderExchange;
  readonly wallets: () => readonly Wallet[];
  readonly refusals: Refusals;
  readonly keeps: KeepsBlock;
  readonly emitter: SafeEmitter<MarketEvent>;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
  /** Stops everything; called once. */
  readonly stop: () => Promise<void>;
}

/** A market's counter: checks what it is handed, and passes it on to the part that does it. */
export class MarketDesk implements Market {
  readonly self: PublicKey;
  readonly matchmaker: boolean;
  readonly notaryKeys: readonly PublicKey[];
  readonly #parts: MarketDeskParts;
  #stopping: Promise<void> | undefined;

  constructor(parts: MarketDeskParts) {
    this.self = parts.self;
    this.matchmaker = parts.matchmaker;
    this.notaryKeys = parts.notaryKeys;
    this.#parts = parts;
  }

  currencies(): readonly Currency[] {
    return this.#parts.currencies.values();
  }

  async addCurrency(block: Uint8Array, options?: AbortOptions): Promise<Currency> {
    throwIfAborted(options?.signal);
    return this.#running().money.addCurrency(block);
  }

  async issueCurrency(offer: CurrencyOffer, options?: CallOptions): Promise<Currency> {
    return this.#running().money.issueCurrency(offer, options);
  }

  isChosenCurrency(currency: CurrencyId): boolean {
    return this.#parts.currencies.isPinned(currencyArgument(currency, 'currency'));
  }

  currencyBlock(currency: CurrencyId): HalfBlock {
    return this.#parts.money.currencyBlock(currency);
  }

  async sell(offer: Offer, options?: CallOptions): Promise<Order> {
    return this.#running().orders.sell(offer, options);
  }

  async buy(bid: Bid, options?: CallOptions): Promise<Order> {
    return this.#running().orders.buy(bid, options);
  }

  async cancel(order: BlockId, options?: AbortOptions): Promise<void> {
    await this.#running().orders.cancel(order, options);
  }

  orders(): readonly Order[] {
    return this.#parts.own.all();
  }

  async listings(query: ListingQuery = {}, given?: AbortOptions): Promise<readonly Listing[]> {
    const options = optionsOf(given, 'options');
    throwIfAborted(options.signal);
    return this.#running().trust.listings(checkQuery(query));
  }

  async trust(agent: PublicKey, currency: CurrencyId, given?: AbortOptions): Promise<AgentTrust> {
    const options = optionsOf(given, 'options');
    throwIfAborted(options.signal);
    const { books, trust } = this.#running();
    books.upToDate();
    return trust.trust(publicKeyArgument(agent, 'agent'), currencyArgument(currency, 'currency'));
  }

  book(asset: AssetId, currency: CurrencyId): BookView {
    const wanted = textArgument(asset, 256, 'asset');
    return this.#running().exchange.view(wanted, currencyArgument(currency, 'currency'));
  }

  openOrders(): readonly Order[] {
    const { exchange, own, environment } = this.#running();
    const found: Order[] = [];
    for (const order of exchange.openOrders()) {
      const mine = own.view(order.key);
      if (mine !== undefined) {
        if (mine.status === 'open') found.push(mine);
        continue;
      }
      const left = exchange.left(order.key);
      if (left > 0 && order.expires > environment.now()) found.push(openOrderView(order, left));
    }
    return found;
  }

  matchmakers(): readonly PublicKey[] {
    return this.#running().exchange.matchmakers();
  }

  trades(): readonly Trade[] {
    return this.#parts.trades.all();
  }

  trade(id: TradeId): Trade {
    return this.#parts.trades.one(id);
  }

  tradeEvidence(id: TradeId): TradeEvidence {
    return this.#parts.trades.evidence(id);
  }

  async askOutcome(id: TradeId, options?: AbortOptions): Promise<TradeEvidence> {
    return this.#running().trades.askOutcome(id, options);
  }

  async dealEvidence(id: TradeId, options?: AbortOptions): Promise<DealEvidence> {
    return this.#parts.trades.dealEvidence(id, options);
  }

  async tradeProofs(id: TradeId, options?: AbortOptions): Promise<readonly TradeProof[]> {
    return this.#parts.trades.proofs(id, options);
  }

  async forgetProofs(id: TradeId, options?: AbortOptions): Promise<void> {
    await this.#parts.trades.forgetProofs(id, options);
  }

  async delivery(id: TradeId, options?: AbortOptions): Promise<Delivery> {
    return this.#parts.trades.delivery(id, options);
  }

  waitFor(order: Order, options?: OrderWait): Promise<Order>;
  waitFor(trade: Trade, options?: TradeWait): Promise<Trade>;
  async waitFor(thing: Order | Trade, given?: OrderWait | TradeWait): Promise<Order | Trade> {
    const options = optionsOf<OrderWait | TradeWait>(given, 'options');
    const { id, role } = objectOf(thing, 'an order or trade');
    if (role !== undefined)
      return this.#waitForTrade(textArgument(id, 256, 'trade.id'), options as TradeWait);
    return this.#waitForOrder(String(id).slice(0, 256), options as OrderWait);
  }

  wallets(): readonly Wallet[] {
    return this.#parts.wallets();
  }

  async balance(account: PublicKey, currency: CurrencyId): ReturnType<Wallet['balance']> {
    const key = publicKeyArgument(account, 'account');
    return this.#parts.books.upToDate().balance(key, currencyArgument(currency, 'currency'));
  }

  async transfer(transfer: Transfer, options?: CallOptions): Promise<BlockId> {
    return this.#running().money.transfer(transfer, options);
  }

  async claim(currency: CurrencyId, options?: AbortOptions): Promise<BlockId | null> {
    return this.#running().money.claim(currency, options);
  }

  licences(asset: AssetId): readonly LicenceHolding[] {
    return this.#parts.books.upToDate().licences(textArgument(asset, 256, 'asset'));
  }

  evidence(): readonly MarketEvidence[] {
    return this.#parts.refusals.all();
  }

  keeps(block: HalfBlock, severity: PruneSeverity): Promise<boolean> {
    return this.#parts.keeps(block, severity);
  }

  on(listener: (event: MarketEvent) => void): () => void {
    return this.#parts.emitter.on(listenerArgument(listener, 'listener'));
  }

  events(options?: AbortOptions): AsyncIterableIterator<MarketEvent> {
    return this.#parts.emitter.events(optionsOf(options, 'options'));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#parts.stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #running(): MarketDeskParts {
    if (this.#parts.signal.aborted) throw new MarketError('ERR_MARKET_STOPPED', 'The market was stopped');
    return this.#parts;
  }

  #waitForOrder(key: string, { until, signal }: OrderWait): Promise<Order> {
    const { emitter, own, signal: stopping } = this.#parts;
    const wanted =
      until === undefined ? undefined : choicesArgument<OrderStatus>(until, ORDER_STATUSES, 'options.until');
    return waitUntil(
      {
        current: () => {
          const order = own.view(key);
          if (order !== undefined) return order;
          throw new MarketError(
            'ERR_MARKET_UNKNOWN',
            `No order ${JSON.stringify(key.slice(0, 80))} of this node is known`,
          );
        },
        reached: ({ status }) => (wanted === undefined ? status !== 'open' : wanted.includes(status)),
        onChange: (look) => emitter.on(look),
        stopping,
      },
      { signal },
    );
  }

  #waitForTrade(id: TradeId, { until, signal }: TradeWait): Promise<Trade> {
    const { emitter, trades, signal: stopping } = this.#parts;
    const wanted =
      until === undefined ? undefined : choicesArgument<TradeState>(until, TRADE_STATES, 'options.until');
    return waitUntil(
      {
        current: () => trades.one(id),
        reached: ({ state }) => (wanted === undefined ? isFinished(state) : wanted.includes(state)),
        onChange: (look) => emitter.on(look),
        stopping,
      },
      { signal },
    );
  }
}
