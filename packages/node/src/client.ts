/**
 * Typed client of a node's HTTP API, for programs, the CLI and the GUI; runs in Node and in browsers.
 *
 * @packageDocumentation
 */
import { type AbortOptions, EdmpError, type Environment, systemEnvironment } from '@edmp/interface';
import { followEvents } from '@edmp/interface/bounded';
import { operations } from './api/contract.ts';
import type { Operations } from './api/operation.ts';
import { callOperation } from './client/call.ts';
import { type FollowOptions, followStream } from './client/follow.ts';
import { Transport } from './client/transport.ts';
import type { NodeEvent, NodeService } from './service.ts';

export type {
  AbortOptions,
  Commodity,
  Consumption,
  Descriptor,
  Environment,
  Flow,
  IntervalStep,
} from '@edmp/interface';
export { EdmpError, type EdmpErrorOptions, isEdmpError } from '@edmp/interface';
export type { FollowOptions } from './client/follow.ts';
export { microDecimal, unitName } from './http/csv.ts';
export { intervalStarts, localTime } from './http/interval-starts.ts';
export { localDay } from './http/local-day.ts';
export {
  type DiscoveryView,
  type ExportQuery,
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
export { LISTING_SORTS } from './service/offers.ts';
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
  DealView,
  DeliveryView,
  ErasureView,
  ListingFilter,
  ListingSort,
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
  TradeProofView,
  TradeStepView,
  TradeView,
  TransferRequest,
  TransferView,
  WalletTransactionView,
  WalletView,
} from './service.ts';
export {
  type PruningView,
  SEVERITIES,
  type StorageKeeping,
  type StorageView,
} from './storage-service.ts';
export {
  TRUNCATIONS,
  type TrustAdviceView,
  type TrustBoundView,
  type TrustPathView,
  type TrustReading,
  type TrustView,
} from './trust-service.ts';

/** Options of {@link createNodeClient}. */
export interface NodeClientOptions {
  /** Where the node's API is, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The node's token. Not needed for public routes, nor in the GUI, whose browser has a cookie. */
  readonly token?: string;
  /** Default: the runtime's `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Default: the system's clock and timers. */
  readonly environment?: Environment;
  /** Longest wait for an answer, ms; ten times as long for one about a file that was sent. Default 60 000. */
  readonly timeoutMs?: number;
}

/**
 * A {@link NodeService} at the other end of HTTP. Its methods throw the node's errors with their codes, and
 * `ERR_HTTP_UNREACHABLE` (no answer), `ERR_HTTP_RESPONSE` (not a node's answer), `ERR_TIMEOUT`.
 */
export interface NodeClient extends NodeService {
  /** Bought data of a trade as a file's text. */
  download(trade: string, format: 'json' | 'csv', options?: AbortOptions): Promise<string>;
  /**
   * The node's events from now on, until the loop is left; a broken stream is opened again, and what happened meanwhile is
   * not told. Throws `ERR_ABORTED`, `ERR_HTTP_EVENTS_LOST` (a reader more than 4 096 events behind).
   */
  events(options?: AbortOptions): AsyncIterableIterator<NodeEvent>;
  /** Follows events until the returned function is called. */
  follow(options: FollowOptions): () => void;
}

/** A client of the node at `url`. */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  const environment = options.environment ?? systemEnvironment();
  const transport = new Transport({
    url: options.url,
    token: options.token,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    environment,
    timeoutMs: options.timeoutMs ?? 60_000,
  });
  const methods = operations.map((operation) => [
    operation.name,
    (...args: readonly unknown[]) => callOperation(operation, args, transport, environment),
  ]);
  const follow = (listener: FollowOptions): (() => void) => followStream(transport, environment, listener);
  return {
    // The contract holds each row's arguments and result against the method of its name.
    ...(Object.fromEntries(methods) as Operations),
    download: (trade, format, abort) =>
      transport.text(`/v1/trades/${encodeURIComponent(trade)}/data?format=${format}`, {}, abort),
    on: (onEvent) => follow({ onEvent }),
    onLive: (onLive) => follow({ onLive }),
    events: (options) =>
      followEvents<NodeEvent>(
        (onEvent) => follow({ onEvent }),
        (text) => new EdmpError('ERR_HTTP_EVENTS_LOST', text),
        options,
      ),
    follow,
  };
}
