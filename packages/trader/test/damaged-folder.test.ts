/** A damaged row costs what it held, and nothing else: the rest is shown, exported and goes on. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createTrader, type Trader } from '@edmp/trader';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { describeChain, exportChainCar } from '@edmp/trustchain/tools';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { crypto, type DealWorld, dealWorld } from './support/deal-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'edmp-damaged-'));
const CHAIN = join(folder, 'chain.sqlite');
const RECORDS = join(folder, 'records.sqlite');
const DEALS = 2;
let world: DealWorld;
let blocks = 0;
const told = new Set<number>();
let pairs: readonly string[] = [];

beforeAll(async () => {
  const store = sqliteBlockStore({ path: CHAIN, crypto });
  const records = sqliteKeyValueStore({ path: RECORDS });
  world = await dealWorld({ disk: true, buyer: { store, records } });
  for (let n = 0; n < DEALS; n++) await world.deal();
  await world.stop();
  await store.close();
  await records.close();
  const chain = new DatabaseSync(CHAIN);
  blocks = Number(chain.prepare('SELECT COUNT(*) AS n FROM blocks').get()?.n);
  chain.close();
  const values = new DatabaseSync(RECORDS);
  pairs = values
    .prepare('SELECT hex(key) AS key FROM pairs ORDER BY key')
    .all()
    .map((row) => String(row.key));
  values.close();
}, bounds.journey);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = (hex: string): string =>
  Buffer.from(hex, 'hex').swap16().toString('utf16le').split('/').slice(0, 3).join('/');

/** The buyer again, over copies of its files that were changed. */
async function opened<T>(
  damage: { readonly chain?: string; readonly records?: string },
  look: (trader: Trader) => Promise<T>,
): Promise<T> {
  const paths = [join(folder, 'a.sqlite'), join(folder, 'b.sqlite')] as const;
  for (const [n, from] of [CHAIN, RECORDS].entries()) {
    for (const end of ['-wal', '-shm']) rmSync(`${paths[n]}${end}`, { force: true });
    copyFileSync(from, paths[n] as string);
    const sql = n === 0 ? damage.chain : damage.records;
    if (sql === undefined) continue;
    const database = new DatabaseSync(paths[n] as string);
    database.exec(sql);
    database.close();
  }
  const { environment } = world;
  const networks = simulatedNetworks({ environment, seed: 1 });
  const store = sqliteBlockStore({ path: paths[0], crypto, onDamaged: ({ arrival }) => told.add(arrival) });
  const records = sqliteKeyValueStore({ path: paths[1] });
  told.clear();
  try {
    const trader = await world.act(
      createTrader({
        network: (identity) => networks.create(identity),
        environment,
        crypto,
        secretKey: new Uint8Array(32).fill(12),
        store,
        records,
        witnesses: { allowNone: true },
      }),
    );
    try {
      return await look(trader);
    } finally {
      await world.act(trader.stop());
    }
  } finally {
    await store.close();
    await records.close();
  }
}

/** Whatever a person or a program asks for; none of it may throw. */
async function everything(trader: Trader) {
  const { market, settlement, trustchain, key } = trader;
  const trades = market.trades();
  const chain = await describeChain(trustchain.store, key, {
    crypto,
    now: world.environment.now(),
    limit: 100,
  });
  let exported = 0;
  for await (const piece of exportChainCar(trustchain.store, key, { crypto, onUnreadable: () => {} })) {
    exported += piece.length;
  }
  return {
    trades: trades.length,
    orders: market.orders().length,
    datasets: (await settlement.datasets()).length,
    entries: chain.entries.length,
    unreadable: chain.unreadable.length,
    exported,
    told: told.size,
    balance: await market.balance(key, 'DUM1'),
    listings: (await market.listings({})).length,
    movements: (await Promise.all(market.wallets().map((wallet) => wallet.transactions()))).length,
  };
}

describe('a data folder with a damaged row', { timeout: bounds.journey }, () => {
  it('is whole where nothing is damaged', async () => {
    const whole = await opened({}, everything);
    expect(whole).toMatchObject({ trades: DEALS, unreadable: 0, told: 0 });
    expect(blocks).toBeGreaterThanOrEqual(DEALS * 6);
  });

  it('opens, shows and exports the rest, whichever block it is, and tells it', async () => {
    const whole = await opened({}, everything);
    const failed: string[] = [];
    for (let n = 0; n < blocks; n++) {
      const where = `arrival = (SELECT arrival FROM blocks ORDER BY arrival LIMIT 1 OFFSET ${n})`;
      try {
        const found = await opened({ chain: `UPDATE blocks SET bytes = x'00' WHERE ${where}` }, everything);
        expect(found.trades).toBe(whole.trades);
        // One of its own blocks is missing, or somebody else's.
        expect([whole.entries - 1, whole.entries]).toContain(found.entries);
        expect(found.told).toBe(1);
      } catch (error) {
        failed.push(`block ${n}: ${(error as Error).stack?.split('\n').slice(0, 6).join(' | ')}`);
      }
    }
    expect(failed).toEqual([]);
  });

  it('signs nothing while one of its own blocks is damaged, and goes on when somebody brings it back', async () => {
    const own = await opened({}, async ({ trustchain, key }) => trustchain.store.range(key, 1, 1_000, 1_000));
    for (const block of own) {
      const where = `seq = ${block.core.seq} AND author = (SELECT id FROM authors WHERE key = x'${Buffer.from(block.core.key).toString('hex')}')`;
      const damage = { chain: `UPDATE blocks SET bytes = substr(bytes, 2) WHERE ${where}` };
      await opened(damage, async (trader) => {
        const { trustchain, key } = trader;
        const sign = () => world.act(trustchain.source({ type: 'note', tx: 'after the damage' }));
        await expect(sign(), `${block.core.seq}`).rejects.toMatchObject({
          code: expect.stringMatching(/^ERR_(CHAIN_REGRESSED|STORE_RESERVED)$/),
        });
        expect((await world.act(trustchain.receive(block.bytes))).added).toBe(true);
        expect(await trustchain.store.count(key)).toBe(own.length);
        expect((await sign()).core.seq).toBe(own.length + 1);
      });
    }
  });

  it('opens, shows and exports the rest, whichever record it is', async () => {
    const failed: string[] = [];
    for (const [n, hex] of pairs.entries()) {
      try {
        await opened({ records: `UPDATE pairs SET value = x'00' WHERE key = x'${hex}'` }, everything);
      } catch (error) {
        failed.push(
          `record ${n}, ${nameOf(hex)}: ${(error as Error).stack?.split('\n').slice(0, 6).join(' | ')}`,
        );
      }
    }
    expect(failed).toEqual([]);
  });
});
