import type { AbortOptions, Consumption, Descriptor } from '@edmp/interface';
import type { CurveView } from './offers.ts';

/** One rung of a deal's ladder. */
export interface TradeStepView {
  /** `terms`, `trade-proposal`, `trade-agreement`, `release-proposal`, `release-agreement` are the steps of DESIGN §4.3; a screen shows any other name as it is. */
  readonly name: string;
  readonly at: number | null;
  /** Block that proves the step; null when it is not on the ledger. */
  readonly block: string | null;
  readonly signedBy: 'seller' | 'buyer' | null;
}

/** A trade, on either side. */
export interface TradeView {
  readonly id: string;
  readonly role: 'seller' | 'buyer';
  readonly asset: string;
  readonly order: string;
  readonly partner: string;
  readonly partnerOrder: string;
  readonly price: bigint;
  readonly currency: string;
  /** Name of the currency for people: `DUM1`, or the label with the start of its issuer's key, `SUN·3f2a91c40b7de815`. */
  readonly currencyLabel: string;
  readonly state: string;
  /** What the state means, one sentence for people. */
  readonly stateText: string;
  readonly final: boolean;
  /** Statement keys, hex, of those who decide about the money; none in a trade without witnesses. */
  readonly witnesses: readonly string[];
  readonly failed: string | null;
  readonly steps: readonly TradeStepView[];
  /** What this side can lose at this moment, minor units of `currency`. */
  readonly atRisk: bigint;
  readonly started: number;
  readonly updated: number;
}

/** A statement that a quorum of notaries or witnesses signed. */
export interface CertificateView {
  /** `spend` certifies a payment, `ack` a release; `paid`, `refund` and `none` say what became of held money. */
  readonly kind: string;
  /** Id of the block that it is about. */
  readonly subject: string;
  /** Statement keys of the signers, hex. */
  readonly signers: readonly string[];
  /** Canonical bytes, for a verifier. */
  readonly bytes: Uint8Array;
}

/** What shows to anybody how far a trade came. */
export interface TradeEvidenceView {
  readonly trade: string;
  /** Block that holds the money. */
  readonly hold: string | null;
  /** `paid`, `refund`, `none`, `receipt`, `unwitnessed`; null while it is open. */
  readonly outcome: string | null;
  readonly certificates: readonly CertificateView[];
}

/** Everything signed about a finished trade, as one file. */
export interface DealView {
  readonly trade: string;
  /** A deal file, for `edmp verify` and `verifyDealFile` of `@edmp/trader/deal`. */
  readonly bytes: Uint8Array;
}

/** A proof of misbehaviour, judged. */
export interface TradeProofView {
  /** `wrong-key`, `wrong-data`, `wrong-description`, `two-releases`, `false-complaint`. */
  readonly kind: string;
  readonly against: 'seller' | 'buyer';
  readonly guilty: boolean;
  readonly reason: string;
  /** Canonical bytes; may show one chunk of the data. */
  readonly bytes: Uint8Array;
}

/** What erasing a trade reached and what it could not. */
export interface ErasureView {
  /** Keys, salts and other private records. */
  readonly keysDestroyed: number;
  /** Sealed blocks. */
  readonly blocksDeleted: number;
  /** Copies that are out of reach, in words for people. */
  readonly unreachable: readonly string[];
}

/** Data that this node bought. */
export interface DeliveryView {
  readonly trade: string;
  readonly asset: string;
  readonly descriptor: Descriptor;
  readonly consumption: Consumption;
  readonly curve: CurveView;
}

/** Where the sealed blocks of a trade are to be read. */
export interface ContentLinkView {
  readonly trade: string;
  /** CID of the manifest under which they hang. */
  readonly manifest: string;
  /** Lets whoever has it read them, and nothing else, until the trade is erased. */
  readonly capability: string;
  /** Path on the node's gateway. */
  readonly path: string;
}

/** Deals, what proves them, what was bought, and where it is read over IPFS. */
export interface TradeService {
  trades(options?: AbortOptions): Promise<readonly TradeView[]>;
  trade(id: string, options?: AbortOptions): Promise<TradeView>;
  /** Certificates and outcome of a trade. */
  tradeEvidence(id: string, options?: AbortOptions): Promise<TradeEvidenceView>;
  /** Everything signed about a finished trade; `withProof` puts the proof that the seller cheated or the buyer lied in, which may show a part of the data. */
  deal(trade: string, choice?: { readonly withProof?: boolean }, options?: AbortOptions): Promise<DealView>;
  /** Proofs of misbehaviour in a trade that this node has made or met, judged. */
  tradeProofs(trade: string, options?: AbortOptions): Promise<readonly TradeProofView[]>;
  /**
   * Destroys keys, salts and data of a finished trade on this node, for good. The dataset goes too when no offer and no
   * other trade needs it.
   */
  eraseTrade(trade: string, options?: AbortOptions): Promise<ErasureView>;
  delivery(trade: string, options?: AbortOptions): Promise<DeliveryView>;
  /** Where the sealed blocks of a trade are to be read by IPFS. */
  contentLink(trade: string, options?: AbortOptions): Promise<ContentLinkView>;
}
