/**
 * The check of deal files as the page uses it: pure, in the browser, with no request to anybody.
 *
 * @packageDocumentation
 */
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { type DealReport, verifyDealFile as verifyWith } from '@edmp/trader/deal';

export type { DealCheck, DealReport } from '@edmp/trader/deal';

/** Checks a deal file from bytes alone, see `verifyDealFile` of `@edmp/trader/deal`. Never throws. */
export function verifyDealFile(bytes: Uint8Array): DealReport {
  return verifyWith(bytes, { crypto: nobleCrypto() });
}
