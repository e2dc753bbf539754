import {
  type BlockBackend,
  type LocalStoreOptions,
  localContentStore,
} from '../../packages/data-settlement/src/store/backend.ts';
import type { ContentStore, KeyValueStore } from '../../packages/interface/src/index.ts';

const BLOCKS = 'content/block/';
const PINS = 'content/pin/';
/** Bytes before a block: when it was last written, ms. */
const HEADER = 8;

/** Sealed blocks on a node's simulated disk, with everything that happens to what stands there. */
export function diskContent(records: KeyValueStore, options: LocalStoreOptions): ContentStore {
  const framed = (bytes: Uint8Array, now: number): Uint8Array => {
    const all = new Uint8Array(HEADER + bytes.length);
    new DataView(all.buffer).setBigUint64(0, BigInt(now));
    all.set(bytes, HEADER);
    return all;
  };
  const backend: BlockBackend = {
    async read(key) {
      return (await records.get(BLOCKS + key))?.slice(HEADER);
    },
    has: async (key) => (await records.get(BLOCKS + key)) !== undefined,
    write: (key, bytes, now) => records.set(BLOCKS + key, framed(bytes, now)),
    writeMany: (blocks, now) =>
      records.setMany(blocks.map(({ key, bytes }) => [BLOCKS + key, framed(bytes, now)] as const)),
    async remove(key) {
      const bytes = await records.get(BLOCKS + key);
      await records.delete(BLOCKS + key);
      return bytes === undefined ? 0 : bytes.length - HEADER;
    },
    async *keys() {
      for (const [key, value] of await records.entries(BLOCKS)) {
        const writtenAt = Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0));
        yield { key: key.slice(BLOCKS.length), writtenAt };
      }
    },
    addPin: (key, owner) => records.set(`${PINS}${key}/${owner}`, new Uint8Array()),
    removePin: (key, owner) => records.delete(`${PINS}${key}/${owner}`),
    async pins() {
      const entries = await records.entries(PINS);
      return [...new Set(entries.map(([key]) => key.slice(PINS.length).split('/')[0] ?? ''))];
    },
    close: async () => undefined,
  };
  return localContentStore(backend, options);
}
