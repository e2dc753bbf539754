import {
  type AbortOptions,
  type ContentStore,
  type Crypto,
  type Environment,
  isEdmpError,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { expectSupportedCid, MAX_READ_BYTES, verifyBlock } from '../codec/cid.ts';
import { ContentError } from '../errors.ts';
import { importCar } from '../store/car.ts';
import { CAR_TYPE, RAW_TYPE } from './handler.ts';

/** The part of the Fetch API that reading from a gateway needs. */
export type Fetch = (
  url: string,
  init: {
    readonly headers: Readonly<Record<string, string>>;
    readonly redirect: 'error';
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** Options of {@link gatewayContentStore}. */
export interface GatewayContentOptions {
  /** Gateways in order of preference, e.g. `https://gateway.example`. There are no default ones. */
  readonly urls: readonly string[];
  readonly fetch: Fetch;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly environment: Environment;
  /** Headers sent along, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest wait for one block or CAR, ms. Default 30 000. */
  readonly timeoutMs?: number;
}

/** A read-only `ContentStore` over gateways. */
export interface GatewayContentStore extends ContentStore {
  /** Fetches everything under `root` as one CAR, verifies it and puts it into `store`. Throws `ERR_CONTENT_*`. */
  fetchAll(
    root: CID,
    store: Pick<ContentStore, 'put'>,
    options?: AbortOptions & { readonly maxBytes?: number },
  ): Promise<{ readonly blocks: number; readonly bytes: number }>;
}

const readOnly = (): never => {
  throw new ContentError('ERR_CONTENT_READ_ONLY', 'A gateway is read-only: keep blocks in a local store');
};

/** Body of a response, at most `maxBytes`; the rest of the stream is abandoned. */
async function* limited(response: Response, maxBytes: number): AsyncIterable<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  const refuse = (size: number): ContentError =>
    new ContentError(
      'ERR_CONTENT_TOO_LARGE',
      `Expected at most ${maxBytes} bytes from the gateway, got ${size} or more`,
    );
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    if (announced > maxBytes) throw refuse(announced);
    let total = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const chunk: Uint8Array = next.value;
      total += chunk.length;
      if (total > maxBytes) throw refuse(total);
      yield chunk;
    }
  } finally {
    // Ends the transfer when the consumer stopped early; a finished or failed one ignores it.
    await reader.cancel().catch(() => undefined);
  }
}

async function join(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source) {
    parts.push(part);
    length += part.length;
  }
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/**
 * Reads blocks from trustless gateways; every block is verified, so no gateway is trusted. Tries the gateways in
 * order. Redirects are refused, since they could lead into a private network.
 */
export function gatewayContentStore(options: GatewayContentOptions): GatewayContentStore {
  const { urls, fetch, crypto, environment } = options;
  const timeoutMs = options.timeoutMs ?? 30_000;

  const request = async (
    base: string,
    cid: CID,
    type: string,
    query: string,
    signal: AbortSignal,
  ): Promise<Response> => {
    const url = `${base.replace(/\/+$/, '')}/ipfs/${cid}?${query}`;
    let response: Response;
    try {
      response = await fetch(url, {
        headers: { ...options.headers, accept: type },
        redirect: 'error',
        signal,
      });
    } catch (cause) {
      throwIfAborted(signal);
      throw new ContentError('ERR_CONTENT_UNREACHABLE', `The gateway ${base} cannot be reached`, {
        cause,
        retryable: true,
      });
    }
    const got = (response.headers.get('content-type') ?? '').split(';')[0]?.trim();
    const expected = type.split(';')[0];
    if (response.status === 200 && got === expected) return response;
    await response.body?.cancel().catch(() => undefined);
    if (response.status === 404 || response.status === 410) {
      throw new ContentError('ERR_CONTENT_NOT_FOUND', `The gateway ${base} does not have ${cid}`);
    }
    throw new ContentError(
      'ERR_CONTENT_UNREACHABLE',
      `Expected ${expected} from the gateway ${base}, got status ${response.status} and ${got || 'no type'}`,
      { details: { status: response.status }, retryable: response.status >= 500 || response.status === 429 },
    );
  };
  /** First gateway with which `task` succeeds; the most telling error when none does. */
  const anyGateway = async <T>(
    cid: CID,
    signal: AbortSignal | undefined,
    task: (base: string, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal);
    expectSupportedCid(cid);
    let last: unknown;
    for (const base of urls) {
      try {
        return await withDeadline(environment, timeoutMs, `Reading from ${base}`, (s) => task(base, s), {
          signal,
        });
      } catch (error) {
        if (isEdmpError(error, 'ERR_ABORTED')) throw error;
        if (last === undefined || !isEdmpError(error, 'ERR_CONTENT_NOT_FOUND')) last = error;
      }
    }
    throw last ?? new ContentError('ERR_CONTENT_NOT_FOUND', `No gateway is configured to read ${cid} from`);
  };

  return {
    can: { write: false, pin: false, enumerate: false },
    get: (cid, getOptions = {}) =>
      anyGateway(cid, getOptions.signal, async (base, signal) => {
        const response = await request(base, cid, RAW_TYPE, 'format=raw', signal);
        const bytes = await join(limited(response, getOptions.maxBytes ?? MAX_READ_BYTES));
        verifyBlock(crypto, cid, bytes);
        return bytes;
      }),
    fetchAll: (root, store, fetchOptions = {}) =>
      anyGateway(root, fetchOptions.signal, async (base, signal) => {
        const type = `${CAR_TYPE}; version=1; order=dfs; dups=n`;
        const response = await request(base, root, type, 'format=car&dag-scope=all', signal);
        const maxBytes = fetchOptions.maxBytes ?? 512 << 20;
        // Headers and CIDs add less than 1 % to blocks of our sizes.
        const body = limited(response, maxBytes + (maxBytes >> 4) + 65_536);
        return importCar(body, { crypto, store, root, maxBytes, signal });
      }),
    has: async (cid, hasOptions = {}) => {
      throwIfAborted(hasOptions.signal);
      expectSupportedCid(cid);
      return false;
    },
    put: async () => readOnly(),
    pin: async () => readOnly(),
    unpin: async () => readOnly(),
    collect: async () => readOnly(),
    // biome-ignore lint/correctness/useYield: listing is what a gateway cannot do
    async *list() {
      readOnly();
    },
    async close() {},
  };
}
