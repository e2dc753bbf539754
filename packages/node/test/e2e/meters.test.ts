import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { virtualEnvironment } from '@edmp/interface';
import type { ListingView } from '@edmp/node/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { openMeterMounts } from '../../src/meters/meter-mounts.ts';
import { fakeHomeWizard } from '../support/fake-homewizard.ts';
import {
  countedWh,
  DAY_END,
  DAY_START,
  expectedQuarters,
  P1_DAY,
  telegramAt,
  telegramsOfDay,
} from '../support/p1-day.ts';
import { edaDay, fluviusDay, greenButtonDay, quarters } from '../support/portal-days.ts';
import { hasPty, openPty } from '../support/pty.ts';
import { runCli } from '../support/run-cli.ts';
import { textOf } from '../support/text-of.ts';
import { endedTrade, eventually, nodeProcesses, type RunningNode } from './support/two-nodes.ts';

describe('a meter is mounted and a day of it sold', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  let folder: string;
  let seller: RunningNode;
  let buyer: RunningNode;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-meters-'));
    await recordHomeWizard(join(folder, 'seller'));
    const common = ['--meters', 'none', '--without-witnesses', '--no-web'];
    seller = await processes.start(join(folder, 'seller'), ['--name', 'seller', ...common]);
    buyer = await processes.start(join(folder, 'buyer'), [
      '--name',
      'buyer',
      ...common,
      '--connect',
      seller.address,
    ]);
  }, bounds.journey);

  afterAll(async () => {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  /** Runs `edmp` on the seller's folder. Throws when it fails. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
  const edmp = async (...words: readonly string[]): Promise<any> => {
    const run = await runCli([...words, '--data', join(folder, 'seller'), '--json']);
    expect(run.code, run.stderr + run.stdout).toBe(0);
    return JSON.parse(run.stdout);
  };

  const recorded = (name: string): Promise<unknown> =>
    eventually(`end of the day of ${name}`, async () => {
      const mount = (await seller.client.mounts()).find((one) => one.name === name);
      return mount?.newest === DAY_END ? mount : undefined;
    });

  /** `edmp sell`, a bid of the other node, and what it got: the day's quarters, exactly. */
  const sellAndBuy = async (name: string): Promise<void> => {
    const listing: ListingView = await edmp('sell', '--meter', name, '--step', 'PT15M', '--price', '10');
    expect(listing.descriptor).toMatchObject({
      from: P1_DAY,
      to: P1_DAY,
      step: 'PT15M',
      gaps: 0,
      attestation: 'unsigned',
    });
    const { asset } = listing;
    await eventually('listing', async () => (await buyer.client.listings({ asset }))[0]);
    const trade = await endedTrade(buyer, (await buyer.client.buy({ asset })).order);
    expect(trade).toMatchObject({ state: 'completed', failed: null });
    const { consumption } = await buyer.client.delivery(trade.id);
    expect(consumption.values).toEqual(expectedQuarters());
  };

  /** A HomeWizard meter tells only now, so that its day runs on a clock of the test, over real HTTP. */
  const recordHomeWizard = async (data: string): Promise<void> => {
    await mkdir(data, { mode: 0o700 });
    const clock = virtualEnvironment({ start: DAY_START });
    await using meter = await fakeHomeWizard(() => clock.now());
    await using mounts = openMeterMounts({
      folder: { readingsFile: join(data, 'readings.sqlite'), metersFile: join(data, 'meters.json') },
      environment: clock,
      zone: 'Europe/Amsterdam',
    });
    await mounts.addMeter({ address: meter.url, name: 'homewizard', every: 60 });
    for (;;) {
      const [mount] = await mounts.mounts();
      if (mount?.newest === DAY_END) return;
      if (mount?.newest === clock.now()) await clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('a HomeWizard meter over HTTP, recorded before a restart', async () => {
    await recorded('homewizard');
    await sellAndBuy('homewizard');
  });

  it('a P1 port over TCP', async () => {
    const sockets: Socket[] = [];
    const server: Server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      for (const telegram of telegramsOfDay()) socket.write(telegram);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await edmp('meter', 'add', `tcp://127.0.0.1:${port}`, '--name', 'port')).toMatchObject({
      kind: 'p1-tcp',
      state: 'live',
    });
    await recorded('port');
    await sellAndBuy('port');
    const running = setInterval(() => {
      for (const socket of sockets) socket.write(telegramAt(DAY_END, 1_250));
    }, 100);
    const watched = await runCli([
      'meter',
      'watch',
      'port',
      '--count',
      '2',
      '--data',
      join(folder, 'seller'),
    ]);
    clearInterval(running);
    expect(watched.code, watched.stderr).toBe(0);
    const [head, ...lines] = watched.stdout.trimEnd().split('\n');
    expect(head).toBe('port (p1-tcp)');
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(line).toMatch(/^\d\d:\d\d:\d\d {5}1250 W taken {2}█{25} {15} {2}2000 W$/);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it.skipIf(!hasPty)('a P1 port on a serial device', async () => {
    using pty = await openPty();
    for (const telegram of telegramsOfDay()) pty.write(telegram);
    expect(await edmp('meter', 'add', pty.path, '--name', 'cable')).toMatchObject({ kind: 'p1-device' });
    await recorded('cable');
    await sellAndBuy('cable');
  });

  it('a log of telegrams', async () => {
    const file = join(folder, 'p1.log');
    await writeFile(file, [...telegramsOfDay()].join(''));
    expect(await edmp('meter', 'add', file, '--name', 'log')).toMatchObject({
      format: 'dsmr-p1',
      issues: [],
    });
    await sellAndBuy('log');
  });

  it('a CSV file with a map of its columns', async () => {
    const rows = quarters().map(
      ({ start, value }) =>
        `${new Date(start + 3_600_000).toISOString().slice(0, 16).replace('T', ' ')};${(value / 1e6).toFixed(3).replace('.', ',')}`,
    );
    const file = join(folder, 'portal.csv');
    await writeFile(file, `Zeitpunkt;Bezug\n${rows.join('\n')}\n`);
    const csvMap = join(folder, 'map.json');
    await writeFile(
      csvMap,
      JSON.stringify({
        delimiter: ';',
        decimal: ',',
        time: 'Zeitpunkt',
        timeFormat: 'local',
        zone: 'Europe/Berlin',
        stepSeconds: 900,
        columns: [
          { column: 'Bezug', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' },
        ],
      }),
    );
    expect(await edmp('meter', 'add', file, '--name', 'portal', '--csv-map', csvMap)).toMatchObject({
      format: 'csv',
      added: 96,
    });
    await sellAndBuy('portal');
  });

  it('a Green Button document, put into a watched folder', async () => {
    const inbox = join(folder, 'inbox');
    await mkdir(inbox);
    await edmp('meter', 'add', inbox, '--name', 'inbox', '--every', '1');
    await writeFile(join(inbox, 'usage.xml'), greenButtonDay());
    await recorded('inbox');
    await sellAndBuy('inbox');
  });

  for (const [portal, format, day] of [
    ['fluvius', 'be-fluvius', fluviusDay],
    ['eda', 'at-eda', edaDay],
  ] as const) {
    it(`a day as ${format} tells it`, async () => {
      const file = join(folder, portal);
      await writeFile(file, day());
      expect(await edmp('meter', 'add', file, '--name', portal)).toMatchObject({ format, added: 96 });
      await sellAndBuy(portal);
    });
  }

  it('and its readings leave as a file, and are forgotten when told', async () => {
    const run = await runCli(['meter', 'export', 'log', '--data', join(folder, 'seller')]);
    const rows = run.stdout.trimEnd().split('\r\n');
    expect(rows[0]).toMatch(/^at,seconds,commodity,/);
    // Two tariffs taken and two given, once a minute.
    expect(rows).toHaveLength(1 + 4 * 1441);
    expect(rows).toContainEqual(expect.stringContaining(`,${(countedWh(DAY_END).low / 1000).toString()},`));
    await edmp('meter', 'remove', 'log', '--with-readings');
    const gone = await runCli(['sell', '--meter', 'log', '--price', '1', '--data', join(folder, 'seller')]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('There is no meter "log"')]);
  });
});

describe('a node that is killed while its meter tells', { timeout: bounds.journey }, () => {
  it('has every reading that it showed, none twice, and goes on', async () => {
    const processes = nodeProcesses();
    const folder = await mkdtemp(join(tmpdir(), 'edmp-killed-'));
    // The port goes on counting whoever listens: what nobody heard is a gap.
    let minute = 0;
    const sockets = new Set<Socket>();
    const ticking = setInterval(() => {
      minute++;
      for (const socket of sockets) socket.write(telegramAt(DAY_START + minute * 60_000));
    }, 2);
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const start = (): Promise<RunningNode> =>
        processes.start(join(folder, 'node'), ['--meters', 'none', '--without-witnesses', '--no-web']);
      const mount = async (node: RunningNode) => (await node.client.mounts())[0];
      let node = await start();
      await node.client.addMeter({ name: 'port', address: `tcp://127.0.0.1:${port}` });
      let shown = 0;
      for (let round = 0; round < 3; round++) {
        const before = shown;
        shown = await eventually('more readings', async () => {
          const newest = (await mount(node))?.newest ?? 0;
          return newest > before ? newest : undefined;
        });
        node.child.kill();
        await node.child.stop();
        node = await start();
        expect((await mount(node))?.newest).toBeGreaterThanOrEqual(shown);
      }
      clearInterval(ticking);
      const days = { meter: 'port', from: P1_DAY, to: '2024-01-26', format: 'json' } as const;
      const lines = (await textOf(node.client.exportReadings(days))).trimEnd().split('\n');
      const readings = lines.map(
        (line) =>
          JSON.parse(line) as { at: string; meter: string; value: string; tariff: number; flow: string },
      );
      const keys = readings.map(({ at, meter }) => `${at} ${meter}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const { at, value, tariff, flow } of readings) {
        const { low, high } = countedWh(Date.parse(at));
        expect(Number(value) * 1000).toBeCloseTo(flow === 'export' ? 0 : tariff === 1 ? low : high, 3);
      }
    } finally {
      clearInterval(ticking);
      for (const socket of sockets) socket.destroy();
      server.close();
      await processes.stopAll();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
