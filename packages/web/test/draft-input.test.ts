import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { virtualEnvironment } from '@edmp/interface';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { executable, type Gui, startGui, visit } from './support/gui.ts';

const skipped = executable === undefined ? ' (skipped: no Chromium; set CHROMIUM_PATH)' : '';

describe.skipIf(executable === undefined)(
  `what somebody is typing${skipped}`,
  { timeout: bounds.journey },
  () => {
    const environment = virtualEnvironment({ start: Date.UTC(2026, 10, 22, 12) });
    let gui: Gui;
    let folder: string;

    beforeAll(async () => {
      gui = await startGui(environment);
      folder = await mkdtemp(join(tmpdir(), 'edmp-draft-'));
    }, bounds.journey);
    afterAll(async () => {
      await gui?.stop();
      await rm(folder, { recursive: true, force: true });
    }, bounds.journey);

    /** Holds back what the node answers to the next preview until it is let go. */
    const holdPreview = async (page: Page): Promise<{ readonly asked: Promise<void>; letGo(): void }> => {
      let letGo = (): void => {};
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      let ask = (): void => {};
      const asked = new Promise<void>((resolve) => {
        ask = resolve;
      });
      await page.route(
        '**/v1/readings/preview*',
        async (route) => {
          const response = await route.fetch();
          ask();
          await held;
          await route.fulfill({ response });
        },
        { times: 1 },
      );
      return { asked, letGo };
    };

    it('outlives an answer that comes before it counts', async () => {
      const rows = [0, 15, 30, 45].map((minute) => `10.01.2026 13:${minute || '00'};0,2${minute}`);
      await writeFile(join(folder, 'portal.csv'), `Zeitpunkt;Verbrauch (kWh)\n${rows.join('\n')}\n`);
      const page = await gui.open(gui.buyer, { refused: true });
      await visit(page, 'Meters');
      await page.getByRole('button', { name: 'Connect a meter' }).click();
      await page.getByRole('radio', { name: /^A file/ }).check();
      await page.getByLabel('File', { exact: true }).setInputFiles(join(folder, 'portal.csv'));
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      const take = page.getByRole('button', { name: 'This is right: read it' });
      const read = page.getByRole('region', { name: 'As it would be read' });
      await read.getByText('0.215 kWh').waitFor();

      const zone = page.getByLabel('Time zone');
      const first = await holdPreview(page);
      await page.getByLabel('The time is').selectOption('end');
      await first.asked;
      await zone.fill('Mars');
      expect(await take.isDisabled()).toBe(true);
      first.letGo();
      // The answer is drawn: what it tells can be taken.
      await page.locator('button:enabled', { hasText: 'This is right: read it' }).waitFor();
      expect(await zone.inputValue()).toBe('Mars');
      await zone.blur();
      await page.getByRole('alert').waitFor();
      expect(await take.isDisabled()).toBe(true);

      const unit = page.getByLabel('Unit').first();
      const second = await holdPreview(page);
      await zone.fill('Europe/London');
      await zone.press('Enter');
      await second.asked;
      await unit.fill('Wh');
      second.letGo();
      await page.locator('button:enabled', { hasText: 'This is right: read it' }).waitFor();
      expect(await unit.inputValue()).toBe('Wh');
      await unit.blur();
      await read.getByText('0.215 kWh').waitFor({ state: 'hidden' });

      // A unit that was wiped out is the one before again.
      await unit.fill('');
      await unit.blur();
      await expect.poll(() => unit.inputValue(), { timeout: bounds.wait }).toBe('Wh');
    });

    it('of a day outlives what the meter tells meanwhile', async () => {
      const { seller } = gui;
      const page = await gui.open(seller, { refused: true });
      await visit(page, 'Meters');
      await page.getByRole('button', { name: 'Connect a meter' }).click();
      await page.getByRole('radio', { name: /^P1 on the network/ }).check();
      await page.getByLabel('Address').fill('tcp://192.168.1.30:2001');
      await page.getByLabel('Name', { exact: true }).fill('home');
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      const card = page.getByRole('region', { name: 'home' });
      await card.getByText('Live', { exact: true }).waitFor();
      await writeFile(join(folder, 'year.csv'), 'at,value\n');
      await card.locator('input[type=file]').setInputFiles(join(folder, 'year.csv'));
      await card.getByText('96 readings added').waitFor();

      const day = card.getByLabel('Day');
      await expect.poll(() => day.inputValue(), { timeout: bounds.wait }).toBe('2026-11-22');
      // The month is wiped out, to be typed anew.
      await day.focus();
      await page.keyboard.press('Backspace');
      expect(await day.inputValue()).toBe('');
      seller.meters.tell({ meter: 'home', at: environment.now(), importW: 543, exportW: 0 });
      await card.getByText('543', { exact: true }).waitFor();
      expect(await day.inputValue()).toBe('');
      await page.keyboard.type('10');
      await expect.poll(() => day.inputValue(), { timeout: bounds.wait }).toBe('2026-10-22');
      await card.getByRole('img', { name: /Oct 22, 2026/ }).waitFor();
    });
  },
);

describe('every text input', () => {
  it('keeps each keystroke, or is a DraftInput', async () => {
    const folder = new URL('../src/', import.meta.url);
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.tsx'));
    const wrong: string[] = [];
    let inputs = 0;
    for (const name of files) {
      const text = await readFile(new URL(name, folder), 'utf8');
      for (const [element] of text.matchAll(/<(?:input|textarea)\b(?:[^>]|=>)*?\/>/g)) {
        if (/type="(?:checkbox|radio|file)"/.test(element)) continue;
        inputs++;
        if (!/\bonInput=/.test(element) || /\bonChange=/.test(element)) wrong.push(`${name}: ${element}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(inputs).toBeGreaterThan(10);
  });
});
