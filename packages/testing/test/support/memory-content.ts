import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  EdmpError,
  type Environment,
  throwIfAborted,
} from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';

interface Held {
  readonly cid: CID;
  readonly since: number;
  bytes: Uint8Array;
}

/** What outlives a store that persists. */
export interface ContentDisk {
  readonly blocks: Map<string, Held>;
  /** JSON of [cid, owner]. */
  readonly pins: Set<string>;
}

/** CIDs in a dag-cbor list of links (the only dag-cbor that the suite makes). */
function links(bytes: Uint8Array): CID[] {
  const found: CID[] = [];
  for (let i = 0; i + 4 < bytes.length; i++) {
    if (bytes[i] === 0xd8 && bytes[i + 1] === 0x2a)
      found.push(CID.decode(bytes.subarray(i + 5, i + 4 + bytes[i + 3]!)));
  }
  return found;
}

/** The plainest store that passes `contentStoreSuite`. */
export function mapContentStore(
  environment: Environment,
  disk: ContentDisk,
  writable: boolean = true,
): ContentStore {
  const readOnly = (): void => {
    if (!writable) throw new EdmpError('ERR_CONTENT_READ_ONLY', 'This store only reads');
  };
  const key = (cid: CID, owner: string): string => JSON.stringify([cid.toString(), owner]);
  return {
    can: { write: writable, pin: writable, enumerate: writable },
    async get(cid, options = {}) {
      throwIfAborted(options.signal);
      const known = cid.code === CODEC_RAW || cid.code === CODEC_DAG_CBOR;
      if (cid.version !== 1 || !known || cid.multihash.code !== 0x12) {
        throw new EdmpError('ERR_CONTENT_CODEC', `${cid} is not supported`);
      }
      const held = disk.blocks.get(cid.toString());
      if (held === undefined) throw new EdmpError('ERR_CONTENT_NOT_FOUND', `${cid} is not held`);
      if (held.bytes.length > (options.maxBytes ?? 2 << 20)) {
        throw new EdmpError('ERR_CONTENT_TOO_LARGE', `${cid} has ${held.bytes.length} bytes`);
      }
      if (!CID.createV1(cid.code, await sha256.digest(held.bytes)).equals(cid)) {
        throw new EdmpError('ERR_CONTENT_HASH', `${cid} was altered`);
      }
      return held.bytes.slice();
    },
    has: async (cid) => disk.blocks.has(cid.toString()),
    async put(codec, bytes, options = {}) {
      readOnly();
      throwIfAborted(options.signal);
      if (bytes.length > 1 << 20) throw new EdmpError('ERR_CONTENT_TOO_LARGE', 'More than 1 MiB');
      const copy = bytes.slice();
      const cid = CID.createV1(codec, await sha256.digest(copy));
      disk.blocks.set(cid.toString(), { cid, bytes: copy, since: environment.now() });
      return cid;
    },
    async pin(cid, owner) {
      readOnly();
      disk.pins.add(key(cid, owner));
    },
    async unpin(cid, owner) {
      readOnly();
      disk.pins.delete(key(cid, owner));
    },
    async collect({ graceMs = 0 } = {}) {
      readOnly();
      const live = new Set<string>();
      const visit = (id: string): void => {
        const held = disk.blocks.get(id);
        if (held === undefined || live.has(id)) return;
        live.add(id);
        if (held.cid.code === CODEC_DAG_CBOR) for (const link of links(held.bytes)) visit(link.toString());
      };
      for (const pin of disk.pins) visit(JSON.parse(pin)[0]);
      const dead = [...disk.blocks].filter(
        ([id, held]) => !live.has(id) && environment.now() - held.since >= graceMs,
      );
      for (const [id] of dead) disk.blocks.delete(id);
      return { blocks: dead.length, bytes: dead.reduce((sum, [, held]) => sum + held.bytes.length, 0) };
    },
    async *list(options = {}) {
      readOnly();
      throwIfAborted(options.signal);
      for (const held of disk.blocks.values()) yield held.cid;
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    async close() {},
  };
}
