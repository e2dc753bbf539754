import type { HalfBlock, PublicKey } from '@edmp/interface';
import { equalBytes, isEdmpError, publicKeyToHex } from '@edmp/interface';
import { MAX_AMOUNT } from './asset/currency.ts';
import { hex } from './codec/fields.ts';
import type { MarketContext } from './context.ts';
import { MarketError } from './errors.ts';
import { forkPosition } from './ledger/fork-position.ts';
import { emptyLedger } from './ledger/ledger.ts';
import { ISSUE_TYPE, issueToTx } from './ledger/token-blocks.ts';
import { tradeBlock } from './ledger/trade-entry.ts';
import { listingIndex } from './listing/search.ts';
import type { Market, MarketEvent, MarketEvidence, MarketOptions, Order, TradeDurations } from './market.ts';
import { ORDERS_TOPIC } from './matching/messages.ts';
import { type OrderFlow, orderFlow } from './matching/order-flow.ts';
import { DEFAULT_ORDER_LIMITS } from './order/limits.ts';
import { orderDesk } from './order/order-desk.ts';
import { orderRegistry } from './order/order-registry.ts';
import { ownOrders } from './order/own-orders.ts';
import { restore } from './restore.ts';
import { chainSync } from './risk/chain-sync.ts';
import { defaultRiskPolicy } from './risk/policy.ts';
import { marketRules } from './rules.ts';
import { evidenceExchange } from './trade/evidence.ts';
import { EVIDENCE_PROTOCOL, NEGOTIATE_PROTOCOL, WITNESS_PROTOCOL } from './trade/messages.ts';
import { buyerNegotiation } from './trade/negotiation-buyer.ts';
import { sellerNegotiation } from './trade/negotiation-seller.ts';
import { MAX_WITNESSES, settlementTrade } from './trade/terms.ts';
import { type LiveTrade, tradeEngine } from './trade/trade-engine.ts';
import { witnessService } from './trade/witness.ts';
import { energyWallet, tokenWallet } from './wallet/token-wallet.ts';

const DEFAULT_DURATIONS: TradeDurations = {
  negotiate: 10_000,
  deliver: 60_000,
  accept: 60_000,
  release: 60_000,
  complain: 3_600_000,
};
/** Outcomes in which licences are gone from an order. */
const SOLD: ReadonlySet<string> = new Set(['held', 'disputed', 'final']);
/** Refused messages kept. */
const MAX_EVIDENCE = 1_000;

/**
 * Opens a market over a chain and a network, takes up unfinished trades from the records, and starts serving.
 * Throws `ERR_MARKET_FORMAT` on options that do not fit together, and the stores' errors.
 */
export async function createMarket(options: MarketOptions): Promise<Market> {
  const { trustchain, network, settlement, environment, crypto, signer, records } = options;
  const self = trustchain.self;
  if (!equalBytes(signer.publicKey, self)) {
    throw new MarketError('ERR_MARKET_FORMAT', 'The signer and the chain must have the same key');
  }
  const limits = { ...DEFAULT_ORDER_LIMITS, ...options.limits };
  const durations = { ...DEFAULT_DURATIONS, ...options.deadlines };
  const witnesses = options.witnesses ?? 1;
  if (!Number.isSafeInteger(witnesses) || witnesses < 0 || witnesses > MAX_WITNESSES) {
    throw new MarketError('ERR_MARKET_FORMAT', `Expected 0 to ${MAX_WITNESSES} witnesses, got ${witnesses}`);
  }
  for (const [type, rule] of Object.entries(marketRules(crypto))) registerOnce(trustchain, type, rule);

  const stopping = new AbortController();
  const listeners = new Set<(event: MarketEvent) => void>();
  const evidence: MarketEvidence[] = [];
  const listings = listingIndex();
  const ledger = emptyLedger({
    crypto,
    judge: (trade, proof) => settlement.judge(trade, proof),
    now: environment.now(),
    currencies: options.currencies ?? [],
  });
  const own = ownOrders(environment.now);
  const selfHex = publicKeyToHex(self);
  let flow: OrderFlow | undefined;

  const emit = (event: MarketEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const context: MarketContext = {
    trustchain,
    network,
    settlement,
    environment,
    crypto,
    signer,
    records,
    self,
    selfHex,
    ledger,
    own,
    registry: orderRegistry({
      limits,
      now: environment.now,
      self: selfHex,
      onEvict: ({ order }) => listings.delete(order.key),
    }),
    risk: options.risk ?? defaultRiskPolicy,
    durations,
    chains: chainSync({
      trustchain,
      environment,
      timeoutMs: Math.max(1, Math.floor(durations.negotiate / 2)),
      signal: stopping.signal,
    }),
    signal: stopping.signal,
    emit,
    refuse(peer, code, reason) {
      const entry: MarketEvidence = { code, reason, peer, time: environment.now() };
      evidence.push(entry);
      if (evidence.length > MAX_EVIDENCE) evidence.shift();
      emit({ type: 'evidence', evidence: entry });
    },
    async publish(block) {
      try {
        await network.publish(ORDERS_TOPIC, block.bytes);
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        // Peers learn of it by the next book sync.
      }
    },
    matchmakers: () => (flow?.matchmakers() ?? []).slice(0, Math.max(witnesses, 0)),
    orderChanged: (key, blocked) => flow?.changed(key, own.available(key), blocked),
    background(what, work) {
      if (stopping.signal.aborted) return;
      work().catch((error: unknown) => {
        if (stopping.signal.aborted) return;
        const code = isEdmpError(error) ? error.code : 'ERR_TRADE_LOCAL';
        context.refuse(self, code, `${what}: ${error instanceof Error ? error.message : String(error)}`);
      });
    },
  };

  const onFinished = (live: LiveTrade): void => {
    if (live.record.failure?.code !== 'ERR_TRADE_DECLINED') buyer.retryBusy();
    const { record, ask } = live;
    const { terms, id } = record.encoded;
    const key = (record.role === 'seller' ? terms.ask : terms.bid).toString();
    const agreement = ledger.trade(id)?.blocks.agreement;
    if (record.state === 'failed') {
      if (record.role === 'buyer') {
        const declined =
          record.failure?.code === 'ERR_TRADE_DECLINED' || record.failure?.code === 'ERR_TRADE_PRICE';
        if (!declined) buyer.giveUp(key, ask);
        if (!declined) context.orderChanged(key, [terms.ask]);
        buyer.retry(key);
        return;
      }
      context.orderChanged(key, []);
      return;
    }
    if (agreement !== undefined) flow?.traded(agreement);
    if (own.status(key) === 'filled') context.orderChanged(key, []);
  };
  const engine = tradeEngine(context, onFinished);
  const buyer = buyerNegotiation(context, engine);
  const seller = sellerNegotiation(context, engine);
  const proofs = evidenceExchange(context);

  const onBlock = (block: HalfBlock): void => {
    if (!ledger.apply(block) && block.core.type !== 'tc/refuse') return;
    const about = block.core.type.startsWith('market/') ? tradeIdOf(block) : undefined;
    if (about !== undefined) engine.poke(about);
    proofs.onBlock(block);
  };
  const tradeIdOf = (block: HalfBlock): string | undefined => {
    try {
      const found = tradeBlock(block, crypto);
      return found === undefined ? undefined : hex(found.trade);
    } catch (error) {
      if (isEdmpError(error)) return undefined;
      throw error;
    }
  };

  const freeze = (author: PublicKey): void => {
    context.background('freezing a forker', async () => {
      ledger.freeze(author, await forkPosition(trustchain, author));
      for (const { id } of ledger.tradesOf(author)) engine.poke(id);
    });
  };
  const releases: (() => void)[] = [
    trustchain.on((event) => {
      if (event.type === 'block') onBlock(event.block);
      if (event.type === 'block' && event.block.core.type === 'tc/refuse') {
        for (const { id, blocks } of ledger.tradesOf(self)) {
          if (blocks.proposal !== undefined && event.block.core.link?.equals(blocks.proposal.id) === true) {
            engine.poke(id);
          }
        }
      }
      if (event.type === 'fraud') freeze(event.author);
      if (event.type === 'invalid') {
        context.refuse(
          event.block.core.key,
          event.issues[0]?.code ?? 'ERR_MARKET_FORMAT',
          event.issues[0]?.message ?? '',
        );
      }
    }),
  ];

  const restored = await restore(context);
  for (const author of await trustchain.store.authors()) {
    if (await trustchain.isFraudulent(author)) freeze(author);
  }
  // Claims on own orders first: what is listed as available must not include them.
  for (const { record, ask } of restored.trades) {
    engine.resume(record, ask);
    const live = engine.get(record.encoded.id);
    if (live !== undefined && record.state === 'negotiating') buyer.resume(live);
  }
  flow = orderFlow(context, ORDERS_TOPIC, options.matchmaker ?? true, {
    onMatch: buyer.consider,
    onListing(change, listing) {
      if (change === 'removed') listings.delete(listing.order.toString());
      else listings.set(listing);
      emit({ type: 'listing', change, listing });
    },
    onOwnClosed(key) {
      const order = own.view(key);
      if (order !== undefined) emit({ type: 'order', order });
    },
  });
  for (const order of restored.orders) {
    if (!equalBytes(order.owner, self) || own.status(order.key) === 'open') flow.restore(order);
  }
  // What strangers traded with each other is not for sale again; own trades count through own orders.
  for (const asset of new Set(restored.orders.map((order) => order.asset))) {
    for (const { blocks, outcome } of ledger.tradesIn(asset)) {
      const { seller: from, buyer: to } = blocks.trade.encoded.terms;
      const others = !equalBytes(from, self) && !equalBytes(to, self);
      if (others && blocks.agreement !== undefined && SOLD.has(outcome)) flow.traded(blocks.agreement);
    }
  }
  releases.push(
    network.handle(NEGOTIATE_PROTOCOL, seller.handle, {
      maxRequestBytes: 128 * 1024,
      maxConcurrentPerPeer: 128,
    }),
    network.handle(WITNESS_PROTOCOL, witnessService({ trustchain, crypto, now: environment.now }), {
      maxRequestBytes: 67 * 1024,
    }),
    network.handle(EVIDENCE_PROTOCOL, proofs.handle, { maxRequestBytes: 1_024 }),
    network.onPeer(({ type, peer }) => {
      if (type === 'connected') engine.pokeAll(peer);
    }),
  );

  const running = (): OrderFlow => {
    if (stopping.signal.aborted || flow === undefined) {
      throw new MarketError('ERR_MARKET_STOPPED', 'The market was stopped');
    }
    return flow;
  };
  const desk = orderDesk(context, flow, limits);
  const upToDate = (): typeof ledger => {
    ledger.advance(environment.now());
    return ledger;
  };
  const walletContext = { self, trustchain, ledger: upToDate, records, promised: desk.promised };
  const wallets = [
    ...[...ledger.currencies.values()].map((currency) => tokenWallet(walletContext, currency)),
    energyWallet(walletContext),
  ];
  const tradeOf = (id: string): LiveTrade => {
    const live = engine.get(id);
    if (live === undefined)
      throw new MarketError('ERR_MARKET_UNKNOWN', `No trade ${id.slice(0, 80)} is known here`);
    return live;
  };

  return {
    self,
    matchmaker: options.matchmaker ?? true,
    currencies: [...ledger.currencies.values()],
    async sell(offer, callOptions) {
      running();
      return desk.sell(offer, callOptions);
    },
    async buy(bid, callOptions) {
      running();
      return desk.buy(bid, callOptions);
    },
    async cancel(order, callOptions) {
      running();
      await desk.cancel(order, callOptions);
    },
    orders: () => own.all(),
    listings: async (query = {}) => listings.search(query, environment.now()),
    book: (asset, currency) => running().book(asset, currency),
    openOrders() {
      const out: Order[] = [];
      for (const known of context.registry.values()) {
        const { order, available } = known;
        const mine = own.view(order.key);
        if (mine !== undefined) {
          if (mine.status === 'open') out.push(mine);
          continue;
        }
        if (available < 1 || order.expires <= environment.now()) continue;
        out.push({
          id: order.id,
          number: order.block.core.seq,
          side: order.side,
          owner: order.owner,
          asset: order.asset,
          price: order.price,
          quantity: order.quantity,
          filled: order.quantity - available,
          reserved: 0,
          created: order.created,
          expires: order.expires,
          status: 'open',
          ...(order.document === undefined ? {} : { document: order.document }),
        });
      }
      return out;
    },
    matchmakers: () => running().matchmakers(),
    trades: () => engine.views(),
    trade: (id) => engine.view(tradeOf(id)),
    async delivery(id, callOptions) {
      const { record, ask } = tradeOf(id);
      const release = ledger.trade(id)?.blocks.release;
      const { delivery } = record;
      if (
        record.role !== 'buyer' ||
        record.state !== 'completed' ||
        delivery === null ||
        release === undefined
      ) {
        throw new MarketError(
          'ERR_TRADE_STATE',
          `Only a completed purchase has data; this trade is a ${record.state} ${record.role === 'buyer' ? 'purchase' : 'sale'}`,
        );
      }
      const { document } = ask;
      if (document === undefined) throw new MarketError('ERR_TRADE_STATE', 'The trade has no document');
      const outcome = await settlement.open(
        settlementTrade(record.encoded),
        document,
        delivery,
        release.tx.wrappedKey,
        callOptions,
      );
      if (outcome.kind !== 'opened') throw new MarketError('ERR_TRADE_DELIVERY', outcome.reason);
      return { document: outcome.document, consumption: outcome.consumption };
    },
    wallets: () => wallets,
    balance: async (account, currency) => upToDate().balance(account, currency),
    licences: (asset) => upToDate().licences(asset),
    async issue(currency, to, amount, callOptions) {
      running();
      const issuer = ledger.currencies.get(currency)?.issuer ?? null;
      if (issuer === null || !equalBytes(issuer, self)) {
        throw new MarketError('ERR_WALLET_UNSUPPORTED', `This node is not the issuer of ${currency}`);
      }
      if (amount < 1n || amount > MAX_AMOUNT) {
        throw new MarketError('ERR_ORDER_AMOUNT', `Expected 1 … 2⁶³−1 minor units, got ${amount}`);
      }
      const block = await trustchain.source(
        { type: ISSUE_TYPE, tx: issueToTx({ currency, to, amount }) },
        callOptions,
      );
      ledger.apply(block);
      return block.id;
    },
    evidence: () => [...evidence],
    on(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      for (const release of releases) release();
      flow?.stop();
      seller.stop();
      engine.stop();
      listeners.clear();
    },
  };
}

function registerOnce(
  trustchain: MarketOptions['trustchain'],
  type: string,
  rule: Parameters<MarketOptions['trustchain']['registerType']>[1],
): void {
  try {
    trustchain.registerType(type, rule);
  } catch (error) {
    // One rule per type: the caller gave the chain `marketRules`, or a market ran over it before.
    if (!isEdmpError(error, 'ERR_INVALID_ARGUMENT')) throw error;
  }
}
