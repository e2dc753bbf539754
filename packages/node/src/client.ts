/**
 * Typed client of a node's HTTP API, for programs, the CLI and the GUI; runs in Node and in browsers.
 *
 * @packageDocumentation
 */
import {
  type AbortOptions,
  EdmpError,
  type Environment,
  isEdmpError,
  systemEnvironment,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import { followEvents } from '@edmp/interface/bounded';
import * as z from 'zod';
import { amount, bytes } from './http/codecs.ts';
import { readEvents } from './http/event-reader.ts';
import * as meterViews from './http/meter-views.ts';
import * as network from './http/network-views.ts';
import { pruning as pruningSchema, storage as storageSchema } from './http/storage-views.ts';
import { trust as trustSchema } from './http/trust-views.ts';
import * as views from './http/views.ts';
import type { LiveView } from './meter-service.ts';
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

/** Options of {@link NodeClient.follow}. */
export interface FollowOptions {
  /**
   * Called whenever the stream has (re)started, with the node's clock (ms since the epoch): reload what you show, for
   * events may have been missed.
   */
  readonly onReady?: (now: number) => void;
  /** Called with the node's clock (ms since the epoch) every now and then while the stream is open. */
  readonly onTime?: (now: number) => void;
  readonly onEvent?: (event: NodeEvent) => void;
  /** Called with the power of the mounted meters, at most once a second each. */
  readonly onLive?: (live: LiveView) => void;
  /** Called when the stream broke; it is opened again after a pause of 0.5 s, doubling up to 10 s. */
  readonly onLost?: (error: EdmpError) => void;
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

interface Call<T> {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: object;
  readonly body?: object;
  /** Sent as it is, in place of a JSON body. */
  readonly file?: Uint8Array;
  readonly schema: z.ZodType<T>;
}

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 10_000;

/** A file of millions of readings takes longer than any other request. */
const FILE_TIMES = 10;

/** A client of the node at `url`. */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  const environment = options.environment ?? systemEnvironment();
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const base = options.url.replace(/\/+$/, '');
  const timeoutMs = options.timeoutMs ?? 60_000;
  const authorization: Record<string, string> =
    options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` };

  const open = async (path: string, init: RequestInit): Promise<Response> => {
    let response: Response;
    try {
      response = await send(`${base}${path}`, { credentials: 'same-origin', redirect: 'error', ...init });
    } catch (cause) {
      if (isEdmpError(cause)) throw cause;
      throw new EdmpError('ERR_HTTP_UNREACHABLE', `No answer from the node at ${base}; is it running?`, {
        cause,
        retryable: true,
      });
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  };

  const text = (path: string, init: RequestInit, abort: AbortOptions = {}): Promise<string> =>
    withDeadline(
      environment,
      init.body instanceof Uint8Array ? FILE_TIMES * timeoutMs : timeoutMs,
      `${init.method ?? 'GET'} ${path}`,
      async (signal) => (await open(path, { ...init, signal })).text(),
      abort,
    );

  /** A file that may be large: the deadline is for its beginning, the signal for all of it. */
  const pieces = async (path: string, abort: AbortOptions = {}): Promise<AsyncIterable<Uint8Array>> => {
    const controller = new AbortController();
    const stop = (): void => controller.abort(abort.signal?.reason);
    abort.signal?.addEventListener('abort', stop, { once: true });
    const init = { headers: authorization, signal: controller.signal };
    const begin = (signal: AbortSignal): Promise<Response> => {
      signal.addEventListener('abort', stop, { once: true });
      return open(path, init);
    };
    const { body } = await withDeadline(environment, timeoutMs, `GET ${path}`, begin, abort);
    return bodyPieces(body, abort.signal);
  };

  const call = async <T>(request: Call<T>, options?: AbortOptions): Promise<T> => {
    const headers: Record<string, string> = { ...authorization, Accept: 'application/json' };
    const init: RequestInit = { method: request.method ?? 'GET', headers };
    if (request.file !== undefined) {
      headers['Content-Type'] = 'application/octet-stream';
      init.body = new Uint8Array(request.file);
    }
    if (request.body !== undefined) {
      headers['Content-Type'] = 'application/json';
      headers['Idempotency-Key'] = randomKey(environment);
      init.body = JSON.stringify(request.body, (_, value) =>
        typeof value === 'bigint'
          ? z.encode(amount, value)
          : value instanceof Uint8Array
            ? z.encode(bytes, value)
            : value,
      );
    }
    const answer = await text(request.path + queryText(request.query), init, options);
    const result = request.schema.safeParse(parse(answer));
    if (result.success) return result.data;
    throw new EdmpError('ERR_HTTP_RESPONSE', `The answer to ${request.path} is not one of an EDMP node`, {
      cause: result.error,
    });
  };

  const follow = (listener: FollowOptions): (() => void) => {
    const controller = new AbortController();
    let cancelPause = (): void => {};
    let pause = FIRST_PAUSE_MS;
    const attempt = async (): Promise<void> => {
      try {
        const response = await open(`/v1/events${listener.onLive === undefined ? '' : '?live=true'}`, {
          headers: { ...authorization, Accept: 'text/event-stream' },
          signal: controller.signal,
        });
        for await (const message of readEvents(response.body)) {
          if (controller.signal.aborted) return;
          if (message.event === 'ready') {
            pause = FIRST_PAUSE_MS;
            listener.onReady?.(views.clock.parse(parse(message.data)).now);
          } else if (message.event === 'time') {
            listener.onTime?.(views.clock.parse(parse(message.data)).now);
          } else if (message.event === 'live') {
            listener.onLive?.(meterViews.live.parse(parse(message.data)));
          } else if (message.event === 'message') {
            // An event of any other name is of a newer node, for newer clients.
            listener.onEvent?.(views.nodeEvent.parse(parse(message.data)));
          }
        }
        throw new EdmpError('ERR_HTTP_UNREACHABLE', 'The node ended the stream of events', {
          retryable: true,
        });
      } catch (error) {
        if (controller.signal.aborted) return;
        listener.onLost?.(
          isEdmpError(error)
            ? error
            : new EdmpError('ERR_HTTP_UNREACHABLE', 'The stream of events broke', {
                cause: error,
                retryable: true,
              }),
        );
        cancelPause = environment.schedule(pause, () => void attempt());
        pause = Math.min(LAST_PAUSE_MS, pause * 2);
      }
    };
    void attempt();
    return () => {
      cancelPause();
      controller.abort();
    };
  };

  const id = encodeURIComponent;
  return {
    info: (options) => call({ path: '/v1/info', schema: views.nodeInfo }, options),
    meters: async (options) =>
      (await call({ path: '/v1/meters', schema: views.list('meters', views.meter) }, options)).meters,
    mounts: async (options) =>
      (await call({ path: '/v1/mounts', schema: views.list('mounts', meterViews.mount) }, options)).mounts,
    discoverMeters: ({ seconds, ...options } = {}) =>
      call(
        {
          method: 'POST',
          path: '/v1/meters/discover',
          body: seconds === undefined ? {} : { seconds },
          schema: meterViews.discovery,
        },
        options,
      ),
    addMeter: (body, options) =>
      call({ method: 'POST', path: '/v1/meters', body, schema: meterViews.mount }, options),
    async removeMeter(name, { readings, ...options } = {}) {
      const query = readings === true ? { readings } : {};
      await call(
        { method: 'DELETE', path: `/v1/meters/${id(name)}`, query, schema: meterViews.removed },
        options,
      );
    },
    importReadings: (name, file, how, options) =>
      call(
        {
          method: 'POST',
          path: `/v1/meters/${id(name)}/readings`,
          query: how ?? {},
          file,
          schema: meterViews.imported,
        },
        options,
      ),
    previewReadings: (file, how, options) =>
      call(
        { method: 'POST', path: '/v1/readings/preview', query: how ?? {}, file, schema: meterViews.preview },
        options,
      ),
    exportReadings: ({ meter, ...query }, abort) =>
      pieces(`/v1/meters/${id(meter)}/readings${queryText(query)}`, abort),
    onLive: (onLive) => follow({ onLive }),
    curve: ({ meter, ...query }, options) =>
      call({ path: `/v1/meters/${id(meter)}/curve`, query, schema: views.curve }, options),
    reveals: async ({ meter, ...query }, options) =>
      (
        await call(
          {
            path: `/v1/meters/${id(meter)}/reveals`,
            query,
            schema: views.list('reveals', views.reveals),
          },
          options,
        )
      ).reveals,
    offer: (body, options) =>
      call({ method: 'POST', path: '/v1/offers', body, schema: views.listing }, options),
    ask: (body, options) => call({ method: 'POST', path: '/v1/asks', body, schema: views.order }, options),
    buy: (body, options) => call({ method: 'POST', path: '/v1/bids', body, schema: views.order }, options),
    listings: async (query, options) =>
      (await call({ path: '/v1/listings', query, schema: views.list('listings', views.listing) }, options))
        .listings,
    book: async (options) =>
      (await call({ path: '/v1/book', schema: views.list('orders', views.bookOrder) }, options)).orders,
    orders: async (options) =>
      (await call({ path: '/v1/orders', schema: views.list('orders', views.order) }, options)).orders,
    async cancel(order, options) {
      await call({ method: 'DELETE', path: `/v1/orders/${id(order)}`, schema: z.object({}) }, options);
    },
    trades: async (options) =>
      (await call({ path: '/v1/trades', schema: views.list('trades', views.trade) }, options)).trades,
    trade: (trade, options) => call({ path: `/v1/trades/${id(trade)}`, schema: views.trade }, options),
    tradeEvidence: (trade, options) =>
      call({ path: `/v1/trades/${id(trade)}/evidence`, schema: views.tradeEvidence }, options),
    currencies: async (options) =>
      (await call({ path: '/v1/currencies', schema: views.list('currencies', views.currency) }, options))
        .currencies,
    issueCurrency: (body, options) =>
      call({ method: 'POST', path: '/v1/currencies', body, schema: views.currency }, options),
    addCurrency: (block, options) =>
      call(
        { method: 'POST', path: '/v1/currencies/known', body: { block }, schema: views.currency },
        options,
      ),
    transfer: ({ wallet, ...body }, options) =>
      call(
        { method: 'POST', path: `/v1/wallets/${id(wallet)}/transfers`, body, schema: views.transfer },
        options,
      ),
    claim: (wallet, options) =>
      call(
        { method: 'POST', path: `/v1/wallets/${id(wallet)}/claims`, body: {}, schema: views.claim },
        options,
      ),
    deal: (trade, choice, options) =>
      call(
        {
          path: `/v1/trades/${id(trade)}/deal`,
          query: choice?.withProof === true ? { withProof: 'true' } : {},
          schema: views.deal,
        },
        options,
      ),
    tradeProofs: async (trade, options) =>
      (
        await call(
          { path: `/v1/trades/${id(trade)}/proofs`, schema: views.list('proofs', views.tradeProof) },
          options,
        )
      ).proofs,
    eraseTrade: (trade, options) =>
      call(
        { method: 'POST', path: `/v1/trades/${id(trade)}/erasure`, body: {}, schema: views.erasure },
        options,
      ),
    delivery: (trade, options) =>
      call({ path: `/v1/trades/${id(trade)}/data`, schema: views.delivery }, options),
    download: (trade, format, abort) =>
      text(`/v1/trades/${id(trade)}/data?format=${format}`, { headers: authorization }, abort),
    storage: (options) => call({ path: '/v1/storage', schema: storageSchema }, options),
    pruneStorage: ({ dryRun }, options) =>
      call({ method: 'POST', path: '/v1/storage/pruning', body: { dryRun }, schema: pruningSchema }, options),
    trust: async (key, options) =>
      (await call({ path: `/v1/trust/${id(key)}`, schema: views.list('trust', trustSchema) }, options)).trust,
    wallets: async (options) =>
      (await call({ path: '/v1/wallets', schema: views.list('wallets', views.wallet) }, options)).wallets,
    transactions: async (wallet, options) =>
      (
        await call(
          {
            path: `/v1/wallets/${id(wallet)}/transactions`,
            schema: views.list('transactions', views.walletTransaction),
          },
          options,
        )
      ).transactions,
    blocks: async (query, options) =>
      (await call({ path: '/v1/blocks', query, schema: views.list('blocks', views.block) }, options)).blocks,
    block: (block, options) => call({ path: `/v1/blocks/${id(block)}`, schema: views.block }, options),
    matchmakers: async (options) =>
      (await call({ path: '/v1/matchmakers', schema: views.list('matchmakers', views.matchmaker) }, options))
        .matchmakers,
    consents: async (options) =>
      (await call({ path: '/v1/consents', schema: views.list('consents', views.consent) }, options)).consents,
    consentLog: async (options) =>
      (
        await call(
          { path: '/v1/consents/log', schema: views.list('entries', views.consentLogEntry) },
          options,
        )
      ).entries,
    consentRecords: (options) =>
      call({ path: '/v1/consents/records', schema: views.consentRecords }, options),
    withdrawConsent: (consent, options) =>
      call({ method: 'DELETE', path: `/v1/consents/${id(consent)}`, schema: views.consent }, options),
    peers: async (options) =>
      (await call({ path: '/v1/peers', schema: views.list('peers', network.peer) }, options)).peers,
    communities: async (options) =>
      (await call({ path: '/v1/communities', schema: views.list('communities', network.community) }, options))
        .communities,
    joinCommunity: (line, options) =>
      call({ method: 'POST', path: '/v1/communities', body: { line }, schema: network.community }, options),
    leaveCommunity: async (name, options) => {
      await call(
        {
          method: 'DELETE',
          path: `/v1/communities/${id(name)}`,
          schema: views.list('communities', network.community),
        },
        options,
      );
    },
    invitation: (options) => call({ path: '/v1/invitation', schema: network.invitation }, options),
    published: async (options) =>
      (await call({ path: '/v1/published', schema: views.list('published', views.published) }, options))
        .published,
    publish: async (options) =>
      (
        await call(
          {
            method: 'POST',
            path: '/v1/published',
            body: {},
            schema: views.list('published', views.published),
          },
          options,
        )
      ).published,
    withdrawPublished: async (options) => {
      await call(
        { method: 'DELETE', path: '/v1/published', schema: views.list('published', views.published) },
        options,
      );
    },
    contentLink: (trade, options) =>
      call({ path: `/v1/trades/${id(trade)}/content`, schema: views.contentLink }, options),
    on: (onEvent) => follow({ onEvent }),
    events: (options) =>
      followEvents<NodeEvent>(
        (onEvent) => follow({ onEvent }),
        (text) => new EdmpError('ERR_HTTP_EVENTS_LOST', text),
        options,
      ),
    follow,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EdmpError('ERR_HTTP_RESPONSE', 'The answer is not JSON; is this the address of an EDMP node?', {
      cause,
    });
  }
}

async function refusalOf(response: Response): Promise<EdmpError> {
  const fallback = new EdmpError('ERR_HTTP_RESPONSE', `The answer has status ${response.status}`);
  try {
    const { error } = views.errorBody.parse(await response.json());
    return new EdmpError(error.code, error.message, {
      details: { status: response.status },
      retryable: response.status === 429 || response.status >= 502,
    });
  } catch {
    return fallback;
  }
}

function queryText(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function randomKey(environment: Environment): string {
  return Array.from(environment.randomBytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes of an answer as they come. Throws `ERR_ABORTED`, and `ERR_HTTP_UNREACHABLE` when they end too early. */
async function* bodyPieces(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done || value === undefined) return;
      yield value;
    }
  } catch (cause) {
    throwIfAborted(signal);
    throw new EdmpError('ERR_HTTP_UNREACHABLE', 'The node broke off in the middle of the file', {
      cause,
      retryable: true,
    });
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}
