import { type BlockBackend, localContentStore } from '../../packages/data-settlement/src/store/backend.ts';
import type { ContentStore, Crypto, Environment, KeyValueStore } from '../../packages/interface/src/index.ts';

/** Bytes of the time before each block. */
const STAMP = 8;

/** A content store over a key-value store: on a file whose writes follow a simulated clock. */
export function keyValueContent(
  values: KeyValueStore,
  options: { readonly crypto: Pick<Crypto, 'sha256'>; readonly environment: Pick<Environment, 'now'> },
): ContentStore {
  const write = async (key: string, bytes: Uint8Array, now: number): Promise<void> => {
    const value = new Uint8Array(STAMP + bytes.length);
    new DataView(value.buffer).setFloat64(0, now);
    value.set(bytes, STAMP);
    await values.set(`b/${key}`, value);
  };
  const backend: BlockBackend = {
    read: async (key) => (await values.get(`b/${key}`))?.subarray(STAMP),
    has: async (key) => (await values.get(`b/${key}`)) !== undefined,
    write,
    async remove(key) {
      const size = (await values.get(`b/${key}`))?.length ?? STAMP;
      await values.delete(`b/${key}`);
      return size - STAMP;
    },
    async *keys() {
      for (const [key, value] of await values.entries('b/'))
        yield { key: key.slice(2), writtenAt: new DataView(value.buffer, value.byteOffset).getFloat64(0) };
    },
    addPin: (key, owner) => values.set(`p/${key}/${owner}`, new Uint8Array()),
    removePin: (key, owner) => values.delete(`p/${key}/${owner}`),
    pins: async () => (await values.entries('p/')).map(([key]) => key.split('/')[1] ?? ''),
    close: async () => undefined,
  };
  return localContentStore(backend, options);
}
