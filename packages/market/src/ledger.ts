/**
 * The money ledger as a pure fold over blocks and certificates, for verifiers and explorers.
 *
 * @packageDocumentation
 */

export type { IssuedCurrency, TestCurrency } from './asset/currency.ts';
export {
  currencyName,
  isCurrencyId,
  isIssuedCurrency,
  isTestCurrency,
  MAX_AMOUNT,
} from './asset/currency.ts';
export {
  type CurrencyRegister,
  type CurrencyRegisterOptions,
  currencyRegister,
  MAX_CURRENCIES,
} from './asset/currency-register.ts';
export type { Account, AccountState, Balance } from './ledger/account.ts';
export type { LedgerChange } from './ledger/changes.ts';
export { createLedger } from './ledger/create-ledger.ts';
export type { LicenceHolding } from './ledger/history.ts';
export { type Hold, type HoldOutcome, OUTCOME_KINDS, type OutcomeKind, pays } from './ledger/hold.ts';
export type { ChainFloor, Ledger, LedgerOptions, LedgerTotals } from './ledger/ledger.ts';
export { LEDGER_LIMITS, type LedgerLimits } from './ledger/limits.ts';
