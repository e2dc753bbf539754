import {
  type CODEC_DAG_CBOR,
  type CODEC_RAW,
  type ContentStore,
  type Crypto,
  type Environment,
  throwIfAborted,
} from '@edmp/interface';
import { sharedMutex } from '@edmp/interface/bounded';
import { CID } from 'multiformats/cid';
import {
  cidOf,
  expectSupportedCid,
  MAX_CONTENT_BLOCK_BYTES,
  MAX_READ_BYTES,
  verifyBlock,
} from '../codec/cid.ts';
import { ContentError } from '../errors.ts';
import { linksOf } from './links.ts';

/** Where a content store keeps its bytes; keys are base32 CIDs. The rules of `ContentStore` are added on top. */
export interface BlockBackend {
  /** Bytes of a block; undefined when absent. Throws `ERR_CONTENT_TOO_LARGE` instead of reading more than `maxBytes`. */
  read(key: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Like `read`, but never asks a network. Needed only where `read` may. */
  readLocal?(key: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  /** Stores a block as of `now` (ms), or only renews its age when it is there. */
  write(key: string, bytes: Uint8Array, now: number): Promise<void>;
  /**
   * Stores many blocks like `write`, durable together. The arrays are the backend's from then on. Default: `write` for
   * each, a few at a time.
   */
  writeMany?(blocks: readonly KeyedBlock[], now: number): Promise<void>;
  /** Removes a block and returns its size; undefined when it had to stay because somebody else keeps it. */
  remove(key: string): Promise<number | undefined>;
  /** Keys of all blocks with the time each was last written, ms. */
  keys(): AsyncIterable<{ readonly key: string; readonly writtenAt: number }>;
  addPin(key: string, owner: string): Promise<void>;
  removePin(key: string, owner: string): Promise<void>;
  /** Keys with at least one pin. */
  pins(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A block under its key. */
export interface KeyedBlock {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Writes in flight where a backend takes one block after the other: keeps a disk busy, and one process of another program. */
const WRITES_AT_ONCE = 8;

/** What a local content store needs. */
export interface LocalStoreOptions {
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly environment: Pick<Environment, 'now'>;
}

async function writeEach(backend: BlockBackend, blocks: readonly KeyedBlock[], now: number): Promise<void> {
  for (let i = 0; i < blocks.length; i += WRITES_AT_ONCE) {
    const writes = blocks
      .slice(i, i + WRITES_AT_ONCE)
      .map(({ key, bytes }) => backend.write(key, bytes, now));
    // All of them, also when one fails: nothing is written any more when this is over.
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

function tooLarge(what: string, size: number, max: number): ContentError {
  return new ContentError('ERR_CONTENT_TOO_LARGE', `Expected ${what} of at most ${max} bytes, got ${size}`);
}

/** A `ContentStore` over a backend: checks CIDs, sizes and hashes on every path, and collects by mark and sweep. */
export function localContentStore(backend: BlockBackend, options: LocalStoreOptions): ContentStore {
  const { crypto, environment } = options;
  const lock = sharedMutex();

  /** Keys of every block that a pin reaches. */
  const mark = async (signal: AbortSignal | undefined): Promise<ReadonlySet<string>> => {
    const waiting = [...(await backend.pins())];
    const reached = new Set(waiting);
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      throwIfAborted(signal);
      const cid = CID.parse(key);
      const bytes = await (backend.readLocal ?? backend.read)(key, MAX_READ_BYTES, signal);
      if (bytes === undefined) continue;
      for (const link of linksOf(cid, bytes)) {
        const next = link.toString();
        if (reached.has(next)) continue;
        reached.add(next);
        waiting.push(next);
      }
    }
    return reached;
  };

  return {
    can: { write: true, pin: true, enumerate: true },
    async get(cid, getOptions = {}) {
      throwIfAborted(getOptions.signal);
      expectSupportedCid(cid);
      const maxBytes = getOptions.maxBytes ?? MAX_READ_BYTES;
      const bytes = await backend.read(cid.toString(), maxBytes, getOptions.signal);
      if (bytes === undefined) {
        throw new ContentError('ERR_CONTENT_NOT_FOUND', `This store does not hold ${cid}`, {
          details: { cid: cid.toString() },
        });
      }
      if (bytes.length > maxBytes) throw tooLarge('a block', bytes.length, maxBytes);
      verifyBlock(crypto, cid, bytes);
      return bytes;
    },
    async has(cid, hasOptions = {}) {
      throwIfAborted(hasOptions.signal);
      expectSupportedCid(cid);
      return backend.has(cid.toString());
    },
    async put(codec: typeof CODEC_RAW | typeof CODEC_DAG_CBOR, bytes, putOptions = {}) {
      throwIfAborted(putOptions.signal);
      if (codec !== 0x55 && codec !== 0x71) {
        throw new ContentError(
          'ERR_CONTENT_CODEC',
          `Expected the codec raw or dag-cbor, got 0x${Number(codec).toString(16)}`,
        );
      }
      if (bytes.length > MAX_CONTENT_BLOCK_BYTES)
        throw tooLarge('a block', bytes.length, MAX_CONTENT_BLOCK_BYTES);
      const cid = cidOf(crypto, codec, bytes);
      await lock.shared(() => backend.write(cid.toString(), bytes, environment.now()));
      return cid;
    },
    async putMany(blocks, putOptions = {}) {
      throwIfAborted(putOptions.signal);
      for (const { cid, bytes } of blocks) {
        expectSupportedCid(cid);
        if (bytes.length > MAX_CONTENT_BLOCK_BYTES)
          throw tooLarge('a block', bytes.length, MAX_CONTENT_BLOCK_BYTES);
      }
      const keyed = blocks.map(({ cid, bytes }) => ({ key: cid.toString(), bytes }));
      await lock.shared(async () => {
        const now = environment.now();
        if (backend.writeMany === undefined) await writeEach(backend, keyed, now);
        else await backend.writeMany(keyed, now);
      });
    },
    async pin(cid, owner, pinOptions = {}) {
      throwIfAborted(pinOptions.signal);
      expectSupportedCid(cid);
      await lock.shared(() => backend.addPin(cid.toString(), owner));
    },
    async unpin(cid, owner, unpinOptions = {}) {
      throwIfAborted(unpinOptions.signal);
      expectSupportedCid(cid);
      await lock.shared(() => backend.removePin(cid.toString(), owner));
    },
    collect: (collectOptions = {}) =>
      lock.exclusive(async () => {
        throwIfAborted(collectOptions.signal);
        const kept = await mark(collectOptions.signal);
        const oldest = environment.now() - (collectOptions.graceMs ?? 0);
        const doomed: string[] = [];
        for await (const { key, writtenAt } of backend.keys()) {
          if (!kept.has(key) && writtenAt <= oldest) doomed.push(key);
        }
        let [blocks, bytes] = [0, 0];
        for (const key of doomed) {
          throwIfAborted(collectOptions.signal);
          const size = await backend.remove(key);
          if (size === undefined) continue;
          blocks += 1;
          bytes += size;
        }
        return { blocks, bytes };
      }),
    async *list(listOptions = {}) {
      throwIfAborted(listOptions.signal);
      for await (const { key } of backend.keys()) {
        throwIfAborted(listOptions.signal);
        yield CID.parse(key);
      }
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    close: () => backend.close(),
  };
}
