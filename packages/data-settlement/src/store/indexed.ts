import type { Environment } from '@edmp/interface';
import { equalBytes, type KeyValueStore, withDeadline } from '@edmp/interface';
import { encodeCanonical, type FieldReaders, fieldReaders } from '@edmp/interface/format';
import { CID } from 'multiformats/cid';
import { MAX_READ_BYTES } from '../codec/cid.ts';
import { ContentError } from '../errors.ts';
import type { BlockBackend, LocalStoreOptions } from './backend.ts';

/** A block store of somebody else that other programs may use too. */
export interface ForeignBlocks {
  /** Bytes of a block, wherever the foreign store gets it from; undefined when it has none. */
  read(cid: CID, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Bytes of a block that the foreign store holds itself, without asking its network. Default: `read`. */
  readLocal?(cid: CID, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  write(cid: CID, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** `false` when the block stays because somebody else keeps it there. */
  remove(cid: CID, signal: AbortSignal): Promise<boolean>;
}

/** Options of a store over blocks that somebody else keeps, with an index beside them. */
export interface IndexedStoreOptions extends LocalStoreOptions {
  readonly environment: Environment;
  /**
   * Remembers which blocks this store put, since when, and who pinned them, under keys that start with `content/`.
   * Whatever else is in the foreign store is never listed or deleted.
   */
  readonly index: KeyValueStore;
  /** Longest wait for one block operation, ms. Default 30 000. */
  readonly timeoutMs?: number;
}

const { decodeBounded, integerOf, mapOf }: FieldReaders = fieldReaders(
  (message, { cause }) =>
    new ContentError('ERR_CONTENT_UNREACHABLE', `The index of a content store is damaged: ${message}`, {
      cause,
    }),
);
const blockKey = (key: string): string => `content/block/${key}`;
const pinPrefix = (key: string): string => `content/pin/${key}/`;

/** Keeps ages and pins in an index beside a foreign store, so that only blocks put through it are collected. */
export function indexedBackend(blocks: ForeignBlocks, options: IndexedStoreOptions): BlockBackend {
  const { index, environment } = options;
  const timeoutMs = options.timeoutMs ?? 30_000;
  const bounded = <T>(
    what: string,
    task: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => withDeadline(environment, timeoutMs, what, task, { signal });
  const entry = async (key: string): Promise<{ size: number; at: number } | undefined> => {
    const bytes = await index.get(blockKey(key));
    if (bytes === undefined) return undefined;
    const map = mapOf(decodeBounded(bytes, 64, 'entry'), ['size', 'at'], 'entry');
    return {
      size: integerOf(map.size, 0, Number.MAX_SAFE_INTEGER, 'entry.size'),
      at: integerOf(map.at, 0, Number.MAX_SAFE_INTEGER, 'entry.at'),
    };
  };
  return {
    read: (key, maxBytes, signal) =>
      bounded(`Reading ${key}`, (inner) => blocks.read(CID.parse(key), maxBytes, inner), signal),
    readLocal: (key, maxBytes, signal) =>
      bounded(
        `Reading ${key}`,
        (inner) => (blocks.readLocal ?? blocks.read)(CID.parse(key), maxBytes, inner),
        signal,
      ),
    has: async (key) => (await entry(key)) !== undefined,
    async write(key, bytes, now) {
      const cid = CID.parse(key);
      const known = await entry(key);
      // Written again even when known: the foreign store may have lost it.
      await bounded(`Writing ${key}`, async (signal) => {
        if (known !== undefined && blocks.readLocal !== undefined) {
          // A store that skips what it has would keep a damaged copy for ever.
          const held = await blocks.readLocal(cid, MAX_READ_BYTES, signal);
          if (held !== undefined && !equalBytes(held, bytes)) await blocks.remove(cid, signal);
        }
        await blocks.write(cid, bytes, signal);
      });
      await index.set(blockKey(key), encodeCanonical({ size: bytes.length, at: now }));
    },
    async remove(key) {
      const known = await entry(key);
      const removed = await bounded(`Deleting ${key}`, (signal) => blocks.remove(CID.parse(key), signal));
      // It stays listed, so that nobody takes it for erased and the next collection tries again.
      if (!removed) return undefined;
      await index.delete(blockKey(key));
      return known?.size ?? 0;
    },
    async *keys() {
      for (const [indexKey] of await index.entries(blockKey(''))) {
        const key = indexKey.slice(blockKey('').length);
        const known = await entry(key);
        if (known !== undefined) yield { key, writtenAt: known.at };
      }
    },
    addPin: (key, owner) => index.set(`${pinPrefix(key)}${owner}`, new Uint8Array(0)),
    removePin: (key, owner) => index.delete(`${pinPrefix(key)}${owner}`),
    async pins() {
      const start = 'content/pin/'.length;
      const keys = (await index.entries('content/pin/')).map(([key]) =>
        key.slice(start, key.indexOf('/', start)),
      );
      return [...new Set(keys)];
    },
    async close() {},
  };
}
