import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isEdmpError, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createOehuClient, intervalSeries, type MeterReading, oehuSource, zoneOf } from '@edmp/oehu-client';
import { type FetchLike, readDevice, readRecord } from '@edmp/oehu-client/oehu';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { emulated } from './support/emulated.ts';

const collect = async (readings: AsyncIterable<MeterReading>): Promise<MeterReading[]> => {
  const list: MeterReading[] = [];
  for await (const reading of readings) list.push(reading);
  return list;
};

describe('the OEHU source', () => {
  it('lists the devices with places and households from strings or numbers', async () => {
    const { emulator, client } = await emulated({ households: 5, seed: 3 });
    const devices = await oehuSource(client).devices();
    expect(devices.map((device) => device.id).sort()).toEqual(
      emulator.devices.map((device) => device.ormId).sort(),
    );
    for (const device of devices) {
      expect(device.source).toBe('oehu');
      expect(device.household?.occupants).toBeGreaterThan(0);
      expect(device.lastUpdate).toBe(emulator.now());
    }
  });

  it('reads a verified day whose sums are the registers of the house, on change days too', async () => {
    const zone = zoneOf('Europe/Amsterdam');
    for (const date of ['2026-03-28', '2026-10-24']) {
      const { emulator, client } = await emulated({
        start: zone.midnight(date),
        days: 2,
        seed: 5,
        solarShare: 1,
      });
      const [device] = emulator.devices;
      if (device === undefined) throw new Error('there is a device');
      const from = zone.nextDay(emulator.start);
      const to = zone.nextDay(from);
      const readings = await collect(oehuSource(client).readings(device.ormId, { from, to }));
      expect(readings.every((reading) => reading.trust === 'anchored')).toBe(true);
      const a = device.registersAt(from);
      const b = device.registersAt(to);
      const expected = {
        import: b.import1 + b.import2 - a.import1 - a.import2,
        export: b.export1 + b.export2 - a.export1 - a.export2,
      };
      for (const flow of ['import', 'export'] as const) {
        const options = { commodity: 'electricity', flow, from, to, zone: 'Europe/Amsterdam' } as const;
        const series = intervalSeries(readings, { ...options, step: 'PT15M' });
        expect(series.values).toHaveLength(date === '2026-03-28' ? 92 : 100);
        expect(series.report.missing).toBe(0);
        const sum = series.values.reduce<number>((total, value) => total + (value ?? 0), 0);
        expect(sum).toBe(expected[flow] * 1000);
        expect(series).toMatchObject({ trust: 'anchored', verified: date === '2026-03-28' ? 276 : 300 });
      }
      const gas = intervalSeries(readings, {
        commodity: 'gas',
        flow: 'import',
        from,
        to,
        step: 'PT1H',
        zone: 'Europe/Amsterdam',
      });
      if (device.household.gas) {
        expect(gas.report.missing).toBe(0);
        const sum = gas.values.reduce<number>((total, value) => total + (value ?? 0), 0);
        expect(sum).toBe(((b.gas ?? 0) - (a.gas ?? 0)) * 1000);
      }
    }
  });

  it('takes either id and refuses an unknown one', async () => {
    const { emulator, client } = await emulated();
    const [device] = emulator.devices;
    if (device === undefined) throw new Error('there is a device');
    expect(await client.resolve(device.assetId)).toEqual({ assetId: device.assetId, deviceId: device.ormId });
    await expect(client.resolve('nobody')).rejects.toMatchObject({ code: 'ERR_METER_UNKNOWN_DEVICE' });
    const history = client.history('nobody', { from: 0, to: 1 });
    await expect(history).rejects.toMatchObject({ code: 'ERR_METER_UNKNOWN_DEVICE' });
  });

  it('searches history by growing the limit and says when the period was not reached', async () => {
    const limits: string[] = [];
    const counting: FetchLike = (url, init) => {
      limits.push(new URL(url).searchParams.get('limit') ?? '');
      return fetch(url, init);
    };
    const { emulator, client } = await emulated(
      { readingEverySeconds: 60 },
      { fetch: counting, maxRows: 400 },
    );
    const id = emulator.devices[0]?.ormId ?? '';
    const lately = await client.history(id, { from: emulator.now() - 3_600_000, to: emulator.now() });
    expect(lately).toMatchObject({ complete: true });
    expect(lately.records).toHaveLength(62);
    expect(limits.filter((limit) => limit !== '').map(Number)).toEqual([16, 71]);
    const all = await client.history(id, { from: emulator.start, to: emulator.now() });
    expect(all.complete).toBe(false);
    expect(all.records).toHaveLength(400);
  });

  it('refuses rows of another device, whoever signed them', async () => {
    const swapped: FetchLike = async (url, init) => {
      const answer = await fetch(url, init);
      if (!url.includes('/transactions?')) return answer;
      const other = emulator.devices[1]?.ormId ?? '';
      const target = new URL(url);
      target.searchParams.set('deviceId', other);
      return fetch(target, init);
    };
    const { emulator, client } = await emulated({}, { fetch: swapped });
    const id = emulator.devices[0]?.ormId ?? '';
    const history = await client.history(id, { from: emulator.start, to: emulator.now() });
    expect(history.records).toEqual([]);
    expect(history.malformed.length).toBeGreaterThan(200);
    expect(history.malformed[0]).toMatchObject({ ok: false, issues: [{ code: 'other-device' }] });
  });

  it('tells what it has when the answer outgrows its limit', async () => {
    const { emulator, client } = await emulated({}, { maxBodyBytes: 100_000 });
    const id = emulator.devices[0]?.ormId ?? '';
    const history = await client.history(id, { from: emulator.start, to: emulator.now() });
    expect(history.complete).toBe(false);
    expect(history.records).toHaveLength(16);
  });

  it('keeps readings of another key below `signed` when the key is pinned', async () => {
    const { emulator, client } = await emulated({}, { pinnedKeys: { 'id:other': 'x' } });
    const [device] = emulator.devices;
    if (device === undefined) throw new Error('there is a device');
    const period = { from: emulator.start, to: emulator.now() };
    expect((await client.history(device.ormId, period)).verification.level).toBe('anchored');
    const pinned = createOehuClient({
      baseUrl: emulator.url,
      crypto: nodeCrypto(),
      environment: virtualEnvironment(),
      pinnedKeys: { [device.ormId]: emulator.devices[1]?.publicKey ?? '' },
    });
    expect((await pinned.history(device.ormId, period)).verification.level).toBe('intact');
  });
});

describe('the other routes', () => {
  it('reads counts, statistics, the dashboard and accounts', async () => {
    const { emulator, client } = await emulated();
    const id = emulator.devices[0]?.ormId ?? '';
    expect(await client.count(id)).toBe(290);
    expect((await client.statistics()).devicesConnected).toBe(2);
    const dashboard = await client.dashboard({ device: id, days: 1, data: 'kwh' });
    expect(dashboard.xAxis[0]).toMatch(/^\d\d-\d\d \d\d:\d\d - \d\d-\d\d \d\d:\d\d$/);
    expect(dashboard.yAxis).toHaveLength(1);
    expect(await client.ping()).toBe(true);
    const account = { email: 'a@example.org', password: 'secret' };
    await expect(client.login(account)).rejects.toMatchObject({ code: 'ERR_METER_HTTP' });
    await client.register({ ...account, deviceId: id });
    expect(await client.login(account)).toEqual({ email: account.email, devices: [id] });
    await expect(client.login({ ...account, password: 'wrong' })).rejects.toMatchObject({
      code: 'ERR_METER_HTTP',
      details: { status: 401 },
    });
  });

  it('reads empty averages as null', async () => {
    const { client } = await emulated({ households: 0 });
    expect(await client.statistics()).toEqual({
      devicesConnected: 0,
      averageUseEnergy: null,
      averageGeneratedEnergy: null,
      averageUseGas: null,
    });
  });

  it('asks again with an ETag and takes 304 for an answer', async () => {
    const { emulator, client } = await emulated();
    const first = await client.devices();
    expect(await client.devices()).toEqual(first);
    const stats = (await (await fetch(`${emulator.controlUrl}/stats`)).json()) as { notModified: number };
    expect(stats.notModified).toBe(1);
  });

  it('watches for new readings and stops when told', async () => {
    const { emulator, client } = await emulated();
    const id = emulator.devices[0]?.ormId ?? '';
    const environment = virtualEnvironment();
    const watching = createOehuClient({ baseUrl: emulator.url, crypto: nodeCrypto(), environment });
    const [newest] = await client.transactions({ device: id, limit: 1 });
    if (newest?.ok !== true) throw new Error('there is a reading');
    emulator.advance(900_000);
    const seen: number[] = [];
    for await (const record of watching.watch(id, { after: newest.value.id })) {
      seen.push(record.metadata.lastUpdate ?? 0);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([1, 2, 3].map((i) => emulator.now() - 900_000 + i * 300_000));
    expect(environment.pendingTimers).toBe(0);
  });
});

describe('failures', () => {
  const answering = (answers: readonly (() => Promise<Response>)[]) => {
    let calls = 0;
    const environment = virtualEnvironment();
    const fetch: FetchLike = async (_, init) => {
      const answer = answers[Math.min(calls++, answers.length - 1)];
      if (answer === undefined) throw new Error('no answer');
      return Promise.race([
        answer(),
        new Promise<never>((_resolve, reject) =>
          init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true }),
        ),
      ]);
    };
    const client = createOehuClient({
      baseUrl: 'http://oehu.test/',
      crypto: nodeCrypto(),
      environment,
      fetch,
      maxBodyBytes: 4096,
    });
    return { client, environment, calls: () => calls };
  };
  const status =
    (code: number, body = '', headers: Record<string, string> = {}) =>
    () =>
      Promise.resolve(new Response(body, { status: code, headers }));
  const ok = status(200, '[]');
  const hang = (): Promise<Response> => new Promise(() => undefined);

  it('repeats what may pass and gives up on what will not', async () => {
    const passing = answering([
      status(500),
      status(502, '<html>'),
      () => Promise.reject(new TypeError('reset')),
      ok,
    ]);
    expect(await passing.environment.run(passing.client.devices())).toEqual([]);
    expect(passing.calls()).toBe(4);
    const refused = answering([status(400, '{"code":"validation-error","status":400,"context":[]}'), ok]);
    await expect(refused.client.devices()).rejects.toMatchObject({
      code: 'ERR_METER_HTTP',
      details: { status: 400, code: 'validation-error' },
    });
    expect(refused.calls()).toBe(1);
  });

  it('honours Retry-After up to its cap', async () => {
    const { client, environment } = answering([status(429, '', { 'retry-after': '5' }), ok]);
    const before = environment.now();
    await environment.run(client.devices());
    expect(environment.now() - before).toBe(5000);
  });

  it('ends every hang at the deadline with a typed error', async () => {
    const { client, environment, calls } = answering([hang]);
    const before = environment.now();
    await expect(environment.run(client.devices())).rejects.toMatchObject({ code: 'ERR_METER_TIMEOUT' });
    expect(environment.now() - before).toBeLessThanOrEqual(60_000);
    expect(calls()).toBe(4);
    expect(environment.pendingTimers).toBe(0);
  });

  it('ends at once when aborted', async () => {
    const { client, environment } = answering([hang]);
    const controller = new AbortController();
    const call = client.devices({ signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(environment.pendingTimers).toBe(0);
  });

  it('refuses large, deep and wrong documents', async () => {
    const cases = [
      [status(200, `[${'1,'.repeat(4096)}1]`), 'ERR_METER_LIMIT'],
      [status(200, `${'['.repeat(100)}${']'.repeat(100)}`), 'ERR_METER_LIMIT'],
      [status(200, '<html>'), 'ERR_METER_FORMAT'],
      [status(200, '{}'), 'ERR_METER_SCHEMA'],
    ] as const;
    for (const [answer, code] of cases) {
      const { client, environment } = answering([answer]);
      await expect(environment.run(client.devices())).rejects.toMatchObject({ code });
    }
  });

  it('refuses unusable base URLs', () => {
    for (const baseUrl of ['', 'oehu', 'ftp://x', 'http://a:b@c/', 'http://c/?x=1']) {
      expect(() =>
        createOehuClient({ baseUrl, crypto: nodeCrypto(), environment: virtualEnvironment() }),
      ).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
    }
  });

  it('reports a server that closes connections as unreachable', async () => {
    const server = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const client = createOehuClient({
      baseUrl: `http://127.0.0.1:${port}`,
      crypto: nodeCrypto(),
      environment: virtualEnvironment(),
      retry: { attempts: 1 },
    });
    await expect(client.devices()).rejects.toMatchObject({ code: 'ERR_METER_UNREACHABLE', retryable: true });
  });
});

describe('bad entries', () => {
  const good = { deviceId: 'a'.repeat(64), metadata: { metadata: { lastUpdate: 1, gasReceived: '1.5' } } };

  it('are isolated with the exact path of the fault', async () => {
    const { client } = ((): { client: ReturnType<typeof createOehuClient> } => {
      const body = JSON.stringify([
        null,
        good,
        { deviceId: 'x', metadata: { metadata: null } },
        { ...good, deviceId: 7 },
      ]);
      return {
        client: createOehuClient({
          baseUrl: 'http://oehu.test',
          crypto: nodeCrypto(),
          environment: virtualEnvironment(),
          fetch: () => Promise.resolve(new Response(body)),
        }),
      };
    })();
    const entries = await client.devices();
    expect(entries.map((entry) => (entry.ok ? 'ok' : entry.issues[0]?.path))).toEqual([
      '[0]',
      'ok',
      '[2].metadata.metadata',
      '[3].deviceId',
    ]);
  });

  it('keep their oddities as warnings that name no values', () => {
    const metadata = {
      lastUpdate: 'soon',
      electricityReceived: { tarrif1: 1.5, tariff2: 'many', total: -1 },
      location: { type: 'Point', coordinates: [4.45, 51.92] },
      locationAccuracy: 200,
    };
    const entry = readDevice({ deviceId: 'b'.repeat(64), metadata: { metadata } }, 0);
    if (!entry.ok) throw new Error('the entry is readable');
    expect(entry.warnings.map((warning) => warning.code).sort()).toEqual(
      ['number', 'number', 'range', 'swapped-coordinates', 'typo'].sort(),
    );
    expect(JSON.stringify(entry.warnings)).not.toContain('51.92');
    expect(entry.value.metadata.electricityImport).toEqual({
      tariff1: 1_500_000,
      tariff2: null,
      total: null,
    });
    expect(readDevice({ deviceId: 'c', metadata: { metadata: { status: 'BURNED' } } }, 0)).toMatchObject({
      ok: false,
      issues: [{ code: 'burned' }],
    });
    const old = readDevice({ deviceId: 'id:1', metadata: { timestamp: 5, gasReceived: null } }, 0);
    expect(old).toMatchObject({
      ok: true,
      value: { transaction: null, metadata: { lastUpdate: 5, gas: null } },
    });
  });

  it('never make the readers throw', () => {
    fc.assert(
      fc.property(fc.anything(), fc.jsonValue(), (anything, json) => {
        for (const value of [
          anything,
          json,
          { ...good, metadata: json },
          { ...good, metadata: { metadata: json } },
        ]) {
          try {
            expect(typeof readDevice(value, 0).ok).toBe('boolean');
            expect(typeof readRecord(value, 0).ok).toBe('boolean');
          } catch (error) {
            expect(isEdmpError(error)).toBe(true);
          }
        }
      }),
    );
  });
});
