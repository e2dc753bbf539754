import {
  type AbortOptions,
  type Crypto,
  type Environment,
  InvalidArgumentError,
  isEdmpError,
  utf8ToBytes,
} from '@edmp/interface';
import { createHttp, type FetchLike, type HttpOptions } from '../oehu/http.ts';
import type { MeterFile, MeterFileKind } from './meter-file.ts';
import { type ReadMeterFileOptions, readMeterFile } from './read-meter-file.ts';

/** Options of {@link readMeterUrl}. */
export interface ReadMeterUrlOptions extends AbortOptions {
  readonly environment: Environment;
  /** Default the global `fetch`. */
  readonly fetch?: FetchLike;
  /** What answers there; tried out when not given and the address has no path. */
  readonly kind?: MeterFileKind;
  /** Checks the signatures of OEHU documents. */
  readonly crypto?: Crypto;
  /** Bearer token of a HomeWizard meter with API v2. */
  readonly token?: string;
  readonly zone?: string;
  readonly csv?: ReadMeterFileOptions['csv'];
  readonly timeoutMs?: number;
  readonly retry?: HttpOptions['retry'];
}

/** Paths to ask a bare address for, by what may answer there. */
const PATHS: Partial<Record<MeterFileKind, readonly string[]>> = {
  homewizard: ['/api/v1/data'],
  oehu: ['/devices'],
};

/**
 * Reads a meter on the network: a HomeWizard P1 meter, an OEHU API, or the address of any meter file. Throws what
 * `readMeterFile` throws, `ERR_METER_UNREACHABLE`, `ERR_METER_TIMEOUT`, `ERR_METER_HTTP`, `ERR_ABORTED`, and
 * `ERR_INVALID_ARGUMENT` when it is no http(s) address.
 */
export async function readMeterUrl(address: string, options: ReadMeterUrlOptions): Promise<MeterFile> {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError(
      `Expected an http(s) address, got ${JSON.stringify(address.slice(0, 80))}`,
    );
  }
  const { environment, kind, token } = options;
  const http = createHttp({
    environment,
    fetch: options.fetch ?? ((target, init) => globalThis.fetch(target, init)),
    conditional: 'off',
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.retry === undefined ? {} : { retry: options.retry }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}`, 'x-api-version': '2' } }),
  });
  const isBare = url.pathname === '/' && url.search === '';
  const known =
    kind === undefined ? [...(PATHS.homewizard ?? []), ...(PATHS.oehu ?? [])] : (PATHS[kind] ?? ['/']);
  const paths = isBare ? (token === undefined ? known : ['/api/measurement']) : [''];
  let failure: unknown;
  for (const path of paths) {
    try {
      const target = path === '' ? url.href : new URL(path, url).href;
      const text = await http.getText(target, { signal: options.signal });
      return readMeterFile(utf8ToBytes(text), {
        receivedAt: environment.now(),
        ...(kind === undefined ? {} : { kind }),
        ...(options.crypto === undefined ? {} : { crypto: options.crypto }),
        ...(options.zone === undefined ? {} : { zone: options.zone }),
        ...(options.csv === undefined ? {} : { csv: options.csv }),
      });
    } catch (error) {
      // Another kind of meter may answer on the next path; an abort or a dead address will not change.
      if (!isEdmpError(error) || !/HTTP|FORMAT|SCHEMA/.test(error.code)) throw error;
      failure = error;
    }
  }
  throw failure;
}
