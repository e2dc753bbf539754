import type {
  AssetId,
  BlockId,
  Crypto,
  HalfBlock,
  PublicKey,
  PublicKeyHex,
  WalletTransaction,
} from '@edmp/interface';
import type { CurrencyId } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { Spending } from '../blocks/spending.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { Account, Balance } from './account.ts';
import type { LedgerChange } from './changes.ts';
import type { LicenceHolding } from './history.ts';
import type { Hold } from './hold.ts';
import type { LedgerLimits } from './limits.ts';

/** Where the chain of an author begins here; see `Trustchain.floor`. */
export interface ChainFloor {
  readonly position: number;
  readonly id: BlockId;
}

/** Options of `createLedger`. */
export interface LedgerOptions {
  readonly crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>;
  /** Takes in `market/currency` blocks that the ledger sees. */
  readonly currencies: CurrencyRegister;
  /** Moment of the evaluation, ms since the epoch; only trades without witnesses ask for it. */
  readonly now: number;
  /** Whose blocks, and blocks to whom, are kept whatever the limits say. */
  readonly self?: PublicKey;
  /**
   * Where a chain begins whose first blocks were pruned here: none of them spent test money. Default: every chain begins
   * at position 1.
   */
  readonly floor?: ((author: PublicKey) => ChainFloor | undefined) | undefined;
  readonly limits?: Partial<LedgerLimits>;
}

/** Sums over a whole currency, minor units. In issued money they add up to zero once every certified block is known. */
export interface LedgerTotals {
  /** Balances of the newest blocks that count, the issuer's below zero; in test money with the grants and what was earned. */
  readonly accounts: bigint;
  /** Holds without an outcome. */
  readonly held: bigint;
  /** Incomes and refunds that nobody claimed yet. */
  readonly unclaimed: bigint;
}

/**
 * Balances, holds and licences as a fold over half blocks and certificates (DESIGN §4.4.6): the same set gives the same
 * ledger in whatever order it comes, and what counted once counts for ever.
 *
 * - **Issued money**: an account's newest certified block and what it has not claimed yet.
 * - **Test money**: an account is its author's own chain from the first block on. So the ledger wants *every* block of
 *   a chain, whatever its type; whether a receipt comes before a claim is a question of the chain.
 *
 * It expects blocks that TrustChain has validated; what it cannot read changes nothing. An outcome may only grow
 * stronger: in test money a receipt of the buyer, signed before any claim, outweighs a refund that it never took.
 */
export interface Ledger {
  /** Takes in a block. Known, unreadable or irrelevant ones change nothing. */
  applyBlock(block: HalfBlock): readonly LedgerChange[];
  /**
   * Takes in a spend or outcome certificate, verified here against the currency's notaries or the hold's witnesses;
   * one whose block is not known waits. A certificate with a wrong share changes nothing.
   */
  applyCertificate(certificate: Certificate): readonly LedgerChange[];
  /** Moves the clock forward, ms: holds without witnesses go back when their last deadline is over. */
  advance(now: number): readonly LedgerChange[];
  /** Fraud by an author is proven: it spends nothing more, in any currency. What it paid stays paid. */
  condemn(author: PublicKey): readonly LedgerChange[];
  /** Position up to which an author's chain is known here without a gap; the rest may be fed again from a store. */
  known(author: PublicKey): number;
  /** Where an account stands. Of an unknown currency: nothing. */
  account(key: PublicKey, currency: CurrencyId): Account;
  balance(key: PublicKey, currency: CurrencyId): Balance;
  /** Whether a spending in issued money counts: it or a later block that is linked to it here is certified. */
  counts(spending: Spending): boolean;
  /** A hold by the text of its id. */
  hold(key: string): Hold | undefined;
  /** The hold that agrees to a proposal, by the text of the proposal's id. */
  holdOf(proposal: string): Hold | undefined;
  /** Holds that `account` is a party of, in order of arrival. */
  holdsOf(account: PublicKey): readonly Hold[];
  /** Holds on licences of an asset, in order of arrival. */
  holdsIn(asset: AssetId): readonly Hold[];
  total(currency: CurrencyId): LedgerTotals;
  /** What was issued so far, minor units: minus the issuer's balance. 0 for test money. */
  issued(currency: CurrencyId): bigint;
  /** Movements of an account in one currency, or in licences (`EW`), oldest first. */
  movements(account: PublicKey, asset: AssetId): readonly WalletTransaction[];
  /** Who bought licences of an asset, oldest first. */
  licences(asset: AssetId): readonly LicenceHolding[];
  /** Accounts that anything was ever paid by or to. */
  accounts(): readonly PublicKeyHex[];
}
