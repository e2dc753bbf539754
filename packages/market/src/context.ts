import type {
  BlockId,
  Crypto,
  Environment,
  HalfBlock,
  KeyValueStore,
  Network,
  PublicKey,
  PublicKeyHex,
  Settlement,
  Signer,
  Trustchain,
} from '@edmp/interface';
import type { Ledger } from './ledger/ledger.ts';
import type { MarketEvent, TradeDurations } from './market.ts';
import type { OrderRegistry } from './order/order-registry.ts';
import type { OwnOrders } from './order/own-orders.ts';
import type { ChainSync } from './risk/chain-sync.ts';
import type { RiskPolicy } from './risk/policy.ts';

/** What the parts of one market share. */
export interface MarketContext {
  readonly trustchain: Trustchain;
  readonly network: Network;
  readonly settlement: Settlement;
  readonly environment: Environment;
  readonly crypto: Crypto;
  readonly signer: Signer;
  readonly records: KeyValueStore;
  readonly self: PublicKey;
  readonly selfHex: PublicKeyHex;
  readonly ledger: Ledger;
  readonly own: OwnOrders;
  readonly registry: OrderRegistry;
  readonly risk: RiskPolicy;
  readonly durations: TradeDurations;
  /** Brings a counterparty's chain up to date before it is judged. */
  readonly chains: ChainSync;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
  emit(event: MarketEvent): void;
  /** Keeps a refused message as evidence. */
  refuse(peer: PublicKey, code: string, reason: string): void;
  /** Sends a signed block to all subscribers of the orders topic; failures to send are no errors. */
  publish(block: HalfBlock): Promise<void>;
  /** Connected matchmakers that may attest key releases. */
  matchmakers(): readonly PublicKey[];
  /** An own order's free quantity changed, or it gave up on some counter-orders: the book must hear. */
  orderChanged(key: string, blocked: readonly BlockId[]): void;
  /** Runs work that nobody waits for; errors after the stop are dropped, others are kept as evidence against ourselves. */
  background(what: string, work: () => Promise<void>): void;
}
