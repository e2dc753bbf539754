/**
 * Deal files: one finished deal as bytes that anybody can check with no network, in a browser too.
 *
 * @packageDocumentation
 */
export { DEAL_CHECKS, type DealCheck, type DealCheckName } from './deal/check.ts';
export {
  DEAL_BLOCKS,
  DEAL_CERTIFICATES,
  type DealBlock,
  type DealCertificate,
  type DealComplaint,
  type DealFile,
  type DealLie,
  decodeDealFile,
  encodeDealFile,
  MAX_DEAL_FILE_BYTES,
} from './deal/deal-file.ts';
export { type ProofNeeds, proofsOfTrade } from './deal/equivocation.ts';
export { dealFileOf, type ExportDealOptions, exportDeal } from './deal/export-deal.ts';
export { type DealFacts, type DealOutcome, type DealReport, verifyDealFile } from './deal/verify-deal.ts';
export { DealError } from './errors.ts';
