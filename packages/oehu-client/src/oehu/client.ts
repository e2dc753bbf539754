import type { AbortOptions, Crypto, Environment } from '@edmp/interface';
import { InvalidArgumentError } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import type { ChainVerification } from './chain.ts';
import { readHistory } from './history.ts';
import { createHttp, type FetchLike, type HttpOptions } from './http.ts';
import { type OehuEntry, received } from './issues.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { type OehuDevice, type OehuRecord, readDevice, readRecord } from './records.ts';
import type { Verification } from './verify.ts';
import { watchDevice } from './watch.ts';

/** Options of {@link createOehuClient}. */
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

const MAX_DEVICES = 100_000;

/** A client of an OEHU API. Throws `ERR_INVALID_ARGUMENT` for an unusable base URL. */
export function createOehuClient(options: OehuClientOptions): OehuClient {
  const baseUrl = checkedBase(options.baseUrl);
  const ledgerUrl = options.ledgerUrl === undefined ? undefined : checkedBase(options.ledgerUrl);
  const maxRows = options.maxRows ?? 100_000;
  const { environment, crypto } = options;
  const http = createHttp({
    environment,
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    conditional: options.conditional ?? ('document' in globalThis ? 'cache' : 'etag'),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.totalMs === undefined ? {} : { totalMs: options.totalMs }),
    ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
    ...(options.retry === undefined ? {} : { retry: options.retry }),
  });
  let known: readonly OehuAsset[] = [];

  const url = (
    path: string,
    query: Readonly<Record<string, string | number | boolean | undefined>> = {},
  ): string => {
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries(query))
      if (value !== undefined) parameters.set(key, String(value));
    const text = parameters.toString();
    return `${baseUrl}${path}${text === '' ? '' : `?${text}`}`;
  };
  const list = async (address: string, call: AbortOptions | undefined): Promise<readonly Json[]> => {
    const json = await http.get(address, call);
    if (!Array.isArray(json)) throw schema('an array', json);
    if (json.length > Math.max(MAX_DEVICES, maxRows)) {
      throw new MeterError(
        'ERR_METER_LIMIT',
        `The answer has ${json.length} entries, more than may be taken`,
      );
    }
    return json;
  };
  const object = async (address: string, call: AbortOptions | undefined): Promise<JsonObject> => {
    const json = await http.get(address, call);
    if (!isJsonObject(json)) throw schema('an object', json);
    return json;
  };
  const find = (device: string): OehuAsset | undefined =>
    known.find((asset) => asset.deviceId === device || asset.assetId === device);

  const client: OehuClient = {
    baseUrl,
    devices: async (call) => (await list(url('/devices'), call)).map(readDevice),
    transactions: async (query = {}, call = {}) =>
      (await list(url('/transactions', { deviceId: query.device, raw: true, limit: query.limit }), call)).map(
        readRecord,
      ),
    async count(device, call) {
      const { count } = await object(url('/transactionsCount', { deviceId: device }), call);
      if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) throw schema('a count', count);
      return count;
    },
    async assets(call) {
      const assets: OehuAsset[] = [];
      for (const entry of await list(url('/data'), call)) {
        const data = isJsonObject(entry) ? entry.data : undefined;
        const assetId = isJsonObject(entry) ? entry.id : undefined;
        const deviceId = isJsonObject(data) ? data.id : undefined;
        if (typeof assetId === 'string' && typeof deviceId === 'string') assets.push({ assetId, deviceId });
      }
      known = assets;
      return assets;
    },
    async statistics(call = {}) {
      const answer = await object(url('/statistics', { deviceId: call.device }), call);
      const number = (key: string): number | null => {
        const value = answer[key];
        return typeof value === 'number' ? value : null;
      };
      return {
        devicesConnected: number('devicesConnected') ?? 0,
        averageUseEnergy: number('averageUseEnergy'),
        averageGeneratedEnergy: number('averageGeneratedEnergy'),
        averageUseGas: number('averageUseGas'),
      };
    },
    async dashboard(query, call) {
      const answer = await object(
        url('/statistics/dashboard', { deviceId: query.device, days: query.days, data: query.data }),
        call,
      );
      const { xAxis, yAxis } = answer;
      if (!Array.isArray(xAxis) || !Array.isArray(yAxis)) throw schema('xAxis and yAxis', xAxis);
      return {
        xAxis: xAxis.map(String),
        yAxis: yAxis.map((value) => (typeof value === 'number' ? value : null)),
      };
    },
    async login(account, call) {
      const answer = await http.post(url('/account/login'), { ...account }, call);
      const devices = isJsonObject(answer) ? answer.devices : undefined;
      if (!isJsonObject(answer) || typeof answer.email !== 'string') {
        throw new MeterError('ERR_METER_HTTP', 'The account is unknown or the password is wrong', {
          details: { status: 401 },
        });
      }
      return { email: answer.email, devices: Array.isArray(devices) ? devices.map(String) : [] };
    },
    async register(account, call) {
      await http.post(url('/account/register'), { ...account }, call);
    },
    async ping(call) {
      return (await http.getText(url('/_ping'), call)).includes('OK');
    },
    async resolve(device, call) {
      const asset = find(device) ?? ((await client.assets(call)) && find(device));
      if (asset === undefined) {
        throw new MeterError('ERR_METER_UNKNOWN_DEVICE', 'The meter source knows no device with this id');
      }
      return asset;
    },
    async create(assetId, call) {
      if (ledgerUrl === undefined || !/^[0-9a-f]{64}$/.test(assetId)) return undefined;
      try {
        return await http.get(`${ledgerUrl}/api/v1/transactions/${assetId}`, call);
      } catch (error) {
        if (error instanceof MeterError && error.details.status === 404) return undefined;
        throw error;
      }
    },
    history: (device, call) => readHistory(client, device, call, { ...options, crypto, maxRows }),
    watch: (device, call) => watchDevice(client, environment, device, call ?? {}),
  };
  return client;
}

function checkedBase(text: string): string {
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch (cause) {
    throw new InvalidArgumentError(`Expected an http(s) URL, got ${JSON.stringify(text.slice(0, 80))}`, {
      cause,
    });
  }
  if (
    !/^https?:$/.test(parsed.protocol) ||
    parsed.search !== '' ||
    parsed.hash !== '' ||
    parsed.username !== ''
  ) {
    throw new InvalidArgumentError('Expected an http(s) URL without credentials, query and fragment');
  }
  return parsed.href.replace(/\/+$/, '');
}

function schema(expected: string, value: unknown): MeterError {
  return new MeterError(
    'ERR_METER_SCHEMA',
    `Expected ${expected} from the meter source, got ${received(value)}`,
  );
}
