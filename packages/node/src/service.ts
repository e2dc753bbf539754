import type { MeterMounting } from './meter-service.ts';
import type { Naming } from './naming-service.ts';
import type { Networking } from './network-service.ts';
import type { Practising } from './practice-service.ts';
import type { ConsentService } from './service/consents.ts';
import type { LedgerService } from './service/ledger.ts';
import type { OfferService } from './service/offers.ts';
import type { OrderService } from './service/orders.ts';
import type { PublishingService } from './service/published.ts';
import type { TradeService } from './service/trades.ts';
import type { WalletService } from './service/wallets.ts';
import type { StorageKeeping } from './storage-service.ts';
import type { TrustReading } from './trust-service.ts';

export type { ConsentLogView, ConsentService, ConsentView } from './service/consents.ts';
export type { BlockQuery, ChainBlockView, LedgerService, NodeInfo } from './service/ledger.ts';
export type {
  CurveQuery,
  CurveView,
  ListingFilter,
  ListingSort,
  ListingView,
  MeterView,
  OfferRequest,
  OfferService,
  RevealsView,
} from './service/offers.ts';
export { LISTING_SORTS } from './service/offers.ts';
export type {
  AskRequest,
  BookOrderView,
  BuyRequest,
  MatchmakerView,
  OrderService,
  OrderView,
  PutAsideView,
} from './service/orders.ts';
export type { PublishedView, PublishingService } from './service/published.ts';
export type {
  CertificateView,
  ContentLinkView,
  DealView,
  DeliveryView,
  ErasureView,
  TradeEvidenceView,
  TradeProofView,
  TradeService,
  TradeStepView,
  TradeView,
} from './service/trades.ts';
export type {
  ClaimView,
  CurrencyRequest,
  CurrencyView,
  TransferRequest,
  TransferView,
  WalletService,
  WalletTransactionView,
  WalletView,
} from './service/wallets.ts';

/** Something happened. */
export interface NodeEvent {
  readonly type: 'listing' | 'order' | 'trade' | 'wallet' | 'peer' | 'fraud' | 'meter';
  readonly at: number;
  /** Id of the thing that changed (order, trade, key). */
  readonly id: string;
  readonly text: string;
}

/** Everything a node does for people and programs; the HTTP API, the CLI and the GUI are thin over it. Throws `EdmpError`s, and
 * `ERR_ABORTED` when a signal ends a wait; what was signed by then stays signed. */
export interface NodeService
  extends MeterMounting,
    Naming,
    Networking,
    Practising,
    StorageKeeping,
    TrustReading,
    OfferService,
    OrderService,
    TradeService,
    WalletService,
    LedgerService,
    ConsentService,
    PublishingService {
  on(listener: (event: NodeEvent) => void): () => void;
}
