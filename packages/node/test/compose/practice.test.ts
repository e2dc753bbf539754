import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEdmpError } from '@edmp/interface';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { type RunningNode, runNode } from '../../src/compose/run-node.ts';
import type { OfferRequest } from '../../src/service.ts';

describe('the practice neighbour', { timeout: bounds.journey }, () => {
  let folder: string;
  let node: RunningNode;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-practice-'));
    node = await runNode({
      name: 'Newcomer',
      data: folder,
      http: 0,
      listen: [],
      connect: [],
      meters: 'emulator',
      zone: 'Europe/Amsterdam',
      matchmaker: true,
      web: false,
      log: () => undefined,
    });
  }, bounds.journey);
  afterEach(async () => {
    await node?.stop();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  const offerOf = async (): Promise<OfferRequest> => {
    const [meter] = await node.service.meters();
    const day = new Date((meter?.lastUpdate ?? 0) - 86_400_000).toISOString().slice(0, 10);
    return {
      meter: meter!.id,
      from: day,
      to: day,
      commodity: 'electricity',
      flow: 'import',
      step: 'P1D',
      title: 'A first day',
      price: 10n,
      currency: 'DUM1',
      supply: 1,
      accuracy: 'region',
      purposes: ['research'],
      lifetimeMs: 600_000,
    };
  };
  const finished = (role: 'seller' | 'buyer') =>
    expect
      .poll(async () => (await node.service.trades()).filter((trade) => trade.role === role && trade.final), {
        timeout: bounds.wait,
      })
      .toMatchObject([{ failed: null }]);

  it('sells a day, buys one, and leaves with its offers; without it nobody could buy', async () => {
    const { service } = node;
    expect(await service.practice()).toEqual({ on: false, key: null, witness: null });
    const request = await offerOf();
    expect(isEdmpError(await service.offer(request).catch((error) => error), 'ERR_TRADE_WITNESSES')).toBe(
      true,
    );

    const there = await service.setPractice(true);
    expect(there).toMatchObject({ on: true, key: expect.stringMatching(/^[0-9a-f]{64}$/) });
    await expect
      .poll(async () => (await service.listings({})).map(({ seller, currency }) => [seller, currency]), {
        timeout: bounds.wait,
      })
      .toEqual([[there.key, 'DUM1']]);

    // It buys what the owner sells.
    await service.offer(request);
    await finished('seller');
    const wallet = (await service.wallets()).find(({ id }) => id === 'DUM1');
    expect(wallet?.earned).toBe(10n);

    // And sells a day of nobody.
    const [listing] = await service.listings({ text: 'practice' });
    await service.buy({ asset: listing!.asset });
    await finished('buyer');
    const trade = (await service.trades()).find(({ role }) => role === 'buyer');
    const bought = await service.delivery(trade!.id);
    expect(bought.descriptor.title).toMatch(/^Practice/);
    expect(bought.curve.values.every((value) => value !== null && value > 0)).toBe(true);

    // The other side of the deal may need a moment longer to see that it is over; until then the neighbour stays.
    await expect
      .poll(() => service.setPractice(false).catch((error) => error), { timeout: bounds.wait })
      .toEqual({ on: false, key: null, witness: null });
    await expect.poll(async () => (await service.listings({})).length, { timeout: bounds.wait }).toBe(0);
    await expect.poll(async () => (await service.info()).peers, { timeout: bounds.wait }).toEqual([]);
  });
});
