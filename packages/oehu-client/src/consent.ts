/**
 * Consent receipts and the ledger that keeps them.
 *
 * @packageDocumentation
 */
export { type ConsentUse, checkConsent } from './consent/check.ts';
export { ConsentError } from './consent/errors.ts';
export type { ConsentLedgerOptions, ConsentLogEntry, ConsentState } from './consent/ledger.ts';
export {
  type ConsentReceipt,
  checkReceipt,
  consentDigest,
  PLACE_CHARACTERS,
  type PlaceLevel,
  receiptId,
} from './consent/receipt.ts';
