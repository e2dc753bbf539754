/**
 * The OEHU API and what it signs: records, their verification, chains of updates.
 *
 * @packageDocumentation
 */
export {
  type ChainVerification,
  linkChain,
  type TransactionChainOptions,
  verifyTransactionChain,
} from './oehu/chain.ts';
export type {
  OehuAsset,
  OehuDashboard,
  OehuHistory,
  OehuHistoryOptions,
  OehuStatistics,
  OehuWatchOptions,
} from './oehu/contract.ts';
export { settleGasTimes } from './oehu/gas-time.ts';
export type { FetchLike, RetryOptions } from './oehu/http.ts';
export type { OehuEntry, OehuIssue } from './oehu/issues.ts';
export type { Json, JsonObject } from './oehu/json.ts';
export type { OehuMetadata, OehuRegisters } from './oehu/metadata.ts';
export {
  type OehuDevice,
  type OehuRecord,
  objectIdTime,
  readDevice,
  readRecord,
  recordReadings,
  recordTime,
} from './oehu/records.ts';
export type { OehuSourceOptions } from './oehu/source.ts';
export {
  type Verification,
  type VerificationCode,
  type VerificationReason,
  type VerifyOptions,
  verifyTransaction,
  verifyTransactions,
} from './oehu/verify.ts';
