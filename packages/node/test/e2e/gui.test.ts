import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { buildWeb } from '../../../web/build.ts';
import { visit } from '../../../web/test/support/gui.ts';
import { newestDay, nodeProcesses, quartersOf, type RunningNode } from './support/two-nodes.ts';

const executable = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path !== undefined && path !== '' && existsSync(path),
);
/** Where this suite must run, a missing browser is a failure, not a reason to skip. */
const skipped = executable === undefined && process.env.CI !== 'true';
const PAGES = ['Sell', 'Market', 'Deals', 'Purchases', 'Wallets', 'Ledger'];
const TITLE = 'A household on one winter day';

describe.skipIf(skipped)(
  skipped ? 'GUI of two nodes (skipped: no Chromium; set CHROMIUM_PATH)' : 'GUI of two nodes',
  { timeout: bounds.journey },
  () => {
    const processes = nodeProcesses();
    /** Everything that the browser complained about, and every request to anywhere but the node. */
    const complaints: string[] = [];
    let browser: Browser;
    let folder: string;
    let seller: RunningNode;
    let buyer: RunningNode;

    beforeAll(async () => {
      if (executable === undefined) throw new Error('This suite needs Chromium: set CHROMIUM_PATH');
      await buildWeb();
      folder = await mkdtemp(join(tmpdir(), 'edmp-gui-'));
      seller = await processes.start(join(folder, 'a'), [
        '--name',
        'Anna',
        '--meters',
        'emulator',
        '--without-witnesses',
      ]);
      buyer = await processes.start(join(folder, 'b'), [
        '--name',
        'Bert',
        '--meters',
        'none',
        '--without-witnesses',
        '--connect',
        seller.address,
      ]);
      browser = await chromium.launch({
        executablePath: executable,
        args: ['--no-sandbox', '--disable-gpu'],
      });
    }, bounds.journey);

    afterAll(async () => {
      await browser?.close();
      await processes.stopAll();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    }, bounds.journey);

    async function open(node: RunningNode, width = 1280): Promise<Page> {
      const context = await browser.newContext({
        viewport: { width, height: 850 },
        reducedMotion: 'reduce',
        locale: 'en-GB',
        timezoneId: 'Europe/Amsterdam',
      });
      const page = await context.newPage();
      page.setDefaultTimeout(bounds.wait);
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(node.url) && !request.url().startsWith('data:'))
          complaints.push(`request to ${request.url()}`);
      });
      await page.goto(`${node.url}/?token=${node.token}`);
      return page;
    }

    it('sells on one and buys on the other, down to the downloaded file', async () => {
      // Midnight may pass between any two steps.
      const before = await newestDay(seller);
      const anna = await open(seller);
      const bert = await open(buyer);

      await visit(anna, 'Sell');
      // Sell: the page offers the newest full day of the first meter.
      await anna.getByRole('img', { name: /^Electricity used/ }).waitFor();
      const [meter] = await seller.client.meters();
      const day = await anna.getByLabel('First day').inputValue();
      expect([before, await newestDay(seller)]).toContain(day);
      await anna.getByLabel('One value every', { exact: true }).selectOption('PT15M');
      await anna.getByText(`The ${quartersOf(day)} values of the curve above`).waitFor();
      await anna.getByLabel('Title').fill(TITLE);
      await anna.getByRole('textbox', { name: 'Price' }).fill('10');
      await anna.getByRole('button', { name: /List for sale at 10/ }).click();
      await anna.getByText(`“${TITLE}” is for sale.`).waitFor();

      // Search and buy
      await visit(bert, 'Market');
      await bert.getByLabel('Words').fill('no such words');
      await bert.getByText(TITLE).waitFor({ state: 'detached' });
      await bert.getByLabel('Words').fill('winter day');
      await bert.getByRole('button', { name: `Buy “${TITLE}”` }).click();
      const dialog = bert.getByRole('dialog', { name: `Buy “${TITLE}”?` });
      await dialog.getByText(/1.000\sDUM1 now, 990\sDUM1 after/).waitFor();
      await dialog.getByRole('button', { name: 'Buy for 10' }).click();

      // The steps appear by themselves, on both sides.
      await bert.getByText('Done', { exact: true }).waitFor();
      expect(await bert.locator('.rung-done').count()).toBe(4);
      const proofs = bert.locator('.rung-proof', { hasText: 'block' });
      expect((await proofs.allTextContents()).map((text) => /Signed by (.*) at/.exec(text)?.[1])).toEqual([
        'the seller',
        'you',
        'the seller',
        'you',
      ]);
      await visit(anna, 'Deals');
      await anna.getByText('Done', { exact: true }).waitFor();
      await anna.getByRole('heading', { name: /^Selling for 10/ }).waitFor();

      // The data, as the meter gave it
      await bert.getByRole('link', { name: 'See the data' }).click();
      await bert.getByRole('heading', { name: TITLE }).waitFor();
      await bert.getByRole('img', { name: /^Electricity used/ }).waitFor();
      const curve = await seller.client.curve({
        meter: meter?.id ?? '',
        from: day,
        to: day,
        commodity: 'electricity',
        flow: 'import',
        step: 'PT15M',
      });
      const [file] = await Promise.all([
        bert.waitForEvent('download'),
        bert.getByRole('link', { name: 'Download JSON' }).click(),
      ]);
      expect(file.suggestedFilename()).toBe(`edmp-electricity-${day}-${day}.json`);
      expect(JSON.parse(await readFile(await file.path(), 'utf8')).consumption.values).toEqual(curve.values);

      // The money
      for (const [page, money] of [
        [anna, /^Free\s+1.?000\sDUM1/],
        [bert, /^Free\s+990\sDUM1/],
      ] as const) {
        await visit(page, 'Wallets');
        await page.getByRole('link', { name: money }).waitFor();
      }
      expect(complaints).toEqual([]);
    });

    it('shows every page of both nodes on a phone without sideways scrolling', async () => {
      for (const node of [seller, buyer]) {
        const page = await open(node, 390);
        for (const name of PAGES) {
          await visit(page, name);
          await page.locator('main .card, main .empty').first().waitFor();
          await page.locator('main .loading').waitFor({ state: 'detached' });
          for (const [what, box] of [
            ['page', 'html'],
            ['table', '.scroll'],
          ] as const) {
            const overflow = await page
              .locator(box)
              .evaluateAll((boxes) => Math.max(0, ...boxes.map((e) => e.scrollWidth - e.clientWidth)));
            expect(overflow, `${what} on ${name}`).toBeLessThanOrEqual(0);
          }
        }
        await page.context().close();
      }
      expect(complaints).toEqual([]);
    });
  },
);
