import { type BlockStore, type HalfBlock, isEdmpError, type Reservation } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import {
  type IdbDatabase,
  type IdbFactory,
  type IndexedDbOptions,
  indexedDbBlockStore,
  indexedDbKeyValueStore,
} from '@edmp/trustchain/indexeddb';
import { describe, expect, it } from 'vitest';
import { chainOf, signerOf } from './blocks.ts';
import { codeOf, codeOfAsync } from './errors.ts';
import { type Site, settled } from './indexeddb-suites.ts';

const ids = (blocks: readonly HalfBlock[]): string[] => blocks.map(({ id }) => id.toString());

/** A factory whose writing transactions are noted, and first shown to `onWrite`. */
function observed(
  options: IndexedDbOptions,
  onWrite: () => void = () => {},
): {
  readonly options: IndexedDbOptions;
  readonly transactions: string[];
} {
  const transactions: string[] = [];
  const inner = options.indexedDB as IdbFactory;
  const watch = (database: IdbDatabase): void => {
    const begin = database.transaction.bind(database);
    database.transaction = (names, mode, settings) => {
      if (mode === 'readwrite') {
        onWrite();
        transactions.push(settings?.durability ?? 'default');
      }
      return begin(names, mode, settings);
    };
  };
  const indexedDB: IdbFactory = {
    open(name, version) {
      const request = inner.open(name, version);
      request.addEventListener('success', () => watch(request.result));
      return request;
    },
  };
  return { options: { ...options, indexedDB }, transactions };
}

/** Resolves when a transaction is over, so that its connection can close at once. */
const completed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

/** Opens the raw database, upgrading it to `version` with `upgrade`, lets `use` at it, and closes it. */
async function raw(
  options: IndexedDbOptions,
  version: number | undefined,
  upgrade: (database: IDBDatabase) => void = () => {},
  use: (database: IDBDatabase) => Promise<void> = async () => {},
): Promise<void> {
  const request = (options.indexedDB as IDBFactory).open(options.name, version);
  request.onupgradeneeded = () => upgrade(request.result);
  await settled(request);
  await use(request.result);
  request.result.close();
}

/** What an IndexedDB store must do beyond the acceptance suites. */
export function indexedDbCases(site: Site): void {
  describe(`databases of ${site.name}`, () => {
    const withSite = async (body: (options: IndexedDbOptions) => Promise<void>): Promise<void> => {
      const options = site.fresh();
      await body(options);
      await site.remove(options);
    };

    it('need a name, and an IndexedDB', () => {
      const missing = {
        indexedDB: undefined as unknown as IdbFactory,
        keyRange: undefined as unknown as never,
      };
      for (const open of [indexedDbBlockStore, indexedDbKeyValueStore]) {
        expect(codeOf(() => open({ ...site.fresh(), name: '' }))).toBe('ERR_INVALID_ARGUMENT');
        expect(codeOf(() => open({ ...site.fresh(), name: 7 as unknown as string }))).toBe(
          'ERR_INVALID_ARGUMENT',
        );
        if ('indexedDB' in globalThis) continue;
        expect(codeOf(() => open({ name: 'edmp', ...missing }))).toBe('ERR_INVALID_ARGUMENT');
      }
    });

    it('are refused when they belong to something else, whatever their version, and left as they are', () =>
      withSite(async (options) => {
        await raw(options, 1, (database) => database.createObjectStore('notes'));
        for (const open of [indexedDbBlockStore, indexedDbKeyValueStore]) {
          const store = open(options);
          const ask =
            'put' in store
              ? (store as BlockStore).count()
              : (store as { get(k: string): Promise<unknown> }).get('a');
          expect(await codeOfAsync(ask)).toBe('ERR_STORE_SCHEMA');
          await store.close();
        }
        await raw(options, undefined, undefined, async (database) => {
          expect([...database.objectStoreNames]).toEqual(['notes']);
        });
      }));

    it('are refused when a newer program has written them', () =>
      withSite(async (options) => {
        const store = indexedDbKeyValueStore(options);
        await store.set('a', Uint8Array.of(1));
        await store.close();
        await raw(options, 99);
        const again = indexedDbKeyValueStore(options);
        expect(await codeOfAsync(again.get('a'))).toBe('ERR_STORE_SCHEMA');
        expect(await codeOfAsync(again.set('a', Uint8Array.of(2)))).toBe('ERR_STORE_SCHEMA');
        await again.close();
      }));

    it('step aside when another page upgrades them, and say so', () =>
      withSite(async (options) => {
        const store = indexedDbKeyValueStore(options);
        await store.set('a', Uint8Array.of(1));
        await raw(options, 99);
        expect(await codeOfAsync(store.get('a'))).toBe('ERR_STORE_CLOSED');
        expect(await codeOfAsync(store.set('a', Uint8Array.of(1)))).toBe('ERR_STORE_CLOSED');
        await store.close();
      }));

    it('refuse every call after close, and finish what came before', () =>
      withSite(async (options) => {
        const chain = await chainOf(signerOf(1), 3);
        const store = indexedDbBlockStore(options);
        const puts = chain.map((block) => store.put([block]));
        const closing = store.close();
        expect(await Promise.all(puts)).toEqual([1, 1, 1]);
        await closing;
        await store.close();
        expect(await codeOfAsync(store.count())).toBe('ERR_STORE_CLOSED');
        expect(await codeOfAsync(store.put(chain))).toBe('ERR_STORE_CLOSED');
        const again = indexedDbBlockStore(options);
        expect(await again.count()).toBe(3);
        await again.close();
      }));

    it('take writes that wait together in one transaction, strict as soon as one of them is durable', () =>
      withSite(async (plain) => {
        const { options, transactions } = observed(plain);
        const chain = await chainOf(signerOf(1), 40);
        const store = indexedDbBlockStore(options);
        await store.put(chain.slice(0, 1));
        expect(transactions).toEqual(['relaxed']);
        await Promise.all(chain.map((block) => store.put([block])));
        expect(transactions).toEqual(['relaxed', 'relaxed']);
        await store.put(chain, { durable: true });
        await Promise.all([store.put(chain), store.put(chain, { durable: true })]);
        expect(transactions.slice(2)).toEqual(['strict', 'strict']);
        await store.putProof(signerOf(1).publicKey, (chain[0] as HalfBlock).id, Uint8Array.of(1));
        expect(transactions.slice(4)).toEqual(['strict']);
        await store.close();
      }));

    it('keep the neighbours of a write that fails', () =>
      withSite(async (options) => {
        const signer = signerOf(1);
        const [first, second] = (await chainOf(signer, 2)) as [HalfBlock, HalfBlock];
        const store = indexedDbBlockStore(options);
        const place = ({ core, id, coreBytes }: HalfBlock): Reservation => ({
          seq: 5,
          prev: core.prev,
          id,
          core: coreBytes,
        });
        const outcomes = await Promise.allSettled([
          store.put([first]),
          store.reserve(signer.publicKey, place(first)),
          store.reserve(signer.publicKey, place(second)),
          store.put([{ ...second, bytes: (() => {}) as unknown as Uint8Array }]),
          store.put([second]),
        ]);
        expect(
          outcomes.map((outcome) =>
            outcome.status === 'fulfilled'
              ? outcome.value
              : isEdmpError(outcome.reason)
                ? outcome.reason.code
                : outcome.reason,
          ),
        ).toEqual([1, undefined, 'ERR_STORE_RESERVED', 'ERR_STORE_IO', 1]);
        expect(await store.count()).toBe(2);
        await store.close();
      }));

    it('refuse a batch whole when one of its blocks cannot be stored', () =>
      withSite(async (options) => {
        const [first, second, third] = (await chainOf(signerOf(1), 3)) as [HalfBlock, HalfBlock, HalfBlock];
        const store = indexedDbBlockStore(options);
        const placeless = { ...second, core: { ...second.core, type: (() => {}) as unknown as string } };
        const shapeless = { ...second, bytes: null as unknown as Uint8Array };
        for (const bad of [placeless, shapeless]) {
          expect(await codeOfAsync(store.put([first, bad, third]))).toBe('ERR_STORE_IO');
          expect(await store.count()).toBe(0);
        }
        expect(await store.put([first, second, third])).toBe(3);
        await store.close();
      }));

    it('say that there is no space left', () =>
      withSite(async (plain) => {
        const { options } = observed(plain, () => {
          throw new DOMException('full', 'QuotaExceededError');
        });
        const store = indexedDbKeyValueStore(options);
        const error = await store.set('a', Uint8Array.of(1)).catch((cause: unknown) => cause);
        expect(error).toMatchObject({
          code: 'ERR_STORE_IO',
          message: expect.stringContaining('no more space'),
        });
        expect(await store.entries('')).toEqual([]);
        await store.close();
      }));

    it('give nothing for limits below one, and everything for huge ones', () =>
      withSite(async (options) => {
        const chain = await chainOf(signerOf(1), 3);
        const key = signerOf(1).publicKey;
        const store = indexedDbBlockStore(options);
        await store.put(chain);
        const counts = async (limit: number): Promise<number[]> => [
          (await store.range(key, 1, 9, limit)).length,
          (await store.byType('test', { limit })).length,
          (await store.byType('test', { author: key, limit })).length,
          (await store.since(0, limit)).length,
        ];
        for (const limit of [0, -1, 0.5, Number.NaN])
          expect(await counts(limit), `${limit}`).toEqual([0, 0, 0, 0]);
        expect(await counts(2.7)).toEqual([2, 2, 2, 2]);
        for (const limit of [2 ** 40, Number.POSITIVE_INFINITY])
          expect(await counts(limit)).toEqual([3, 3, 3, 3]);
        expect(await store.neighbours(key, 0)).toEqual({ previous: [], next: [chain[0]] });
        expect(await codeOfAsync(store.at(key, Number.NaN))).toBe('ERR_STORE_IO');
        await store.close();
      }));

    it('take the reservation of a stored block again, also below the latest one', () =>
      withSite(async (options) => {
        const signer = signerOf(1);
        const chain = await chainOf(signer, 3);
        const [first, second, third] = chain.map(({ core, id, coreBytes }) => ({
          seq: core.seq,
          prev: core.prev,
          id,
          core: coreBytes,
        })) as [Reservation, Reservation, Reservation];
        const store = indexedDbBlockStore(options);
        await store.reserve(signer.publicKey, first, second);
        await store.put(chain);
        await store.reserve(signer.publicKey, third);
        await store.reserve(signer.publicKey, first);
        expect(await codeOfAsync(store.reserve(signer.publicKey, { ...first, id: third.id }))).toBe(
          'ERR_STORE_RESERVED',
        );
        expect((await store.reservation(signer.publicKey))?.seq).toBe(3);
        await store.close();
        await raw(options, undefined, undefined, async (database) => {
          const transaction = database.transaction('edmp-reservations', 'readwrite');
          const kept = transaction.objectStore('edmp-reservations');
          const request = kept.getAll();
          await settled(request);
          expect(
            request.result.map(({ seq }: { seq: number }) => seq),
            'those of stored blocks went',
          ).toEqual([3]);
          kept.put({ ...request.result[0], id: new Uint8Array(36) });
          await completed(transaction);
        });
        const again = indexedDbBlockStore(options);
        expect(await codeOfAsync(again.reservation(signer.publicKey))).toBe('ERR_STORE_CORRUPT');
        await again.close();
      }));

    it('remove blocks without giving their arrivals out again', () =>
      withSite(async (options) => {
        const chain = await chainOf(signerOf(1), 6);
        const other = await chainOf(signerOf(2), 1);
        let store = indexedDbBlockStore(options);
        await store.put([...chain, ...other]);
        const before = (await store.since(0, 99)).map(({ arrival }) => arrival);
        const gone = [...chain.slice(4), ...other];
        expect(await store.remove?.([...gone, ...gone].map(({ id }) => id))).toBe(3);
        expect(await store.remove?.(gone.map(({ id }) => id))).toBe(0);
        expect(await store.count()).toBe(4);
        expect(await store.count(signerOf(1).publicKey)).toBe(4);
        expect(await store.authors({ limit: 1_000 })).toEqual([signerOf(1).publicKey]);
        expect(ids(await store.range(signerOf(1).publicKey, 1, 99, 99))).toEqual(ids(chain.slice(0, 4)));
        await store.close();
        store = indexedDbBlockStore(options);
        expect(await store.put(gone)).toBe(3);
        const after = (await store.since(0, 99)).slice(4);
        expect(ids(after.map(({ block }) => block))).toEqual(ids(gone));
        expect(Math.min(...after.map(({ arrival }) => arrival))).toBeGreaterThan(Math.max(...before));
        await store.close();
      }));

    it('keep only the bytes of a block, not the buffer that they were a part of', () =>
      withSite(async (options) => {
        const [block] = (await chainOf(signerOf(1), 1)) as [HalfBlock];
        const frame = new Uint8Array(100_000);
        frame.set(block.bytes, 500);
        const store = indexedDbBlockStore(options);
        await store.put([{ ...block, bytes: frame.subarray(500, 500 + block.bytes.length) }]);
        await store.close();
        await raw(options, undefined, undefined, async (database) => {
          const transaction = database.transaction('edmp-blocks');
          const request = transaction.objectStore('edmp-blocks').getAll();
          await completed(transaction);
          const rows = request.result as { bytes: Uint8Array }[];
          expect(rows.map(({ bytes }) => bytes.buffer.byteLength)).toEqual([block.bytes.length]);
        });
      }));

    it('report damage as an error, and with a hash provider also what was exchanged', () =>
      withSite(async (options) => {
        const [first, second, third] = (await chainOf(signerOf(1), 3)) as [HalfBlock, HalfBlock, HalfBlock];
        let store = indexedDbBlockStore(options);
        await store.put([first, second, third]);
        await store.close();
        await raw(options, undefined, undefined, async (database) => {
          const transaction = database.transaction('edmp-blocks', 'readwrite');
          const blocks = transaction.objectStore('edmp-blocks');
          const request = blocks.getAll();
          await settled(request);
          const [one, two] = request.result as { bytes: Uint8Array }[];
          await settled(blocks.put({ ...one, bytes: first.bytes.slice(0, 20) }));
          blocks.put({ ...two, bytes: third.bytes.slice() });
          await completed(transaction);
        });
        store = indexedDbBlockStore({ ...options, crypto: nobleCrypto() });
        expect(await codeOfAsync(store.get(first.id))).toBe('ERR_STORE_CORRUPT');
        expect(await codeOfAsync(store.get(second.id))).toBe('ERR_STORE_CORRUPT');
        expect((await store.get(third.id))?.id.toString()).toBe(third.id.toString());
        expect(await codeOfAsync(store.since(0, 9))).toBe('ERR_STORE_CORRUPT');
        await store.close();
      }));

    it('are shared by the stores of several pages', () =>
      withSite(async (options) => {
        const chain = await chainOf(signerOf(1), 20);
        const pages = [indexedDbBlockStore(options), indexedDbBlockStore(options)] as const;
        const added = await Promise.all(
          chain.flatMap((block) => pages.map((page) => page.put([block], { durable: false }))),
        );
        expect(added.reduce((sum, count) => sum + count, 0)).toBe(20);
        for (const page of pages) {
          expect(await page.count()).toBe(20);
          expect((await page.head(signerOf(1).publicKey))?.core.seq).toBe(20);
          await page.close();
        }
      }));
  });
}
