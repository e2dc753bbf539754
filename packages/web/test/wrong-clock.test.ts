import { virtualEnvironment } from '@edmp/interface';
import type { OfferRequest } from '@edmp/node/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { STEP_PAUSE_MS } from '../../node/test/support/fake-service.ts';
import { executable, type Gui, type Running, startGui, visit } from './support/gui.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 21, 6);
/** When the pages are looked at: by a clock a day wrong, everything below has ended, or nothing has. */
const LOOKED_AT = START + 30 * HOUR;
/** An order's life that ends six hours after that. */
const STILL_RUNS = 36 * HOUR;
const PAGES = [
  'Home',
  'Readings',
  'Sell',
  'My offers',
  'Market',
  'Deals',
  'Purchases',
  'Consents',
  'Wallets',
  'Ledger',
];

const OFFER: Omit<OfferRequest, 'meter' | 'title' | 'lifetimeMs'> = {
  from: '2026-11-20',
  to: '2026-11-20',
  commodity: 'electricity',
  flow: 'import',
  step: 'PT1H',
  price: 10n,
  currency: 'DUM1',
  supply: 2,
  accuracy: 'town',
  purposes: ['research'],
};

/** All that a page says: its text and what stands in its fields. */
function wordsOf(page: Page): Promise<string> {
  return page.evaluate(() => {
    const fields = [...document.querySelectorAll('input, select')] as (
      | HTMLInputElement
      | HTMLSelectElement
    )[];
    return `${document.body.textContent}\n${fields.map(({ value }) => value).join('\n')}`;
  });
}

describe.skipIf(executable === undefined)(
  executable === undefined
    ? 'the page by a wrong clock (skipped: no Chromium; set CHROMIUM_PATH)'
    : 'the page by a wrong clock',
  { timeout: bounds.journey },
  () => {
    const environment = virtualEnvironment({ start: START });
    let gui: Gui;
    let seller: Running;
    let buyer: Running;
    const offer = (title: string, lifetimeMs: number) =>
      seller.service.offer({ ...OFFER, meter: 'meter-1', title, lifetimeMs });

    beforeAll(async () => {
      gui = await startGui(environment);
      ({ seller, buyer } = gui);
      // A consent outlives its listing by a day here: this one holds for six more hours, that one ended six hours ago.
      await offer('Consent in force', 12 * HOUR);
      await offer('Consent that ended', 1);
      const { asset } = await offer('Still for sale', STILL_RUNS);
      await buyer.service.buy({ asset });
      await environment.advance(10 * STEP_PAUSE_MS);
      await buyer.service.buy({ asset, price: 9n, lifetimeMs: STILL_RUNS });
      await environment.advance(LOOKED_AT - environment.now());
    }, bounds.journey);
    afterAll(() => gui?.stop(), bounds.journey);

    it.each([
      ['a day slow', -DAY],
      ['a day fast', DAY],
      ['sixteen months fast', 486 * DAY],
    ])('says on every screen what a right one says: %s', async (_, wrong) => {
      for (const node of [seller, buyer]) {
        const right = await gui.open(node, { clock: environment.now() });
        const other = await gui.open(node, { clock: environment.now() + wrong });
        expect(Math.abs((await other.evaluate(() => Date.now())) - environment.now() - wrong)).toBeLessThan(
          bounds.journey,
        );
        for (const name of PAGES) {
          for (const page of [right, other]) {
            await visit(page, name);
            await page.locator('main .card, main .empty').first().waitFor();
            await page.locator('main .loading').waitFor({ state: 'detached' });
          }
          // Titles and balances come a moment later.
          await expect
            .poll(async () => (await wordsOf(other)) === (await wordsOf(right)), { timeout: bounds.wait })
            .toBe(true)
            .catch(async () => expect(await wordsOf(other), name).toBe(await wordsOf(right)));
        }
        for (const page of [right, other]) await page.context().close();
      }
      expect(gui.complaints).toEqual([]);
    });

    it.each([
      ['a day slow', -DAY],
      ['a day fast', DAY],
    ])('says the right thing where time decides: %s', async (_, wrong) => {
      const clock = environment.now() + wrong;
      const sellerPage = await gui.open(seller, { clock });
      const buyerPage = await gui.open(buyer, { clock });
      await visit(sellerPage, 'Consents');
      for (const [title, state] of [
        ['Consent in force', 'In force'],
        ['Consent that ended', 'Ended'],
      ] as const) {
        const card = sellerPage.getByRole('article', { name: title });
        await card.locator('.badge').getByText(state, { exact: true }).waitFor();
        expect(await card.getByRole('button', { name: /^Withdraw/ }).count()).toBe(state === 'Ended' ? 0 : 1);
      }
      await visit(buyerPage, 'Market');
      await buyerPage.getByRole('button', { name: 'Buy “Still for sale”' }).waitFor();
      expect(await buyerPage.getByText('Consent that ended').count()).toBe(0);
      await visit(buyerPage, 'Deals');
      await buyerPage.getByText('Bid: Still for sale').waitFor();
      for (const page of [sellerPage, buyerPage]) await page.context().close();
    });

    it('proposes the newest full day of the meter, wherever and whenever the reader is', async () => {
      // The meter was last read on 21 November at 07:00 in Amsterdam.
      for (const [zone, wrong] of [
        ['Pacific/Auckland', DAY],
        ['Pacific/Auckland', 0],
        ['America/Los_Angeles', -DAY],
        ['Asia/Kolkata', 0],
      ] as const) {
        const page = await gui.open(seller, { zone, clock: environment.now() + wrong });
        await visit(page, 'Sell');
        expect(await page.getByLabel('First day').inputValue(), zone).toBe('2026-11-20');
        expect(await page.getByLabel('Last day').inputValue(), zone).toBe('2026-11-20');
        await page.context().close();
      }
    });

    it('takes down what ends while it is open, by the node’s clock and without a reload', async () => {
      const { asset } = await offer('Ends in a minute', 60_000);
      await buyer.service.buy({ asset, price: 1n, lifetimeMs: 60_000 });
      const market = await gui.open(buyer, { clock: environment.now() - DAY });
      const deals = await gui.open(buyer, { clock: environment.now() - DAY });
      await visit(market, 'Market');
      await visit(deals, 'Deals');
      const gone = [
        market.getByRole('button', { name: 'Buy “Ends in a minute”' }),
        deals.getByText('Bid: Ends in a minute'),
      ];
      for (const part of gone) await part.waitFor();
      await environment.advance(60_000);
      for (const part of gone) await part.waitFor({ state: 'detached' });
      await market.getByRole('button', { name: 'Buy “Still for sale”' }).waitFor();
      for (const page of [market, deals]) await page.context().close();
    });
  },
);
