import {
  type BlockStore,
  type DatasetDocument,
  type KeyValueStore,
  memoryKeyValueStore,
  type Network,
  type PublicKey,
  type Signer,
  softwareSigner,
  type Trustchain,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { constantLatency, type SimulatedNetworks, simulatedNetworks } from '@edmp/trustchain/simulated';
import { currencyLink, type IssuedCurrency } from '../../../src/asset/currency.ts';
import { comparePrices, price } from '../../../src/asset/price.ts';
import {
  ASK_TYPE,
  askToTx,
  BID_TYPE,
  bidToTx,
  decodeOrder,
  ordersCross,
  type SignedOrder,
} from '../../../src/blocks/order.ts';
import { moneyRules } from '../../../src/blocks/rules.ts';
import { type Spending, spendingOf } from '../../../src/blocks/spending.ts';
import { hex } from '../../../src/codec/fields.ts';
import { MarketError } from '../../../src/errors.ts';
import { createTrading, type Trading } from '../../../src/negotiation/create-trading.ts';
import { defaultOfferLimits, type OfferLimits } from '../../../src/negotiation/offer-limits.ts';
import { defaultDurations, type NegotiationSettings } from '../../../src/negotiation/settings.ts';
import { type Certificate, certificateOfShares } from '../../../src/notary/certificate.ts';
import { signStatement } from '../../../src/notary/statement.ts';
import { orderRule } from '../../../src/order/rules.ts';
import { defaultRiskPolicy, type RiskPolicy } from '../../../src/risk/policy.ts';
import type { TradeWallet, TradeWitnesses } from '../../../src/trade/needs.ts';
import type { TradeState } from '../../../src/trade/states.ts';
import type { Trade } from '../../../src/trade/trade.ts';
import { crypto } from '../documents.ts';
import { fakeSettlement, type Shelf } from '../fake-settlement.ts';
import { FakeLedger } from './fake-ledger.ts';
import { FakeWitness, fakeWitnessClient, Parcels } from './fake-witnesses.ts';

export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;
/** Δ of the tests. */
export const DELTA = 1_000;

/** What tests change about a trader. */
export interface TraderOptions {
  readonly settings?: Partial<NegotiationSettings>;
  readonly policy?: Partial<RiskPolicy>;
  readonly limits?: Partial<OfferLimits>;
  /** Wraps what the trader asks of witnesses. */
  readonly witnesses?: (real: TradeWitnesses) => TradeWitnesses;
  /** Wraps its store of records. */
  readonly records?: (real: KeyValueStore) => KeyValueStore;
  /** Wraps its block store. */
  readonly blocks?: (real: BlockStore) => BlockStore;
  /** Wraps its wallet. */
  readonly wallet?: (real: TradeWallet) => TradeWallet;
}

/** One trader of a test. */
export interface Trader {
  readonly name: string;
  readonly key: PublicKey;
  readonly signer: Signer;
  readonly blocks: BlockStore;
  readonly kv: KeyValueStore;
  readonly settlement: ReturnType<typeof fakeSettlement>;
  readonly options: TraderOptions;
  readonly certificates: Certificate[];
  readonly orders: Map<string, { readonly order: SignedOrder; cancelled: boolean }>;
  readonly problems: { readonly what: string; readonly error: unknown }[];
  readonly states: string[];
  readonly exhausted: (string | null)[];
  network: Network;
  chain: Trustchain;
  ledger: FakeLedger;
  trading: Trading;
  stop: AbortController;
}

/** A town of traders and witnesses on one virtual clock. */
export class TradingWorld {
  readonly environment: VirtualEnvironment;
  readonly networks: SimulatedNetworks;
  readonly shelf: Shelf = new Map();
  readonly parcels: Parcels = new Parcels();
  readonly traders: Trader[] = [];
  readonly asks: SignedOrder[] = [];
  readonly witnesses: { readonly witness: FakeWitness; readonly network: Network }[] = [];
  readonly currencies = new Map<string, IssuedCurrency>();
  readonly notaries = new Map<string, Signer>();
  readonly seed: number;
  readonly #judge: ReturnType<typeof fakeSettlement>;

  constructor(seed = 1) {
    this.seed = seed;
    this.environment = virtualEnvironment({ seed });
    this.networks = simulatedNetworks({
      environment: this.environment,
      seed,
      latency: constantLatency(2),
    });
    this.#judge = fakeSettlement({ environment: this.environment, shelf: this.shelf });
  }

  signer(name: string): Signer {
    const secretKey = crypto.sha256(new TextEncoder().encode(`${this.seed} ${name}`));
    return softwareSigner({ crypto, secretKey });
  }

  /** A witness with a statement key of its own, on a node of its own or on a trader's. */
  async witness(name: string, on?: Trader): Promise<FakeWitness> {
    const witness = new FakeWitness(this.signer(`${name} statements`), this.environment, (trade, proof) =>
      this.#judge.judge(trade, proof),
    );
    const network = on?.network ?? this.networks.create({ self: this.signer(name).publicKey });
    if (on === undefined) await network.start();
    witness.serve(network, this.parcels);
    this.witnesses.push({ witness, network });
    this.notaries.set(hex(witness.key), this.signer(`${name} statements`));
    return witness;
  }

  nodeOf(statementKey: PublicKey): PublicKey | undefined {
    return this.witnesses.find(({ witness }) => hex(witness.key) === hex(statementKey))?.network.self;
  }

  async trader(name: string, options: TraderOptions = {}): Promise<Trader> {
    const signer = this.signer(name);
    const kv = memoryKeyValueStore();
    const blocks = memoryBlockStore();
    const base = {
      name,
      key: signer.publicKey,
      signer,
      blocks: options.blocks?.(blocks) ?? blocks,
      kv: options.records?.(kv) ?? kv,
      settlement: fakeSettlement({ environment: this.environment, shelf: this.shelf }),
      options,
      certificates: [],
      orders: new Map(),
      problems: [],
      states: [],
      exhausted: [],
    };
    const trader = { ...base, ...(await this.#open(base)) };
    this.traders.push(trader);
    return trader;
  }

  /** Ends a trader without a word. */
  async crash(trader: Trader): Promise<void> {
    this.networks.crash(trader.key);
    trader.stop.abort();
    await trader.chain.stop();
  }

  /** Starts a crashed trader again over the same stores, and connects it to all that run. */
  async restart(trader: Trader): Promise<void> {
    Object.assign(trader, await this.#open(trader));
    this.linkAll();
    await this.environment.advance(100);
  }

  /** Connects everybody with everybody, as far as partitions and crashes allow. */
  linkAll(): void {
    const keys = [
      ...this.traders.map(({ key }) => key),
      ...this.witnesses.map(({ network }) => network.self),
    ];
    for (const [i, a] of keys.entries()) {
      for (const b of keys.slice(i + 1)) {
        try {
          this.networks.link(a, b);
        } catch {
          // One of them is down or cut off: the test wants it so.
        }
      }
    }
  }

  async #open(
    base: Pick<
      Trader,
      | 'key'
      | 'signer'
      | 'blocks'
      | 'kv'
      | 'settlement'
      | 'options'
      | 'certificates'
      | 'orders'
      | 'problems'
      | 'states'
      | 'exhausted'
    >,
  ): Promise<Pick<Trader, 'network' | 'chain' | 'ledger' | 'trading' | 'stop'>> {
    const { environment } = this;
    const network = this.networks.create({ self: base.key });
    await network.start();
    const chain = await createTrustchain({
      signer: base.signer,
      crypto,
      store: base.blocks,
      network,
      environment,
      rules: { ...moneyRules(crypto), [ASK_TYPE]: orderRule(crypto), [BID_TYPE]: orderRule(crypto) },
    });
    const ledger = new FakeLedger(this.currencies);
    const stop = new AbortController();
    const learn = async (certificate: Certificate): Promise<void> => {
      base.certificates.push(certificate);
      for (const hold of ledger.applyCertificate(certificate)) trading.onHold(hold);
    };
    const client = fakeWitnessClient(
      network,
      environment,
      { nodeOf: (key) => this.nodeOf(key), keysOf: (hold) => ledger.keysOf(hold) },
      this.parcels,
    );
    const wallet = this.#wallet(base.key, ledger);
    const trading: Trading = createTrading({
      node: {
        chain,
        network,
        environment,
        crypto,
        report: (what, error) => base.problems.push({ what, error }),
        signal: stop.signal,
      },
      money: {
        ledger,
        currency: (id) => ledger.currency(id),
        wallet: base.options.wallet?.(wallet) ?? wallet,
        learn,
      },
      witnesses: base.options.witnesses?.(client) ?? client,
      serves: (node, key) => {
        const at = this.nodeOf(key);
        return at !== undefined && hex(at) === hex(node);
      },
      settlement: base.settlement,
      records: base.kv,
      orders: {
        ask: (key) => base.orders.get(key),
        bid: (key) => {
          const own = base.orders.get(key);
          const open = own !== undefined && !own.cancelled && own.order.expires > environment.now();
          return open ? own.order : undefined;
        },
        candidates: (key) => {
          const bid = base.orders.get(key)?.order;
          return bid === undefined
            ? []
            : this.asks
                .filter((ask) => ordersCross(ask, bid))
                .sort((a, b) => comparePrices(a.price, b.price) || a.created - b.created);
        },
      },
      policy: { ...defaultRiskPolicy, ...base.options.policy },
      settings: {
        durations: defaultDurations,
        shortComplaints: false,
        witnesses: this.witnesses.map(({ witness }) => witness.key),
        withoutWitnesses: false,
        loneNotaryParty: false,
        suite: 'test',
        deltaMs: DELTA,
        ...base.options.settings,
      },
      limits: { ...defaultOfferLimits, ...base.options.limits },
    });
    trading.engine.on((event) => {
      if (event.type === 'entered') base.states.push(event.trade.state);
    });
    trading.buyers.on(({ last }) =>
      base.exhausted.push(last === null ? null : `${last.code}: ${last.reason}`),
    );
    chain.on((event) => {
      if (event.type !== 'block' || event.level === 'invalid') return;
      for (const hold of ledger.applyBlock(event.block)) trading.onHold(hold);
      trading.onBlock(event.block);
    });
    for (const { block } of await base.blocks.since(0, 10_000)) ledger.applyBlock(block);
    for (const certificate of base.certificates) ledger.applyCertificate(certificate);
    await trading.restore();
    return { network, chain, ledger, trading, stop };
  }

  #wallet(self: PublicKey, ledger: FakeLedger): TradeWallet {
    const { environment } = this;
    let last: Promise<unknown> = Promise.resolve();
    const spend: TradeWallet['spend'] = (currency, { pay, to, sign }, options = {}) => {
      const run = async (): Promise<Spending> => {
        options.signal?.throwIfAborted();
        const head = ledger.head(self, currency);
        const { available } = ledger.balance(self, currency);
        const kind = ledger.currency(currency);
        const before = head?.money.balance ?? (kind?.kind === 'test' ? kind.grant : 0n);
        const mint = kind?.kind === 'issued' && hex(kind.issuer) === hex(self);
        if (!mint && (available < pay || before < pay)) {
          throw new MarketError('ERR_WALLET_INSUFFICIENT', `${before} are left, ${pay} are needed`);
        }
        const n = (head?.money.n ?? 0) + 1;
        const block = await sign({
          currency,
          n,
          prev: head?.id ?? null,
          claims: [],
          pay,
          to,
          balance: before - pay,
        });
        ledger.applyBlock(block);
        const spending = spendingOf(block);
        if (spending === undefined) throw new Error('a spending block was expected');
        return spending;
      };
      const result = last.then(run, run);
      last = result.catch(() => undefined);
      return result;
    };
    return {
      spend,
      certified: async (spending) => {
        const currency = ledger.currency(spending.money.currency);
        if (currency?.kind !== 'issued') return null;
        await new Promise<void>((resolve) => environment.schedule(3, resolve));
        const statement = {
          kind: 'spend' as const,
          currency: currencyLink(currency.id),
          subject: spending.id,
          extra: null,
        };
        const shares = [];
        for (const [index, key] of currency.notaries.entries()) {
          const signer = this.notaries.get(hex(key));
          if (signer !== undefined)
            shares.push({ index, signature: await signStatement(statement, signer, crypto) });
        }
        const certificate = certificateOfShares(statement, shares, currency.notaries);
        ledger.applyCertificate(certificate);
        return certificate;
      },
    };
  }

  /** Signs an ask and lets everybody know it. */
  async sell(
    trader: Trader,
    document: DatasetDocument,
    options: {
      readonly amount?: bigint;
      readonly supply?: number;
      readonly currency?: string;
      readonly witnesses?: readonly PublicKey[];
      readonly lifetimeMs?: number;
      readonly known?: boolean;
    } = {},
  ): Promise<SignedOrder> {
    trader.settlement.add(document);
    const block = await trader.chain.source({
      type: ASK_TYPE,
      tx: askToTx({
        document,
        price: price(options.currency ?? 'DUM1', options.amount ?? 10n),
        supply: options.supply ?? 1,
        expires: this.environment.now() + (options.lifetimeMs ?? DAY),
        witnesses: options.witnesses ?? this.witnesses.slice(0, 1).map(({ witness }) => witness.key),
      }),
    });
    const order = decodeOrder(block, crypto);
    trader.orders.set(order.key, { order, cancelled: false });
    if (options.known !== false) this.asks.push(order);
    return order;
  }

  /** Signs a bid and begins to negotiate. */
  async buy(
    trader: Trader,
    asset: string,
    options: {
      readonly amount?: bigint;
      readonly quantity?: number;
      readonly currency?: string;
      readonly lifetimeMs?: number;
    } = {},
  ): Promise<SignedOrder> {
    const block = await trader.chain.source({
      type: BID_TYPE,
      tx: bidToTx({
        asset,
        price: price(options.currency ?? 'DUM1', options.amount ?? 10n),
        quantity: options.quantity ?? 1,
        expires: this.environment.now() + (options.lifetimeMs ?? HOUR),
      }),
    });
    const order = decodeOrder(block, crypto);
    trader.orders.set(order.key, { order, cancelled: false });
    trader.trading.buyers.consider(order.key);
    return order;
  }

  /** Moves the clock until `condition` holds. */
  async until(condition: () => boolean, limitMs: number = MINUTE, stepMs = 10): Promise<void> {
    const limit = this.environment.now() + limitMs;
    await this.environment.settle();
    while (!condition()) {
      if (this.environment.now() >= limit) {
        throw new Error(
          `The condition did not hold within ${limitMs} ms (seed ${this.seed})\n${this.describe()}`,
        );
      }
      await this.environment.advance(stepMs);
    }
  }

  describe(): string {
    return this.traders
      .map((trader) => {
        const trades = trader.trading.engine
          .all()
          .map(
            ({ role, state, failure }) => `${role} ${state} ${failure?.code ?? ''} ${failure?.reason ?? ''}`,
          );
        const problems = trader.problems.map(({ what, error }) => `${what}: ${String(error)}`);
        return `${trader.name}: [${trades.join('; ')}] problems [${problems.join('; ')}] exhausted [${trader.exhausted.join('; ')}]`;
      })
      .join('\n');
  }

  async stop(): Promise<void> {
    for (const trader of this.traders) {
      trader.stop.abort();
      await trader.chain.stop();
      await trader.network.stop();
    }
  }
}

/** The newest trade of a trader. */
export function tradeOf(trader: Trader): Trade {
  const trade = trader.trading.engine.all().at(-1);
  if (trade === undefined) throw new Error(`${trader.name} has no trade`);
  return trade;
}

/** State of the newest trade of a trader, if it has one. */
export function stateOf(trader: Trader): TradeState | undefined {
  return trader.trading.engine.all().at(-1)?.state;
}
