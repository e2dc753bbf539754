import { CODEC_RAW, type ContentStore } from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { ContentError } from '../errors.ts';
import { joinBytes, limitedBody } from '../gateway/body.ts';
import { localContentStore } from './backend.ts';
import { type ForeignBlocks, type IndexedStoreOptions, indexedBackend } from './indexed.ts';

/** The part of the Fetch API that Kubo's RPC needs. */
export type KuboFetch = (
  url: string,
  init: {
    readonly method: 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: FormData;
    readonly redirect: 'error';
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** Options of {@link kuboContentStore}. */
export interface KuboOptions extends IndexedStoreOptions {
  /** Address of the RPC, e.g. `http://127.0.0.1:5001`. Whoever reaches it administers the node: keep it on loopback. */
  readonly rpcUrl: string;
  readonly fetch: KuboFetch;
  /** Headers sent along, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether reads stay inside the Kubo node instead of asking its network. Default `false`. */
  readonly offline?: boolean;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** Message of Kubo's error answer `{"Message", "Code", "Type": "error"}`. */
async function messageOf(response: Response): Promise<string> {
  const text = new TextDecoder().decode(await joinBytes(limitedBody(response, MAX_ANSWER_BYTES)));
  try {
    const { Message: message } = JSON.parse(text) as { readonly Message?: unknown };
    return typeof message === 'string' ? message : text;
  } catch {
    return text;
  }
}

/**
 * A `ContentStore` in a Kubo node over its RPC (`block/put`, `block/get`, `block/rm`, `pin/add`, `pin/rm`;
 * https://docs.ipfs.tech/reference/kubo/rpc/). Every block put is pinned there by itself, so that Kubo's own garbage
 * collection keeps it; `collect` unpins and removes only blocks that this store put.
 */
export function kuboContentStore(options: KuboOptions): ContentStore {
  const base = `${options.rpcUrl.replace(/\/+$/, '')}/api/v0`;
  const unreachable = (message: string, cause?: unknown): ContentError =>
    new ContentError('ERR_CONTENT_UNREACHABLE', message, { cause, retryable: true });

  const call = async (
    command: string,
    query: Record<string, string>,
    signal: AbortSignal,
    body?: FormData,
  ): Promise<Response> => {
    const url = `${base}/${command}?${new URLSearchParams(query)}`;
    try {
      return await options.fetch(url, {
        method: 'POST',
        headers: { ...options.headers },
        ...(body === undefined ? {} : { body }),
        redirect: 'error',
        signal,
      });
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw unreachable(`The Kubo RPC at ${options.rpcUrl} cannot be reached: is the daemon running?`, cause);
    }
  };
  /** Runs a command whose answer does not matter; an error that `ignore` matches is fine. */
  const run = async (
    command: string,
    query: Record<string, string>,
    signal: AbortSignal,
    ignore?: RegExp,
  ): Promise<void> => {
    const response = await call(command, query, signal);
    if (response.ok) {
      await response.body?.cancel().catch(() => undefined);
      return;
    }
    const message = await messageOf(response);
    if (ignore?.test(message) !== true) throw unreachable(`Kubo refused ${command}: ${message}`);
  };

  const blocks: ForeignBlocks = {
    async read(cid, maxBytes, signal) {
      const query = { arg: cid.toString(), ...(options.offline === true ? { offline: 'true' } : {}) };
      const response = await call('block/get', query, signal);
      if (response.ok) return joinBytes(limitedBody(response, maxBytes));
      const message = await messageOf(response);
      if (/not found|could not find/i.test(message)) return undefined;
      throw unreachable(`Kubo could not read ${cid}: ${message}`);
    },
    async write(cid, bytes, signal) {
      const form = new FormData();
      form.append('data', new Blob([bytes.slice()]));
      const codec = cid.code === CODEC_RAW ? 'raw' : 'dag-cbor';
      const response = await call('block/put', { 'cid-codec': codec, mhtype: 'sha2-256' }, signal, form);
      if (!response.ok) throw unreachable(`Kubo refused block/put: ${await messageOf(response)}`);
      const stored = await keyOf(response);
      if (stored !== cid.toString()) throw unreachable(`Kubo stored the block as ${stored}, expected ${cid}`);
      await run('pin/add', { arg: cid.toString(), recursive: 'false' }, signal, /already pinned/i);
    },
    async remove(cid: CID, signal) {
      await run('pin/rm', { arg: cid.toString(), recursive: 'false' }, signal, /not pinned/i);
      await run('block/rm', { arg: cid.toString(), force: 'true' }, signal);
    },
  };
  return localContentStore(indexedBackend(blocks, options), options);
}

/** `Key` of an answer to `block/put`. */
async function keyOf(response: Response): Promise<string> {
  const text = new TextDecoder().decode(await joinBytes(limitedBody(response, MAX_ANSWER_BYTES)));
  try {
    return String((JSON.parse(text) as { readonly Key?: unknown }).Key);
  } catch {
    return 'something unreadable';
  }
}
