import type {
  AbortOptions,
  Crypto,
  Environment,
  HalfBlock,
  KeyValueStore,
  Network,
  PublicKey,
  Settlement,
  Signer,
} from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import type { NetFlow } from '@edmp/trustchain/trust';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import type { Spending } from '../blocks/spending.ts';
import type { TradeId } from '../blocks/terms.ts';
import type { OutcomeKind } from '../ledger/hold.ts';
import type { SignedProof } from '../notary/answers.ts';
import type { Certificate } from '../notary/certificate.ts';
import { RiskGuard } from '../risk/guard.ts';
import type { RiskPolicy } from '../risk/policy.ts';
import { BuyerWork } from '../trade/buyer-work.ts';
import { TradeEngine } from '../trade/engine.ts';
import { FalseComplaints } from '../trade/false-complaints.ts';
import { HoldDesk } from '../trade/hold-desk.ts';
import { Liars, refusingLiars } from '../trade/liars.ts';
import type { TradeChain, TradeLedger, TradeWallet, TradeWitnesses } from '../trade/needs.ts';
import { type DamagedRecord, TradeRecords } from '../trade/records.ts';
import { SellerWork } from '../trade/seller-work.ts';
import { isFinished } from '../trade/states.ts';
import { idOf, type Trade } from '../trade/trade.ts';
import { UnsettledEnds } from '../trade/unsettled-ends.ts';
import { BuyerNegotiation } from './buyer.ts';
import type { OfferLimits } from './offer-limits.ts';
import type { NegotiationOrders } from './orders.ts';
import { SellerNegotiation } from './seller.ts';
import { serveTrades } from './serve-trades.ts';
import { checkDurations, type NegotiationSettings } from './settings.ts';
import type { WitnessNodes } from './witnesses.ts';

/** The node that trades. */
export interface TradingNode {
  readonly chain: TradeChain;
  readonly network: Network;
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** Signs with the node's key. */
  readonly signer: Signer;
  /** Hears of failures that are nobody's answer: bugs, full disks. */
  readonly report: (what: string, error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/** The money that trades move. */
export interface TradingMoney {
  readonly ledger: TradeLedger;
  readonly currency: (id: CurrencyId) => Currency | undefined;
  readonly wallet: TradeWallet;
  /** Folds a stored block into the ledger, if it is not yet. */
  readonly takeBlock: (block: HalfBlock) => void;
  /** Keeps a certificate durably and tells the ledger. */
  readonly learn: (certificate: Certificate) => Promise<void>;
  /** Asks what became of holds of an account whose outcome was not heard here. Silent witnesses are no error. */
  readonly settle: (account: PublicKey, options: AbortOptions) => Promise<void>;
}

/** What {@link createTrading} composes. */
export interface TradingNeeds {
  readonly node: TradingNode;
  readonly money: TradingMoney;
  readonly witnesses: TradeWitnesses;
  /** Whether a node is known to serve a statement key. */
  readonly nodes: WitnessNodes;
  readonly settlement: Settlement;
  readonly records: KeyValueStore;
  readonly orders: NegotiationOrders;
  readonly policy: RiskPolicy;
  /** This node's view of the completed deals in a currency. */
  readonly netFlow: (currency: CurrencyId) => NetFlow;
  readonly settings: NegotiationSettings;
  readonly limits: OfferLimits;
}

/** Negotiations and trades of one node. */
export interface Trading {
  readonly engine: TradeEngine;
  readonly buyers: BuyerNegotiation;
  /** Licences of one’s own ask that no payment has taken; 0 when it was cancelled. */
  left(ask: string): number;
  /** Takes up the trades in the records, once the ledger knows the chains. Returns records that were damaged. */
  restore(): Promise<readonly DamagedRecord[]>;
  /** A trade of the records, also one that memory has let go; undefined when there is none. Throws what reading throws. */
  find(id: TradeId): Promise<Trade | undefined>;
  /** The complaint by which the buyer of a sale is convicted; undefined when none is. */
  lie(id: TradeId): Promise<SignedProof | undefined>;
  /** Destroys a finished trade's proofs of misbehaviour. */
  forgetProof(trade: Trade): Promise<void>;
  /** A block was stored here. */
  onBlock(block: HalfBlock): void;
  /** The ledger learned of a hold: that it counts, or what became of it. `key` is the text of its id. */
  onHold(key: string): void;
}

/** Composes the trading part of a market and serves its protocol until the node's signal fires. Throws `ERR_TRADE_TERMS` on bad settings. */
export function createTrading(needs: TradingNeeds): Trading {
  const { node, money, orders, settings, settlement, nodes, witnesses } = needs;
  const { crypto, environment, network, report, signal, signer } = node;
  const liars = new Liars(needs.records);
  const chain = refusingLiars(node.chain, liars);
  const { ledger, learn, settle, wallet, currency, takeBlock } = money;
  checkDurations(settings);
  const records = new TradeRecords(needs.records, crypto);
  const { deltaMs } = settings;

  const witnessesOf = ({ encoded }: Trade): number => {
    const { terms } = encoded;
    if (terms.witnesses !== null) return terms.witnesses.length;
    const issued = currency(terms.price.currency);
    return issued?.kind === 'issued' ? issued.notaries.length : 1;
  };
  const outcomeOf = ({ key }: Spending): OutcomeKind | null => ledger.hold(key)?.outcome?.kind ?? null;
  const engine: TradeEngine = new TradeEngine({
    environment,
    records,
    deltaMs,
    witnessesOf,
    outcomeOf,
    work: (trade, action, stop) => (trade.role === 'buyer' ? buyer : seller).perform(trade, action, stop),
    report,
    signal,
  });
  const left = (ask: string): number => {
    const own = orders.ask(ask);
    return own === undefined || own.cancelled ? 0 : Math.max(0, own.order.quantity - engine.tally.taken(ask));
  };
  const risk = new RiskGuard({
    policy: needs.policy,
    netFlow: needs.netFlow,
    chain,
    ledger,
    currency,
    unfinished: () => engine.unfinished(),
    now: () => environment.now(),
    settle,
  });
  const buyer = new BuyerWork({
    chain,
    network,
    settlement,
    environment,
    crypto,
    sign: (message) => signer.sign(message),
    wallet,
    witnesses,
    checkSeller: (trade, options) => risk.seller(trade, options),
    records,
    learn,
  });
  const seller = new SellerWork({
    chain,
    network,
    settlement,
    environment,
    crypto,
    records,
    witnesses,
    learn,
  });
  const holds = new HoldDesk({
    engine,
    chain,
    ledger,
    witnesses,
    environment,
    left: (trade) => left(trade.encoded.terms.ask.toString()),
    deltaMs,
    takeBlock,
    learn,
    report,
  });
  const sellers = new SellerNegotiation({
    engine,
    chain,
    settlement,
    environment,
    crypto,
    orders,
    currency,
    left,
    checkBuyer: (terms, unit, options) => risk.buyer(terms, unit, options),
    nodes,
    settings,
    limits: needs.limits,
  });
  const buyers = new BuyerNegotiation({
    self: chain.self,
    engine,
    orders,
    settlement,
    environment,
    crypto,
    currency,
    nodes,
    settings,
    report,
    signal,
  });
  const rate = tokenBuckets(needs.policy.requestRate, environment.now);
  const unserve = serveTrades({ network, chain, engine, sellers, holds, buyers: buyer, rate });
  signal.addEventListener('abort', unserve, { once: true });
  const unsettled = new UnsettledEnds({
    environment,
    witnesses,
    witnessesOf,
    outcomeOf,
    deltaMs,
    learn,
    report,
    signal,
  });
  const complaints = new FalseComplaints({
    environment,
    crypto,
    settlement,
    witnesses,
    sign: (message) => signer.sign(message),
    witnessesOf,
    lies: records.lies,
    liars,
    deltaMs,
    report,
    signal,
  });
  const unErase = engine.on((event) => {
    if (event.type !== 'ended') return;
    unsettled.add(event.trade);
    complaints.add(event.trade);
    if (event.trade.state === 'failed') void erase(settlement, event.trade, report);
  });
  signal.addEventListener('abort', unErase, { once: true });
  const unPoke = network.onPeer((event) => {
    if (event.type === 'connected') engine.pokeAll(event.peer);
  });
  signal.addEventListener('abort', unPoke, { once: true });

  return {
    engine,
    buyers,
    left,
    async restore() {
      const { trades, damaged } = await records.load();
      for (const trade of trades) engine.restore(trade);
      engine.resume();
      for (const trade of trades) {
        if (isFinished(trade.state)) {
          unsettled.add(trade);
          complaints.add(trade);
        }
        if (isFinished(trade.state) || trade.offer === null) continue;
        const hold = ledger.holdOf(trade.offer.proposal.block.id.toString());
        if (hold !== undefined) holds.notice(hold.key);
      }
      for (const { id, error } of damaged) report(`the record of trade ${id.slice(0, 16)}`, error);
      return damaged;
    },
    find: (id) => records.find(id),
    lie: (id) => records.lies.find(id),
    forgetProof: (trade) => records.forgetProof(trade),
    onBlock: (block) => engine.onBlock(block),
    onHold: (key) => {
      engine.onHold(key);
      holds.notice(key);
    },
  };
}

/** Nothing was paid for what was sealed or fetched, so nobody keeps it; the one-time key goes too. */
async function erase(
  settlement: Pick<Settlement, 'erase'>,
  trade: Trade,
  report: TradingNode['report'],
): Promise<void> {
  try {
    await settlement.erase(trade.encoded.digest);
  } catch (error) {
    if (!isEdmpError(error)) report(`erasing trade ${idOf(trade).slice(0, 16)}`, error);
  }
}
