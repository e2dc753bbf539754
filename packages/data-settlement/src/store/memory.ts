import type { ContentStore } from '@edmp/interface';
import { ContentError } from '../errors.ts';
import { type BlockBackend, type LocalStoreOptions, localContentStore } from './backend.ts';

/**
 * A `ContentStore` in memory: for tests, simulations and browsers.
 *
 * @example
 * ```ts
 * import { CODEC_RAW, systemEnvironment } from '@edmp/interface';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 * import { memoryContentStore } from '@edmp/data-settlement';
 *
 * await using store = memoryContentStore({ crypto: nodeCrypto(), environment: systemEnvironment() });
 * const cid = await store.put(CODEC_RAW, Uint8Array.of(1, 2));
 * console.log(await store.get(cid)); // 1,2
 * ```
 */
export function memoryContentStore(options: LocalStoreOptions): ContentStore {
  const blocks = new Map<string, { readonly bytes: Uint8Array; readonly writtenAt: number }>();
  const pins = new Map<string, Set<string>>();
  const backend: BlockBackend = {
    async read(key, maxBytes) {
      const block = blocks.get(key);
      if (block !== undefined && block.bytes.length > maxBytes) {
        throw new ContentError(
          'ERR_CONTENT_TOO_LARGE',
          `Expected a block of at most ${maxBytes} bytes, got ${block.bytes.length}`,
        );
      }
      return block?.bytes.slice();
    },
    has: async (key) => blocks.has(key),
    async write(key, bytes, now) {
      blocks.set(key, { bytes: blocks.get(key)?.bytes ?? bytes.slice(), writtenAt: now });
    },
    async writeMany(given, now) {
      for (const { key, bytes } of given) {
        blocks.set(key, { bytes: blocks.get(key)?.bytes ?? bytes, writtenAt: now });
      }
    },
    async remove(key) {
      const size = blocks.get(key)?.bytes.length ?? 0;
      blocks.delete(key);
      return size;
    },
    async *keys() {
      for (const [key, { writtenAt }] of [...blocks]) yield { key, writtenAt };
    },
    async addPin(key, owner) {
      const owners = pins.get(key) ?? new Set();
      pins.set(key, owners.add(owner));
    },
    async removePin(key, owner) {
      const owners = pins.get(key);
      owners?.delete(owner);
      if (owners?.size === 0) pins.delete(key);
    },
    pins: async () => [...pins.keys()],
    async close() {},
  };
  return localContentStore(backend, options);
}
