import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { virtualEnvironment } from '@edmp/interface';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { STEP_PAUSE_MS } from '../../node/test/support/fake-service.ts';
import { finishedDealFile } from '../../trader/test/support/deal-world.ts';
import { PLACES } from '../src/state/route.ts';
import {
  barriers,
  executable,
  type Gui,
  type OpenOptions,
  type Running,
  startGui,
  visit,
} from './support/gui.ts';

/** Where pictures of the page go, to be looked at; none: no pictures. */
const shots = process.env.EDMP_SHOTS;
const PAGES = [
  'home',
  ...PLACES.flatMap(({ id, tabs }) => tabs.map((tab) => `${id}/${tab.id}`)),
  // Addresses from before the page had places.
  'meters',
  'deals',
  'wallets',
];

describe.skipIf(executable === undefined)(
  executable === undefined ? 'GUI in Chromium (skipped: no Chromium; set CHROMIUM_PATH)' : 'GUI in Chromium',
  { timeout: bounds.journey },
  () => {
    const environment = virtualEnvironment({ start: Date.UTC(2026, 10, 22, 12) });
    let gui: Gui;
    let seller: Running;
    let buyer: Running;
    const shoot = async (page: Page, name: string): Promise<void> => {
      if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    };
    const open = (node: Running, options?: OpenOptions): Promise<Page> => gui.open(node, options);

    beforeAll(async () => {
      gui = await startGui(environment);
      ({ seller, buyer } = gui);
    }, bounds.journey);
    afterAll(() => gui?.stop(), bounds.journey);

    it('walks from a meter to bought data: list, find, buy, follow the steps, download', async () => {
      const sellerPage = await open(seller);
      expect(sellerPage.url()).not.toContain('token');
      const buyerPage = await open(buyer);
      await visit(buyerPage, 'Market');
      await buyerPage.getByText('Nothing is for sale yet').waitFor();

      // Sell
      await visit(sellerPage, 'Sell');
      expect(await sellerPage.getByLabel('One value every', { exact: true }).inputValue()).toBe('P1D');
      await sellerPage.getByLabel('One value every', { exact: true }).selectOption('PT1H');
      await sellerPage.getByRole('img', { name: /Electricity used: 11\.5/ }).waitFor();
      await sellerPage.getByText('1 value is missing. Not whole: ').waitFor();
      await sellerPage.getByText('Up to 2 of 24 values').waitFor();
      await sellerPage.getByLabel('One value every', { exact: true }).selectOption('PT15M');
      await sellerPage.getByText('When people get up, leave').waitFor();
      const shows = sellerPage.getByRole('region', { name: 'Shown by one value every 15 minutes' });
      await shows.getByText(/^People usually get up about/).waitFor();
      expect(await shows.locator('li', { hasText: 'People usually get up' }).textContent()).toContain(
        'Very private',
      );
      await sellerPage.getByLabel('Title').fill('A Saturday in November');
      await sellerPage.getByRole('textbox', { name: 'Price' }).fill('ten');
      expect(await sellerPage.getByRole('button', { name: /List for sale/ }).isDisabled()).toBe(true);
      await sellerPage.getByRole('textbox', { name: 'Price' }).fill('10');
      await sellerPage.getByText('Only the buyer gets').waitFor();
      await sellerPage.getByRole('button', { name: /List for sale at 10/ }).click();
      await sellerPage.getByText('“A Saturday in November” is for sale.').waitFor();
      await visit(sellerPage, 'Market');
      await sellerPage.getByText('Your offer').waitFor();
      expect(await sellerPage.getByRole('button', { name: /^Buy/ }).count()).toBe(0);

      // The offer arrives by itself; buying works by keyboard and asks first.
      const buy = buyerPage.getByRole('button', { name: /^Buy “A Saturday in November”/ });
      await buy.focus();
      await buyerPage.keyboard.press('Enter');
      const dialog = buyerPage.getByRole('dialog', { name: 'Buy “A Saturday in November”?' });
      await dialog.waitFor();
      await buyerPage.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await buyer.service.orders()).toEqual([]);
      // The keyboard is back where it was.
      await buyerPage.locator('button:focus', { hasText: 'Buy' }).waitFor();
      await buyerPage.keyboard.press('Enter');
      await dialog.getByRole('button', { name: 'Buy for 10' }).click();

      // Deals, one step after the other
      await buyerPage.getByRole('heading', { name: /Buying for 10/ }).waitFor();
      for (let done = 1; done <= 4; done++) {
        await environment.advance(STEP_PAUSE_MS);
        await buyerPage
          .locator('.rung-done')
          .nth(done - 1)
          .waitFor();
        expect(await buyerPage.locator('.rung-done').count()).toBe(done);
        const risk = await buyerPage
          .locator('.facts > div', { hasText: 'Most you can lose now' })
          .textContent();
        expect(risk, `after step ${done}`).toContain(
          done === 2 || done === 3 ? '10\u00a0DUM1' : '0\u00a0DUM1',
        );
      }
      await buyerPage.getByText('Done', { exact: true }).waitFor();
      const signatures = await buyerPage.locator('.rung-proof', { hasText: 'Signed by' }).allTextContents();
      expect(signatures.map((text) => /Signed by (.*) at/.exec(text)?.[1])).toEqual([
        'the seller',
        'you',
        'the seller',
        'you',
      ]);
      const facts = await buyerPage.locator('.deal .facts').textContent();
      expect(facts?.replaceAll('\u2009', '')).toMatch(/before1000\u00a0DUM1.*after990\u00a0DUM1/);

      // The data
      await buyerPage.getByRole('link', { name: 'See the data' }).click();
      await buyerPage.getByRole('heading', { name: 'A Saturday in November' }).waitFor();
      await buyerPage.getByText('Show as a table').click();
      expect(await buyerPage.locator('tbody tr').count()).toBe(96);
      const [trade] = await buyer.service.trades();
      const bought = await buyer.service.delivery(trade!.id);
      const download = async (name: string): Promise<string> => {
        const [file] = await Promise.all([
          buyerPage.waitForEvent('download'),
          buyerPage.getByRole('link', { name }).click(),
        ]);
        expect(file.suggestedFilename()).toBe(
          `edmp-electricity-2026-11-21-2026-11-21.${name.slice(-4).trim().toLowerCase()}`,
        );
        return readFile(await file.path(), 'utf8');
      };
      const csv = (await download('Download CSV')).trimEnd().split('\r\n').slice(1);
      const values = csv.map((line) => line.split(',')[2] ?? '');
      expect(values.map((value) => (value === '' ? null : Math.round(Number(value) * 1e6)))).toEqual(
        bought.consumption.values,
      );
      const json = JSON.parse(await download('Download JSON'));
      expect(json.consumption.values).toEqual(bought.consumption.values);

      // Money and ledger
      await visit(buyerPage, 'Wallets');
      await buyerPage.getByRole('link', { name: /^Free\s+990\s+DUM1$/ }).waitFor();
      await visit(sellerPage, 'Wallets');
      await sellerPage.getByRole('link', { name: /^Free\s+1\s000\s+DUM1$/ }).waitFor();
      await visit(buyerPage, 'Ledger');
      await buyerPage.locator('tbody tr').nth(5).waitFor();
      await buyerPage.locator('tbody a').first().click();
      await buyerPage.getByText('market/release').waitFor();
      await buyerPage.getByText('(you)').first().waitFor();
    });

    it('shows what a finer and a coarser step would show, and goes there by keyboard', async () => {
      const page = await open(seller);
      await visit(page, 'Sell');
      await page.getByLabel('One value every', { exact: true }).selectOption('PT1H');
      await page.getByLabel('Title').fill('Kept while the step changes');
      const coarser = page.locator('.panel', { hasText: 'Coarser: one value every day' });
      await coarser.getByText('When people get up and go to bed').waitFor();
      await page
        .locator('.panel', { hasText: 'Finer: one value every 30 minutes' })
        .getByText('Shows the same things, more exactly.')
        .waitFor();
      await coarser.getByRole('button', { name: 'Sell one value every day' }).focus();
      await page.keyboard.press('Enter');
      const shows = page.getByRole('region', { name: 'Shown by one value every day' });
      await shows.waitFor();
      await page.waitForFunction(() => document.activeElement?.classList.contains('shown'));
      expect(await shows.getByText('People usually get up').count()).toBe(0);
      expect(await page.getByLabel('One value every', { exact: true }).inputValue()).toBe('P1D');
      expect(await page.getByText(/^Coarser/).count()).toBe(0);
      expect(await page.getByLabel('Title').inputValue()).toBe('Kept while the step changes');
      await page.getByRole('checkbox', { name: 'Research' }).uncheck();
      await page.getByText('Choose at least one.').waitFor();
      expect(await page.getByRole('button', { name: /List for sale/ }).isDisabled()).toBe(true);
    });

    it('refuses a title that names somebody, says which words, and lists it when its owner allows that', async () => {
      const page = await open(seller, { refused: true });
      await visit(page, 'Sell');
      await page.getByLabel('Title').fill('Power at Kerkstraat 12');
      await page.getByRole('button', { name: /List for sale/ }).click();
      await page.getByRole('alert').getByText('"Kerkstraat 12" in title looks like an address').waitFor();
      await page.getByRole('checkbox', { name: /These words may be read by everybody/ }).check();
      await page.getByRole('button', { name: /List for sale/ }).click();
      await page.getByText('“Power at Kerkstraat 12” is for sale.').waitFor();
      const [own] = (await seller.service.orders()).filter(({ status }) => status === 'open');
      await seller.service.cancel(own?.order ?? '');
    });

    it('shows the consent of a listing and withdraws it: the listing is gone for everybody', async () => {
      const [sellerPage, buyerPage] = [await open(seller), await open(buyer)];
      await visit(sellerPage, 'Sell');
      await sellerPage.getByLabel('Title').fill('A week that is withdrawn');
      await sellerPage.getByLabel('Buyers', { exact: true }).selectOption('many');
      await sellerPage.getByRole('button', { name: /List for sale/ }).click();
      await sellerPage.getByRole('link', { name: 'See or withdraw what you agreed to' }).click();
      const card = sellerPage.getByRole('article', { name: 'A week that is withdrawn' });
      await card.getByText('In force').waitFor();
      const facts = await card.textContent();
      for (const part of ['Electricity used', 'One value every day', 'Region', 'Research', 'For sale now']) {
        expect(facts).toContain(part);
      }
      const [receipts] = await Promise.all([
        sellerPage.waitForEvent('download'),
        sellerPage.getByRole('link', { name: 'Save all receipts' }).click(),
      ]);
      expect(receipts.suggestedFilename()).toBe('consents.json');
      expect(JSON.parse(await readFile(await receipts.path(), 'utf8'))).toMatchObject({
        structure: 'ISO/IEC TS 27560:2023',
        records: [],
      });
      for (const width of [1440, 390]) {
        await sellerPage.setViewportSize({ width, height: 850 });
        await shoot(sellerPage, `consents-${width}`);
        expect(await barriers(sellerPage)).toEqual([]);
      }
      await sellerPage.setViewportSize({ width: 1280, height: 850 });
      await visit(buyerPage, 'Market');
      await buyerPage.getByRole('button', { name: /^Buy “A week that is withdrawn”/ }).waitFor();
      const listing = (await buyer.service.listings({ text: 'withdrawn' }))[0];
      await buyer.service.buy({ asset: listing!.asset });
      await environment.advance(10 * STEP_PAUSE_MS);
      await card
        .locator('.facts > div', { hasText: 'Copies sold' })
        .getByText('1', { exact: true })
        .waitFor();

      // Asks first, says what it does and what it cannot do; Escape changes nothing.
      const withdraw = card.getByRole('button', { name: /^Withdraw the consent for A week/ });
      await withdraw.focus();
      await sellerPage.keyboard.press('Enter');
      const dialog = sellerPage.getByRole('dialog', { name: 'Withdraw this consent?' });
      for (const part of [
        'Your listing is cancelled',
        'No further copy is delivered',
        'cannot be called back',
      ])
        await dialog.getByText(part).waitFor();
      await sellerPage.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect((await seller.service.consents())[0]?.withdrawn).toBeNull();
      await sellerPage.locator('button:focus', { hasText: 'Withdraw' }).waitFor();
      // However fast the keys come, each does what it does.
      await sellerPage.keyboard.press('Enter');
      for (let round = 0; round < 20; round++) {
        await Promise.all([sellerPage.keyboard.press('Escape'), sellerPage.keyboard.press('Enter')]);
      }
      await shoot(sellerPage, 'consents-withdraw-1280');
      expect(await barriers(sellerPage)).toEqual([]);
      await dialog.getByRole('button', { name: 'Withdraw consent' }).click();
      await card.getByText('Withdrawn', { exact: true }).first().waitFor();
      await card.getByText('Not now').waitFor();
      expect(await withdraw.count()).toBe(0);
      await sellerPage.waitForFunction(() => document.activeElement?.tagName === 'ARTICLE');
      await card.getByText(/^What happened/).click();
      await card.getByText('You withdrew the consent').waitFor();
      await card.getByText(/^Checked and allowed: the key for buyer 0202/).waitFor();

      // Gone from the buyer's market by itself.
      await buyerPage
        .getByRole('button', { name: /^Buy “A week that is withdrawn”/ })
        .waitFor({ state: 'detached' });
      expect(await buyer.service.listings({ text: 'withdrawn' })).toEqual([]);
    });

    it('says in plain words what went wrong', async () => {
      const stranger = await open(buyer, { path: '/', refused: true });
      await stranger.getByRole('alert').getByText('not signed in to the node').waitFor();
      const wrong = await open(buyer, { path: '/?token=wrong-token-0123456', refused: true });
      await wrong.getByText('This link is not valid for this node').waitFor();

      const page = await open(buyer);
      await visit(page, 'Sell');
      await page.getByLabel('First day').fill('2024-05-01');
      await page.getByText('The meter has no data for these days').waitFor();
      expect(await page.getByRole('button', { name: /List for sale/ }).count()).toBe(0);
      await visit(page, 'Deals');
      await seller.service.offer({
        meter: 'meter-1',
        from: '2026-11-01',
        to: '2026-11-01',
        commodity: 'gas',
        flow: 'import',
        step: 'P1D',
        title: 'A day of gas',
        price: 5n,
        currency: 'DUM1',
        supply: 1,
        accuracy: 'hidden',
        purposes: ['research'],
        lifetimeMs: 86_400_000,
      });
      buyer.failNext();
      const [listing] = await buyer.service.listings({ text: 'gas' });
      await buyer.service.buy({ asset: listing!.asset });
      await environment.advance(5 * STEP_PAUSE_MS);
      await page.getByRole('alert').getByText('The seller did not answer in time').waitFor();
      await page.getByText('Did not happen', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Withdraw A day of gas' }).click();
      await page.getByText('The bid is withdrawn').waitFor();
      await page.getByText('Waiting for a partner').waitFor({ state: 'detached' });
    });

    it('lets a question die when what it is about is gone', async () => {
      const listing = await seller.service.offer({
        meter: 'meter-1',
        from: '2026-11-02',
        to: '2026-11-02',
        commodity: 'electricity',
        flow: 'import',
        step: 'P1D',
        title: 'Gone while asked',
        price: 5n,
        currency: 'DUM1',
        supply: 1,
        accuracy: 'hidden',
        purposes: ['research'],
        lifetimeMs: 86_400_000,
      });
      const page = await open(buyer);
      await visit(page, 'Market');
      await page.getByRole('button', { name: /^Buy “Gone while asked”/ }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Buy for 5' }).waitFor();
      await seller.service.cancel(listing.order);
      await dialog.getByRole('alert').getByText('Nothing was done').waitFor();
      expect(await dialog.getByRole('button', { name: 'Buy for 5' }).count()).toBe(0);
      await dialog.getByRole('button', { name: 'Close' }).click();
      await dialog.waitFor({ state: 'detached' });
    });

    it('speaks Dutch and German, wears the night, and names a key, all kept', async () => {
      const page = await open(buyer);
      await visit(page, 'Settings');
      await page.getByLabel('Language').selectOption('nl');
      await page.getByRole('heading', { name: 'Instellingen' }).waitFor();
      expect(await page.evaluate(() => document.documentElement.lang)).toBe('nl');
      await page.getByRole('button', { name: 'Nacht', exact: true }).click();
      expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme)).toBe('dark');
      await page.reload();
      await page.getByRole('heading', { name: 'Instellingen' }).waitFor();
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
      await page.getByLabel('Taal').selectOption('de');
      await page.getByRole('heading', { name: 'Einstellungen' }).waitFor();
      await page.getByLabel('Sprache').selectOption('en');
      await buyer.service.nameKey(seller.key, 'Anna <b>');
      await page.reload();
      await page.getByRole('button', { name: /^Anna <b>: show key/ }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('Anna next door');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('button', { name: /^Anna next door/ }).waitFor();
      expect(await buyer.service.names()).toEqual([{ key: seller.key, name: 'Anna next door' }]);
      await buyer.service.nameKey(seller.key, '');
    });

    it('fits a phone, names every control, and asks nothing of other sites', async () => {
      for (const node of [seller, buyer]) {
        const page = await open(node, { width: 390 });
        for (const name of PAGES) {
          await page.goto(`${node.server.url}/#/${name}`);
          await page.locator('main .card, main .empty').first().waitFor();
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(overflow, `${name} is wider than the screen`).toBeLessThanOrEqual(0);
          const nameless = await page.evaluate(() =>
            [...document.querySelectorAll('input, select, button, a, summary')]
              .filter((element) => {
                const labels = [...((element as HTMLInputElement).labels ?? [])].map(
                  (label) => label.textContent,
                );
                const own = ['INPUT', 'SELECT'].includes(element.tagName) ? '' : element.textContent;
                return [...labels, element.getAttribute('aria-label'), own].join('').trim() === '';
              })
              .map((element) => element.outerHTML),
          );
          expect(nameless, 'controls without a name').toEqual([]);
          const small = await page.evaluate(() =>
            [...document.querySelectorAll('button, select, nav a, .btn')]
              .filter((element) => element.checkVisibility() && !element.classList.contains('skip'))
              .filter((element) => element.getBoundingClientRect().height < 24)
              .map((element) => element.outerHTML),
          );
          expect(small, 'targets of at least 24 px (WCAG 2.2, 2.5.8)').toEqual([]);
        }
      }
      expect(gui.foreign).toEqual([]);
      expect(gui.complaints).toEqual([]);
    });

    it('checks a deal file in the browser, and shows what is broken', async () => {
      const file = await finishedDealFile();
      const page = await open(seller);
      await visit(page, 'Verify');
      const drop = async (buffer: Buffer): Promise<void> =>
        page
          .getByLabel('Drop a deal file here')
          .setInputFiles({ name: 'deal.edmp', mimeType: 'application/octet-stream', buffer });
      await drop(Buffer.from(file));
      await page.getByRole('status').getByText('Everything fits').waitFor();
      await page.getByText('What became of the money').waitFor();
      expect(await page.getByText('Broken', { exact: true }).count()).toBe(0);
      const changed = Buffer.from(file);
      changed.writeUInt8(changed.readUInt8(200) ^ 1, 200);
      await drop(changed);
      await page.getByRole('alert').getByText('Do not rely on this file').waitFor();
      await page.getByText('Broken', { exact: true }).first().waitFor();
      await drop(Buffer.from('no deal at all'));
      await page.getByRole('alert').getByText('The file').waitFor();
      expect(gui.foreign).toEqual([]);
    });

    it('says when the node is gone', async () => {
      const page = await open(seller, { refused: true });
      await page.getByText('Live, no peers yet').waitFor();
      await seller.server.stop();
      await page.getByText('Not connected').first().waitFor();
      await visit(page, 'Ledger');
      await page.getByRole('alert').getByText('The node does not answer').waitFor();
    });
  },
);
