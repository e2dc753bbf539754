import type { AbortOptions } from './abort.ts';
import type { AssetId } from './dataset/asset-id.ts';
import type { PublicKey } from './keys.ts';

/** Balance in integer minor units. */
export interface WalletBalance {
  /** Free to spend. */
  readonly available: bigint;
  /** Held by agreed trades that are not final. */
  readonly held: bigint;
  /** Expected from trades that are not final. */
  readonly pending: bigint;
  /** Received in money that is not spent again (test money, DESIGN §4.4): part of the total, never of `available`. */
  readonly earned: bigint;
}

/** Options of {@link Wallet.transfer}. */
export interface TransferOptions extends AbortOptions {
  /**
   * Name of this payment, 1 … 128 printable ASCII characters: a repeated call with the same key, amount and payee
   * returns the first payment and pays nothing; another amount or payee throws `ERR_IDEMPOTENCY`.
   */
  readonly key?: string | undefined;
}

/** One movement. */
export interface WalletTransaction {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly asset: AssetId;
  readonly amount: bigint;
  readonly counterparty: PublicKey | null;
  /** ms since the epoch. */
  readonly time: number;
  readonly description: string;
  readonly status: 'pending' | 'held' | 'final' | 'returned';
}

/** A payment as its payee checks it. */
export interface PaymentClaim {
  readonly id: string;
  readonly amount: bigint;
  readonly payee: string;
}

/**
 * Money or licences of one kind. Errors: `ERR_WALLET_INSUFFICIENT` (more than the free balance),
 * `ERR_WALLET_UNSUPPORTED` (the wallet cannot do what was asked), `ERR_WALLET_PAYMENT` (unknown, wrong amount or
 * payee, or used before), `ERR_ORDER_AMOUNT` (below `minUnit` or above 2⁶³−1), `ERR_IDEMPOTENCY`,
 * `ERR_INVALID_ARGUMENT`. Every implementation passes `walletSuite` of `@edmp/testing`.
 */
export interface Wallet {
  /** Currency or asset class, e.g. `DUM1`, `EW`. */
  readonly id: string;
  readonly name: string;
  /** Number of decimals that a person sees; amounts are minor units throughout. */
  readonly precision: number;
  /** Smallest amount that can be traded, minor units. */
  readonly minUnit: bigint;
  /** Where others pay to. */
  address(): string;
  balance(options?: AbortOptions): Promise<WalletBalance>;
  /** Pays outside a trade. Returns the payment's id. */
  transfer(amount: bigint, payee: string, options?: TransferOptions): Promise<string>;
  /**
   * Checks amount, payee and single use of a payment; a second call with the same id throws `ERR_WALLET_PAYMENT`.
   * A payment that has not arrived yet throws it too, with `retryable` set.
   */
  verify(payment: PaymentClaim, options?: AbortOptions): Promise<void>;
  transactions(options?: AbortOptions): Promise<readonly WalletTransaction[]>;
}
