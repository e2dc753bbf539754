/**
 * Shared types, errors, environment and small byte helpers of EDMP: the ports that its packages meet at.
 *
 * Codec and fields are in `@edmp/interface/format`, vocabularies and documents of datasets in `/dataset`, maps, queues and locks with
 * limits in `/bounded`, what implementers of the ports need in `/implement`. Everything pluggable is an interface here with an
 * acceptance suite in `@edmp/testing`; crypto providers are `@edmp/interface/crypto/node`, `/crypto/noble`,
 * `/crypto/sodium` and `/crypto/web`.
 *
 * @packageDocumentation
 */
export type { AbortOptions } from './abort.ts';
export {
  bytesToHex,
  bytesToUtf8,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  uint32ToBytes,
  utf8ToBytes,
} from './bytes.ts';
export { singleFrame } from './collect.ts';
export {
  type CheckedBlock,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type CollectReport,
  type ContentGetOptions,
  type ContentReader,
  type ContentStore,
} from './content-store.ts';
export { CryptoError } from './crypto/errors.ts';
export type { Crypto, Encapsulation, KeyEncapsulation, VerifyItem } from './crypto/types.ts';
export type { AssetId } from './dataset/asset-id.ts';
export type { Consumption } from './dataset/consumption.ts';
export type { Descriptor } from './dataset/descriptor.ts';
export type { DatasetDocument } from './dataset/document.ts';
export {
  ATTESTATION_LEVELS,
  type AttestationLevel,
  COMMODITIES,
  type Commodity,
  type EnergyUnit,
  FLOWS,
  type Flow,
  INTERVAL_STEPS,
  type IntervalStep,
  Quality,
  type QualityCode,
} from './dataset/vocabulary.ts';
export { sleep, withDeadline } from './environment/deadline.ts';
export { type SeededRandom, seededRandom } from './environment/seeded-random.ts';
export { systemEnvironment } from './environment/system.ts';
export type { CancelTimer, Environment } from './environment/types.ts';
export {
  type VirtualEnvironment,
  type VirtualEnvironmentOptions,
  virtualEnvironment,
} from './environment/virtual.ts';
export {
  AbortedError,
  EdmpError,
  type EdmpErrorOptions,
  InvalidArgumentError,
  isEdmpError,
  TimeoutError,
  throwIfAborted,
} from './errors.ts';
export {
  type KeyRangeOptions,
  type KeyValueChange,
  type KeyValueEntry,
  type KeyValueStore,
  memoryKeyValueStore,
} from './key-value-store.ts';
export {
  isPublicKeyHex,
  type PublicKey,
  type PublicKeyHex,
  publicKey,
  publicKeyFromHex,
  publicKeyToHex,
  type Signature,
} from './keys.ts';
export type { IntervalSeries, MeterDevice, MeterSource, ReadingsOptions, RegisterReading } from './meter.ts';
export type {
  HandleOptions,
  IncomingRequest,
  Network,
  PeerEvent,
  RequestHandler,
  RequestOptions,
  TopicHandler,
  TopicVerdict,
} from './network.ts';
export type {
  ErasureReport,
  JudgedTrade,
  Judgement,
  OpenOutcome,
  SealedDelivery,
  Settlement,
  SettlementTrade,
} from './settlement.ts';
export { type Signer, softwareSigner } from './signer.ts';
export type {
  AnswerQuestion,
  ArrivedBlock,
  AuthorsPage,
  BlockSnapshot,
  BlockStore,
  LeaseRequest,
  PutOptions,
  Reservation,
  SigningLease,
} from './trustchain/block-store.ts';
export {
  type BlockId,
  type HalfBlock,
  type HalfBlockCore,
  REFUSAL_TYPE,
  type TxValue,
  WITHDRAWAL_TYPE,
} from './trustchain/half-block.ts';
export type {
  AgreeOptions,
  ChainHistory,
  HistoryFault,
  HistoryOptions,
  PairState,
  ReceiveResult,
  SignOptions,
  Trustchain,
  TrustchainEvent,
  TypeRule,
  ValidationIssue,
  ValidationLevel,
} from './trustchain/ledger.ts';
export type { PaymentClaim, TransferOptions, Wallet, WalletBalance, WalletTransaction } from './wallet.ts';
