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
import { joinBytes, limitedBody } from './body.ts';
import { CAR_TYPE, RAW_TYPE } from './request.ts';

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
  /**
   * Fetches everything under `root` as one CAR, verifies it and puts it into `store`. Throws `ERR_CONTENT_*`; a
   * transfer that broke off is `ERR_CONTENT_UNREACHABLE`, and then nothing was stored.
   */
  fetchAll(
    root: CID,
    store: Pick<ContentStore, 'put' | 'putMany'>,
    options?: AbortOptions & { readonly maxBytes?: number },
  ): Promise<{ readonly blocks: number; readonly bytes: number }>;
}

const readOnly = (): never => {
  throw new ContentError('ERR_CONTENT_READ_ONLY', 'A gateway is read-only: keep blocks in a local store');
};

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
        const bytes = await joinBytes(limitedBody(response, getOptions.maxBytes ?? MAX_READ_BYTES));
        verifyBlock(crypto, cid, bytes);
        return bytes;
      }),
    fetchAll: (root, store, fetchOptions = {}) =>
      anyGateway(root, fetchOptions.signal, async (base, signal) => {
        const type = `${CAR_TYPE}; version=1; order=dfs; dups=n`;
        const response = await request(base, root, type, 'format=car&dag-scope=all', signal);
        const maxBytes = fetchOptions.maxBytes ?? 512 << 20;
        // Headers and CIDs add less than 1 % to blocks of our sizes.
        const body = limitedBody(response, maxBytes + (maxBytes >> 4) + 65_536);
        try {
          return await importCar(body, { crypto, store, root, maxBytes, signal });
        } finally {
          // A CAR refused by its header is not read to its end: the transfer would go on.
          await body.return();
        }
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
    [Symbol.asyncDispose]() {
      return this.close();
    },
    async close() {},
  };
}
