import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CurveView, ListingView } from '@edmp/node/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { runCli } from '../support/run-cli.ts';
import {
  balanceOf,
  endedTrade,
  eventually,
  newestDay,
  nodeProcesses,
  quartersOf,
  type RunningNode,
} from './support/two-nodes.ts';

const ELECTRICITY = { commodity: 'electricity', flow: 'import', step: 'PT15M' } as const;
const LADDER = [
  'negotiation',
  'trade-proposal',
  'signing',
  'trade-agreement',
  'release-proposal',
  'release-agreement',
];

/** The values of a CSV as micro-units; an empty cell is an interval without data. */
const csvValues = (csv: string): (number | null)[] =>
  csv
    .trimEnd()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(',')[2] ?? '')
    .map((value) => (value === '' ? null : Math.round(Number(value) * 1e6)));

describe('two nodes as processes, over HTTP only', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  let folder: string;
  let seller: RunningNode;
  let buyer: RunningNode;
  let day: string;
  let quarters: number;
  let meters: readonly string[];
  /** Listed before the restarts and sold after them. */
  let later: readonly ListingView[];

  const startSeller = (...args: string[]): Promise<RunningNode> =>
    processes.start(join(folder, 'seller'), [
      '--name',
      'seller',
      '--meters',
      'emulator',
      '--without-witnesses',
      ...args,
    ]);
  const startBuyer = (...args: string[]): Promise<RunningNode> =>
    processes.start(join(folder, 'buyer'), [
      '--name',
      'buyer',
      '--meters',
      'none',
      '--without-witnesses',
      ...args,
    ]);

  const offer = (
    change: { readonly meter?: string; readonly title?: string; readonly price?: bigint } = {},
  ) =>
    seller.client.offer({
      ...ELECTRICITY,
      meter: meters[0] ?? '',
      from: day,
      to: day,
      title: 'A day of a household',
      price: 10n,
      currency: 'DUM1',
      supply: 1,
      accuracy: 'town',
      purposes: ['research'],
      lifetimeMs: 3_600_000,
      ...change,
    });

  const arrived = (node: RunningNode, asset: string): Promise<ListingView> =>
    eventually(`listing of ${asset}`, async () => (await node.client.listings({ asset }))[0]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-e2e-'));
    seller = await startSeller();
    buyer = await startBuyer('--connect', seller.address);
    const found = await seller.client.meters();
    meters = found.map((meter) => meter.id);
    day = await newestDay(seller);
    quarters = quartersOf(day);
  }, bounds.journey);

  afterAll(async () => {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('lists, finds, buys and downloads exactly what the seller’s meter shows', async () => {
    expect((await seller.client.info()).matchmaker && (await buyer.client.info()).matchmaker).toBe(true);
    expect([await balanceOf(seller), await balanceOf(buyer)]).toEqual([1000n, 1000n]);
    const curve: CurveView = await seller.client.curve({
      ...ELECTRICITY,
      meter: meters[0] ?? '',
      from: day,
      to: day,
    });
    const { asset } = await offer({ title: 'A wintry day' });

    const listing = await eventually(
      'listing found by what it says',
      async () => (await buyer.client.listings({ ...ELECTRICITY, from: day, to: day, text: 'wintry' }))[0],
    );
    expect(listing).toMatchObject({ asset, seller: seller.key, own: false, price: 10n, remaining: 1 });
    const { order } = await buyer.client.buy({ asset });
    const bought = await endedTrade(buyer, order);
    expect(bought).toMatchObject({ state: 'completed', failed: null, role: 'buyer', price: 10n, atRisk: 0n });
    expect(bought.steps.map((step) => step.name)).toEqual(LADDER);
    const signed = bought.steps.filter((step) => step.block !== null);
    expect(signed.map((step) => step.signedBy)).toEqual(['seller', 'buyer', 'seller', 'buyer']);
    for (const step of signed) {
      expect((await seller.client.block(step.block ?? '')).level, step.name).not.toBe('invalid');
    }
    await eventually('money at the seller', async () =>
      (await balanceOf(seller)) === 1010n ? true : undefined,
    );
    expect(await balanceOf(buyer)).toBe(990n);

    const file = JSON.parse(await buyer.client.download(bought.id, 'json'));
    expect(file.consumption.values).toEqual(curve.values);
    expect(file.curve.values).toHaveLength(quarters);
    expect(csvValues(await buyer.client.download(bought.id, 'csv'))).toEqual(curve.values);
    await expect(seller.client.download(bought.id, 'csv')).rejects.toMatchObject({ code: 'ERR_TRADE_STATE' });
  });

  it('trades through EDMP’s REST calls of 2019 (PUT ask, PUT bid, GET transactions, GET wallets)', async () => {
    // The dataset is made once; from there on only the calls of the report.
    const { asset, order } = await offer({ meter: meters[1] ?? '', title: 'Over the old calls' });
    await seller.client.cancel(order);
    const form = {
      first_asset_amount: '10',
      first_asset_type: 'DUM1',
      second_asset_amount: '1',
      second_asset_type: asset,
    };
    const ask = await seller.rest('PUT', '/market/asks', form);
    expect(ask).toMatchObject({
      status: 200,
      body: {
        assets: { first: { amount: 10, type: 'DUM1' }, second: { amount: 1, type: asset } },
        trader_id: seller.key,
        timeout: 3600,
      },
    });
    const tick = await eventually('ask in the buyer’s book', async () => {
      const { body } = await buyer.rest('GET', '/market/asks');
      return body.asks.find((side: { asset2: string }) => side.asset2 === asset)?.ticks[0];
    });
    expect(tick).toMatchObject({ trader_id: seller.key, order_number: ask.body.order_number, traded: 0 });

    const bid = await buyer.rest('PUT', '/market/bids', form);
    expect(bid.status).toBe(200);
    const transactionOf = (node: RunningNode) =>
      eventually('completed transaction', async () => {
        const { body } = await node.rest('GET', '/market/transactions');
        return body.transactions.find(
          (entry: { status: string; assets: { second: { type: string } } }) =>
            entry.assets.second.type === asset && entry.status === 'completed',
        );
      });
    const [sold, bought] = [await transactionOf(seller), await transactionOf(buyer)];
    expect(sold).toMatchObject({
      trader_id: seller.key,
      order_number: ask.body.order_number,
      partner_trader_id: buyer.key,
      partner_order_number: bid.body.order_number,
      transferred: { first: { amount: 10, type: 'DUM1' } },
      payment_complete: true,
    });
    expect(bought).toMatchObject({ trader_id: buyer.key, partner_trader_id: seller.key });
    expect((await seller.rest('GET', '/wallets')).body.wallets.DUM1.balance).toMatchObject({
      available: 1000,
      earned: 20,
    });
    expect((await buyer.rest('GET', '/wallets/DUM1/balance')).body.balance.available).toBe(980);
    expect((await buyer.rest('PUT', '/market/bids', { ...form, second_asset_amount: '' })).status).toBe(400);
  });

  it('keeps money, trades and listings over a restart of both', async () => {
    const { asset } = await offer({ meter: meters[2] ?? '', title: 'Still for sale' });
    later = [
      await offer({ title: 'Interrupted' }),
      await offer({ title: 'After the crash', price: 5n }),
      await offer({ title: 'Killed buyer', price: 7n }),
    ];
    await arrived(buyer, asset);
    const memory = async (node: RunningNode): Promise<object> => {
      const { client } = node;
      const [wallets, trades, orders, movements, blocks] = await Promise.all([
        client.wallets(),
        client.trades(),
        client.orders(),
        client.transactions('DUM1'),
        client.blocks({ author: node.key, limit: 100 }),
      ]);
      return { wallets, trades, orders, movements, blocks: blocks.map(({ id }) => id) };
    };
    const before = [await memory(seller), await memory(buyer)];
    await Promise.all([seller.child.stop(bounds.wait), buyer.child.stop(bounds.wait)]);
    seller = await startSeller();
    buyer = await startBuyer('--connect', seller.address);
    expect([await memory(seller), await memory(buyer)]).toEqual(before);
    expect(await arrived(seller, asset)).toMatchObject({ own: true, remaining: 1 });
    expect(await arrived(buyer, asset)).toMatchObject({ own: false, remaining: 1 });
    // What was bought before is still readable.
    const [first] = await buyer.client.trades();
    expect(csvValues(await buyer.client.download(first?.id ?? '', 'csv'))).toHaveLength(quarters);
  });

  it('refuses a second process on the same data folder', async () => {
    const run = await runCli(['start', '--data', join(folder, 'seller'), '--http', '0', '--meters', 'none']);
    expect(run.stderr).toMatch(/in use by process \d+; stop it or choose another --data.*ERR_NODE_DATA/s);
    expect(run.code).toBe(1);
    expect(await balanceOf(seller)).toBe(1020n);
  });

  it('finishes the trade that a killed seller owed once it is back, and trades again', async () => {
    await seller.child.stop(bounds.wait);
    // The seller's process gets SIGKILL at the moment that it owes the key: the buyer's money is held.
    seller = await startSeller('--connect', buyer.address, '--fault', 'die-before-release');
    const asset = later[0]?.asset ?? '';
    await arrived(buyer, asset);
    const { order } = await buyer.client.buy({ asset });
    await eventually('death of the seller', async () => seller.child.exited() || undefined);
    const open = (await buyer.client.trades()).find((trade) => trade.order === order);
    expect(open).toMatchObject({ state: 'held', final: false, atRisk: 10n });
    expect(await balanceOf(buyer)).toBe(970n);

    seller = await startSeller('--connect', buyer.address);
    expect(await endedTrade(buyer, order)).toMatchObject({ state: 'completed', failed: null });
    await eventually('money at the seller', async () =>
      (await balanceOf(seller)) === 1030n ? true : undefined,
    );

    const next = later[1]?.asset ?? '';
    await arrived(buyer, next);
    const again = await endedTrade(buyer, (await buyer.client.buy({ asset: next })).order);
    expect(again).toMatchObject({ state: 'completed', price: 5n });
  });

  it('loses nothing when the buyer is killed right after its bid', async () => {
    const asset = later[2]?.asset ?? '';
    await arrived(buyer, asset);
    const { order } = await buyer.client.buy({ asset });
    buyer.child.kill();
    await buyer.child.stop();
    buyer = await startBuyer('--connect', seller.address);
    // Whichever step it died at: the bid is on its chain, so it either went through or is still open.
    const outcome = await eventually('outcome of the bid', async () => {
      const trade = (await buyer.client.trades()).find((entry) => entry.order === order);
      return trade?.final === true ? trade : undefined;
    });
    expect(outcome).toMatchObject({ state: 'completed', price: 7n });
    expect(csvValues(await buyer.client.download(outcome.id, 'csv'))).toHaveLength(quarters);
    await eventually('money at the seller', async () =>
      (await balanceOf(seller)) === 1042n ? true : undefined,
    );
    expect(await balanceOf(buyer)).toBe(958n);
  });
});
