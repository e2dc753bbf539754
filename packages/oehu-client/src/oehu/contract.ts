import type { AbortOptions, Crypto, Environment } from '@edmp/interface';
import type { ChainVerification } from './chain.ts';
import type { FetchLike, HttpOptions } from './http.ts';
import type { OehuEntry } from './issues.ts';
import type { Json } from './json.ts';
import type { OehuDevice, OehuRecord } from './records.ts';
import type { Verification } from './verify.ts';

/** Options of `createOehuClient`. */
export interface OehuClientOptions {
  /** Where the API is, e.g. `https://api.oehu.org`; no query. */
  readonly baseUrl: string;
  readonly crypto: Crypto;
  readonly environment: Environment;
  /** Default the global `fetch`. */
  readonly fetch?: FetchLike;
  /** A BigchainDB node that still has the CREATE transactions, for level `anchored`. Default none. */
  readonly ledgerUrl?: string;
  /** Expected device keys, base58, by ORM id or asset id: readings signed by another key stay at `intact`. */
  readonly pinnedKeys?: Readonly<Record<string, string>>;
  /** SHA3-256 to use instead of the portable one, e.g. over `node:crypto`. */
  readonly sha3?: (data: Uint8Array) => Uint8Array;
  readonly timeoutMs?: number;
  readonly totalMs?: number;
  readonly maxBodyBytes?: number;
  readonly retry?: HttpOptions['retry'];
  /** Default `etag`, and `cache` in browsers. */
  readonly conditional?: HttpOptions['conditional'];
  /** Most rows asked for at once when history is searched. Default 100 000. */
  readonly maxRows?: number;
}

/** One asset of `GET /data`: the only place that tells both ids of a device. */
export interface OehuAsset {
  readonly assetId: string;
  /** ORM id `id:<app>:devices:<uuid>`. */
  readonly deviceId: string;
}

/** Answer of `GET /statistics`; averages over the last day, null when there is nothing to average. */
export interface OehuStatistics {
  readonly devicesConnected: number;
  readonly averageUseEnergy: number | null;
  readonly averageGeneratedEnergy: number | null;
  readonly averageUseGas: number | null;
}

/** Answer of `GET /statistics/dashboard`: daily differences with the server's own labels, which have no year. */
export interface OehuDashboard {
  readonly xAxis: readonly string[];
  readonly yAxis: readonly (number | null)[];
}

/** A stretch of a device's history. */
export interface OehuHistory {
  /** Records in ascending time with what is proven about each. */
  readonly records: readonly { readonly record: OehuRecord; readonly verification: Verification }[];
  readonly verification: ChainVerification;
  /** Entries that could not be read, were of another device, or were altered copies of a verified one. */
  readonly malformed: readonly OehuEntry<OehuRecord>[];
  /** Whether everything back to `from` (or to the device's first reading) was seen. */
  readonly complete: boolean;
}

/** Options of {@link OehuClient.history}. */
export interface OehuHistoryOptions extends AbortOptions {
  readonly from: number;
  readonly to: number;
}

/** Options of {@link OehuClient.watch}. */
export interface OehuWatchOptions extends AbortOptions {
  /** Time between polls. Default 60 s; doubles up to eightfold while nothing is new. */
  readonly everyMs?: number;
  /** Skip everything up to and including this transaction id. */
  readonly after?: string;
}

/**
 * The OEHU API, typed. Every call has a deadline and takes a signal. Errors: `ERR_METER_UNREACHABLE`,
 * `ERR_METER_TIMEOUT`, `ERR_METER_HTTP`, `ERR_METER_SCHEMA`, `ERR_METER_FORMAT`, `ERR_METER_LIMIT`,
 * `ERR_METER_UNKNOWN_DEVICE`, `ERR_ABORTED`.
 */
export interface OehuClient {
  readonly baseUrl: string;
  /** `GET /devices`: the latest reading of every device that has one. */
  devices(options?: AbortOptions): Promise<readonly OehuEntry<OehuDevice>[]>;
  /** `GET /transactions?raw=true`: the newest `limit` (default 10) rows per device, in the server's order. */
  transactions(
    query?: { readonly device?: string; readonly limit?: number },
    options?: AbortOptions,
  ): Promise<readonly OehuEntry<OehuRecord>[]>;
  /** `GET /transactionsCount`: transactions of a device, the CREATE included. */
  count(device: string, options?: AbortOptions): Promise<number>;
  /** `GET /data`: both ids of every device. */
  assets(options?: AbortOptions): Promise<readonly OehuAsset[]>;
  /** `GET /statistics`. */
  statistics(options?: AbortOptions & { readonly device?: string }): Promise<OehuStatistics>;
  /** `GET /statistics/dashboard`. */
  dashboard(
    query: {
      readonly device?: string;
      readonly days?: number;
      readonly data: 'kwh' | 'gas' | 'kwhDelivered';
    },
    options?: AbortOptions,
  ): Promise<OehuDashboard>;
  /** `POST /account/login`: the e-mail and its devices. Throws `ERR_METER_HTTP` (401) when refused, however the server says it. */
  login(
    account: { readonly email: string; readonly password: string },
    options?: AbortOptions,
  ): Promise<{ readonly email: string; readonly devices: readonly string[] }>;
  /** `POST /account/register`. */
  register(
    account: { readonly email: string; readonly password: string; readonly deviceId: string },
    options?: AbortOptions,
  ): Promise<void>;
  /** `GET /_ping`: whether the service answers. */
  ping(options?: AbortOptions): Promise<boolean>;
  /** Both ids of a device given by either. Throws `ERR_METER_UNKNOWN_DEVICE`. */
  resolve(device: string, options?: AbortOptions): Promise<OehuAsset>;
  /** The CREATE transaction of an asset from `ledgerUrl`, or undefined without one or when it is unknown there. */
  create(assetId: string, options?: AbortOptions): Promise<Json | undefined>;
  /** Verified history of one device between two moments, with one record before and after where there is one. */
  history(device: string, options: OehuHistoryOptions): Promise<OehuHistory>;
  /** New records of one device as they come, oldest first, until aborted or returned. Single flight, gentle. */
  watch(device: string, options?: OehuWatchOptions): AsyncIterable<OehuRecord>;
}
