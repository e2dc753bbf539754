/**
 * Consent receipts and the ledger that keeps them.
 *
 * @packageDocumentation
 */
export { type ConsentUse, checkConsent } from './consent/check.ts';
export { ConsentError } from './consent/errors.ts';
export {
  CONSENT_STATES,
  type ConsentEvent,
  type ConsentStateName,
  consentEventBytes,
  type SignConsentEventOptions,
  signConsentEvent,
  type UnsignedConsentEvent,
  verifyConsentEvent,
} from './consent/event.ts';
export type { ConsentLedgerOptions, ConsentLogEntry, ConsentState } from './consent/ledger.ts';
export {
  type ConsentController,
  type ConsentReceipt,
  checkReceipt,
  consentDigest,
  PLACE_CHARACTERS,
  type PlaceLevel,
  receiptId,
} from './consent/receipt.ts';
export {
  type ConsentRecord,
  type ConsentRecords,
  consentRecords,
  type RecordJson,
} from './consent/record.ts';
