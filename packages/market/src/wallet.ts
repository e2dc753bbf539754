/**
 * Wallets of the market: token wallets over the ledger, the energy wallet, and money that is kept outside.
 *
 * @packageDocumentation
 */
export { type DummyBank, type DummyBankOptions, dummyBank } from './wallet/dummy-wallet.ts';
