import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemEnvironment } from '@edmp/interface';
import { type Answer, encode } from 'dns-packet';
import fc from 'fast-check';
import multicastDns, { type MulticastDNS } from 'multicast-dns';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shownDiscovery } from '../../src/cli/meter-discover.ts';
import type { RemoteOptions } from '../../src/cli/remote.ts';
import { foundMeters } from '../../src/meters/discovery/found-meters.ts';
import { type OfferedService, ServiceRecords } from '../../src/meters/discovery/service-records.ts';
import { type MeterMounts, openMeterMounts } from '../../src/meters/meter-mounts.ts';

const LOOPBACK = '127.0.0.1';
const options: RemoteOptions = { data: '/tmp/x', url: 'http://127.0.0.1:8080', token: 't', json: false };

/** The records of a HomeWizard meter, as it tells them. */
function homeWizard(
  name: string,
  { service = '_hwenergy._tcp.local', address = LOOPBACK, port = 80, text = ['product_name=P1 meter'] } = {},
): { readonly pointer: Answer; readonly rest: readonly Answer[] } {
  const [full, host] = [`${name}.${service}`, `${name}.local`];
  return {
    pointer: { type: 'PTR', name: service, ttl: 120, data: full },
    rest: [
      { type: 'SRV', name: full, ttl: 120, data: { port, target: host, priority: 0, weight: 0 } },
      { type: 'TXT', name: full, ttl: 120, data: text },
      { type: 'A', name: host, ttl: 120, data: address },
    ],
  };
}

const bookOf = (records: readonly Answer[], teller = LOOPBACK): ServiceRecords => {
  const book = new ServiceRecords();
  book.add({ records, teller });
  return book;
};
const none = (): null => null;

describe('a look on the network', () => {
  let folder: string;
  let mounts: MeterMounts;
  let responder: MulticastDNS;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-look-'));
    mounts = openMeterMounts({
      folder: { readingsFile: join(folder, 'readings.sqlite'), metersFile: join(folder, 'meters.json') },
      environment: systemEnvironment(),
      zone: 'Europe/Amsterdam',
      ownAddresses: [LOOPBACK],
    });
    responder = multicastDns({ interface: LOOPBACK, bind: '0.0.0.0', loopback: true });
    await new Promise((resolve) => responder.once('ready', () => resolve(undefined)));
  });
  afterEach(async () => {
    await mounts.stop();
    await new Promise<void>((resolve) => responder.destroy(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it('finds meters and brokers, also those that answer piece by piece, and tells what is mounted', async () => {
    const old = homeWizard('p1meter-ABC', {
      text: ['api_enabled=1', 'product_name=P1 meter', 'serial=5c2faf'],
    });
    const both = { address: LOOPBACK, text: ['product_name=kWh meter', 'product_type=HWE-KWH1'] };
    const v1 = homeWizard('kwh-1', { ...both, port: 8001 });
    const broker = homeWizard('Mosquitto', { service: '_mqtt._tcp.local', port: 1883, text: [] });
    const asked: string[] = [];
    responder.on('query', ({ questions = [] }) => {
      for (const { name, type } of questions) {
        asked.push(`${type} ${name}`);
        for (const { pointer, rest } of [old, broker]) {
          if (name === pointer.name) responder.respond({ answers: [pointer], additionals: [...rest] });
        }
        // This one tells only what it is asked for.
        for (const record of [v1.pointer, ...v1.rest])
          if (record.name === name && record.type === type) responder.respond([record]);
      }
    });
    await mounts.addMeter({ address: `mqtt://${LOOPBACK}/dsmr/raw`, name: 'cellar' });
    const view = await mounts.discoverMeters({ seconds: 1 });
    expect(view.asked).toEqual([LOOPBACK]);
    expect(view.found).toEqual([
      {
        kind: 'homewizard',
        name: 'kWh meter',
        address: 'http://127.0.0.1:8001',
        hint: 'ready',
        mounted: null,
      },
      { kind: 'homewizard', name: 'P1 meter', address: 'http://127.0.0.1', hint: 'ready', mounted: null },
      { kind: 'mqtt', name: 'Mosquitto', address: 'mqtt://127.0.0.1', hint: 'topic', mounted: 'cellar' },
    ]);
    expect(new Set(asked)).toEqual(
      new Set([
        'PTR _hwenergy._tcp.local',
        'PTR _homewizard._tcp.local',
        'PTR _mqtt._tcp.local',
        'SRV kwh-1._hwenergy._tcp.local',
        'TXT kwh-1._hwenergy._tcp.local',
        'A kwh-1.local',
      ]),
    );
    const text = shownDiscovery(view, options);
    expect(text).toContain('meter add http://127.0.0.1:8001');
    expect(text).toContain('mounted as cellar');
  });

  it('goes on one at a time, ends when told, and sends nothing unless it is asked', async () => {
    let heard = 0;
    responder.on('query', ({ questions = [] }) => {
      if (questions.some(({ name }) => name === '_hwenergy._tcp.local')) heard++;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).toBe(0);
    const controller = new AbortController();
    const first = mounts.discoverMeters({ seconds: 15, signal: controller.signal });
    await expect(mounts.discoverMeters()).rejects.toMatchObject({ code: 'ERR_NODE_CONFLICT' });
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await expect(mounts.discoverMeters({ seconds: 16 })).rejects.toMatchObject({ code: 'ERR_NODE_CONFIG' });
    const last = mounts.discoverMeters({ seconds: 15 });
    await Promise.all([mounts.stop(), expect(last).rejects.toMatchObject({ code: 'ERR_ABORTED' })]);
  });

  it('is not kept from a meter by thousands of answers, damaged ones, and addresses of elsewhere', async () => {
    const flood = createSocket('udp4');
    const send = (packet: Uint8Array): void => flood.send(packet, 5353, LOOPBACK, () => undefined);
    const real = homeWizard('p1meter', { text: ['product_name=P1 meter'] });
    const away = homeWizard('away', { address: '203.0.113.7' });
    responder.on('query', () => {
      send(encode({ type: 'response', answers: [real.pointer, ...real.rest, away.pointer, ...away.rest] }));
      for (let n = 0; n < 2_000; n++) {
        const one = homeWizard(`joke-${n}`, { address: `10.0.${n % 256}.9`, port: 1 + (n % 60_000) });
        send(encode({ type: 'response', answers: [one.pointer, ...one.rest] }));
        if (n % 50 === 0) send(Buffer.from([0, 0, 0x84, 0, 0, 9, 0xff, 0xff, 0, 0, 0, 0, 0xc0, 0x0c]));
      }
    });
    try {
      const start = process.cpuUsage();
      const view = await mounts.discoverMeters({ seconds: 1 });
      const { user } = process.cpuUsage(start);
      expect(view.found.map(({ name }) => name)).toContain('P1 meter');
      expect(view.found.length).toBeLessThanOrEqual(32);
      expect(JSON.stringify(view)).not.toContain('203.0.113');
      expect(view.leftOut).toBeGreaterThan(0);
      expect(user / 1e6).toBeLessThan(20);
    } finally {
      flood.close();
    }
  });
});

describe('what a network tells', () => {
  it('is told once for a meter of two APIs, by the newer one, and says what else it needs', () => {
    const at = '192.168.1.20';
    const records = [
      homeWizard('a', { address: at }),
      homeWizard('a', { address: at, service: '_homewizard._tcp.local', port: 443 }),
      homeWizard('b', { address: '192.168.1.21', text: ['api_enabled=0', 'product_name=P1'] }),
      homeWizard('c', { address: '192.168.1.22', text: ['product_type=HWE-SKT'] }),
      homeWizard('d', { address: '10.1.2.3', port: 4443, service: '_homewizard._tcp.local' }),
    ].flatMap(({ pointer, rest }) => [pointer, ...rest]);
    const found = foundMeters(bookOf(records).offered(), ({ address }) =>
      address.endsWith('.22') ? 'plug' : null,
    );
    expect(found.map(({ address, hint, mounted }) => [address, hint, mounted])).toEqual([
      ['http://192.168.1.22', 'socket', 'plug'],
      ['http://192.168.1.21', 'api-off', null],
      ['https://10.1.2.3:4443', 'button', null],
      ['https://192.168.1.20', 'button', null],
    ]);
  });

  it('counts only with addresses of a home network', () => {
    const addresses = [
      '8.8.8.8',
      '127.0.0.1',
      '0.0.0.0',
      '224.0.0.251',
      '172.32.0.1',
      '192.169.0.1',
      '1.2',
      'x',
    ];
    for (const address of addresses) {
      const { pointer, rest } = homeWizard('one', { address });
      const book = bookOf([pointer, ...rest], '192.168.1.9');
      expect([address, book.offered().length, book.leftOut]).toEqual([address, 0, 1]);
    }
    for (const address of ['10.0.0.1', '172.16.0.1', '172.31.255.1', '192.168.0.1', '169.254.3.4']) {
      const { pointer, rest } = homeWizard('one', { address });
      expect(bookOf([pointer, ...rest], '192.168.1.9').offered()).toHaveLength(1);
    }
  });

  it('keeps a bounded part of one sender’s services, and all of another’s', () => {
    const book = new ServiceRecords();
    const tell = (name: string, teller: string): void => {
      const { pointer, rest } = homeWizard(name, { address: '10.0.0.9' });
      book.add({ records: [pointer, ...rest], teller });
    };
    for (let n = 0; n < 500; n++) tell(`joke-${n}`, '10.0.0.66');
    tell('mine', '10.0.0.9');
    expect(book.offered().map(({ instance }) => instance)).toContain('mine');
    expect(book.offered()).toHaveLength(17);
  });

  it('shows no name that would do something to a terminal or a page', () => {
    const evil = '\u001b[2J<img src=x onerror=alert(1)>\u202e$(reboot)`';
    const one = (instance: string, text: string): OfferedService => ({
      service: '_homewizard._tcp.local',
      instance,
      address: '10.0.0.1',
      port: 443,
      text: new Map([['product_name', text]]),
    });
    const [found] = foundMeters([one('x', evil)], none);
    expect(found?.name).toBe('2J img src x onerror alert 1 reboot');
    expect(foundMeters([one('x', '\u0007')], none)[0]?.name).toBe('homewizard');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (instance, text) => {
        for (const { name } of foundMeters([one(instance, text)], none)) {
          expect(name).toMatch(/^[\p{L}\p{N}._-](?:[\p{L}\p{N} ._-]{0,38}[\p{L}\p{N}._-])?$/u);
          expect(Array.from(name).length).toBeLessThanOrEqual(40);
        }
      }),
    );
  });

  it('says so when nothing answered', () => {
    const text = shownDiscovery({ found: [], leftOut: 3, asked: ['192.168.1.2'] }, options);
    expect(text).toContain('Nothing answered on 192.168.1.2');
    expect(text).toContain('3 answers were left out');
  });
});
