import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ListingView, MountView } from '@edmp/node/client';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { TEST_CERTIFICATES } from '../support/certificates.ts';
import {
  countedWh,
  DAY_END,
  DAY_START,
  expectedQuarters,
  P1_DAY,
  telegramAt,
  telegramsOfDay,
} from '../support/p1-day.ts';
import { runCli } from '../support/run-cli.ts';
import { textOf } from '../support/text-of.ts';
import {
  BROKER_PASSWORD,
  BROKER_USER,
  type Mosquitto,
  mosquittoBinary,
  startMosquitto,
} from './support/mosquitto.ts';
import { endedTrade, eventually, nodeProcesses, type RunningNode } from './support/two-nodes.ts';

const MINUTE = 60_000;
const live = mosquittoBinary === undefined ? describe.skip : describe;

live('a meter behind mosquitto', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  const common = ['--meters', 'none', '--without-witnesses', '--no-web'];
  let folder: string;
  let broker: Mosquitto;
  let seller: RunningNode;
  let buyer: RunningNode;
  let publisher: MqttClient;

  const publish = (topic: string, payload: string | object, retain = false): Promise<unknown> =>
    publisher.publishAsync(topic, typeof payload === 'string' ? payload : JSON.stringify(payload), {
      qos: 1,
      retain,
    });
  const startSeller = (): Promise<RunningNode> =>
    processes.start(join(folder, 'seller'), ['--name', 'seller', ...common]);
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
  const edmp = async (...words: readonly string[]): Promise<any> => {
    const run = await runCli([...words, '--data', join(folder, 'seller'), '--json']);
    expect(run.code, run.stderr + run.stdout).toBe(0);
    expect(run.stdout + run.stderr).not.toContain(BROKER_PASSWORD);
    return JSON.parse(run.stdout);
  };
  const credentials = (): string[] => ['--user', BROKER_USER, '--password-file', join(folder, 'password')];
  const until = (name: string, what: string, is: (mount: MountView) => boolean): Promise<MountView> =>
    eventually(`${what} of ${name}`, async () =>
      (await seller.client.mounts()).find((one) => one.name === name && is(one)),
    );
  const sellAndBuy = async (name: string): Promise<void> => {
    const listing: ListingView = await edmp('sell', '--meter', name, '--step', 'PT15M', '--price', '10');
    expect(listing.descriptor).toMatchObject({ from: P1_DAY, to: P1_DAY, gaps: 0 });
    const { asset } = listing;
    await eventually('listing', async () => (await buyer.client.listings({ asset }))[0]);
    const trade = await endedTrade(buyer, (await buyer.client.buy({ asset })).order);
    expect(trade).toMatchObject({ state: 'completed', failed: null });
    expect((await buyer.client.delivery(trade.id)).consumption.values).toEqual(expectedQuarters());
  };
  const exported = async (name: string): Promise<Map<string, string>> => {
    const days = { meter: name, from: P1_DAY, to: '2024-01-18', format: 'json' } as const;
    const lines = (await textOf(seller.client.exportReadings(days))).trimEnd().split('\n');
    const readings = lines.map((line) => JSON.parse(line) as { at: string; meter: string; value: string });
    const found = new Map(readings.map(({ at, meter, value }) => [`${at} ${meter}`, value]));
    expect(found.size).toBe(readings.length);
    return found;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-mqtt-live-'));
    await writeFile(join(folder, 'password'), `${BROKER_PASSWORD}\n`, { mode: 0o600 });
    broker = await startMosquitto();
    publisher = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      username: BROKER_USER,
      password: BROKER_PASSWORD,
      reconnectPeriod: 100,
    });
    publisher.on('error', () => undefined);
    seller = await startSeller();
    buyer = await processes.start(join(folder, 'buyer'), [
      '--name',
      'buyer',
      ...common,
      '--connect',
      seller.address,
    ]);
  }, bounds.journey);
  afterAll(async () => {
    await publisher?.endAsync(true);
    await processes.stopAll();
    await broker?.remove();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('over TLS and with a password: a day is recorded, sold, and bought exactly', async () => {
    const { fingerprint256 } = new X509Certificate(TEST_CERTIFICATES.first.cert);
    const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
    const address = `mqtts://127.0.0.1:${broker.securePort}/dsmr/telegram`;
    const last = telegramAt(DAY_END);
    // One that the broker keeps, so that the first word comes at once.
    await publish('dsmr/telegram', telegramAt(DAY_START), true);
    const added = await edmp(
      'meter',
      'add',
      address,
      '--name',
      'tls',
      ...credentials(),
      '--fingerprint',
      fingerprint,
    );
    expect(added).toMatchObject({ kind: 'mqtt', state: 'live', address });
    await Promise.all(
      [...telegramsOfDay()].filter((_, i) => i % 30 === 0).map((one) => publish('dsmr/telegram', one)),
    );
    await publish('dsmr/telegram', last);
    await until('tls', 'end', ({ newest }) => newest === DAY_END);
    await sellAndBuy('tls');
  });

  it('with a wrong password says so', async () => {
    await writeFile(join(folder, 'wrong'), 'wrong');
    const address = `mqtt://127.0.0.1:${broker.port}/dsmr/json`;
    const run = await runCli(
      [
        'meter',
        'add',
        address,
        '--name',
        'w',
        '--user',
        BROKER_USER,
        '--password-file',
        join(folder, 'wrong'),
      ].concat(['--data', join(folder, 'seller')]),
    );
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('user name or password');
    await edmp('meter', 'remove', 'w');
  });

  it('loses nothing that the broker accepted, whichever of the two is killed', async () => {
    const address = `mqtt://127.0.0.1:${broker.port}/dsmr/json`;
    const json = (at: number) => ({
      timestamp: new Date(at).toISOString(),
      electricity_delivered_1: (countedWh(at).low / 1000).toFixed(3),
      electricity_delivered_2: (countedWh(at).high / 1000).toFixed(3),
      electricity_currently_delivered: '0.250',
    });
    await seller.client.addMeter({ name: 'json', address, user: BROKER_USER, password: BROKER_PASSWORD });
    await until('json', 'connection', ({ problem }) => problem?.startsWith('Connected') === true);
    let sent = 0;
    const accepted: number[] = [];
    const some = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const at = DAY_START + sent++ * MINUTE;
        await publish('dsmr/json', json(at));
        accepted.push(at);
      }
    };
    await some(20);
    await until('json', 'first part', ({ newest }) => newest !== null);
    // The node is killed; what comes meanwhile waits at the broker.
    seller.child.kill();
    await seller.child.stop();
    await some(20);
    // The broker ends too, and writes down what waits.
    await broker.stop('SIGTERM');
    await broker.start();
    seller = await startSeller();
    await some(20);
    await until('json', 'third part', ({ newest }) => newest === accepted.at(-1));
    // Killed outright, with nothing waiting: whoever publishes tells it again.
    await broker.stop('SIGKILL');
    await until('json', 'loss', ({ state }) => state === 'lost');
    await broker.start();
    // What it had written down and not heard acknowledged it tells again, and the meter is live at once.
    await until(
      'json',
      'return',
      ({ state, problem }) => state === 'live' || problem?.startsWith('Connected') === true,
    );
    await some(20);
    await until('json', 'fourth part', ({ newest }) => newest === accepted.at(-1));
    const found = await exported('json');
    for (const at of accepted)
      for (const [register, wh] of [
        ['electricity_delivered_1', countedWh(at).low],
        ['electricity_delivered_2', countedWh(at).high],
      ] as const)
        expect(found.get(`${new Date(at).toISOString()} ${register}`), `${register} at ${at}`).toBe(
          String(wh / 1000),
        );
    expect(found.size).toBe(2 * accepted.length);
  });

  it('of a plug with Tasmota and one with Zigbee2MQTT is read as each tells', async () => {
    const credentialsOf = { user: BROKER_USER, password: BROKER_PASSWORD };
    const base = `mqtt://127.0.0.1:${broker.port}`;
    await seller.client.addMeter({
      name: 'tasmota',
      address: `${base}/tele/plug/SENSOR`,
      zone: 'Etc/UTC',
      ...credentialsOf,
    });
    await seller.client.addMeter({ name: 'plugs', address: `${base}/zigbee2mqtt/+`, ...credentialsOf });
    for (const name of ['tasmota', 'plugs'])
      await until(name, 'connection', ({ problem }) => problem?.startsWith('Connected') === true);
    const now = Math.floor(Date.now() / 1000) * 1000;
    const local = new Date(now).toISOString().slice(0, 19);
    await publish('tele/plug/SENSOR', { Time: local, ENERGY: { Total: 12.345, Power: 67 } });
    await publish('zigbee2mqtt/washer', { energy: 1.5, power: 8, last_seen: new Date(now).toISOString() });
    expect(await until('tasmota', 'reading', ({ newest }) => newest === now)).toMatchObject({
      live: { importW: 67, exportW: 0 },
    });
    await until('plugs', 'reading', ({ newest }) => newest === now);
  });
});
