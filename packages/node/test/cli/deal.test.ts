import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErasureView, TradeView } from '@edmp/node/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { endedTrade, newestDay, nodeProcesses, type RunningNode } from '../e2e/support/two-nodes.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

describe('a deal in people’s hands', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  let folder: string;
  let seller: RunningNode;
  let buyer: RunningNode;
  let trade: TradeView;

  const on = (who: 'seller' | 'buyer', ...args: string[]): Promise<CliRun> =>
    runCli([...args, '--data', join(folder, who)]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-deal-'));
    seller = await processes.start(join(folder, 'seller'), ['--meters', 'emulator', '--without-witnesses']);
    buyer = await processes.start(join(folder, 'buyer'), [
      '--meters',
      'none',
      '--connect',
      seller.address,
      '--without-witnesses',
    ]);
    const day = await newestDay(seller);
    const [meter] = await seller.client.meters();
    const listing = await seller.client.offer({
      meter: meter?.id ?? '',
      commodity: 'electricity',
      flow: 'import',
      step: 'PT15M',
      from: day,
      to: day,
      title: 'A day',
      price: 10n,
      currency: 'DUM1',
      supply: 1,
      accuracy: 'town',
      purposes: ['research'],
      lifetimeMs: 3_600_000,
    });
    const order = await buyer.client.buy({ asset: listing.asset, price: 10n, currency: 'DUM1' });
    trade = await endedTrade(buyer, order.order);
    expect(trade.state).toBe('completed');
  }, bounds.journey);
  afterAll(async () => {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('is saved as one file that anybody checks with no node', async () => {
    const file = join(folder, 'deal.edmp');
    const saved = await on('buyer', 'data', 'deal', trade.id.slice(0, 12), '-o', file);
    expect(saved).toMatchObject({ code: 0, stderr: '' });
    const good = await runCli(['verify', file]);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(/ok {5}The terms: trade [0-9a-f]{64}/);
    expect(good.stdout).toMatch(/Everything fits: “A day” was delivered and is paid \(10 DUM1\)/);

    const bytes = await readFile(file);
    const changed = Buffer.from(bytes);
    const at = bytes.length >> 1;
    changed.writeUInt8(changed.readUInt8(at) ^ 4, at);
    const bad = join(folder, 'changed.edmp');
    await writeFile(bad, changed);
    const broken = await runCli(['verify', bad]);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/BROKEN The file: /);
    const report = JSON.parse((await runCli(['verify', bad, '--json'])).stdout) as { valid: boolean };
    expect(report.valid).toBe(false);

    // Nothing is written over, and what is no file is said.
    expect((await on('buyer', 'data', 'deal', trade.id, '-o', file)).code).toBe(2);
    expect((await runCli(['verify', join(folder, 'nothing')])).code).toBe(2);
    expect((await runCli(['verify', folder])).code).not.toBe(0);
  });

  it('comes over HTTP as its bytes too', async () => {
    const answer = await fetch(`${seller.url}/v1/trades/${trade.id}/deal?format=file`, {
      headers: { Authorization: `Bearer ${seller.token}` },
    });
    expect(answer.headers.get('content-type')).toBe('application/vnd.ipld.dag-cbor');
    expect(answer.headers.get('content-disposition')).toMatch(/filename="deal-[0-9a-f]{16}\.edmp"/);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect(bytes).toEqual((await seller.client.deal(trade.id)).bytes);
    expect(
      (await fetch(`${seller.url}/v1/trades/${trade.id}/deal`)).status,
      'only for holders of the token',
    ).toBe(401);
  });

  it('has nothing proven against anybody', async () => {
    expect(await buyer.client.tradeProofs(trade.id)).toEqual([]);
    expect((await on('buyer', 'data', 'proofs', trade.id)).stdout).toMatch(/Nothing is proven/);
  });

  it('is bought with a spot check only where a part can be shown', async () => {
    const refused = await on('buyer', 'buy', trade.asset, '--price', '10', '--again', '--spot-check', '1');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/ERR_SETTLEMENT_SPOT_CHECK|ERR_NODE_NOT_FOUND/);
    expect((await on('buyer', 'buy', trade.asset, '--spot-check', '33')).code).toBe(2);
  });

  it('is erased after one was asked, for good', async () => {
    const asked = await on('buyer', 'data', 'erase', trade.id);
    expect(asked.code).toBe(0);
    expect(asked.stdout).toMatch(/--yes/);
    expect((await buyer.client.delivery(trade.id)).trade).toBe(trade.id);
    const done = await on('buyer', 'data', 'erase', trade.id, '--yes', '--json');
    const report = JSON.parse(done.stdout) as ErasureView;
    expect(report.keysDestroyed).toBeGreaterThan(0);
    expect(report.unreachable.length).toBeGreaterThan(0);
    await expect(buyer.client.delivery(trade.id)).rejects.toMatchObject({ code: 'ERR_SETTLEMENT_KEY' });
    // What was signed can still be shown.
    expect((await buyer.client.deal(trade.id)).bytes.length).toBeGreaterThan(1_000);
    expect((await on('seller', 'data', 'erase', 'ffff', '--yes')).code).toBe(1);
  });
});
