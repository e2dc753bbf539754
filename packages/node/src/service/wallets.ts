import type { AbortOptions } from '@edmp/interface';

/** A kind of money. */
export interface CurrencyView {
  /** `DUM1`, `DUM2`, or the id of the block that opened it. */
  readonly id: string;
  readonly label: string;
  /** Label with the start of the issuer's key: two issuers may use one label. */
  readonly name: string;
  readonly precision: number;
  /** Free test money, worth nothing. */
  readonly test: boolean;
  /** Public key of the issuer, hex; null for test money. */
  readonly issuer: string | null;
  /** Statement keys of its notaries, hex. */
  readonly notaries: readonly string[];
  /** Issued by this node. */
  readonly own: boolean;
  /** Added, issued or paid in by this node's owner, or test money; others were only met, and their labels prove nothing. */
  readonly chosen: boolean;
  /** The signed block that opened it, to add it elsewhere; null for test money. */
  readonly block: Uint8Array | null;
}

/** A currency to open. */
export interface CurrencyRequest {
  readonly label: string;
  /** Decimals that a person sees. Default 2. */
  readonly precision?: number;
  /** Statement keys, hex: 1, 4 or 7, for good. Default: this node's own. */
  readonly notaries?: readonly string[];
}

/** A payment outside any trade. */
export interface TransferRequest {
  /** Id of the wallet: the currency. */
  readonly wallet: string;
  /** Public key of the payee, hex. */
  readonly to: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly memo?: string;
}

/** A payment that was signed. */
export interface TransferView {
  /** Id of its block. */
  readonly id: string;
}

/** What claiming took into an account. */
export interface ClaimView {
  /** Id of the block; null when there was nothing to claim. */
  readonly id: string | null;
}

/** A wallet. */
export interface WalletView {
  readonly id: string;
  readonly name: string;
  /** What stands behind an amount: `DUM1`, or the label with the start of its issuer's key, `SUN·3f2a91c40b7de815`. */
  readonly symbol: string;
  /** Free test money, worth nothing. */
  readonly test: boolean;
  readonly address: string;
  readonly precision: number;
  readonly minUnit: bigint;
  readonly available: bigint;
  readonly held: bigint;
  readonly pending: bigint;
  /** Received in test money, which is not spent again: part of the total, never of `available`. */
  readonly earned: bigint;
}

/** One movement in a wallet. */
export interface WalletTransactionView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly asset: string;
  /** Minor units. */
  readonly amount: bigint;
  /** Public key of the other side, hex; null when there is none (a grant). */
  readonly counterparty: string | null;
  readonly time: number;
  readonly description: string;
  readonly status: 'pending' | 'held' | 'final' | 'returned';
  /** Trade that the movement belongs to, if any. */
  readonly trade: string | null;
}

/** Kinds of money, balances and payments. */
export interface WalletService {
  /** Currencies known here, test money first. */
  currencies(options?: AbortOptions): Promise<readonly CurrencyView[]>;
  /** Opens a currency of this node's own; from its account money is then minted by {@link WalletService.transfer}. */
  issueCurrency(request: CurrencyRequest, options?: AbortOptions): Promise<CurrencyView>;
  /** Adds a currency by the signed block that opened it. */
  addCurrency(block: Uint8Array, options?: AbortOptions): Promise<CurrencyView>;
  /** Pays outside a trade. */
  transfer(request: TransferRequest, options?: AbortOptions): Promise<TransferView>;
  /** Takes incomes and refunds of a currency into the account. Spending does it by itself. */
  claim(wallet: string, options?: AbortOptions): Promise<ClaimView>;
  wallets(options?: AbortOptions): Promise<readonly WalletView[]>;
  /** Movements of one wallet, oldest first, grants included: their sum is what the wallet owns. */
  transactions(wallet: string, options?: AbortOptions): Promise<readonly WalletTransactionView[]>;
}
