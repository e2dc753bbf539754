import { kuboContentStore, layeredContentStore } from '@edmp/data-settlement/content';
import { fsContentStore } from '@edmp/data-settlement/fs';
import { gatewayContentStore } from '@edmp/data-settlement/gateway';
import {
  type ContentReader,
  type ContentStore,
  type Crypto,
  EdmpError,
  type Environment,
  isEdmpError,
  type KeyValueStore,
} from '@edmp/interface';
import { NodeError } from './errors.ts';

/** Where a layered store reads what it does not hold. */
export type ContentSource =
  | { readonly kind: 'kubo'; readonly url: string }
  | { readonly kind: 'gateway'; readonly url: string }
  /** A multiaddr that ends in `/p2p/…`. */
  | { readonly kind: 'bitswap'; readonly address: string };

/** Where a node keeps sealed blocks. */
export type ContentStoreChoice =
  | { readonly kind: 'fs' }
  | { readonly kind: 'kubo'; readonly url: string }
  | { readonly kind: 'layered'; readonly sources: readonly ContentSource[] };

const FORMS =
  'fs, kubo:URL of its RPC, or layered:SOURCE[,SOURCE…] with kubo:URL, gateway:URL or bitswap:MULTIADDR as sources';
/** Longest wait for one block of a source, ms. The seller is asked next, and the whole fetch has two minutes. */
const SOURCE_TIMEOUT_MS = 10_000;
/** How long a source that failed is left alone, ms: a hundred chunks must not wait for it one by one. */
const REST_MS = 30_000;

/** Reads `fs`, `kubo:URL` or `layered:SOURCE,…`. Throws `ERR_NODE_CONFIG`. */
export function parseContentStore(text: string): ContentStoreChoice {
  if (text === 'fs') return { kind: 'fs' };
  const layered = /^layered:(.+)$/.exec(text)?.[1];
  if (layered !== undefined) return { kind: 'layered', sources: layered.split(',').map(parseSource) };
  const source = parseSource(text);
  if (source.kind === 'kubo') return source;
  throw new NodeError('ERR_NODE_CONFIG', `A ${source.kind} cannot be written to: expected ${FORMS}`);
}

function parseSource(text: string): ContentSource {
  const [, kind, rest = ''] = /^(kubo|gateway|bitswap):(.+)$/.exec(text) ?? [];
  if (kind === 'bitswap' && /^\/.+\/p2p\/[A-Za-z0-9]+$/.test(rest)) return { kind, address: rest };
  if ((kind === 'kubo' || kind === 'gateway') && /^https?:\/\/[^/]/.test(rest) && URL.canParse(rest))
    return { kind, url: rest };
  throw new NodeError('ERR_NODE_CONFIG', `Expected ${FORMS}, got ${JSON.stringify(text.slice(0, 200))}`);
}

/** Options of {@link openContentStore}. */
export interface OpenContentStore {
  readonly choice: ContentStoreChoice;
  /** Folder of the store in files. */
  readonly dir: string;
  /** Index of a store in Kubo. */
  readonly records: KeyValueStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  /** Reader of the blocks that a bitswap peer has. */
  readonly bitswap: (address: string) => ContentReader;
}

/** A content store for sealed blocks, and the part of it that asks nobody else, which is what others are served from. */
export interface OpenedContentStore {
  readonly content: ContentStore;
  readonly local: ContentStore;
}

/** Opens the chosen store. */
export async function openContentStore(options: OpenContentStore): Promise<OpenedContentStore> {
  const { choice, crypto, environment, dir } = options;
  if (choice.kind === 'kubo') {
    const local = kubo(choice.url, options);
    return { content: local, local };
  }
  const local = await fsContentStore({ dir, environment, crypto });
  if (choice.kind === 'fs') return { content: local, local };
  const remote = choice.sources.map((source) => resting(readerOf(source, options), environment));
  return { content: layeredContentStore({ local, remote }), local };
}

function kubo(rpcUrl: string, { records, crypto, environment }: OpenContentStore): ContentStore {
  return kuboContentStore({
    rpcUrl,
    fetch: (url, init) => fetch(url, init),
    index: records,
    crypto,
    environment,
    // What Kubo does not hold itself comes from the seller, not from whoever Kubo finds.
    offline: true,
    timeoutMs: SOURCE_TIMEOUT_MS,
  });
}

function readerOf(source: ContentSource, options: OpenContentStore): ContentReader {
  if (source.kind === 'kubo') return kubo(source.url, options);
  if (source.kind === 'bitswap') return options.bitswap(source.address);
  const { crypto, environment } = options;
  return gatewayContentStore({
    urls: [source.url],
    fetch: (url, init) => fetch(url, init),
    crypto,
    environment,
    timeoutMs: SOURCE_TIMEOUT_MS,
  });
}

/** A source that is not asked for a while after it could not be reached or took too long. Whatever it throws is `ERR_CONTENT_*`, so that the next is asked. */
function resting(reader: ContentReader, environment: Environment): ContentReader {
  let until = Number.NEGATIVE_INFINITY;
  return {
    async get(cid, getOptions) {
      if (environment.now() < until) {
        throw new EdmpError('ERR_CONTENT_UNREACHABLE', 'This source failed a moment ago and is left alone');
      }
      try {
        return await reader.get(cid, getOptions);
      } catch (cause) {
        if (isEdmpError(cause, 'ERR_ABORTED') || isEdmpError(cause, 'ERR_CONTENT_NOT_FOUND')) throw cause;
        until = environment.now() + REST_MS;
        if (isEdmpError(cause) && cause.code.startsWith('ERR_CONTENT_')) throw cause;
        throw new EdmpError('ERR_CONTENT_UNREACHABLE', `This source cannot be read: ${String(cause)}`, {
          cause,
        });
      }
    },
  };
}
