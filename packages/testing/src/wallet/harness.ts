import type { Wallet, WalletBalance } from '@edmp/interface';

/** Two wallets made for one test. */
export interface WalletHarness {
  /** Can spend at least 1 000 times its `minUnit`. */
  readonly payer: Wallet;
  /** Another owner's wallet of the same kind of money. */
  readonly payee: Wallet;
  /** Lets whatever is on its way arrive. */
  settle(): Promise<void>;
  /** Opens the payer's wallet again over what it left behind. Present exactly when the implementation persists. */
  reopen?(): Promise<Wallet>;
  /** Stops everything and removes what is left. */
  close(): Promise<void>;
}

/** Options of `walletSuite`. */
export interface WalletSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  /** Whether the wallet pays outside trades. Default `true`; otherwise it must refuse with `ERR_WALLET_UNSUPPORTED`. */
  readonly transfers?: boolean;
  create(): Promise<WalletHarness>;
}

/** Runs `body` over fresh wallets and cleans up, whatever happens. */
export async function withWallets(
  options: WalletSuiteOptions,
  body: (harness: WalletHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create();
  try {
    await body(harness);
  } finally {
    await harness.close();
  }
}

/** Everything that a wallet's owner has or expects, minor units. */
export function totalOf(balance: WalletBalance): bigint {
  return balance.available + balance.held + balance.pending + balance.earned;
}
