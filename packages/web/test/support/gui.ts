import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { VirtualEnvironment } from '@edmp/interface';
import { createHttpApp, type HttpServer, startHttp, webDirectory } from '@edmp/node/http';
import type * as Axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { chromiumPath } from '../../../../scripts/lib/chromium.ts';
import { type FakeNode, fakeMarket } from '../../../node/test/support/fake-service.ts';
import { buildWeb } from '../../build.ts';

/** Path of Chromium; undefined: the tests of the page are skipped. */
export const executable: string | undefined = chromiumPath();
/** The token of both nodes. */
export const TOKEN = 'test-token-0123456789';

/** A node of a fake market that serves the page. */
export interface Running extends FakeNode {
  readonly server: HttpServer;
}

/** How a reader's browser is set up. */
export interface OpenOptions {
  readonly width?: number;
  readonly path?: string;
  /** What the browser complains about is expected: it reports every 401 itself. */
  readonly refused?: boolean;
  /** What the browser's clock shows when the page opens, ms since the epoch. Default: the clock of the machine. */
  readonly clock?: number;
  /** Default `Europe/Amsterdam`. */
  readonly zone?: string;
}

/** Chromium and the two nodes that it looks at. */
export interface Gui {
  readonly seller: Running;
  readonly buyer: Running;
  /** What the browser complained about. */
  readonly complaints: readonly string[];
  /** Requests to anywhere but the node. */
  readonly foreign: readonly string[];
  /** The page of a node in a browser of its own, signed in. */
  open(node: Running, options?: OpenOptions): Promise<Page>;
  stop(): Promise<void>;
}

/** Builds the page, starts a seller and a buyer on `environment`'s clock and a browser on the machine's. */
export async function startGui(environment: VirtualEnvironment): Promise<Gui> {
  if (executable === undefined) throw new Error('The tests of the page need Chromium: set CHROMIUM_PATH');
  const { directory } = await buildWeb();
  const web = webDirectory(directory);
  const complaints: string[] = [];
  const foreign: string[] = [];
  const start = async (node: FakeNode): Promise<Running> => {
    const app = createHttpApp({
      service: node.service,
      token: TOKEN,
      environment,
      web,
      onFailure: (error) => complaints.push(String(error)),
    });
    return { ...node, server: await startHttp({ app, port: 0 }) };
  };
  const [seller, buyer] = fakeMarket({ environment, nodes: ['Seller', 'Buyer'] });
  if (seller === undefined || buyer === undefined) throw new Error('A fake market has the nodes asked for');
  const nodes = { seller: await start(seller), buyer: await start(buyer) };
  const browser: Browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-gpu'],
  });

  const contextOptions = (options: OpenOptions): BrowserContextOptions => ({
    viewport: { width: options.width ?? 1280, height: 850 },
    reducedMotion: 'reduce',
    // Neither the machine's language nor its zone is to play a part.
    locale: 'en-US',
    timezoneId: options.zone ?? 'Europe/Amsterdam',
  });

  return {
    ...nodes,
    complaints,
    foreign,
    async open(node, options = {}) {
      const context = await browser.newContext(contextOptions(options));
      if (options.clock !== undefined) await context.clock.install({ time: options.clock });
      const page = await context.newPage();
      page.setDefaultTimeout(bounds.wait);
      page.on('console', (message) => {
        if (options.refused === true) return;
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(node.server.url) && !request.url().startsWith('data:'))
          foreign.push(request.url());
      });
      await page.goto(node.server.url + (options.path ?? `/?token=${TOKEN}`));
      return page;
    },
    async stop() {
      await browser.close();
      await Promise.all([nodes.seller.server.stop(), nodes.buyer.server.stop()]);
    },
  };
}

/** What keeps people from using what the page shows now, by axe-core's rules of WCAG 2.2 A and AA. */
export async function barriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { readonly axe: typeof Axe };
    const { violations } = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

/** The place and the tab of each screen, as their links are called. */
const WHERE: Readonly<Record<string, readonly [place: RegExp, tab: string]>> = {
  Readings: [/^My energy/, 'Readings'],
  Meters: [/^My energy/, 'Meters'],
  Sell: [/^Sell/, 'New offer'],
  'My offers': [/^Sell/, 'My offers'],
  Market: [/^Market/, 'Offers'],
  Deals: [/^Market/, 'Deals'],
  Purchases: [/^Market/, 'Bought'],
  Wallets: [/^Trust/, 'Money'],
  Consents: [/^Trust/, 'Consents'],
  Ledger: [/^Trust/, 'Ledger'],
  Verify: [/^Trust/, 'Verifier'],
  Network: [/^Trust/, 'Network'],
  Settings: [/^Trust/, 'Settings'],
};

/** Goes to a screen by the navigation: to its place, and there to its tab. */
export async function visit(page: Page, name: string): Promise<void> {
  const [place, tab] = WHERE[name] ?? [new RegExp(`^${name}`), undefined];
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: place }).last().click();
  if (tab === undefined) return;
  await page
    .getByRole('navigation', { name: 'In this place' })
    .getByRole('link', { name: tab, exact: true })
    .click();
  await page.locator('main [aria-current="page"]', { hasText: tab }).waitFor();
}
