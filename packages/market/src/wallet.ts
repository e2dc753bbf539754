/**
 * Wallets of the market: token wallets over the ledger, the energy wallet, and money that is kept outside.
 *
 * @packageDocumentation
 */

export { decodePayment, MAX_PARTS, PAYMENT_TYPE, type PaymentTx, paymentRule } from './blocks/payment.ts';
export type { CurrencyOffer, Transfer } from './market.ts';
export { type DummyBank, type DummyBankOptions, dummyBank } from './wallet/dummy-wallet.ts';
export {
  createInstalments,
  type ExpectedSum,
  type InstalmentNeeds,
  type InstalmentPlan,
  type Instalments,
  type ReceivedSum,
} from './wallet/instalments.ts';
