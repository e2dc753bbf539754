import { type OehuEmulator, startOehuEmulator } from '@edmp/oehu-client/emulator';
import { microFromNumber } from '@edmp/oehu-client/time';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Each test names the behaviour of api.oehu.org that it mirrors, and the source it was read in.

interface Row {
  readonly id: string;
  readonly deviceId: string;
  readonly metadata: { readonly id: string; readonly metadata: { readonly lastUpdate: number } };
}

let emulator: OehuEmulator;
const get = (path: string, init?: RequestInit): Promise<Response> => fetch(emulator.url + path, init);
const json = async <T>(path: string): Promise<T> => (await (await get(path)).json()) as T;

beforeAll(async () => {
  emulator = await startOehuEmulator({ households: 3, days: 1, readingEverySeconds: 900, solarShare: 1 });
});
afterAll(() => emulator.stop());

describe('GET /devices (oehu-api src/data/devices.js)', () => {
  it('gives the asset id, one TRANSFER, and metadata outside of it, newest device first', async () => {
    const list =
      await json<{ deviceId: string; transaction: Record<string, unknown>[]; metadata: { id: string } }[]>(
        '/devices',
      );
    expect(list.map((entry) => entry.deviceId)).toEqual(
      [...emulator.devices].reverse().map((device) => device.assetId),
    );
    for (const { transaction, metadata } of list) {
      expect(transaction).toHaveLength(1);
      expect(transaction[0]).toMatchObject({ operation: 'TRANSFER', version: '2.0', id: metadata.id });
      expect(transaction[0]).not.toHaveProperty('metadata');
      expect(transaction[0]?._id).toMatch(/^[0-9a-f]{24}$/);
    }
  });

  it('filters by ORM id and not by the id it gives', async () => {
    const [device] = emulator.devices;
    expect(await json(`/devices?deviceId=${device?.ormId}`)).toHaveLength(1);
    expect(await json(`/devices?deviceId=${device?.assetId}`)).toEqual([]);
  });

  it('hides devices that have only a CREATE', async () => {
    const young = await startOehuEmulator({ households: 2, days: 0, now: () => 0 });
    expect(await (await fetch(`${young.url}/devices`)).json()).toEqual([]);
    expect(await (await fetch(`${young.url}/data`)).json()).toHaveLength(2);
    await young.stop();
  });
});

describe('GET /transactions (oehu-api src/data/transactions.js)', () => {
  it('gives ten rows per device by default, newest first, with the ORM id in deviceId', async () => {
    const rows = await json<Row[]>('/transactions?raw=true');
    expect(rows).toHaveLength(30);
    expect(new Set(rows.map((row) => row.deviceId))).toEqual(
      new Set(emulator.devices.map((device) => device.ormId)),
    );
    const times = rows.slice(0, 10).map((row) => row.metadata.metadata.lastUpdate);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it('replaces metadata by the whole database document, or gives only the inner one without raw', async () => {
    const id = emulator.devices[0]?.ormId ?? '';
    const [raw] = await json<Row[]>(`/transactions?deviceId=${id}&raw=true&limit=1`);
    expect(raw?.metadata.id).toBe(raw?.id);
    const [plain] = await json<Record<string, unknown>[]>(`/transactions?deviceId=${id}&limit=1`);
    expect(Object.keys(plain ?? {}).sort()).toEqual(['deviceId', 'id', 'metadata']);
    expect(plain?.metadata).toEqual(raw?.metadata.metadata);
  });

  it('validates start and end and then ignores them', async () => {
    const id = emulator.devices[0]?.ormId ?? '';
    const all = await json<Row[]>(`/transactions?deviceId=${id}&limit=5`);
    expect(await json(`/transactions?deviceId=${id}&limit=5&start=2030-01-01&end=2031-01-01`)).toEqual(all);
    expect((await get('/transactions?start=soon')).status).toBe(400);
  });

  it('crashes on a limit that is no integer', async () => {
    expect((await get('/transactions?limit=1.5')).status).toBe(500);
  });
});

describe('errors (express-validation 1.0.2, mono-core 1.0.0)', () => {
  it('names an unknown query field', async () => {
    const response = await get('/devices?color=red');
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      code: 'validation-error',
      status: 400,
      context: [
        {
          field: ['color'],
          location: 'query',
          messages: ['"color" is not allowed'],
          types: ['object.allowUnknown'],
        },
      ],
    });
  });

  it('answers 404 for other routes and 500 with the exception text for an unknown id', async () => {
    const missing = await get('/nothing');
    expect([missing.status, ((await missing.json()) as { code: string }).code]).toEqual([404, 'not-found']);
    const crashed = await get('/transactionsCount?deviceId=nobody');
    expect(crashed.status).toBe(500);
    expect(((await crashed.json()) as { code: string }).code).toContain('Cannot read property');
    expect((await get('/transactionsCount')).status).toBe(400);
  });

  it('answers an unknown e-mail with 200 and a wrong password with 401, with the same body', async () => {
    const post = (path: string, body: unknown): Promise<Response> =>
      get(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const account = { email: 'b@example.org', password: 'x' };
    const unknown = await post('/account/login', account);
    expect([unknown.status, await unknown.json()]).toEqual([200, { message: 'Invalid' }]);
    await post('/account/register', account);
    const again = await post('/account/register', account);
    expect(again.status).toBe(403);
    const wrong = await post('/account/login', { ...account, password: 'y' });
    expect([wrong.status, await wrong.json()]).toEqual([401, { message: 'Invalid' }]);
    expect((await post('/account/login', { email: 'b' })).status).toBe(400);
  });
});

describe('headers (Express 4 defaults)', () => {
  it('sends a weak ETag and answers a match with an empty 304', async () => {
    const first = await get('/data');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[0-9a-f]+-[A-Za-z0-9+/]{27}"$/);
    const second = await get('/data', { headers: { 'if-none-match': etag } });
    expect([second.status, await second.text()]).toEqual([304, '']);
  });

  it('allows any origin on GET and answers no preflight', async () => {
    expect((await get('/data')).headers.get('access-control-allow-origin')).toBe('*');
    const preflight = await get('/data', { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });

  it('says that it is an emulator', async () => {
    expect((await get('/_ping')).headers.get('x-oehu-emulator')).toBe('1');
    expect(await json('/_')).toMatchObject({ service: 'oehu-api' });
  });
});

describe('households', () => {
  it('are the same bytes for the same seed and others for another', async () => {
    const read = async (seed: number): Promise<string> => {
      const one = await startOehuEmulator({ seed, households: 2, days: 1, readingEverySeconds: 3600 });
      const text = await (await fetch(`${one.url}/transactions?limit=30&raw=true`)).text();
      await one.stop();
      return text;
    };
    expect(await read(5)).toBe(await read(5));
    expect(await read(5)).not.toBe(await read(6));
  });

  it('have registers that never fall and tariffs that add up to their total', async () => {
    const rows =
      await json<{ metadata: Record<string, Record<string, number>> }[]>('/transactions?limit=100');
    let last = Number.POSITIVE_INFINITY;
    for (const { metadata } of rows.slice(0, 97)) {
      const { tariff1 = 0, tariff2 = 0, total = 0 } = metadata.electricityReceived ?? {};
      expect(microFromNumber(total).value).toBe(
        microFromNumber(tariff1).value + microFromNumber(tariff2).value,
      );
      expect(total).toBeLessThanOrEqual(last);
      last = total;
    }
  });

  it('take time per row when asked to', async () => {
    const waits: number[] = [];
    const one = await startOehuEmulator({
      households: 1,
      days: 1,
      readingEverySeconds: 3600,
      latency: { medianRowMs: 8 },
      environment: {
        now: () => 0,
        schedule: (ms, callback) => {
          waits.push(ms);
          queueMicrotask(callback);
          return () => undefined;
        },
        randomBytes: (length) => new Uint8Array(length),
      },
    });
    await fetch(`${one.url}/transactions?limit=24`);
    await one.stop();
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThan(100);
    expect(waits[0]).toBeLessThan(600);
  });
});

describe('control plane', () => {
  const control = (path: string, body?: unknown): Promise<Response> =>
    fetch(
      emulator.controlUrl + path,
      body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
    );

  it('moves the clock, and new readings appear', async () => {
    const id = emulator.devices[0]?.ormId ?? '';
    const before = await json<{ count: number }>(`/transactionsCount?deviceId=${id}`);
    await control('/clock', { advanceMs: 3_600_000 });
    expect(await (await control('/clock')).json()).toEqual({ now: emulator.now() });
    expect(await json(`/transactionsCount?deviceId=${id}`)).toEqual({ count: before.count + 4 });
  });

  it('sets faults and refuses unknown ones', async () => {
    expect((await control('/scenario', { faults: [{ kind: 'status-500', rate: 1 }] })).status).toBe(200);
    expect((await get('/data')).status).toBe(500);
    expect((await control('/scenario', { faults: [{ kind: 'gremlins' }] })).status).toBe(400);
    expect((await control('/scenario', { faults: [{ kind: 'gas-null' }] })).status).toBe(400);
    expect((await control('/scenario', { faults: [{ kind: 'hang', rate: 7 }] })).status).toBe(400);
    await control('/scenario', { faults: [] });
    expect((await get('/data')).status).toBe(200);
    expect(await (await control('/stats')).json()).toMatchObject({ faults: { 'status-500': 1 } });
    expect((await control('/nothing')).status).toBe(404);
  });

  it('refuses unusable options', async () => {
    for (const options of [
      { households: -1 },
      { readingEverySeconds: 7 },
      { faults: [{ kind: 'x' as 'hang' }] },
    ]) {
      await expect(startOehuEmulator(options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    }
  });
});
