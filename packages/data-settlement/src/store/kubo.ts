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

/** What is used of Kubo's answers: `block/put`, `block/rm`, and errors as `{"Message", "Code", "Type": "error"}`. */
interface Answer {
  readonly text: string;
  readonly fields: {
    readonly Key?: unknown;
    readonly Hash?: unknown;
    readonly Error?: unknown;
    readonly Message?: unknown;
  };
}

/**
 * A `ContentStore` in a Kubo node over its RPC (`block/put`, `block/get`, `block/rm`, `pin/add`, `pin/rm`;
 * https://docs.ipfs.tech/reference/kubo/rpc/). Every block put is pinned there by itself, so that Kubo's own garbage
 * collection keeps it; `collect` unpins and removes only blocks that this store put.
 *
 * Kubo has one pin for each CID. A block that somebody else pinned recursively, or that hangs under such a pin, stays:
 * `collect` does not count it, `has` and `list` still name it, and a later `collect` removes it once that pin is gone.
 * While such a pin is on a block itself, Kubo takes no other, so the block is only as safe from Kubo's garbage
 * collection as that pin is. For the same reason every store needs a Kubo node of its own: two stores that put the
 * same block into one node would unpin it for each other.
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
  const bodyOf = (response: Response, maxBytes: number): Promise<Uint8Array> =>
    joinBytes(limitedBody(response, maxBytes));
  /** Text of an answer, and its fields when it is a JSON object. */
  const answerOf = async (response: Response): Promise<Answer> => {
    const text = new TextDecoder().decode(await bodyOf(response, MAX_ANSWER_BYTES));
    try {
      const fields: unknown = JSON.parse(text);
      return { text, fields: typeof fields === 'object' && fields !== null ? fields : {} };
    } catch {
      return { text, fields: {} };
    }
  };
  /** Message of an error answer. */
  const messageOf = async (response: Response): Promise<string> => {
    const { text, fields } = await answerOf(response);
    return typeof fields.Message === 'string' ? fields.Message : text;
  };
  /** Adds or removes the direct pin of a block; a refusal that `ignore` matches is fine. */
  const pin = async (command: 'add' | 'rm', cid: CID, ignore: RegExp, signal: AbortSignal): Promise<void> => {
    // Offline: a block that has just gone is no reason to look for it in the network.
    const query = { arg: cid.toString(), recursive: 'false', offline: 'true' };
    const response = await call(`pin/${command}`, query, signal);
    if (response.ok) {
      await response.body?.cancel().catch(() => undefined);
      return;
    }
    const message = await messageOf(response);
    if (!ignore.test(message)) throw unreachable(`Kubo refused pin/${command}: ${message}`);
  };
  const read = async (
    cid: CID,
    maxBytes: number,
    signal: AbortSignal,
    offline: boolean,
  ): Promise<Uint8Array | undefined> => {
    const query = { arg: cid.toString(), ...(offline ? { offline: 'true' } : {}) };
    const response = await call('block/get', query, signal);
    if (response.ok) return bodyOf(response, maxBytes);
    const message = await messageOf(response);
    if (/not found|could not find/i.test(message)) return undefined;
    throw unreachable(`Kubo could not read ${cid}: ${message}`);
  };

  const blocks: ForeignBlocks = {
    read: (cid, maxBytes, signal) => read(cid, maxBytes, signal, options.offline === true),
    readLocal: (cid, maxBytes, signal) => read(cid, maxBytes, signal, true),
    async write(cid, bytes, signal) {
      const form = new FormData();
      form.append('data', new Blob([bytes.slice()]));
      const codec = cid.code === CODEC_RAW ? 'raw' : 'dag-cbor';
      const response = await call('block/put', { 'cid-codec': codec, mhtype: 'sha2-256' }, signal, form);
      if (!response.ok) throw unreachable(`Kubo refused block/put: ${await messageOf(response)}`);
      const { text, fields } = await answerOf(response);
      if (fields.Key !== cid.toString()) throw unreachable(`Expected Kubo to store ${cid}, it said: ${text}`);
      await pin('add', cid, /already pinned/i, signal);
    },
    async remove(cid, signal) {
      await pin('rm', cid, /not pinned|is pinned recursively/i, signal);
      const response = await call('block/rm', { arg: cid.toString(), force: 'true' }, signal);
      if (!response.ok) throw unreachable(`Kubo refused block/rm: ${await messageOf(response)}`);
      // A refusal comes as `{"Hash", "Error"}` with status 200.
      const { text, fields } = await answerOf(response);
      if (fields.Error === undefined && fields.Hash === cid.toString()) return true;
      if (typeof fields.Error === 'string' && fields.Error.startsWith('pinned')) return false;
      throw unreachable(`Expected Kubo to remove ${cid}, it said: ${text}`);
    },
  };
  return localContentStore(indexedBackend(blocks, options), options);
}
