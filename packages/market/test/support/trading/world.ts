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
import { createDealGraph, netFlow } from '@edmp/trustchain/trust';
import { type Currency, testCurrency } from '../../../src/asset/currency.ts';
import { type CurrencyRegister, currencyRegister } from '../../../src/asset/currency-register.ts';
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
import { type CertificateStore, openCertificateStore } from '../../../src/evidence/certificate-store.ts';
import { createLedger } from '../../../src/ledger/create-ledger.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { LedgerLimits } from '../../../src/ledger/limits.ts';
import { createTrading, type Trading } from '../../../src/negotiation/create-trading.ts';
import { defaultOfferLimits, type OfferLimits } from '../../../src/negotiation/offer-limits.ts';
import { defaultDurations, type NegotiationSettings } from '../../../src/negotiation/settings.ts';
import type { Certificate } from '../../../src/notary/certificate.ts';
import { verifyCertificate } from '../../../src/notary/certificate.ts';
import { type NotaryClient, notaryClient } from '../../../src/notary/client.ts';
import { type Directory, openDirectory } from '../../../src/notary/directory.ts';
import { type Notary, openNotary } from '../../../src/notary/notary.ts';
import { openNotaryProofs } from '../../../src/notary/proof-register.ts';
import { orderRule } from '../../../src/order/rules.ts';
import { defaultRiskPolicy, type RiskPolicy } from '../../../src/risk/policy.ts';
import type { TradeWallet, TradeWitnesses } from '../../../src/trade/needs.ts';
import type { TradeState } from '../../../src/trade/states.ts';
import type { Trade } from '../../../src/trade/trade.ts';
import { crypto } from '../documents.ts';
import { fakeSettlement, type Shelf } from '../fake-settlement.ts';

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
  /** How much of strangers its ledger keeps. */
  readonly ledger?: Partial<LedgerLimits>;
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
  readonly learned: Certificate[];
  readonly orders: Map<string, { readonly order: SignedOrder; cancelled: boolean }>;
  readonly problems: { readonly what: string; readonly error: unknown }[];
  readonly states: string[];
  readonly exhausted: (string | null)[];
  network: Network;
  chain: Trustchain;
  ledger: Ledger;
  directory: Directory;
  client: NotaryClient;
  certificates: CertificateStore;
  trading: Trading;
  stop: AbortController;
}

/** A statement key that tests name. */
export interface Witness {
  readonly key: PublicKey;
}

/** A town of traders and witnesses on one virtual clock. */
export class TradingWorld {
  readonly environment: VirtualEnvironment;
  readonly networks: SimulatedNetworks;
  readonly shelf: Shelf = new Map();
  readonly traders: Trader[] = [];
  readonly asks: SignedOrder[] = [];
  readonly witnesses: { readonly witness: Witness; readonly network: Network; readonly notary: Notary }[] =
    [];
  /** Names of the requests that were made. */
  readonly requests: string[] = [];
  readonly seed: number;
  readonly #judge: ReturnType<typeof fakeSettlement>;

  constructor(seed = 1) {
    this.seed = seed;
    this.environment = virtualEnvironment({ seed });
    this.networks = simulatedNetworks({
      environment: this.environment,
      seed,
      latency: constantLatency(2),
      onEvent: ({ type, name }) => {
        if (type === 'request' && name !== undefined) this.requests.push(name);
      },
    });
    this.#judge = fakeSettlement({ environment: this.environment, shelf: this.shelf });
  }

  signer(name: string): Signer {
    const secretKey = crypto.sha256(new TextEncoder().encode(`${this.seed} ${name}`));
    return softwareSigner({ crypto, secretKey });
  }

  /** A notary with a statement key of its own, on a node of its own or on a trader's. */
  async witness(name: string, on?: Trader): Promise<Witness> {
    const { environment } = this;
    const network = on?.network ?? this.networks.create({ self: this.signer(name).publicKey });
    if (on === undefined) await network.start();
    const directory = on?.directory ?? openDirectory({ network, crypto, environment });
    const notary = await openNotary({
      store: memoryKeyValueStore(),
      crypto,
      environment,
      network,
      directory,
      judge: (trade, proof) => this.#judge.judge(trade, proof),
      deltaMs: DELTA,
    });
    const [key] = notary.keys();
    if (key === undefined) throw new Error('a notary without a key');
    this.witnesses.push({ witness: { key }, network, notary });
    return { key };
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
      learned: [],
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
      | 'learned'
      | 'orders'
      | 'problems'
      | 'states'
      | 'exhausted'
    >,
  ): Promise<
    Pick<
      Trader,
      'network' | 'chain' | 'ledger' | 'directory' | 'client' | 'certificates' | 'trading' | 'stop'
    >
  > {
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
    const currencies = currencyRegister();
    const ledger = createLedger({
      crypto,
      currencies,
      now: environment.now(),
      self: base.key,
      limits: base.options.ledger ?? {},
    });
    const stop = new AbortController();
    const currency = (id: string): Currency | undefined => currencies.get(id);
    const certificates = await openCertificateStore({ store: base.kv });
    const directory = openDirectory({ network, crypto, environment });
    const proofs = await openNotaryProofs({ store: base.kv, crypto, network, environment, currencies });
    const client = notaryClient({
      network,
      crypto,
      environment,
      directory,
      blocks: (id) => base.blocks.get(id),
      certificates,
      currencies,
      proofs,
      deltaMs: DELTA,
      signal: stop.signal,
    });
    const learn = async (certificate: Certificate): Promise<void> => {
      base.learned.push(certificate);
      const keys = ledger.hold(certificate.subject.toString())?.witnesses;
      if (keys === undefined || !verifyCertificate(certificate, keys, crypto)) return;
      await certificates.put(certificate, { keep: true });
    };
    const wallet = this.#wallet(base.key, ledger, currencies, client);
    const trading: Trading = createTrading({
      node: {
        chain,
        network,
        environment,
        crypto,
        signer: base.signer,
        report: (what, error) => base.problems.push({ what, error }),
        signal: stop.signal,
      },
      money: {
        ledger,
        currency,
        wallet: base.options.wallet?.(wallet) ?? wallet,
        takeBlock: (block) => tell(ledger.applyBlock(block)),
        learn,
        settle: async (account, options) => {
          const open = [...ledger.holdsOf(account)].filter(({ outcome }) => outcome === null);
          const spendings = open.flatMap(({ block }) => spendingOf(block) ?? []);
          await client.outcomes(spendings, { keep: false }, options).catch(() => undefined);
        },
      },
      witnesses: base.options.witnesses?.(client) ?? client,
      nodes: {
        serves: (node, key) => directory.servedBy([node], [key]).length > 0,
        locate: async (keys, options) => {
          for (const key of keys) await directory.find(key, options);
        },
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
      netFlow: () => netFlow(createDealGraph(), { evaluator: base.key }),
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
    trading.buyers.on((event) => {
      if (event.type !== 'exhausted') return;
      const { last } = event;
      base.exhausted.push(last === null ? null : `${last.code}: ${last.reason}`);
    });
    const tell = (changes: ReturnType<Ledger['applyBlock']>): void => {
      for (const change of changes) {
        if (change.type === 'hold' || change.type === 'outcome') trading.onHold(change.hold.key);
        if (change.type === 'certified') trading.onHold(change.spending.key);
      }
    };
    certificates.on((certificate) => tell(ledger.applyCertificate(certificate)));
    chain.on((event) => {
      if (event.type !== 'block' || event.level === 'invalid') return;
      tell(ledger.applyBlock(event.block));
      trading.onBlock(event.block);
    });
    for (const { block } of await base.blocks.since(0, 10_000)) {
      ledger.applyBlock(block);
      for (const matter of ['spend', 'outcome'] as const) {
        const certificate = await certificates.find(matter, block.id.toString());
        if (certificate !== undefined) ledger.applyCertificate(certificate);
      }
    }
    await trading.restore();
    return { network, chain, ledger, directory, client, certificates, trading, stop };
  }

  /** The simplest wallet that keeps an account's order; it claims nothing. */
  #wallet(self: PublicKey, ledger: Ledger, currencies: CurrencyRegister, client: NotaryClient): TradeWallet {
    let last: Promise<unknown> = Promise.resolve();
    const spend: TradeWallet['spend'] = (currency, { pay, to, sign }, options = {}) => {
      const run = async (): Promise<Spending> => {
        options.signal?.throwIfAborted();
        const { head } = ledger.account(self, currency);
        const issued = currencies.get(currency);
        const before = head?.money.balance ?? testCurrency(currency)?.grant ?? 0n;
        const mint = issued?.kind === 'issued' && hex(issued.issuer) === hex(self);
        if (!mint && before < pay) {
          throw new MarketError('ERR_WALLET_INSUFFICIENT', `${before} are left, ${pay} are needed`);
        }
        const n = (head?.money.n ?? 0) + 1;
        const prev = head?.id ?? null;
        const block = await sign({ currency, n, prev, claims: [], pay, to, balance: before - pay });
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
      certified: async (spending, options) =>
        testCurrency(spending.money.currency) === undefined ? client.certify(spending, options) : null,
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
        const problems = trader.problems.map(({ what, error }) => `${what}: ${String(error)}`).slice(-3);
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
