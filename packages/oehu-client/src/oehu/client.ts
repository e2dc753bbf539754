import type { AbortOptions } from '@edmp/interface';
import { InvalidArgumentError } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import type { OehuAsset, OehuClient, OehuClientOptions } from './contract.ts';
import { readHistory } from './history.ts';
import { createHttp } from './http.ts';
import { received } from './issues.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { readDevice, readRecord } from './records.ts';
import { watchDevice } from './watch.ts';

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
