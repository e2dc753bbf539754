import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fsContentStore } from '@edmp/data-settlement/fs';
import { type KeyValueChange, type KeyValueStore, seededRandom, systemEnvironment } from '@edmp/interface';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { crypto, type DealWorld, dealWorld } from '../../../trader/test/support/deal-world.ts';
import { eraseTrade, finishErasures } from '../../src/compose/erase-trade.ts';
import { opened } from '../support/erasure-folder.ts';

const PROGRAM = new URL('../support/erase-until-killed.ts', import.meta.url).pathname;
/** Kills on each side. */
const KILLS = 11;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Pieces of values that were written: whole ones may stand split over pages, and what every file may hold says nothing. */
const pieces = (value: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: Math.floor(value.length / 16) }, (_, i) => value.slice(16 * i, 16 * i + 16)).filter(
    (piece) => new Set(piece).size > 6,
  );

/** Names of files under `dir` in which one of the secrets stands. */
async function placesOf(dir: string, secrets: readonly Uint8Array[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    if (secrets.some((secret) => bytes.includes(Buffer.from(secret)))) found.push(entry.name);
  }
  return found;
}

/** A finished deal whose sides lie in folders of their own, closed; and pieces of all that it must not leave. */
async function finishedDeal(folder: string) {
  const written: Uint8Array[] = [];
  const side = async (name: string) => {
    const dir = join(folder, name);
    await mkdir(dir);
    const store = sqliteBlockStore({ path: join(dir, 'chain.db'), crypto });
    const records = sqliteKeyValueStore({ path: join(dir, 'records.db') });
    const content = await fsContentStore({
      dir: join(dir, 'content'),
      environment: systemEnvironment(),
      crypto,
    });
    const note = (changes: readonly KeyValueChange[]): void => {
      for (const [key, value] of changes)
        if (value !== null && /^settlement\/(chunk|opened-chunk)\//.test(key)) written.push(value.slice());
    };
    const watched: KeyValueStore = {
      ...records,
      async set(key, value) {
        note([[key, value]]);
        await records.set(key, value);
      },
      async setMany(changes) {
        note(changes);
        await records.setMany(changes);
      },
      [Symbol.asyncDispose]: () => records.close(),
    };
    const close = async (): Promise<void> => {
      store.close();
      await records.close();
      await content.close();
    };
    return { options: { store, records: watched, content }, close };
  };
  const [seller, buyer] = [await side('seller'), await side('buyer')];
  const world: DealWorld = await dealWorld({
    disk: true,
    days: 14,
    seller: seller.options,
    buyer: buyer.options,
  });
  const { id } = await world.deal();
  for (const order of world.seller.market.orders()) await world.act(world.seller.market.cancel(order.id));
  await world.stop();
  await seller.close();
  await buyer.close();
  return { id, secrets: written.flatMap(pieces).filter((_, at) => at % 8 === 0) };
}

/** Runs the program that erases, and kills it `afterMs` after it began; undefined: not. Tells how long it erased. */
async function eraseIn(dir: string, secret: number, id: string, afterMs?: number) {
  const child = spawn(process.execPath, ['--conditions=edmp-source', PROGRAM, dir, `${secret}`, id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const over = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let [begun, isDone, ms] = [0, false, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'begun') {
      begun = performance.now();
      if (afterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), afterMs);
    } else if (line === 'done') {
      isDone = true;
      ms = performance.now() - begun;
    }
  }
  await over;
  expect(begun).toBeGreaterThan(0);
  return { isDone, ms };
}

describe('an erasure whose process is killed', { timeout: bounds.long }, () => {
  it('is finished by the next start, whenever that was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edmp-killed-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const { id, secrets } = await finishedDeal(folder);
    const random = seededRandom(11);
    let cut = 0;
    for (const [name, secret] of [
      ['seller', 11],
      ['buyer', 12],
    ] as const) {
      expect(await placesOf(join(folder, name), secrets)).not.toEqual([]);
      const copy = (): string => {
        const dir = join(folder, 'copy');
        cpSync(join(folder, name), dir, { recursive: true });
        return dir;
      };
      const whole = await eraseIn(copy(), secret, id);
      expect(whole.isDone).toBe(true);
      expect(await placesOf(join(folder, 'copy'), secrets)).toEqual([]);
      await rm(join(folder, 'copy'), { recursive: true });
      for (let kill = 0; kill < KILLS; kill++) {
        const dir = copy();
        // From the first moment to the last, in steps, and anywhere within each.
        const afterMs = ((kill + random.below(1_000) / 1_000) * whole.ms) / KILLS;
        const { isDone } = await eraseIn(dir, secret, id, afterMs);
        if (!isDone) cut += 1;
        const again = await opened(dir, secret);
        try {
          const finished = await finishErasures({ ...again.trader, journal: again.records });
          const where = `${name} ${kill}, done ${isDone}, finished ${finished.length}`;
          // Killed before it was written down: nothing was begun, and whoever asked was not told otherwise.
          if (finished.length === 0 && !isDone)
            await eraseTrade({ ...again.trader, journal: again.records }, id);
          for await (const cid of again.content.list()) throw new Error(`${cid} is left: ${where}`);
          expect(await placesOf(dir, secrets), where).toEqual([]);
          expect(await finishErasures({ ...again.trader, journal: again.records }), where).toEqual([]);
        } finally {
          await again.close();
        }
        await rm(dir, { recursive: true });
      }
    }
    // Most were really cut off; how many were done just before is the machine's business.
    expect(cut).toBeGreaterThan(KILLS / 2);
  });
});
