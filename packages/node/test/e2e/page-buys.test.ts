import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CurveView } from '@edmp/node/client';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { chromiumPath } from '../../../../scripts/lib/chromium.ts';
import type { PageTrader } from './support/buyer-page.ts';
import { bundlePage, servePage } from './support/served-page.ts';
import { balanceOf, eventually, newestDay, nodeProcesses, type RunningNode } from './support/two-nodes.ts';

const executablePath = chromiumPath();
const ELECTRICITY = { commodity: 'electricity', flow: 'import', step: 'PT15M' } as const;
/** Most that a page loads to be a trader, bytes after gzip: what it weighs and three per cent. */
const BUNDLE_BYTES = 381_500;

describe.skipIf(executablePath === undefined)('a page as a trader', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  let folder: string;
  let hub: RunningNode;
  let seller: RunningNode;
  let browser: Browser;
  let server: Server;
  let page: Page;
  const complaints: string[] = [];

  const openPage = async (): Promise<void> => {
    await page.waitForFunction('globalThis.openTrader !== undefined');
    const [witness] = hub.child.ready.witnessKeys as string[];
    const options = JSON.stringify({ relay: hub.address, witness });
    await page.evaluate(`openTrader(${options}).then((opened) => { globalThis.trader = opened; })`);
  };

  const startHub = (listen: string): Promise<RunningNode> =>
    processes.start(join(folder, 'hub'), [
      ...['--name', 'hub', '--community', '--meters', 'none', '--no-web', '--listen', listen],
    ]);
  /** Calls the trader of the page, whose methods and answers cross as JSON. */
  const trader = <K extends keyof PageTrader>(
    name: K,
    ...args: PageTrader[K] extends (...given: infer A) => unknown ? A : []
  ): Promise<PageTrader[K] extends (...given: never[]) => infer R ? Awaited<R> : PageTrader[K]> =>
    page.evaluate(
      `(typeof trader.${name} === 'function' ? trader.${name}(...${JSON.stringify(args)}) : trader.${name})`,
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-page-buys-'));
    hub = await startHub('/ip4/127.0.0.1/tcp/0/ws');
    seller = await processes.start(join(folder, 'seller'), [
      ...['--name', 'seller', '--meters', 'emulator', '--no-matchmaker', '--no-web'],
      ...['--via', hub.address, '--listen', 'none'],
      ...['--witness', (hub.child.ready.witnessKeys as string[])[0] ?? ''],
    ]);
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    const bundle = await bundlePage({ file: join(import.meta.dirname, 'support/buyer-page.ts') });
    process.stdout.write(
      `a page as a trader: ${bundle.minifiedBytes} bytes minified, ${bundle.gzipBytes} after gzip\n`,
    );
    expect(bundle.gzipBytes).toBeLessThan(BUNDLE_BYTES);
    const served = await servePage(bundle.script);
    server = served.server;
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(served.url);
  }, bounds.journey);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('buys a day from a seller behind a relay that restarts in the middle of the trade', async () => {
    const throughRelay = /\/ws\/p2p\/\w+\/p2p-circuit\/p2p\/\w+$/;
    const addresses = await eventually('address of the seller through the relay', async () => {
      const found = (await seller.client.info()).addresses;
      return found.length > 0 ? found : undefined;
    });
    for (const address of addresses) expect(address).toMatch(throughRelay);

    const [meter] = await seller.client.meters();
    const day = await newestDay(seller);
    const period = { meter: meter?.id ?? '', from: day, to: day };
    const metered: CurveView = await seller.client.curve({ ...ELECTRICITY, ...period });
    const { asset } = await seller.client.offer({
      ...{ ...ELECTRICITY, ...period, title: 'A day for a page', price: 7n, currency: 'DUM1', supply: 1 },
      ...{ accuracy: 'town', purposes: ['research'], lifetimeMs: 3_600_000 },
    });

    await openPage();
    await trader('take', asset);
    const id = await trader('delivering');

    // The relay is gone without a word, with every connection of the two, and comes back at its address.
    const before = await trader('ways');
    expect(before.length).toBeGreaterThan(0);
    hub.child.kill();
    await eventually('end of the relay', async () => hub.child.exited() || undefined);
    await eventually('loss of the connections', async () =>
      (await trader('ways')).length === 0 ? true : undefined,
    );
    hub = await startHub(hub.address.replace(/\/p2p\/.*/, ''));
    await trader('release');

    expect(await trader('ended')).toEqual({ id, state: 'completed', failed: null });
    for (const way of await trader('ways')) expect(way).toContain('/ws');
    const sold = await eventually('end of the trade at the seller', async () =>
      (await seller.client.trades()).find((trade) => trade.final),
    );
    expect(sold).toMatchObject({ id, asset, state: 'completed', failed: null, price: 7n });
    expect(await trader('balance')).toBe(993);
    await eventually('money at the seller', async () =>
      (await balanceOf(seller)) === 1007n ? true : undefined,
    );

    await trader('show', id);
    const shown = await page.locator('td').allTextContents();
    expect(shown.map((text) => (text === '' ? null : Number(text)))).toEqual(metered.values);
    expect(shown.length).toBeGreaterThanOrEqual(92);

    // The chains of both, as both of them hold them.
    const authors = [await trader('key'), seller.key];
    const [ours, theirs] = await trader('chains', authors);
    expect(ours).toMatchObject({ sound: true, gaps: 0 });
    expect(theirs).toMatchObject({ sound: true, gaps: 0 });
    for (const [index, author] of authors.entries()) {
      const blocks = await seller.client.blocks({ author, limit: 100 });
      expect(blocks.map(({ level }) => level)).not.toContain('invalid');
      expect(blocks.length).toBe((index === 0 ? ours : theirs)?.blocks);
    }
    expect(complaints).toEqual([]);
  });

  it('is the same trader, with the same money and trades, after it was loaded again', async () => {
    const key = await trader('key');
    const before = await trader('ended');
    await page.reload();
    await openPage();
    expect(await trader('key')).toBe(key);
    expect(await trader('ended')).toEqual(before);
    expect(await trader('balance')).toBe(993);
    const [ours] = await trader('chains', [key]);
    expect(ours).toMatchObject({ sound: true, gaps: 0 });
    await trader('stop');
    expect(complaints).toEqual([]);
  });
});
