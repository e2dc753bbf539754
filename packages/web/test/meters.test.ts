import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EdmpError, virtualEnvironment } from '@edmp/interface';
import type { MountRequest } from '@edmp/node';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { barriers, executable, type Gui, startGui, visit } from './support/gui.ts';

/** Where pictures of the page go, to be looked at; none: no pictures. */
const shots = process.env.EDMP_SHOTS;

describe.skipIf(executable === undefined)(
  executable === undefined ? 'the Meters page (skipped: no Chromium; set CHROMIUM_PATH)' : 'the Meters page',
  { timeout: bounds.journey },
  () => {
    const environment = virtualEnvironment({ start: Date.UTC(2026, 10, 22, 12) });
    let gui: Gui;
    let folder: string;

    beforeAll(async () => {
      gui = await startGui(environment);
      folder = await mkdtemp(join(tmpdir(), 'edmp-gui-'));
    }, bounds.journey);
    afterAll(async () => {
      await gui?.stop();
      await rm(folder, { recursive: true, force: true });
    }, bounds.journey);

    const shoot = async (page: Page, name: string): Promise<void> => {
      if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    };
    /** Nothing is wider than the window. */
    const fits = async (page: Page): Promise<void> =>
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);

    it('connects a port, shows its power as it changes, its day and its gaps, and lets go of it', async () => {
      const { seller } = gui;
      // The day of a meter that was just removed may be asked for once more: the browser tells of that 404.
      const page = await gui.open(seller, { refused: true });
      await visit(page, 'Meters');
      await page.getByText('No meter of yours is connected yet').waitFor();
      await shoot(page, 'meters-empty-1280');
      await page.getByRole('button', { name: 'Connect a meter' }).click();
      await page.getByRole('radio', { name: /^P1 on the network/ }).check();
      expect(await page.getByRole('button', { name: 'Connect', exact: true }).isDisabled()).toBe(true);
      await page.getByLabel('Address').fill('tcp://192.168.1.30:2001');
      await page.getByLabel('Name', { exact: true }).fill('home');
      await shoot(page, 'meters-connect-1280');
      await page.getByRole('button', { name: 'Connect', exact: true }).click();

      const card = page.getByRole('region', { name: 'home' });
      await card.getByText('Live', { exact: true }).waitFor();
      await card.getByText('No readings yet').waitFor();
      // The stream of the page is open: what the meter tells arrives by itself.
      seller.meters.tell({ meter: 'home', at: environment.now(), importW: 543, exportW: 0 });
      await card.getByText('543').waitFor();
      await card.getByText('W from the grid').waitFor();
      seller.meters.tell({ meter: 'home', at: environment.now(), importW: 0, exportW: 1_612 });
      await card.getByText('1.61').waitFor();
      await card.getByText('kW to the grid').waitFor();

      // A file of history; its event loads the card again.
      await writeFile(join(folder, 'year.csv'), 'at,value\n');
      await card.locator('input[type=file]').setInputFiles(join(folder, 'year.csv'));
      await card.getByText('96 readings added').waitFor();
      await card.getByRole('img', { name: /^Electricity used, Sun, Nov 22, 2026: / }).waitFor();
      await card.getByText(/^No readings 03:00–03:15\. A gap stays a gap\.$/).waitFor();
      await shoot(page, 'meters-1280');
      await fits(page);

      const phone = await gui.open(seller, { width: 390, refused: true });
      await visit(phone, 'Meters');
      await phone.getByRole('img', { name: /^Electricity used/ }).waitFor();
      await fits(phone);
      await shoot(phone, 'meters-390');
      await phone.getByRole('button', { name: 'Connect another meter' }).click();
      await shoot(phone, 'meters-connect-390');
      await fits(phone);

      await card.getByRole('button', { name: 'Remove…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Remove home?' });
      await dialog.getByText('What was sold stays sold').waitFor();
      await shoot(page, 'meters-remove-1280');
      await dialog.getByRole('button', { name: 'Remove, keep readings' }).click();
      await page.getByText('No meter of yours is connected yet').waitFor();
      expect(await seller.service.mounts()).toEqual([]);
    });

    it('looks on the network when it is asked to, says what that sends, and takes what was found', async () => {
      const { service } = gui.buyer;
      let looks = 0;
      const look = service.discoverMeters;
      service.discoverMeters = (options) => {
        looks++;
        return look(options);
      };
      for (const width of [1440, 390]) {
        const page = await gui.open(gui.buyer, { width });
        await visit(page, 'Meters');
        await page.getByRole('button', { name: 'Connect a meter' }).click();
        await page.getByText('The question names nobody and does not leave that network').waitFor();
        expect(looks).toBe(width === 1440 ? 0 : 1);
        await page.getByRole('button', { name: 'Look on my network' }).click();
        await page.getByText('https://192.0.2.9: press its button when asked').waitFor();
        await page.getByRole('button', { name: 'Use cellar at mqtt://192.0.2.40' }).click();
        expect(await page.getByRole('radio', { name: /^MQTT/ }).isChecked()).toBe(true);
        expect(await page.getByRole('textbox', { name: 'Broker' }).inputValue()).toBe('mqtt://192.0.2.40');
        await shoot(page, `meters-found-${width}`);
        await fits(page);
        expect(await barriers(page)).toEqual([]);
        await page.getByRole('button', { name: 'Use P1 Meter at https://192.0.2.9' }).click();
        expect(await page.getByLabel('Address').inputValue()).toBe('https://192.0.2.9');
      }
    });

    it('mounts a meter behind a broker, by a map that is there or one of its owner', async () => {
      const { service } = gui.buyer;
      const asked: MountRequest[] = [];
      const add = service.addMeter;
      service.addMeter = (request, options) => {
        asked.push(request);
        return add(request, options);
      };
      try {
        for (const width of [1440, 390]) {
          const page = await gui.open(gui.buyer, { width, refused: true });
          await visit(page, 'Meters');
          await page.getByRole('button', { name: /^Connect a(nother)? meter$/ }).click();
          await page.getByRole('radio', { name: /^MQTT/ }).check();
          const connect = page.getByRole('button', { name: 'Connect', exact: true });
          await page.getByRole('textbox', { name: 'Broker' }).fill('192.0.2.40');
          expect(await connect.isDisabled()).toBe(true);
          await page.getByLabel('Topic', { exact: true }).fill('zigbee2mqtt/what?');
          await page.getByLabel('User', { exact: true }).fill('anna');
          await page.getByLabel('Password').fill('secret');
          await page.getByLabel('Name', { exact: true }).fill(`plug ${width}`);
          await page.getByLabel('Its messages hold').selectOption('own');
          expect(await connect.isDisabled()).toBe(true);
          await page.getByLabel('Map', { exact: true }).fill('{ "rules": [');
          await page.getByText('This is no JSON yet').waitFor();
          await page.getByLabel('Map', { exact: true }).fill('{ "rules": [{ "payload": "text" }] }');
          await shoot(page, `meters-mqtt-${width}`);
          await fits(page);
          expect(await barriers(page)).toEqual([]);
          if (width === 390) await page.getByLabel('Its messages hold').selectOption('tasmota');
          await connect.click();
          await page.getByRole('region', { name: `plug ${width}` }).waitFor();
        }
        const common = { kind: 'mqtt', address: 'mqtt://192.0.2.40/zigbee2mqtt/what%3F', user: 'anna' };
        expect(asked).toMatchObject([
          { ...common, password: 'secret', mapping: { rules: [{ payload: 'text' }] } },
          { ...common, password: 'secret', mapping: 'tasmota' },
        ]);
      } finally {
        service.addMeter = add;
        for (const { name } of await service.mounts()) await service.removeMeter(name);
      }
    });

    it('asks for the button of a meter that wants it pressed, and says what a refusal means', async () => {
      const page = await gui.open(gui.buyer, { refused: true });
      await visit(page, 'Meters');
      await page.getByRole('button', { name: 'Connect a meter' }).click();
      await page.getByLabel('Address').fill('https://192.0.2.9');
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByText('Press the button on the meter now').waitFor();
      await page.getByRole('button', { name: 'Not now' }).click();
      await page.getByRole('button', { name: 'Connect a meter' }).click();
      // A file that cannot be read makes no meter.
      await writeFile(join(folder, 'empty.csv'), '');
      await page.getByRole('radio', { name: /^A file/ }).check();
      await page.getByLabel('File', { exact: true }).setInputFiles(join(folder, 'empty.csv'));
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByText('The file is empty').waitFor();
      expect(await gui.buyer.service.mounts()).toEqual([]);
    });

    it('shows how a table of no known kind would be read, and takes it once its owner put it right', async () => {
      const rows = [0, 15, 30, 45].map(
        (minute) => `10.01.2026 13:${String(minute).padStart(2, '0')};0,2${minute};99`,
      );
      await writeFile(
        join(folder, 'portal.csv'),
        `Zeitpunkt;Verbrauch (kWh);Einspeisung (kWh)\n${rows.join('\n')}\n`,
      );
      const page = await gui.open(gui.buyer, { width: 1440, refused: true });
      await visit(page, 'Meters');
      await page.getByRole('button', { name: 'Connect a meter' }).click();
      await page.getByRole('radio', { name: /^A file/ }).check();
      await page.getByLabel('File', { exact: true }).setInputFiles(join(folder, 'portal.csv'));
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      const read = page.getByRole('region', { name: 'As it would be read' });
      await read.getByText('0.215 kWh').waitFor();
      expect(await gui.buyer.service.mounts()).toEqual([]);
      await page
        .getByRole('region', { name: 'The file as it stands' })
        .getByText('10.01.2026 13:15')
        .waitFor();
      expect(await read.getByText('electricity, to the grid').count()).toBeGreaterThan(0);
      await shoot(page, 'meters-map-1440');
      await fits(page);

      await page.getByText('Are its times the start of the intervals?').waitFor();
      await page.getByLabel('Digits are grouped by').selectOption('.');

      // What is wrong is told and cannot be taken; what was put right is shown at once.
      const take = page.getByRole('button', { name: 'This is right: read it' });
      await page.getByLabel('Time zone').fill('Mars');
      await page.getByLabel('Time zone').blur();
      await page.getByRole('alert').waitFor();
      expect(await take.isDisabled()).toBe(true);
      await page.getByLabel('Time zone').fill('Europe/London');
      await page.getByLabel('Time zone').blur();
      await page.getByLabel('The time is').selectOption('end');
      await page.getByRole('checkbox', { name: 'Einspeisung (kWh)' }).uncheck();
      await page.getByText('4 readings in what was looked at').waitFor();
      await read.getByText('10 Jan 2026, 12:45').waitFor();
      expect(await read.getByText('to the grid').count()).toBe(0);
      await page.setViewportSize({ width: 390, height: 850 });
      await shoot(page, 'meters-map-390');
      await fits(page);
      await take.click();
      await page.getByText('96 readings added').waitFor();
      expect(await gui.buyer.service.mounts()).toMatchObject([{ kind: 'upload' }]);
    });

    it('asks about a file only when a file was to be read', async () => {
      const { service } = gui.seller;
      const add = service.addMeter;
      service.addMeter = async () => {
        throw new EdmpError('ERR_METER_FORMAT', 'Expected another address');
      };
      try {
        const page = await gui.open(gui.seller, { refused: true });
        await visit(page, 'Meters');
        await page.getByRole('button', { name: /^Connect a/ }).click();
        await page.getByRole('radio', { name: /^A file/ }).check();
        await page.getByLabel('File', { exact: true }).setInputFiles(join(folder, 'portal.csv'));
        await page.getByRole('radio', { name: /^P1 on the network/ }).check();
        await page.getByLabel('Address').fill('tcp://192.0.2.1:1');
        await page.getByRole('button', { name: 'Connect', exact: true }).click();
        await page.getByText('Expected another address').waitFor();
      } finally {
        service.addMeter = add;
      }
    });

    it('complained about nothing and asked nobody but the node', () => {
      expect(gui.complaints).toEqual([]);
      expect(gui.foreign).toEqual([]);
    });
  },
);
