import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../lib/chromium.ts';
import { serveFolder } from '../lib/serve.ts';
import { root } from '../lib/workspace.ts';
import { mustRunBare } from './bare.ts';
import { requireOutput, trade } from './check-programs.ts';
import type { Folder } from './folders.ts';
import type { Report } from './report.ts';

const BUNDLE_MS = 90_000;
const PAGE_MS = 45_000;

/** Bundles the page of `environments/browser` with Vite and runs it in headless Chromium, cut off from other hosts. */
export async function checkBrowser(report: Report, folder: Folder): Promise<void> {
  await report.check('run  browser/main.ts  chromium', async () => {
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    await mustRunBare(
      folder.user,
      folder.path,
      [process.execPath, vite, 'build', 'browser', '--logLevel', 'warn'],
      BUNDLE_MS,
    );
    const server = await serveFolder(join(folder.path, 'browser/dist'));
    try {
      requireOutput(await pageOutput(server.url), trade.prints);
    } finally {
      await server.close();
    }
  });
}

/** Opens the page and gives the text of its `#output` once the page sets `data-done` on it. */
const pageOutput = (url: string): Promise<string> =>
  visitPage(url, async (page) => {
    await page.waitForSelector('#output[data-done]', { timeout: PAGE_MS });
    return (await page.textContent('#output')) ?? '';
  });

/**
 * Opens a page in headless Chromium and lets `look` look at it. Rejects when that does, when the page asks for anything
 * of another origin, when something that it asks for is not there, or when it reports an error.
 */
export async function visitPage<T>(url: string, look: (page: Page) => Promise<T>): Promise<T> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    throw new Error('no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH');
  }
  const { origin } = new URL(url);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`console error: ${message.text()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400)
        problems.push(`${response.status()} for ${new URL(response.url()).pathname}`);
    });
    await page.route(
      (target) => target.origin !== origin,
      (route) => {
        problems.push(`the page asked for ${route.request().url()}`);
        return route.abort();
      },
    );
    await page.goto(url);
    const seen = await look(page).catch((error: unknown) => {
      problems.push(error instanceof Error ? error.message : String(error));
    });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    return seen as T;
  } finally {
    await browser.close();
  }
}
