import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { intervalSeries } from '@edmp/oehu-client';
import { MQTT_MAPS } from '@edmp/oehu-client/live';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LiveView, type MountView, MQTT_MAPPINGS } from '../../src/meter-service.ts';
import type { FeedSink } from '../../src/meters/feed.ts';
import { feedBudget, MQTT_LIMITS } from '../../src/meters/feeds/feed-budget.ts';
import { mqttFeed } from '../../src/meters/feeds/mqtt.ts';
import { packetGuard } from '../../src/meters/feeds/packet-guard.ts';
import { type MeterMounts, openMeterMounts } from '../../src/meters/meter-mounts.ts';
import { createMeterReader } from '../../src/meters/reading/meter-reader.ts';
import { eventually } from '../e2e/support/two-nodes.ts';
import { TEST_CERTIFICATES } from '../support/certificates.ts';
import { DAY_END, DAY_START, expectedQuarters, telegramAt, telegramsOfDay } from '../support/p1-day.ts';
import { type SentMessage, smallBroker } from '../support/small-broker.ts';
import { textOf } from '../support/text-of.ts';

const zone = 'Europe/Amsterdam';
let folder: string;
let mounts: MeterMounts;

const open = (environment: Environment = systemEnvironment()): MeterMounts => {
  mounts = openMeterMounts({
    folder: { readingsFile: join(folder, 'readings.sqlite'), metersFile: join(folder, 'meters.json') },
    environment,
    zone,
  });
  return mounts;
};
const until = (name: string, what: string, is: (view: MountView) => boolean): Promise<MountView> =>
  eventually(what, async () => (await mounts.mounts()).find((mount) => mount.name === name && is(mount)));
const quarters = async (meter: string): Promise<readonly (number | null)[]> => {
  const range = { from: DAY_START, to: DAY_END, commodity: 'electricity', flow: 'import' } as const;
  const registers = (await mounts.registers(meter, range)) ?? [];
  return intervalSeries([...registers], { ...range, step: 'PT15M', zone }).values;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edmp-mqtt-'));
  open();
});
afterEach(async () => {
  await mounts.stop();
  await rm(folder, { recursive: true, force: true });
});

const telegrams = (): SentMessage[] =>
  [...telegramsOfDay()].map((payload, i) => ({ topic: 'dsmr/raw', payload, qos: 1, id: (i % 65_000) + 1 }));

describe('a meter behind a broker', () => {
  it('is recorded exactly, each message acknowledged once it is durable', async () => {
    await using broker = await smallBroker();
    const live: LiveView[] = [];
    mounts.onLive((one) => live.push(one));
    const added = await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw` });
    expect(added).toMatchObject({ name: 'mqtt', kind: 'mqtt', state: 'connecting' });
    await broker.subscribed();
    expect(broker.wanted).toEqual(['dsmr/raw 1']);
    expect(broker.greetings).toMatchObject([
      { clean: false, client: expect.stringMatching(/^edmp[0-9a-f]{16}$/) },
    ]);
    const all = telegrams();
    // Some twice, as after a lost acknowledgement.
    broker.send(...all.flatMap((one, i) => (i % 100 === 0 ? [one, { ...one, dup: true }] : [one])));
    await until('mqtt', 'last telegram', ({ newest }) => newest === DAY_END);
    await eventually('acknowledgements', async () => broker.acknowledged.length >= all.length || undefined);
    expect(await quarters('mqtt')).toEqual(expectedQuarters());
    expect(live[0]).toMatchObject({ importW: 543, exportW: 0 });
    expect((await mounts.mounts())[0]).toMatchObject({ state: 'live', problem: null });
  });

  it('is connected to again under the same name, and says why meanwhile', async () => {
    const broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw`, name: 'port' });
    await broker.subscribed();
    broker.send({ topic: 'dsmr/raw', payload: telegramAt(DAY_START), qos: 1, id: 7 });
    await until('port', 'first telegram', ({ state }) => state === 'live');
    await broker[Symbol.asyncDispose]();
    const lost = await until('port', 'loss', ({ state }) => state === 'lost');
    expect(lost.problem).toMatch(/closed the connection|cannot be re/);
    await using again = await smallBroker({ port: broker.port });
    await again.subscribed();
    expect(again.greetings[0]?.client).toBe(broker.greetings[0]?.client);
    again.send({ topic: 'dsmr/raw', payload: telegramAt(DAY_START + 60_000), qos: 1, id: 7 });
    await until('port', 'second telegram', ({ newest }) => newest === DAY_START + 60_000);
    // After a restart of the node, too.
    await mounts.stop();
    open();
    await eventually('third greeting', async () => again.greetings[1]);
    expect(again.greetings[1]?.client).toBe(broker.greetings[0]?.client);
  });

  it('that sends rubbish is told so and goes on', async () => {
    await using broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw`, name: 'port' });
    await broker.subscribed();
    broker.send({ topic: 'dsmr/raw', payload: 'no telegram', qos: 1, id: 1 });
    await until('port', 'problem', ({ problem }) => problem?.includes('telegram from a line') === true);
    broker.send(
      { topic: 'dsmr/raw', payload: new Uint8Array(100_000), qos: 1, id: 2 },
      {
        topic: 'dsmr/raw',
        payload: telegramAt(DAY_START).replace('1-0:1.8.1(0', '1-0:1.8.1(9'),
        qos: 1,
        id: 3,
      },
      { topic: 'dsmr/raw', payload: telegramAt(DAY_START + 60_000), qos: 1, id: 4 },
    );
    expect(await until('port', 'whole telegram', ({ newest }) => newest !== null)).toMatchObject({
      oldest: DAY_START + 60_000,
    });
    await eventually('acknowledgements', async () => broker.acknowledged.length === 4 || undefined);
  });

  it('whose broker sends too much at once is let go of before it is in memory, and then begun anew', async () => {
    await using broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw`, name: 'port' });
    await broker.subscribed();
    // The head of a message of 256 MiB.
    broker.sendRaw(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
    const lost = await until('port', 'loss', ({ state }) => state === 'lost');
    expect(lost.problem).toContain('narrower topic');
    await eventually('second greeting', async () => broker.greetings[1]);
    expect(broker.greetings[1]).toMatchObject({ clean: true });
    await broker.subscribed();
    broker.send({ topic: 'dsmr/raw', payload: telegramAt(DAY_START), qos: 1, id: 1 });
    await until('port', 'telegram', ({ state }) => state === 'live');
  });

  it.each([
    ['bytes that are no packets', Buffer.from([0x00, 0x00, 0xf0, 0xff, 0xff, 0xff, 0xff])],
    ['a message whose topic is longer than it', Buffer.from([0x30, 0x03, 0xff, 0xff, 0x41])],
    ['an answer that nobody asked for', Buffer.from([0x40, 0x02, 0x00, 0x09])],
  ])('outlives %s', async (_what, bytes) => {
    await using broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw`, name: 'port' });
    await broker.subscribed();
    broker.sendRaw(bytes);
    await eventually('telegram', async () => {
      broker.send({ topic: 'dsmr/raw', payload: telegramAt(DAY_START), qos: 1, id: 1 });
      return (await mounts.mounts())[0]?.newest ?? undefined;
    });
  });

  it('that is removed has its name forgotten by the broker, which would keep messages for nobody', async () => {
    await using broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw`, name: 'port' });
    await broker.subscribed();
    await mounts.removeMeter('port');
    const [first, last] = broker.greetings;
    expect(broker.greetings).toHaveLength(2);
    expect(first?.clean).toBe(false);
    expect(last).toMatchObject({ clean: true, client: first?.client });
    // One that is gone keeps nobody waiting.
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw`, name: 'again' });
    await broker.subscribed();
    await broker[Symbol.asyncDispose]();
    await mounts.removeMeter('again');
    expect(await mounts.mounts()).toEqual([]);
  });

  it('whose broker never releases what it sends is let go of', async () => {
    await using broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/dsmr/raw` });
    await broker.subscribed();
    // PUBLISH of quality of service 2, packet 1, no payload.
    broker.sendRaw(
      Buffer.concat([Buffer.from([0x34, 12, 0, 8]), Buffer.from('dsmr/raw'), Buffer.from([0, 1])]),
    );
    const lost = await until('mqtt', 'loss', ({ state }) => state === 'lost');
    expect(lost.problem).toContain('quality of service 2');
  });

  it('is told name and password, which are kept for the owner alone and shown to nobody', async () => {
    await using broker = await smallBroker();
    const texts: string[] = [];
    mounts.on(({ text }) => texts.push(text));
    const address = `mqtt://127.0.0.1:${broker.port}/dsmr/raw`;
    const added = await mounts.addMeter({ address, user: 'home', password: 'never-shown' });
    await broker.subscribed();
    expect(broker.greetings).toMatchObject([{ user: 'home', password: 'never-shown' }]);
    expect(JSON.stringify([added, await mounts.mounts(), texts])).not.toContain('never-shown');
    expect(await readFile(join(folder, 'meters.json'), 'utf8')).toContain('never-shown');
    expect((await stat(join(folder, 'meters.json'))).mode & 0o777).toBe(0o600);
  });

  it('whose address cannot be taken apart is refused without the password in it', async () => {
    const refused = mounts.addMeter({ address: 'mqtt://anna:se@cret@[bad/dsmr/raw' });
    await expect(refused).rejects.toThrow(/^(?!.*(?:anna|cret)).*\[bad/s);
  });

  it('whose broker refuses says why, without the password', async () => {
    await using broker = await smallBroker({ code: 5 });
    const address = `mqtt://127.0.0.1:${broker.port}/dsmr/raw`;
    await mounts.addMeter({ address, name: 'port', user: 'home', password: 'never-shown' });
    const lost = await until('port', 'loss', ({ state }) => state === 'lost');
    expect(lost.problem).toContain('user name or password');
    expect(lost.problem).not.toContain('never-shown');
  });

  it('over TLS is told nothing until its certificate is the right one', async () => {
    await using broker = await smallBroker({ isSecure: true });
    const address = `mqtts://127.0.0.1:${broker.port}/dsmr/raw`;
    await mounts.addMeter({ address, name: 'a', user: 'home', password: 'secret' });
    const fingerprint = new X509Certificate(TEST_CERTIFICATES.first.cert).fingerprint256
      .replaceAll(':', '')
      .toLowerCase();
    expect((await until('a', 'refusal', ({ state }) => state === 'lost')).problem).toContain(fingerprint);
    await mounts.addMeter({
      address,
      name: 'b',
      fingerprint: fingerprint.replace(/^./, (one) => (one === '0' ? '1' : '0')),
    });
    expect((await until('b', 'refusal', ({ state }) => state === 'lost')).problem).toContain(
      'another certificate',
    );
    expect(broker.greetings).toEqual([]);
    await mounts.addMeter({ address, name: 'c', fingerprint });
    await broker.subscribed();
    broker.send({ topic: 'dsmr/raw', payload: telegramAt(DAY_START) });
    await until('c', 'telegram', ({ state }) => state === 'live');
  });

  it('of several plugs is read through a wildcard', async () => {
    await using broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/zigbee2mqtt/+`, name: 'plugs' });
    await broker.subscribed();
    await until(
      'plugs',
      'wait',
      ({ problem }) => problem?.includes('nothing that can be read came') === true,
    );
    for (const [i, energy] of [1, 2].entries())
      for (const plug of ['washer', 'dryer'])
        broker.send({
          topic: `zigbee2mqtt/${plug}`,
          payload: JSON.stringify({ energy, power: 5, last_seen: DAY_START + i * 900_000 }),
        });
    await until('plugs', 'readings', ({ newest }) => newest === DAY_START + 900_000);
    expect((await quarters('plugs'))[0]).toBe(2_000_000);
    // What was waited for came.
    expect((await mounts.mounts())[0]).toMatchObject({ state: 'live', problem: null });
  });

  it('with a map of its own is read by it', async () => {
    await using broker = await smallBroker();
    await mounts.addMeter({
      address: `mqtt://127.0.0.1:${broker.port}`,
      name: 'own',
      mapping: {
        rules: [
          {
            topic: 'sml/counter',
            payload: 'json',
            time: { from: 'field', path: ['at', 0], format: ['epoch-s'] },
            values: [{ path: 'SML.1-0:1#8#0', kind: 'register', unit: 'Wh' }],
            serial: 'SML.id',
          },
        ],
      },
    });
    await broker.subscribed();
    const payload = JSON.stringify({ at: [DAY_START / 1000], SML: { '1-0:1#8#0': 1234.5, id: 'abc' } });
    broker.send({ topic: 'sml/counter', payload });
    await until('own', 'reading', ({ newest }) => newest === DAY_START);
    const days = { meter: 'own', from: '2024-01-16', to: '2024-01-16', format: 'json' } as const;
    const text = await textOf(mounts.exportReadings(days));
    expect(JSON.parse(text)).toMatchObject({ value: '1.2345', serial: 'abc' });
  });
});

it('has its maps by name in one list', () => {
  expect(MQTT_MAPPINGS).toEqual(MQTT_MAPS.map(({ name }) => name));
});

it.each([
  [{ address: 'mqtt://127.0.0.1/some/topic' }, 'name a mapping'],
  [{ address: 'mqtt://127.0.0.1' }, 'without a topic'],
  [{ address: 'mqtt://127.0.0.1', mapping: 'tasmota' }, 'names the topic'],
  [{ address: 'mqtt://127.0.0.1/a', mapping: 'morse' }, 'mapping'],
  [{ address: 'mqtt://user:secret@127.0.0.1/dsmr/raw' }, 'no user name'],
  [{ address: 'mqtt:///dsmr/raw' }, 'host'],
  [{ address: 'mqtt://127.0.0.1/dsmr/raw?x=1' }, 'write a topic as it is'],
  [{ address: 'mqtt://127.0.0.1/%ff', mapping: 'tasmota' }, 'write a topic as it is'],
  [{ address: 'mqtt://127.0.0.1/a/#/b', mapping: 'tasmota' }, 'write a topic as it is'],
  [{ address: 'mqtt://127.0.0.1/a%23', mapping: 'tasmota' }, 'topic'],
  [{ address: 'mqtt://127.0.0.1/dsmr/raw', password: 'x' }, 'name of its user'],
] as const)('a broker that is named as %j is refused', async (request, text) => {
  await expect(mounts.addMeter(request)).rejects.toMatchObject({
    code: 'ERR_NODE_CONFIG',
    message: expect.stringContaining(text),
  });
  expect(await mounts.mounts()).toEqual([]);
});

describe('a broker without end', () => {
  const told = (n: number, topic = 'zigbee2mqtt/plug'): SentMessage => ({
    topic,
    payload: JSON.stringify({ energy: 1_000 - n / 100, last_seen: DAY_END - n * 60_000 }),
  });

  const minutes = async (): Promise<number> => {
    const range = { from: DAY_START, to: DAY_END + 1, commodity: 'electricity', flow: 'import' } as const;
    return ((await mounts.registers('plug', range)) ?? []).length;
  };

  it('is read no faster than a home tells, and its owner is told once', async () => {
    await mounts.stop();
    const clock = virtualEnvironment({ start: DAY_END });
    open(clock);
    const events: string[] = [];
    mounts.on(({ text }) => events.push(text));
    await using broker = await smallBroker();
    await mounts.addMeter({ address: `mqtt://127.0.0.1:${broker.port}/zigbee2mqtt/plug`, name: 'plug' });
    await broker.subscribed();
    const { burst } = MQTT_LIMITS.messages;
    for (let n = 0; n < burst; n += 1_000)
      broker.send(
        ...Array.from({ length: 1_000 }, (_, i) => told(0, i % 2 === 0 ? 'zigbee2mqtt/plug' : 'x')),
      );
    for (let n = 1; n <= 600; n++) broker.send(told(n));
    await until('plug', 'complaint', ({ problem }) => problem?.includes('waits at the broker') === true);
    expect(await minutes()).toBe(1);
    // What waits comes when there is room: 200 a second.
    for (let n = 0; n < 4; n++) await clock.advance(250);
    await eventually('some more', async () => (await minutes()) > 100 || undefined);
    expect(await minutes()).toBeLessThanOrEqual(201);
    for (let n = 0; n < 10; n++) await clock.advance(250);
    await eventually('the rest', async () => (await minutes()) === 601 || undefined);
    expect(events.filter((text) => text === 'Meter plug tells more than is taken in')).toHaveLength(1);
  });

  it('whose clock runs wild fills no disk, and says so', async () => {
    await using broker = await smallBroker();
    const { burst } = MQTT_LIMITS.minutes;
    const controller = new AbortController();
    let kept = 0;
    const flooded = new Promise<string>((resolve) => {
      const sink: FeedSink = {
        readings: async (readings) => {
          kept += readings.length;
        },
        power: () => undefined,
        damaged: () => undefined,
        waiting: () => undefined,
        flooded: resolve,
      };
      const address = `mqtt://127.0.0.1:${broker.port}/zigbee2mqtt/plug`;
      const settings = { name: 'plug', kind: 'mqtt', address, mapping: 'zigbee2mqtt' } as const;
      const environment = virtualEnvironment({ start: DAY_END });
      const feed = mqttFeed({ settings, environment, zone, reader: createMeterReader({ environment }) });
      void feed.run(sink, controller.signal);
    });
    await broker.subscribed();
    for (let n = 0; n < burst + 300; n++) broker.send(told(n));
    expect(await flooded).toContain('which are not kept');
    expect(kept).toBe(burst);
    controller.abort();
  });
});

it('keeps no more registers than a home has', async () => {
  const budget = feedBudget(virtualEnvironment(), { ...MQTT_LIMITS, registers: 2 });
  expect(['a', 'b', 'c', 'a', 'c'].map((name) => budget.mayKeep(name))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
});

describe('the guard of packets', () => {
  const pass = async (chunks: readonly Uint8Array[], max: number): Promise<number> => {
    const guard = packetGuard(max);
    let bytes = 0;
    guard.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
    });
    const ended = new Promise<void>((resolve, reject) => guard.on('end', resolve).on('error', reject));
    for (const chunk of chunks) guard.write(chunk);
    guard.end();
    await ended;
    return bytes;
  };
  it('lets all pass that is small enough, in pieces of any size, and nothing else', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 50 }), async (lengths, piece) => {
        const packets = lengths.map((size) =>
          Buffer.concat([
            Buffer.from(size < 128 ? [0x30, size] : [0x30, (size % 128) | 128, size >> 7]),
            Buffer.alloc(size, 0xff),
          ]),
        );
        const all = Buffer.concat(packets);
        const chunks: Buffer[] = [];
        for (let from = 0; from < all.length; from += piece) chunks.push(all.subarray(from, from + piece));
        const isSmall = lengths.every((size) => size <= 300);
        const outcome = await pass(chunks, 300).catch((error: { code: string }) => error.code);
        expect(outcome).toBe(isSmall ? all.length : 'ERR_METER_LIMIT');
      }),
      { numRuns: 100 },
    );
  });
  it('lets no message of a quality of service pass that a client has to keep, however the packet is cut', async () => {
    const heads = fc.integer({ min: 0, max: 255 });
    await fc.assert(
      fc.asyncProperty(fc.array(heads, { minLength: 1, maxLength: 6 }), async (bytes) => {
        const packets = bytes.map((head) => Buffer.from([head, 3, 1, 2, 3]));
        const isKept = bytes.some((head) => head >> 4 === 3 && ((head >> 1) & 3) >= 2);
        const one = Buffer.concat(packets);
        const outcome = await pass(
          [...one].map((byte) => Buffer.from([byte])),
          300,
        ).catch((error: { code: string }) => error.code);
        expect(outcome).toBe(isKept ? 'ERR_METER_FORMAT' : one.length);
      }),
      { numRuns: 200 },
    );
  });
});
