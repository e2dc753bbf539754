import type {
  AbortOptions,
  AssetId,
  BlockId,
  HalfBlock,
  PublicKey,
  Trustchain,
  TxValue,
} from '@edmp/interface';
import type { CurrencyId } from '../asset/currency.ts';
import type { Money } from '../blocks/money.ts';
import type { Spending } from '../blocks/spending.ts';
import type { Hold } from '../ledger/hold.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { NotaryClient } from '../notary/client.ts';

/** What trades need of this node's chain. */
export interface TradeChain
  extends Pick<Trustchain, 'self' | 'store' | 'propose' | 'finish' | 'receive' | 'isFraudulent'> {
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
export type LedgerHold = Pick<
  Hold,
  | 'key'
  | 'buyer'
  | 'seller'
  | 'currency'
  | 'amount'
  | 'release'
  | 'complain'
  | 'proposal'
  | 'terms'
  | 'witnesses'
  | 'counts'
  | 'outcome'
>;

/** What trades need of the ledger. */
export interface TradeLedger {
  /** Position up to which an author's chain is folded without a gap. */
  known(author: PublicKey): number;
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

/** What trades ask of the witnesses of a hold. */
export type TradeWitnesses = Pick<
  NotaryClient,
  'acknowledge' | 'released' | 'complain' | 'complaints' | 'outcomes' | 'certificate'
>;

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
  /** The spend certificate of one’s own spending block, once there is one; null in test money, at once. */
  certified(spending: Spending, options?: AbortOptions): Promise<Certificate | null>;
}
