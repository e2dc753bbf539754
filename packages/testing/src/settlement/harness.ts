import type {
  AssetId,
  Consumption,
  DatasetDocument,
  JudgedTrade,
  PublicKey,
  SealedDelivery,
  Settlement,
  SettlementTrade,
} from '@edmp/interface';
import { sha256 } from 'multiformats/hashes/sha2';

/** One party of a trade. */
export interface SettlementParty {
  /** Key of the network that its settlement delivers over. */
  readonly self: PublicKey;
  readonly settlement: Settlement;
}

/** Three parties that reach each other, made for one test. */
export interface SettlementHarness {
  readonly seller: SettlementParty;
  readonly buyer: SettlementParty;
  /** Holds no data and takes part in no trade. */
  readonly stranger: SettlementParty;
  /** A dataset that the seller holds, and nobody else. */
  readonly asset: AssetId;
  readonly document: DatasetDocument;
  /** The private values behind {@link SettlementHarness.asset}. */
  readonly consumption: Consumption;
  /** Waits for the test's body. Give the virtual clock's `run` here; the default just awaits. */
  drive?<T>(body: Promise<T>): Promise<T>;
  /** Stops everything and removes what is left. */
  close(): Promise<void>;
}

/** Options of `settlementSuite`. */
export interface SettlementSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  create(): Promise<SettlementHarness>;
}

/** Runs `body` over fresh parties and cleans up, whatever happens. */
export async function withParties(
  options: SettlementSuiteOptions,
  body: (harness: SettlementHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create();
  const drive = <T>(promise: Promise<T>): Promise<T> => harness.drive?.(promise) ?? promise;
  try {
    await drive(body(harness));
  } finally {
    await drive(harness.close());
  }
}

/** The facts of a new trade between seller and buyer, with a one-time key of the buyer's. */
export async function newTrade({ seller, buyer, asset }: SettlementHarness): Promise<SettlementTrade> {
  const recipientKey = await buyer.settlement.createRecipientKey();
  const { digest } = await sha256.digest(recipientKey);
  const { keySuite: suite } = buyer.settlement;
  return { tradeId: digest.slice(), asset, seller: seller.self, buyer: buyer.self, suite, recipientKey };
}

/** A trade that the buyer has received. */
export interface ReceivedTrade {
  readonly trade: SettlementTrade;
  readonly delivery: SealedDelivery;
}

/** A new trade up to the point where the buyer has fetched and checked everything. */
export async function receivedTrade(harness: SettlementHarness): Promise<ReceivedTrade> {
  const trade = await newTrade(harness);
  const delivery = await harness.seller.settlement.seal(trade);
  await harness.buyer.settlement.receive(trade, harness.document, delivery);
  return { trade, delivery };
}

/** The facts that a proof about the trade is judged against, with the key that the seller released. */
export function judged(
  { document }: SettlementHarness,
  { trade, delivery }: ReceivedTrade,
  wrappedKey: Uint8Array,
): JudgedTrade {
  return { ...trade, document, settlementRoot: delivery.settlementRoot, wrappedKey };
}
