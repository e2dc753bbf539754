/**
 * One EDMP node for programs: run it with its HTTP API, and talk to it as its page and its command line do. Needs Node.
 * To put chain, data and market together in a program of your own, take `@edmp/trader`.
 *
 * @packageDocumentation
 */
export type { Commodity, Consumption, Descriptor, Environment, Flow, IntervalStep } from '@edmp/interface';
export { EdmpError, type EdmpErrorOptions, isEdmpError } from '@edmp/interface';
export { NodeError, type NodeErrorCode } from './compose/errors.ts';
export type { NodeFault } from './compose/faults.ts';
export { type RunNodeOptions, type RunningNode, runNode } from './compose/run-node.ts';
export {
  type DiscoveryView,
  type ExportQuery,
  FOUND_HINTS,
  FOUND_KINDS,
  type FoundMeter,
  type ImportOptions,
  type ImportView,
  type LiveView,
  type MeterMounting,
  MOUNT_KINDS,
  MOUNT_STATES,
  type MountKind,
  type MountRequest,
  type MountState,
  type MountView,
  MQTT_MAPPINGS,
  type PreviewView,
} from './meter-service.ts';
export type { KeyNameView, Naming } from './naming-service.ts';
export type { CommunityView, InvitationView, Networking, PeerView, WayView } from './network-service.ts';
export type { PracticeView, Practising } from './practice-service.ts';
export type {
  AskRequest,
  BlockQuery,
  BookOrderView,
  BuyRequest,
  CertificateView,
  ChainBlockView,
  ClaimView,
  ConsentLogView,
  ConsentView,
  ContentLinkView,
  CurrencyRequest,
  CurrencyView,
  CurveQuery,
  CurveView,
  DeliveryView,
  ListingFilter,
  ListingView,
  MatchmakerView,
  MeterView,
  NodeEvent,
  NodeInfo,
  NodeService,
  OfferRequest,
  OrderView,
  PublishedView,
  PutAsideView,
  RevealsView,
  TradeEvidenceView,
  TradeStepView,
  TradeView,
  TransferRequest,
  TransferView,
  WalletTransactionView,
  WalletView,
} from './service.ts';
export {
  TRUNCATIONS,
  type TrustAdviceView,
  type TrustBoundView,
  type TrustPathView,
  type TrustReading,
  type TrustView,
} from './trust-service.ts';
export { VERSION } from './version.ts';
