import { describe } from 'vitest';
import { walletFacts } from './facts.ts';
import type { WalletSuiteOptions } from './harness.ts';
import { walletPayments } from './payments.ts';

/** What every `Wallet` must do. Registers vitest cases; call it at the top of a test file. */
export function walletSuite(options: WalletSuiteOptions): void {
  describe(`wallet suite: ${options.name}`, () => {
    walletFacts(options);
    walletPayments(options);
  });
}
