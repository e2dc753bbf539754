/**
 * Pictures of every screen in both widths and both themes, and what keeps people from using them: `pnpm shots [folder]
 * [part of a name]`. Fails when a screen has barriers, complains, or asks anybody but the node.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { virtualEnvironment } from '@edmp/interface';
import { STEP_PAUSE_MS } from '../../node/test/support/fake-service.ts';
import { PLACES } from '../src/state/route.ts';
import { barriers, startGui, TOKEN } from './support/gui.ts';

const [folder = 'shots', only = ''] = process.argv.slice(2);
const directory = resolve(folder);
const DAY = 86_400_000;

const environment = virtualEnvironment({ start: Date.UTC(2026, 10, 22, 12, 20) });
const gui = await startGui(environment);
const { seller, buyer } = gui;

/** Something to see on each screen: offers of both, deals done, under way and failed, a name, a consent that was stopped. */
async function populate(): Promise<void> {
  const offer = (node: typeof seller, title: string, day: string, step: 'P1D' | 'PT1H', price: bigint) =>
    node.service.offer({
      meter: node === seller ? 'meter-1' : 'meter-2',
      from: day,
      to: '2026-11-21',
      commodity: 'electricity',
      flow: 'import',
      step,
      title,
      price,
      currency: 'DUM1',
      supply: 5,
      accuracy: node === seller ? 'region' : 'town',
      purposes: ['research', 'grid-planning'],
      lifetimeMs: 7 * DAY,
    });
  const first = await offer(seller, 'Three weeks, by the day', '2026-11-01', 'P1D', 42n);
  const hours = await offer(seller, 'A week, by the hour', '2026-11-15', 'PT1H', 60n);
  const other = await offer(buyer, 'Flat, one person, autumn', '2026-10-20', 'P1D', 21n);
  await seller.service.nameKey(buyer.key, 'Heat Study');
  await buyer.service.buy({ asset: first.asset });
  await environment.advance(10 * STEP_PAUSE_MS);
  await seller.service.buy({ asset: other.asset });
  await environment.advance(10 * STEP_PAUSE_MS);
  const gone = await offer(seller, 'October, taken back', '2026-10-01', 'P1D', 9n);
  const consent = (await seller.service.consents()).find(({ asset }) => asset === gone.asset);
  await seller.service.withdrawConsent(consent?.id ?? '');
  await buyer.service.buy({ asset: hours.asset, price: 30n, lifetimeMs: DAY });
  await seller.service.setPractice(true);
  await seller.service.buy({ asset: other.asset, again: true });
  await environment.advance(2 * STEP_PAUSE_MS + 10);
}

const problems: string[] = [];
try {
  await mkdir(directory, { recursive: true });
  await populate();
  const screens = ['home', ...PLACES.flatMap(({ id, tabs }) => tabs.map((tab) => `${id}/${tab.id}`))].filter(
    (name) => name.includes(only),
  );
  for (const width of [1440, 390]) {
    for (const theme of ['light', 'dark'] as const) {
      const page = await gui.open(seller, { width, path: `/?token=${TOKEN}` });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const screen of screens) {
        await page.goto(`${seller.server.url}/#/${screen}`);
        await page.locator('main h1').first().waitFor();
        await page.locator('main .loading').waitFor({ state: 'detached' });
        await page.waitForTimeout(150);
        const name = `${screen.replace('/', '-')}-${width}-${theme}`;
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        // As high as the screen is: what sticks to the bottom of a window stands at the bottom of the picture.
        await page.setViewportSize({ width, height });
        await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
        problems.push(...(await barriers(page)).map((barrier) => `${name}: ${barrier}`));
        await page.setViewportSize({ width, height: 850 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (wide) problems.push(`${name}: wider than the window`);
      }
      await page.context().close();
    }
  }
  problems.push(...gui.complaints, ...gui.foreign.map((url) => `asked ${url}`));
} finally {
  await gui.stop();
}
for (const problem of problems) console.error(problem.slice(0, 600));
console.log(`${directory}: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
