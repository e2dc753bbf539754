import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEdmpError } from '@edmp/interface';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { chromiumPath } from '../../../../scripts/lib/chromium.ts';
import { buildWeb } from '../../../web/build.ts';
import { visit } from '../../../web/test/support/gui.ts';
import { type RunningNode, runNode } from '../../src/compose/run-node.ts';
import { type FakeHomeWizard, fakeHomeWizard } from '../support/fake-homewizard.ts';
import { DAY_START, P1_DAY, telegramsOfDay } from '../support/p1-day.ts';

const executable = chromiumPath();

describe.skipIf(executable === undefined)(
  executable === undefined ? "a newcomer's first hour (skipped: no Chromium)" : "a newcomer's first hour",
  { timeout: bounds.journey },
  () => {
    const complaints: string[] = [];
    let browser: Browser;
    let folder: string;
    let node: RunningNode;
    let meter: FakeHomeWizard;
    let page: Page;

    beforeAll(async () => {
      await buildWeb();
      folder = await mkdtemp(join(tmpdir(), 'edmp-newcomer-'));
      meter = await fakeHomeWizard(() => DAY_START);
      node = await runNode({
        name: 'Newcomer',
        data: join(folder, 'node'),
        http: 0,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        connect: [],
        meters: 'none',
        zone: 'Europe/Amsterdam',
        matchmaker: true,
        web: true,
        log: () => undefined,
      });
      browser = await chromium.launch({
        ...(executable === undefined ? {} : { executablePath: executable }),
        args: ['--no-sandbox', '--disable-gpu'],
      });
      const context = await browser.newContext({
        viewport: { width: 1280, height: 850 },
        reducedMotion: 'reduce',
        locale: 'en-GB',
        timezoneId: 'Europe/Amsterdam',
      });
      page = await context.newPage();
      page.setDefaultTimeout(bounds.wait);
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(node.url)) complaints.push(`request to ${request.url()}`);
      });
    }, bounds.journey);
    afterAll(async () => {
      await browser?.close();
      await node?.stop();
      await meter?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    }, bounds.journey);

    it('connects a meter, sells a day to the practice neighbour, checks the deal, and stops', async () => {
      await page.goto(`${node.url}/?token=${node.token}`);
      await page.getByRole('heading', { name: 'Look around first' }).waitFor();

      // A meter, and its power as it is now.
      await page.getByRole('link', { name: 'Connect a meter' }).click();
      await page.getByRole('button', { name: 'Connect a meter' }).click();
      await page.getByLabel('Address').fill(meter.url);
      await page.getByLabel('Name', { exact: true }).fill('home');
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByRole('region', { name: 'home' }).getByText('543').waitFor();

      // A day of history, from a file.
      const file = join(folder, 'day.txt');
      await writeFile(file, [...telegramsOfDay()].join(''));
      await page.getByRole('button', { name: 'Connect another meter' }).click();
      await page.getByRole('radio', { name: /^A file/ }).check();
      await page.getByLabel('File', { exact: true }).setInputFiles(file);
      await page.getByLabel('Name', { exact: true }).fill('history');
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByText(/readings added/).waitFor();

      // Somebody to practise with.
      await visit(page, 'Settings');
      await page.getByRole('button', { name: 'Let it in' }).click();
      await page.getByText('Here, and ready to trade in test money.').waitFor();

      // The day is offered, by the day, and bought.
      await visit(page, 'Sell');
      await page.getByRole('radio', { name: /^history/ }).check();
      await page.getByLabel('First day').fill(P1_DAY);
      await page.getByLabel('Title').fill('A winter Tuesday');
      await page.getByRole('button', { name: /List for sale at 10/ }).click();
      await page.getByText('“A winter Tuesday” is for sale.').waitFor();
      await visit(page, 'Deals');
      await page.getByText('Done', { exact: true }).waitFor();
      await visit(page, 'Home');
      await page.getByText('10\u00a0DUM1 earned').waitFor();
      await page.getByRole('region', { name: 'Who has my data' }).getByText('Practice neighbour').waitFor();

      // Anybody can check it.
      await visit(page, 'Deals');
      const [deal] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Save as a file that anybody can check' }).click(),
      ]);
      await visit(page, 'Verify');
      await page.getByLabel('Drop a deal file here').setInputFiles(await deal.path());
      await page.getByRole('status').getByText('Everything fits').waitFor();

      // The consent is stopped: there is no second sale, and it says why.
      await visit(page, 'Consents');
      await page.getByRole('button', { name: /^Withdraw the consent for/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Withdraw consent' }).click();
      await page.getByText('Withdrawn', { exact: true }).first().waitFor();
      const [sold] = await node.service.trades();
      const refusal = await node.service
        .ask({ asset: sold!.asset, price: 10n, currency: 'DUM1', supply: 1, lifetimeMs: 60_000 })
        .catch((error: unknown) => error);
      expect(isEdmpError(refusal, 'ERR_CONSENT_WITHDRAWN')).toBe(true);
      await page.reload();
      await page.getByText(/^What happened/).click();
      await page.getByText('Your node refused a sale: you had withdrawn the consent').waitFor();
      expect(complaints).toEqual([]);
    });
  },
);
