import {
  type AbortOptions,
  type Crypto,
  type Environment,
  InvalidArgumentError,
  isEdmpError,
} from '@edmp/interface';
import { MeterError } from '../errors.ts';
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
  /** Most bytes of an answer. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Deadline of one attempt. Default 15 s. */
  readonly timeoutMs?: number;
  readonly retry?: HttpOptions['retry'];
}

/** What a server answers that is no meter of the kind asked for. */
const NOT_HERE = ['ERR_METER_HTTP', 'ERR_METER_FORMAT', 'ERR_METER_SCHEMA'] as const;

/** Paths to ask a bare address for, by what may answer there. */
const PATHS: Partial<Record<MeterFileKind, readonly string[]>> = {
  homewizard: ['/api/v1/data'],
  oehu: ['/devices'],
};

/**
 * Reads a meter on the network: a HomeWizard P1 meter, an OEHU API, or the address of any meter file. Throws what
 * `readMeterFile` throws, `ERR_METER_UNREACHABLE`, `ERR_METER_TIMEOUT`, `ERR_METER_HTTP`, `ERR_ABORTED`, and
 * `ERR_INVALID_ARGUMENT` when it is no http(s) address.
 *
 * @param address - An http or https address of the meter, the API or the file.
 */
export function readMeterUrl(address: string, options: ReadMeterUrlOptions): Promise<MeterFile> {
  return withMeterUrl(address, options, readMeterFile);
}

/**
 * Fetches what {@link readMeterUrl} reads and hands it to `read`, for programs that read on another thread. Throws what
 * `read` throws, `ERR_METER_UNREACHABLE`, `ERR_METER_TIMEOUT`, `ERR_METER_HTTP`, `ERR_ABORTED`, and
 * `ERR_INVALID_ARGUMENT` when it is no http(s) address.
 *
 * @param address - An http or https address of the meter, the API or the file.
 * @param read - Makes what is wanted of the bytes; given how `readMeterFile` would be told to read them.
 */
export async function withMeterUrl<T>(
  address: string,
  options: ReadMeterUrlOptions,
  read: (bytes: Uint8Array, told: ReadMeterFileOptions) => T | Promise<T>,
): Promise<T> {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError(
      `Expected an http(s) address, got ${JSON.stringify(address.slice(0, 80))}`,
    );
  }
  const { environment, kind, token } = options;
  const maxBytes = options.maxBytes ?? 256 << 20;
  const http = createHttp({
    environment,
    fetch: options.fetch ?? ((target, init) => globalThis.fetch(target, init)),
    conditional: 'off',
    maxBodyBytes: maxBytes,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.retry === undefined ? {} : { retry: options.retry }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}`, 'x-api-version': '2' } }),
  });
  const paths = pathsOf(url, options);
  let failure: MeterError | undefined;
  for (const path of paths) {
    try {
      const target = path === undefined ? url.href : new URL(path, url).href;
      const bytes = await http.getBytes(target, { signal: options.signal });
      return await read(bytes, {
        receivedAt: environment.now(),
        maxBytes,
        ...(kind === undefined ? {} : { kind }),
        ...(options.crypto === undefined ? {} : { crypto: options.crypto }),
        ...(options.zone === undefined ? {} : { zone: options.zone }),
        ...(options.csv === undefined ? {} : { csv: options.csv }),
      });
    } catch (error) {
      // Another kind of meter may answer on the next path; an abort or a dead address will not change.
      const code = NOT_HERE.find((one) => isEdmpError(error, one));
      if (code === undefined || paths.length === 1) throw error;
      failure = new MeterError(
        code,
        `${url.origin} does not answer like a meter at ${paths.join(', ')}; give the whole address of the readings`,
        { cause: error },
      );
    }
  }
  throw failure;
}

/** Paths to ask for; undefined = the address as it is. */
function pathsOf(url: URL, { kind, token }: ReadMeterUrlOptions): readonly (string | undefined)[] {
  if (url.pathname !== '/' || url.search !== '') return [undefined];
  if (token !== undefined) return ['/api/measurement'];
  if (kind !== undefined) return PATHS[kind] ?? ['/'];
  return [...Object.values(PATHS).flat(), '/'];
}
