import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ListingView, TradeView } from '@edmp/node/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { HUB, type LabNode, type NatLab, natLab } from './support/nat-lab.ts';
import { eventually, newestDay } from './support/two-nodes.ts';

// Set by .ci/nat, which makes the namespaces that this takes for its own.
const live = process.env.EDMP_NAT_LAB === '1' ? describe : describe.skip;
const ELECTRICITY = { commodity: 'electricity', flow: 'import', step: 'PT15M' } as const;

live('two homes behind routers and a third host', { timeout: bounds.journey }, () => {
  let folder: string;
  let lab: NatLab;
  let hub: LabNode;
  let seller: LabNode;
  let buyer: LabNode;
  let day: string;
  let line: string;

  const startHub = (): Promise<LabNode> =>
    lab.start('hub', join(folder, 'hub'), [
      ...['--name', 'hub', '--meters', 'none', '--community'],
      ...['--listen', `/ip4/${HUB}/tcp/4001`, '--listen', `/ip4/${HUB}/tcp/4002/ws`],
    ]);
  const home = (kind: 'seller' | 'buyer', meters: string): Promise<LabNode> => {
    lab.edmp(kind, ['join', line, '--data', join(folder, kind)]);
    return lab.start(kind, join(folder, kind), [
      ...['--name', kind, '--meters', meters, '--no-matchmaker', '--listen', '/ip4/0.0.0.0/tcp/4001'],
    ]);
  };

  const offer = async (title: string, meter: number): Promise<ListingView> => {
    const meters = await seller.client.meters();
    const { asset } = await seller.client.offer({
      ...ELECTRICITY,
      ...{ meter: meters[meter]?.id ?? '', from: day, to: day, title, price: 10n, currency: 'DUM1' },
      ...{ supply: 1, accuracy: 'town', purposes: ['research'], lifetimeMs: 3_600_000 },
    });
    return eventually('listing at the buyer', async () => (await buyer.client.listings({ asset }))[0]);
  };
  const ended = (order: string): Promise<TradeView> =>
    eventually(
      'end of the trade',
      async () => (await buyer.client.trades()).find((trade) => trade.order === order && trade.final),
      bounds.journey / 2,
    );
  const expectIdentical = async (trade: TradeView, meter: number): Promise<void> => {
    const meters = await seller.client.meters();
    const sold = await seller.client.curve({
      ...ELECTRICITY,
      ...{ meter: meters[meter]?.id ?? '', from: day, to: day },
    });
    const { curve } = await buyer.client.delivery(trade.id);
    expect(curve.values).toEqual(sold.values);
    expect(sold.values.length).toBeGreaterThanOrEqual(92);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-nat-'));
    lab = natLab(folder);
    hub = await startHub();
    ({ line } = await hub.client.invitation());
    [seller, buyer] = await Promise.all([home('seller', 'emulator'), home('buyer', 'none')]);
    day = await newestDay(seller);
  }, bounds.journey);

  afterAll(async () => {
    await lab.stop();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('reach the third host, which reaches neither of them', () => {
    expect(['seller', 'buyer'].map((host) => lab.connects(host as 'seller' | 'buyer', HUB, 4001))).toEqual([
      true,
      true,
    ]);
    for (const [from, to] of [
      ['hub', '203.0.113.21'],
      ['hub', '203.0.113.22'],
      ['hub', '192.168.1.2'],
      ['buyer', '203.0.113.21'],
      ['seller', '203.0.113.22'],
    ] as const)
      expect(lab.connects(from, to, 4001), `${from} to ${to}`).toBe(false);
  });

  it('sell and buy a day through it, and the data is identical', async () => {
    const { asset } = await offer('A day behind a router', 0);
    const { order } = await buyer.client.buy({ asset });
    const trade = await ended(order);
    expect(trade).toMatchObject({ state: 'completed', failed: null });
    await expectIdentical(trade, 0);
    const peers = await buyer.client.peers();
    const ways = (key: string) => peers.find((peer) => peer.key === key)?.ways.map(({ relay }) => relay);
    expect(ways(hub.key)).toEqual([null]);
    expect(new Set(ways(seller.key))).toEqual(new Set([hub.key]));
    expect(lab.edmp('buyer', ['peers', '--data', join(folder, 'buyer')])).toContain(
      `relay ${hub.key.slice(0, 16)}`,
    );
  });

  it('end a trade although it is killed and started again in the middle', async () => {
    const { asset } = await offer('A day with a broken relay', 1);
    const { order } = await buyer.client.buy({ asset });
    // Killed when money is held for it and the key has not come.
    let held: TradeView | undefined;
    while (held === undefined) {
      const [trade] = (await buyer.client.trades()).filter((one) => one.order === order);
      expect(trade?.final ?? false).toBe(false);
      if (trade !== undefined && trade.atRisk > 0n) held = trade;
    }
    hub.child.kill();
    expect(held).toMatchObject({ final: false, failed: null });
    hub = await startHub();
    const trade = await ended(order);
    expect(trade).toMatchObject({ state: 'completed', failed: null });
    await expectIdentical(trade, 1);
  });
});
