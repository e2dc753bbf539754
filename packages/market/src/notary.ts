/**
 * Notaries and witnesses: statements, certificates, proofs against them, the role that signs and the client that asks.
 *
 * @packageDocumentation
 */
export { faultsOf, type NotaryCount, quorumOf } from './asset/currency.ts';
export {
  type CertificateMatter,
  type CertificateStore,
  openCertificateStore,
} from './evidence/certificate-store.ts';
export type { SignedProof } from './notary/answers.ts';
export {
  type Certificate,
  decodeCertificate,
  encodeCertificate,
  MAX_CERTIFICATE_BYTES,
  type Share,
  verifyCertificate,
} from './notary/certificate.ts';
export { type NotaryClient, type NotaryClientOptions, notaryClient } from './notary/client.ts';
export type {
  AccountTip,
  Complaint,
  Cover,
  KeptComplaints,
  OutcomeEvidence,
  ReleasedKey,
} from './notary/client-types.ts';
export type { ComplaintJudge } from './notary/complaint.ts';
export { type Directory, type LocalNotary, openDirectory } from './notary/directory.ts';
export {
  decodeFalseComplaint,
  encodeFalseComplaint,
  type FalseComplaint,
  judgeFalseComplaintProof,
} from './notary/false-complaint.ts';
export { DELTA_MS, NOTARY_PROTOCOL, type NotaryLimits, type NotaryRate } from './notary/limits.ts';
export { type Notary, type NotaryEvent, type NotaryOptions, openNotary } from './notary/notary.ts';
export {
  decodeNotaryProof,
  encodeNotaryProof,
  type NotaryProof,
  notaryProofOf,
  type SignedStatement,
  verifyNotaryProof,
} from './notary/notary-proof.ts';
export type { NotaryProofs } from './notary/proof-register.ts';
export { type NotaryNeeds, type NotaryRole, type NotarySettings, notary } from './notary/role.ts';
export type { BlockReader } from './notary/spend-chain.ts';
export {
  STATEMENT_KINDS,
  type Statement,
  type StatementKind,
  signStatement,
  statementMessage,
  verifyStatement,
} from './notary/statement.ts';
export { openStatementKeys, type StatementKeys } from './notary/statement-keys.ts';
