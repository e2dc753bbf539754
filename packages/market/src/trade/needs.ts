import type {
  AbortOptions,
  AssetId,
  BlockId,
  DatasetDocument,
  HalfBlock,
  PublicKey,
  Trustchain,
  TxValue,
} from '@edmp/interface';
import type { CurrencyId } from '../asset/currency.ts';
import type { Money } from '../blocks/money.ts';
import type { Spending } from '../blocks/spending.ts';
import type { Terms } from '../blocks/terms.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { HoldOutcome } from './situation.ts';

/** What trades need of this node's chain. */
export interface TradeChain
  extends Pick<Trustchain, 'self' | 'store' | 'propose' | 'refuse' | 'receive' | 'isFraudulent'> {
  /** Agrees to a proposal without a look at the proposer's history: nothing of it decides about this node's money. */
  agree(
    proposal: BlockId,
    tx: TxValue,
    options: AbortOptions & { readonly push?: boolean; readonly history: 'none' },
  ): Promise<HalfBlock>;
  /**
   * Brings in the whole chain of `author` up to a block. Throws a typed refusal (`ERR_CHAIN_HISTORY`) when it has
   * gaps, is forked, too long, or out of reach.
   */
  history(
    author: PublicKey,
    options: AbortOptions & { readonly upTo: BlockId | number; readonly want: 'complete' },
  ): Promise<unknown>;
}

/** What trades look at of a hold in the ledger. */
export interface LedgerHold {
  readonly key: string;
  readonly buyer: PublicKey;
  readonly seller: PublicKey;
  readonly currency: CurrencyId;
  readonly amount: bigint;
  /** Last moment of the release and of a complaint, ms. */
  readonly release: number;
  readonly complain: number;
  /** The seller's trade proposal. */
  readonly proposal: BlockId;
  /** Its terms, when the proposal is known. */
  readonly terms: Terms | undefined;
  /** It is a payment: certified in issued money; in test money, the buyer's chain is known up to it and sound. */
  readonly counts: boolean;
  readonly outcome: { readonly kind: HoldOutcome } | null;
}

/** What trades need of the ledger. */
export interface TradeLedger {
  hold(key: string): LedgerHold | undefined;
  holdOf(proposal: string): LedgerHold | undefined;
  holdsOf(account: PublicKey): Iterable<LedgerHold>;
  holdsIn(asset: AssetId): Iterable<LedgerHold>;
  balance(account: PublicKey, currency: CurrencyId): LedgerBalance;
}

/** An account's money, minor units. */
export interface LedgerBalance {
  readonly available: bigint;
  readonly held: bigint;
  readonly pending: bigint;
}

/** What a buyer shows the witnesses of a hold when the delivery was not what was promised. */
export interface Complaint {
  /** Block of the seller's trade proposal. */
  readonly proposal: HalfBlock;
  /** Block of the seller's release. */
  readonly release: HalfBlock;
  readonly opener: Uint8Array;
  /** Buyer's one-time public key. */
  readonly recipientKey: Uint8Array;
  readonly document: DatasetDocument;
  /** Canonical proof of misbehaviour. */
  readonly proof: Uint8Array;
}

/** A release as the witnesses keep it. */
export interface KeptRelease {
  readonly release: HalfBlock;
  readonly opener: Uint8Array;
  readonly acks: Certificate;
}

/** What trades ask of the witnesses of a hold. A notary client is one. */
export interface TradeWitnesses {
  /** Shows a release to the witnesses until a quorum has acknowledged it, no longer than the release deadline. */
  acknowledge(
    hold: Spending,
    release: HalfBlock,
    opener: Uint8Array,
    options?: AbortOptions,
  ): Promise<Certificate>;
  /** The release that witnesses keep and a quorum acknowledged; undefined when none says so. */
  released(hold: Spending, options?: AbortOptions): Promise<KeptRelease | undefined>;
  /** A quorum's `refund`, or what they found of the complaint. */
  complain(hold: Spending, complaint: Complaint, options?: AbortOptions): Promise<Certificate | 'unfounded'>;
  /** Outcome certificates of those holds that have one, by the text of the hold's id. */
  outcomes(
    holds: readonly Spending[],
    evidence?: { readonly receipts?: readonly HalfBlock[]; readonly acks?: readonly Certificate[] },
    options?: AbortOptions,
  ): Promise<ReadonlyMap<string, Certificate>>;
}

/** What goes out in a spending block, and who signs it. */
export interface SpendRequest {
  /** Minor units. */
  readonly pay: bigint;
  readonly to: PublicKey;
  /** Signs the block with this money part; what it throws ends the spending, and nothing was spent. */
  readonly sign: (money: Money) => Promise<HalfBlock>;
}

/** What trades need of this node's wallet. */
export interface TradeWallet {
  /**
   * Signs the next spending block of this node's account: one at a time. Until `sign` is called it can be called off
   * by the signal; then it runs to its end. Throws `ERR_WALLET_INSUFFICIENT`, and what `sign` throws.
   */
  spend(currency: CurrencyId, request: SpendRequest, options?: AbortOptions): Promise<Spending>;
  /** The spend certificate of an own spending block, once there is one; null in test money, at once. */
  certified(spending: Spending, options?: AbortOptions): Promise<Certificate | null>;
}
