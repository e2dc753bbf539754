/** After erasing, nothing in a data folder tells what the data was (review D3). */

import { cpSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fsContentStore } from '@edmp/data-settlement/fs';
import {
  type ContentStore,
  type KeyValueChange,
  type KeyValueStore,
  memoryKeyValueStore,
  systemEnvironment,
} from '@edmp/interface';
import type { Trader, TraderOptions } from '@edmp/trader';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { crypto, type DealWorld, dealWorld } from '../../../trader/test/support/deal-world.ts';
import { eraseTrade as erase, finishErasures } from '../../src/compose/erase-trade.ts';
import { opened } from '../support/erasure-folder.ts';

let folder: string;
let world: DealWorld | undefined;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edmp-erase-'));
});
afterEach(async () => {
  await world?.stop();
  world = undefined;
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

/** As a node does, which writes down first that it begins. */
const eraseTrade = (side: Trader, id: string) => erase({ ...side, journal: memoryKeyValueStore() }, id);

/** Values that were ever written under a key that starts with `prefix`. */
type Written = readonly (readonly [key: string, value: Uint8Array])[];

/** A store that remembers all that it was given. */
function watched(store: KeyValueStore, written: (readonly [string, Uint8Array])[]): KeyValueStore {
  const note = (changes: readonly KeyValueChange[]): void => {
    for (const [key, value] of changes) if (value !== null) written.push([key, value.slice()]);
  };
  return {
    ...store,
    async set(key, value) {
      note([[key, value]]);
      await store.set(key, value);
    },
    async setMany(changes) {
      note(changes);
      await store.setMany(changes);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** Stores in a data folder as a node has them. */
async function onDisk(
  name: string,
  written: (readonly [string, Uint8Array])[],
): Promise<Pick<TraderOptions, 'store' | 'records' | 'content'>> {
  const dir = join(folder, name);
  await mkdir(dir);
  const store = sqliteBlockStore({ path: join(dir, 'chain.db'), crypto });
  const records = sqliteKeyValueStore({ path: join(dir, 'records.db') });
  const content = await fsContentStore({
    dir: join(dir, 'content'),
    environment: systemEnvironment(),
    crypto,
  });
  closers.push(
    async () => store.close(),
    () => records.close(),
    async () => content.close(),
  );
  return { store, records: watched(records, written), content };
}

/** All files of a node's folder: databases, their logs, sealed blocks. */
async function filesOf(name: string): Promise<readonly (readonly [path: string, bytes: Buffer])[]> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (path) => [path, await readFile(path)] as const));
}

/** Files of a node in which a secret stands. */
async function placesOf(name: string, secrets: readonly Uint8Array[]): Promise<readonly string[]> {
  const files = await filesOf(name);
  return files
    .filter(([, bytes]) => secrets.some((secret) => bytes.includes(Buffer.from(secret))))
    .map(([path]) => path.slice(folder.length));
}

const under = (written: Written, prefix: string): readonly Uint8Array[] =>
  written.filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
/** Pieces of values: whole ones may stand split over pages. */
const pieces = (value: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: Math.floor(value.length / 16) }, (_, i) => value.subarray(16 * i, 16 * i + 16)).filter(
    // What every file may hold says nothing.
    (piece) => new Set(piece).size > 6,
  );
/** The 32 bytes behind a field of a canonical record. */
function field(record: Uint8Array, name: string): Uint8Array {
  const at = Buffer.from(record).indexOf(Buffer.from(name));
  return record.subarray(at + name.length + 2, at + name.length + 34);
}

describe('erasing a deal', { timeout: bounds.journey }, () => {
  it('leaves no key, salt or value in any file of either side', async () => {
    const [sold, bought]: [(readonly [string, Uint8Array])[], (readonly [string, Uint8Array])[]] = [[], []];
    world = await dealWorld({
      disk: true,
      days: 14,
      seller: await onDisk('seller', sold),
      buyer: await onDisk('buyer', bought),
    });
    const { id } = await world.deal();
    const contentKeys = under(sold, 'settlement/sold/').map((record) => field(record, 'contentKey'));
    const salted = under(sold, 'settlement/chunk/');
    const oneTime = under(bought, 'settlement/one-time/').map((record) => field(record, 'secret'));
    const opened = under(bought, 'settlement/opened-chunk/');
    expect([contentKeys.length > 0, salted.length > 0, oneTime.length > 0, opened.length > 0]).toEqual(
      Array(4).fill(true),
    );
    // By themselves, when the deal had ended.
    await world.until(async () => (await placesOf('seller', contentKeys.slice(0, 1))).length === 0);
    await world.until(async () => (await placesOf('buyer', oneTime)).length === 0);
    const plain = [...salted.flatMap(pieces), ...opened.flatMap(pieces)];
    expect(await placesOf('seller', plain)).not.toEqual([]);
    expect(await placesOf('buyer', plain)).not.toEqual([]);
    expect((await world.buyer.market.delivery(id)).consumption.values.length).toBe(14 * 96);

    for (const order of world.seller.market.orders()) {
      await world.act(world.seller.market.cancel(order.id));
    }
    for (const [side, name] of [
      [world.seller, 'seller'],
      [world.buyer, 'buyer'],
    ] as const) {
      const report = await world.act(eraseTrade(side, id));
      expect(report.keysDestroyed).toBeGreaterThan(0);
      expect(report.blocksDeleted).toBeGreaterThan(0);
      expect(report.unreachable.join('; ')).toMatch(/ledger/);
      expect(await placesOf(name, [...plain, ...contentKeys, ...oneTime])).toEqual([]);
      // Once more does no harm.
      await world.act(eraseTrade(side, id));
    }
    await expect(world.act(world.buyer.market.delivery(id))).rejects.toMatchObject({
      code: 'ERR_SETTLEMENT_KEY',
    });
  });

  it.each([
    ['seller', 11],
    ['buyer', 12],
  ] as const)(
    'that was cut off at any write is finished by the next start of the %s',
    async (name, secret) => {
      const written: Record<'seller' | 'buyer', (readonly [string, Uint8Array])[]> = {
        seller: [],
        buyer: [],
      };
      const stores = {
        seller: await onDisk('seller', written.seller),
        buyer: await onDisk('buyer', written.buyer),
      };
      world = await dealWorld({ disk: true, days: 14, seller: stores.seller, buyer: stores.buyer });
      const { id } = await world.deal();
      for (const order of world.seller.market.orders()) await world.act(world.seller.market.cancel(order.id));
      const side = world[name];
      const oneTime = under(written.buyer, 'settlement/one-time/').map((record) => field(record, 'secret'));
      await world.until(async () => (await placesOf('buyer', oneTime)).length === 0);
      const plain = [
        ...under(written.seller, 'settlement/chunk/').flatMap(pieces),
        ...under(written.buyer, 'settlement/opened-chunk/').flatMap(pieces),
      ].filter((_, at) => at % 8 === 0);
      // What a killed process leaves is what the files hold at that moment.
      let snapshots = 0;
      const cut = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
        return async (...args: A): Promise<R> => {
          const snap = (): void => {
            cpSync(join(folder, name), join(folder, `cut-${snapshots++}`), { recursive: true });
          };
          snap();
          const result = await call(...args);
          snap();
          return result;
        };
      };
      const { records, content } = stores[name];
      if (records === undefined || content === undefined) throw new Error('no stores');
      for (const method of ['set', 'delete', 'setMany'] as const) {
        (records as { -readonly [K in keyof KeyValueStore]: KeyValueStore[K] })[method] = cut(
          records[method] as (...args: unknown[]) => Promise<void>,
        );
      }
      for (const method of ['unpin', 'collect'] as const) {
        (content as { -readonly [K in keyof ContentStore]: ContentStore[K] })[method] = cut(
          content[method] as (...args: unknown[]) => Promise<never>,
        );
      }
      const whole = await world.act(erase({ ...side, journal: records }, id));
      expect(snapshots).toBeGreaterThan(12);
      await world.stop();
      world = undefined;

      let resumed = 0;
      for (let at = 0; at < snapshots; at++) {
        const dir = join(folder, `cut-${at}`);
        const again = await opened(dir, secret);
        try {
          const finished = await finishErasures({ ...again.trader, journal: again.records });
          // Before the journal says so nothing was begun, and after it was struck out nothing is left to do.
          expect(finished.length, `after write ${at}`).toBe(at === 0 || at === snapshots - 1 ? 0 : 1);
          resumed += finished.length;
          if (at > 0) {
            expect(await placesOf(`cut-${at}`, plain), `after write ${at}`).toEqual([]);
            for await (const cid of again.content.list()) throw new Error(`${cid} is left after write ${at}`);
            const report = await erase({ ...again.trader, journal: again.records }, id);
            expect(report.keysDestroyed, `after write ${at}`).toBe(0);
            expect(new Set(report.unreachable)).toEqual(new Set(whole.unreachable));
          }
        } finally {
          await again.close();
        }
      }
      expect(resumed).toBe(snapshots - 2);
    },
  );

  it('keeps the dataset while it is for sale, and says so', async () => {
    world = await dealWorld();
    const { id } = await world.deal();
    const report = await world.act(eraseTrade(world.seller, id));
    expect(report.unreachable.join('; ')).toMatch(/still for sale/);
    expect((await world.seller.settlement.datasets()).length).toBe(1);
  });

  it('says that the public description stays published', async () => {
    world = await dealWorld();
    const { id, asset } = await world.deal();
    for (const order of world.seller.market.orders()) await world.act(world.seller.market.cancel(order.id));
    const view = { name: asset, root: 'bafy', blocks: 1, at: 0 };
    const publications = { list: async () => [view, { ...view, name: 'chain' }] };
    const report = await world.act(
      erase({ ...world.seller, journal: memoryKeyValueStore(), publications }, id),
    );
    expect(report.unreachable.join('; ')).toMatch(/public description of the dataset.*--withdraw/);
  });

  it('forgets a proof that shows a part of the data', async () => {
    world = await dealWorld({
      wrapSeller: (honest) => ({
        ...honest,
        release: async (trade, options) =>
          (await honest.release(trade, options)).map((x, i) => (i === 40 ? x ^ 1 : x)),
      }),
    });
    const { id } = await world.deal();
    const [proof] = await world.buyer.market.tradeProofs(id);
    expect(proof).toMatchObject({ kind: 'wrong-key', against: 'seller', guilty: true });
    await world.act(eraseTrade(world.buyer, id));
    expect(await world.buyer.market.tradeProofs(id)).toEqual([]);
  });
});
