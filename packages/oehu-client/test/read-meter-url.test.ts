import { systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { formatReading, readMeterFile } from '@edmp/oehu-client';
import type { FetchLike } from '@edmp/oehu-client/oehu';
import { readMeterUrl } from '@edmp/oehu-client/sources';
import { describe, expect, it } from 'vitest';
import { emulated } from './support/emulated.ts';
import { fixture, hasFixtures } from './support/fixtures.ts';

const RECEIVED = Date.UTC(2026, 0, 1);

describe('meters on the network', () => {
  const environment = virtualEnvironment({ start: RECEIVED });
  const crypto = nodeCrypto();
  const asked: string[] = [];
  const answering =
    (answers: Readonly<Record<string, string>>): FetchLike =>
    async (url, init) => {
      const { pathname } = new URL(url);
      asked.push(`${pathname} ${new Headers(init.headers).get('authorization') ?? ''}`.trim());
      const body = answers[pathname];
      return new Response(body ?? '{}', { status: body === undefined ? 404 : 200 });
    };
  const homewizard = '{"unique_id":"h","total_power_import_kwh":5.5,"power_w":1}';

  it('are found on their usual path, and other addresses are read as they are', async () => {
    const local = { environment, fetch: answering({ '/api/v1/data': homewizard, '/day.json': homewizard }) };
    const file = await readMeterUrl('http://192.0.2.7', local);
    expect(file.readings.map(formatReading)).toMatchObject([
      { commodity: 'electricity', flow: 'import', at: '2026-01-01T00:00:00.000Z', value: '5.5', unit: 'kWh' },
    ]);
    expect((await readMeterUrl('http://192.0.2.7/day.json', local)).kind).toBe('homewizard');
    asked.length = 0;
    const v2 = '{"energy_import_kwh":1.5,"protocol_version":50,"timestamp":"2026-01-01T12:00:00"}';
    await readMeterUrl('https://192.0.2.7/', {
      environment,
      token: 't',
      fetch: answering({ '/api/measurement': v2 }),
    });
    expect(asked).toEqual(['/api/measurement Bearer t']);
  });

  it('are verified when they are an OEHU API', async () => {
    const { emulator } = await emulated();
    const file = await readMeterUrl(emulator.url, { environment: systemEnvironment(), crypto });
    expect(file.kind).toBe('oehu');
    expect(new Set(file.readings.map((one) => one.trust))).toEqual(new Set(['signed']));
  });

  it('may answer with a file at their root', async () => {
    const root = { environment, fetch: answering({ '/': homewizard }) };
    expect((await readMeterUrl('http://192.0.2.7', root)).kind).toBe('homewizard');
  });

  it.skipIf(!hasFixtures)('may answer with bytes that are no text', async () => {
    const bytes = fixture('sml-ttyUSB0-2.dump') ?? new Uint8Array();
    const fetch: FetchLike = async () => new Response(Uint8Array.from(bytes));
    const file = await readMeterUrl('http://192.0.2.7/meter.sml', { environment, fetch });
    expect(file).toEqual(readMeterFile(bytes, { receivedAt: RECEIVED }));
    const tight = { environment, fetch, maxBytes: bytes.length - 1 };
    await expect(readMeterUrl('http://192.0.2.7/meter.sml', tight)).rejects.toMatchObject({
      code: 'ERR_METER_LIMIT',
    });
  });

  it('give typed errors when nothing there is a meter', async () => {
    const nothing = { environment, fetch: answering({}) };
    await expect(readMeterUrl('http://192.0.2.7', nothing)).rejects.toMatchObject({
      code: 'ERR_METER_HTTP',
      message:
        'http://192.0.2.7 does not answer like a meter at /api/v1/data, /devices, /; give the whole address of the readings',
    });
    const page = { environment, fetch: answering({ '/': '<html></html>' }) };
    await expect(readMeterUrl('http://192.0.2.7', page)).rejects.toMatchObject({ code: 'ERR_METER_FORMAT' });
    const offline = { environment, retry: { attempts: 1 } };
    const refused: FetchLike = () =>
      Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
    await expect(readMeterUrl('http://192.0.2.7', { ...offline, fetch: refused })).rejects.toMatchObject({
      code: 'ERR_METER_UNREACHABLE',
      message: 'The meter source cannot be reached or closed the connection: connect ECONNREFUSED',
    });
    await expect(readMeterUrl('ftp://x', nothing)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await expect(readMeterUrl('no address', nothing)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});
