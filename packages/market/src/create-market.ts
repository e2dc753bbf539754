import type { HalfBlock, Wallet } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import { type CurrencyId, isTestCurrency } from './asset/currency.ts';
import { safeEmitter } from './codec/emitter.ts';
import { CurrencyExchange } from './desk/currency-exchange.ts';
import { followOrders, followTrades, keepOwnCurrency, walletOf } from './desk/events.ts';
import { IncomingPayments } from './desk/incoming.ts';
import { keepReceipts } from './desk/keep-receipts.ts';
import { keepSpends } from './desk/keep-spends.ts';
import { keepTime } from './desk/keep-time.ts';
import { Keeper } from './desk/keeper.ts';
import { keptBlocks } from './desk/kept-blocks.ts';
import { MarketDesk } from './desk/market-desk.ts';
import { marketRules } from './desk/market-rules.ts';
import { MissedOutcomes } from './desk/missed-outcomes.ts';
import { MoneyDesk } from './desk/money-desk.ts';
import { openMoney } from './desk/open-money.ts';
import { OrderDesk } from './desk/order-desk.ts';
import { BookHolds } from './desk/order-holds.ts';
import { OwnOrders } from './desk/own-orders.ts';
import { PayerChains } from './desk/payer-chains.ts';
import { receiveBlocks } from './desk/receive-blocks.ts';
import { Refusals } from './desk/refusals.ts';
import { registerRules } from './desk/register-rules.ts';
import { Rereading } from './desk/reread.ts';
import { readStore } from './desk/restore.ts';
import { restoreMarket } from './desk/restore-market.ts';
import { settingsOf } from './desk/settings.ts';
import { HoldSpreader, spreadOutcomes } from './desk/spread-holds.ts';
import { TradeDesk } from './desk/trade-desk.ts';
import { TrustDesk } from './desk/trust-desk.ts';
import { openHoldTopic } from './evidence/hold-topic.ts';
import type { Market, MarketEvent, MarketOptions } from './market.ts';
import { orderExchange } from './matching/exchange.ts';
import { createTrading } from './negotiation/create-trading.ts';
import { openOnce } from './records/once.ts';
import { DealGraphs } from './risk/deal-graphs.ts';
import { energyWallet } from './wallet/energy-wallet.ts';
import { type TokenWalletNeeds, tokenWallet } from './wallet/token-wallet.ts';

/**
 * Opens a market over a chain and a network: takes up orders, money and unfinished trades from the stores, and starts
 * serving. Only composes: every part gets what it needs by name. Throws `ERR_MARKET_FORMAT` on options that do not fit
 * together, `ERR_TRADE_TERMS` on phases that cannot work, and the stores' errors.
 */
export async function createMarket(options: MarketOptions): Promise<Market> {
  const settings = settingsOf(options, options.trustchain.self);
  const { trustchain, network, environment, crypto, settlement, signer, records } = options;
  const { self } = trustchain;
  const { now } = environment;
  const stopping = new AbortController();
  const { signal } = stopping;
  const emitter = safeEmitter<MarketEvent>((error) => {
    refusals.note(self, 'ERR_TRADE_LOCAL', `a listener of the market: ${String(error)}`);
  });
  const refusals = new Refusals(environment, (evidence) => emitter.emit({ type: 'evidence', evidence }));
  const report = (what: string, error: unknown): void => {
    if (signal.aborted) return;
    const code = isEdmpError(error) ? error.code : 'ERR_TRADE_LOCAL';
    refusals.add(self, code, `${what}: ${error instanceof Error ? error.message : String(error)}`);
  };
  registerRules(trustchain, marketRules(crypto));

  const { witnesses, negotiation } = settings;
  const money = await openMoney({
    trustchain,
    network,
    environment,
    crypto,
    settlement,
    notary: options.notary,
    records,
    deltaMs: negotiation.deltaMs,
    trusted: witnesses.keys ?? [],
    report,
    signal,
  });
  const { books, certificates, client, currencies, directory, learn, ledger, spender } = money;
  const once = await openOnce({ records, crypto });
  const rereading = new Rereading(
    environment,
    () => readStore({ trustchain, crypto, environment, onBlock: (block) => takeBlock(block) }),
    report,
  );
  const currencyExchange = new CurrencyExchange({
    network,
    trustchain,
    currencies,
    environment,
    found: () => rereading.ask(),
  });
  const exchange = orderExchange({
    network,
    environment,
    crypto,
    self,
    receive: (blocks) => receiveBlocks(trustchain, blocks),
    matchmaker: settings.matchmaker,
    limits: settings.limits,
    onListenerError: (error) => report('a listener of orders', error),
    signal,
  });

  const missed = new MissedOutcomes({
    self,
    environment,
    books,
    settle: money.settleOthers,
    isListed: (ask) => exchange.order(ask) !== undefined,
    deltaMs: negotiation.deltaMs,
    report,
    signal,
  });
  const graphs = new DealGraphs(self, (id) => currencies.get(id) !== undefined);
  const trading = createTrading({
    node: { chain: trustchain, network, environment, crypto, signer, report, signal },
    money: {
      ledger,
      currency: (id) => currencies.get(id),
      wallet: spender,
      takeBlock: (block) => books.takeBlock(block),
      learn,
      settle: (account, options) => missed.settle(account, options),
    },
    witnesses: client,
    nodes: {
      serves: (node, key) => directory.servedBy([node], [key]).length > 0,
      async locate(keys, options) {
        for (const key of keys) await directory.find(key, options);
      },
    },
    settlement,
    records,
    orders: {
      ask: (key) => own.ask(key),
      bid: (key) => own.openBid(key),
      candidates: (bid) => exchange.candidates(bid),
      soldOut: (ask) => spreader.again(ask),
    },
    policy: settings.risk,
    netFlow: (currency) => graphs.netFlow(currency),
    settings: negotiation,
    limits: settings.offers,
  });
  const { engine, buyers } = trading;
  const own: OwnOrders = new OwnOrders(now, engine.tally, (bid) => buyers.aside(bid));
  const trades = new TradeDesk({
    engine,
    ledger: () => books.upToDate(),
    certificates,
    blocks: trustchain.store,
    find: (id) => trading.find(id),
    lie: (id) => trading.lie(id),
    forgetProof: (trade) => trading.forgetProof(trade),
    settlement,
    crypto,
    currencyOf: (id) => currencies.get(id),
    environment,
    settle: money.settleOwn,
  });
  const currencyOf = async (id: CurrencyId) => currencies.get(id) ?? (await currencyExchange.find(id));
  const orders: OrderDesk = new OrderDesk({
    trustchain,
    settlement,
    crypto,
    environment,
    books,
    own,
    outlet: {
      place(order) {
        exchange.addOwn(order);
        publish(order.block);
        if (order.side === 'bid') buyers.consider(order.key);
      },
      cancel(order, block) {
        exchange.cancelOwn(block);
        buyers.forget(order.key);
        publish(block);
      },
      knows: (key) => exchange.order(key) !== undefined,
    },
    once,
    records,
    limits: settings.limits,
    witnesses,
    currencyOf,
    settleDue: (currency, options) => spender.settleDue(currency, options),
    isBuying: (asset) => trades.isBuying(asset),
    changed: (order) => emitter.emit({ type: 'order', order }),
  });
  const publish = (block: HalfBlock): void => {
    exchange.publish(block).catch((error: unknown) => {
      // Peers learn of it when they compare orders.
      if (!isEdmpError(error)) report('publishing an order', error);
    });
  };
  const walletNeeds: TokenWalletNeeds = {
    trustchain,
    books,
    spender,
    once,
    records,
    promised: (currency) => orders.promised(currency),
  };
  const notaryKeys = money.notary?.keys() ?? [];
  const moneyDesk = new MoneyDesk({
    trustchain,
    crypto,
    currencies,
    exchange: currencyExchange,
    once,
    records,
    spender,
    wallet: walletNeeds,
    ownNotaries: notaryKeys,
  });
  const incoming = new IncomingPayments({
    self,
    environment,
    store: trustchain.store,
    // A later certified block alone does not do: as long as blocks between are missing, the payment does not count.
    counts: (spending) => books.upToDate().counts(spending),
    fetch: (peer, ids, more) => money.certificateExchange.fetch(peer, ids, more),
    cover: (spending, more) => client.cover(spending, more),
    receive: (block) => trustchain.receive(block.bytes),
    learn,
    knows: async ({ author, money: { currency } }) =>
      (currencies.get(currency) ?? (await currencyExchange.find(currency, [author]))) !== undefined,
    report,
    signal,
  });
  const holdTopic = openHoldTopic({
    network,
    crypto,
    environment,
    currencies,
    certificates,
    keysOf: money.keysOf,
    sellerOf: (key) => {
      const hold = ledger.hold(key);
      return hold !== undefined && isTestCurrency(hold.currency) ? hold.seller : undefined;
    },
    receive: trustchain.receive,
  });

  const keeper = new Keeper({ environment, report, signal });
  const payerChains = new PayerChains({
    self,
    trustchain,
    ledger: () => books.upToDate(),
    environment,
    report,
    signal,
  });
  /** Two payments with one number: whoever learns of it from the proof has nothing more to do with their author. */
  const prove = (a: HalfBlock, b: HalfBlock): void => {
    trustchain
      .accuse(a, b)
      .catch((error: unknown) => report('proving that one number was spent twice', error));
  };
  const bookHolds = new BookHolds({ self, books: exchange, environment });
  const takeBlock = (block: HalfBlock): void => {
    books.takeBlock(block);
    bookHolds.onBlock(block, (key) => ledger.hold(key));
  };
  const spreader: HoldSpreader = new HoldSpreader({ engine, topic: holdTopic, environment, report });
  const ends = [
    books.on((change) => {
      bookHolds.onChange(change);
      graphs.onChange(change);
      missed.onChange(change);
      if (change.type === 'fork') prove(change.a, change.b);
      if (change.type === 'hold' || change.type === 'outcome') trading.onHold(change.hold.key);
      const currency = walletOf(change, self);
      keepOwnCurrency(change, self, currencies);
      if (currency !== undefined) emitter.emit({ type: 'wallet', currency });
    }),
    trustchain.on((event) => {
      if (event.type === 'block') {
        takeBlock(event.block);
        trading.onBlock(event.block);
        incoming.onBlock(event.block);
        payerChains.onBlock(event.block);
      } else if (event.type === 'fraud') {
        books.condemn(event.author);
        graphs.condemn(event.author);
      } else if (event.type === 'invalid') {
        const [issue] = event.issues;
        refusals.add(event.block.core.key, issue?.code ?? 'ERR_MARKET_FORMAT', issue?.message ?? '');
      }
    }),
    keepTime(books, environment),
    followTrades({ engine, own, orders, trades, emitter, report }),
    followOrders({ exchange, buyers, own, refusals, emitter }),
    buyers.on((event) => {
      if (event.type === 'aside') {
        const order = own.view(event.bid);
        if (order !== undefined) emitter.emit({ type: 'order', order });
      } else if (event.last !== null) {
        const { code, reason } = event.last;
        refusals.add(self, code, `No seller is left to try for bid ${event.bid}: ${reason}`);
      }
    }),
    spreader.start(),
    () => bookHolds.stop(),
    keepSpends({ self, books, certificates, keeper }),
    spreadOutcomes({ self, books, certificates, topic: holdTopic, keeper, report }),
  ];

  await restoreMarket({
    trustchain,
    crypto,
    environment,
    named: options.currencies ?? [],
    money: moneyDesk,
    currencies,
    certificates,
    books,
    takeBlock,
    condemn: (author) => {
      books.condemn(author);
      graphs.condemn(author);
    },
    incoming,
    payerChains,
    own,
    orders,
    exchange,
    trading,
    spender,
    ownBlocks: money.ownBlocks,
  });
  // Not before: what was read from the store is on the disk.
  ends.push(payerChains.follow(engine), keepReceipts({ self, books, store: trustchain.store, keeper }));
  const wallets = (): readonly Wallet[] => [
    ...currencies
      .values()
      .filter(({ id }) => currencies.isKept(id))
      .map((currency) => tokenWallet(walletNeeds, currency)),
    energyWallet(self, books),
  ];
  return new MarketDesk({
    self,
    matchmaker: settings.matchmaker,
    notaryKeys,
    environment,
    currencies,
    books,
    orders,
    own,
    money: moneyDesk,
    trades,
    trust: new TrustDesk({
      graphs,
      proofs: (author) => trustchain.store.proofs(author),
      search: (query) => exchange.listings(query),
    }),
    exchange,
    wallets,
    refusals,
    keeps: keptBlocks({
      self,
      store: trustchain.store,
      ledger: () => books.upToDate(),
      currencies: () => currencies.values(),
      isChosen: (id) => currencies.isKept(id),
      serves: notaryKeys,
      isListed: (order) => exchange.order(order) !== undefined,
      now,
    }),
    emitter,
    signal,
    async stop() {
      stopping.abort();
      for (const end of ends) end();
      exchange.stop();
      currencyExchange.stop();
      rereading.stop();
      holdTopic.stop();
      emitter.end();
      await money.stop();
    },
  });
}
