import { createNodeClient, type LiveView } from '@edmp/node/client';
import { startHttp } from '@edmp/node/http';
import { beforeEach, describe, expect, it } from 'vitest';
import { allOf } from '../../../../scripts/lib/all-of.ts';
import { httpMarket, TOKEN } from '../support/http.ts';

let market: ReturnType<typeof httpMarket>;
beforeEach(() => {
  market = httpMarket();
});

const send = (...words: Parameters<typeof market.seller.send>): Promise<Response> =>
  market.seller.send(...words);
const file = (
  bytes: Uint8Array | string,
  type = 'application/octet-stream',
  path = '/v1/meters/home/readings',
) =>
  market.seller.app.request(`http://127.0.0.1:8080${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': type },
    body: bytes as BodyInit,
  });
const codeOf = async (response: Response): Promise<readonly [number, string]> => [
  response.status,
  (await response.json()).error.code,
];

describe('a file of readings over HTTP', () => {
  it('comes in pieces, and breaks off where it cannot be made to its end', async () => {
    let isBroken = false;
    market.seller.service.exportReadings = async () =>
      (async function* () {
        for (let n = 0; n < 3; n++) {
          if (n === 2 && isBroken) throw new Error('the disk is gone');
          yield new Uint8Array(100_000).fill(n);
        }
      })();
    const server = await startHttp({ app: market.seller.app, port: 0 });
    try {
      const client = createNodeClient({ url: server.url, token: TOKEN });
      const query = { meter: 'home', from: '2026-01-05', to: '2026-01-05', format: 'parquet' } as const;
      const whole = Buffer.concat(await allOf(await client.exportReadings(query)));
      expect([whole.length, whole[0], whole[299_999]]).toEqual([300_000, 0, 2]);
      isBroken = true;
      const broken = async (): Promise<unknown> => allOf(await client.exportReadings(query));
      await expect(broken()).rejects.toMatchObject({ code: 'ERR_HTTP_UNREACHABLE' });
      isBroken = false;
      const controller = new AbortController();
      const pieces = await client.exportReadings(query, { signal: controller.signal });
      controller.abort();
      await expect(allOf(pieces)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    } finally {
      await server.stop();
    }
  });
});

describe('/v1/meters', () => {
  it('mounts a meter, lists it, takes files for it, gives its readings, and removes it', async () => {
    const added = await send('POST', '/v1/meters', { name: 'home', address: 'tcp://192.168.1.9:2001' });
    expect([added.status, await added.json()]).toEqual([
      201,
      expect.objectContaining({ name: 'home', state: 'live' }),
    ]);
    expect(await (await send('GET', '/v1/mounts')).json()).toMatchObject({
      mounts: [{ name: 'home', kind: 'p1-tcp' }],
    });
    const taken = await file('at,value');
    expect([taken.status, await taken.json()]).toEqual([200, expect.objectContaining({ added: 96 })]);
    const csv = await send('GET', '/v1/meters/home/readings?from=2026-01-05&to=2026-01-05');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(csv.headers.get('content-disposition')).toContain('meter-2026-01-05-2026-01-05.csv');
    expect(await csv.text()).toMatch(/^at,seconds/);
    const parquet = await send(
      'GET',
      '/v1/meters/home/readings?from=2026-01-05&to=2026-01-05&format=parquet',
    );
    expect(parquet.headers.get('content-type')).toBe('application/vnd.apache.parquet');
    expect(parquet.headers.get('content-disposition')).toContain('.parquet"');
    const xlsx = await send('GET', '/v1/meters/home/readings?from=2026-01-05&to=2026-01-05&format=xlsx');
    expect(await codeOf(xlsx)).toEqual([400, 'ERR_HTTP_INPUT']);
    expect(await (await send('DELETE', '/v1/meters/home?readings=true')).json()).toEqual({ removed: true });
    expect(await codeOf(await send('DELETE', '/v1/meters/home'))).toEqual([404, 'ERR_NODE_NOT_FOUND']);
  });

  it('looks on the network when asked, for a bounded time', async () => {
    const asked: unknown[] = [];
    const look = market.seller.service.discoverMeters;
    market.seller.service.discoverMeters = (options) => {
      asked.push(options?.seconds);
      return look(options);
    };
    const answer = await send('POST', '/v1/meters/discover', {});
    expect([answer.status, (await answer.json()).found[1]]).toEqual([
      200,
      { kind: 'mqtt', name: 'cellar', address: 'mqtt://192.0.2.40', hint: 'topic', mounted: null },
    ]);
    expect((await send('POST', '/v1/meters/discover', { seconds: 9 })).status).toBe(200);
    for (const seconds of [0, 16, 1.5, '4'])
      expect(await codeOf(await send('POST', '/v1/meters/discover', { seconds }))).toEqual([
        400,
        'ERR_HTTP_INPUT',
      ]);
    expect(asked).toEqual([undefined, 9]);
  });

  it('shows how a table of no known kind would be read, by a guess or a given map, and records nothing', async () => {
    const table = 'when;\u202ekWh\u202c\n2026-01-10 12:00;0,5\n2026-01-10 12:15;0,75\n';
    const guess = await file(table, 'application/octet-stream', '/v1/readings/preview');
    expect(guess.status).toBe(200);
    const shown = await guess.json();
    expect(shown).toMatchObject({
      format: 'csv',
      problem: null,
      count: 2,
      rows: [
        ['2026-01-10 12:00', '0,5'],
        ['2026-01-10 12:15', '0,75'],
      ],
      readings: [{ at: Date.UTC(2026, 0, 10, 11), seconds: 900, value: '0.5', unit: 'kWh' }, {}],
    });
    // What a heading hides is not handed on to be shown, and the map calls such a column by its number.
    expect(shown.headings[1]).not.toContain('\u202e');
    expect(shown.columns).toEqual(['when', 1]);
    expect(JSON.parse(shown.csvMap).columns[0].column).toBe(1);
    const long = `${'Verbrauch '.repeat(9)}(kWh)`;
    const wide = await (
      await file(
        `when;${long}\n2026-01-10 12:00;0,5\n2026-01-10 12:15;0,5\n`,
        undefined,
        '/v1/readings/preview',
      )
    ).json();
    expect([wide.columns, wide.count]).toEqual([['when', 1], 2]);
    const map = { ...JSON.parse(shown.csvMap), zone: 'Europe/London' };
    const query = new URLSearchParams({ csvMap: JSON.stringify(map) });
    const again = await (
      await file(table, 'application/octet-stream', `/v1/readings/preview?${query}`)
    ).json();
    expect(again.readings[0].at).toBe(Date.UTC(2026, 0, 10, 12));
    query.set('csvMap', JSON.stringify({ ...map, time: 'other' }));
    const wrong = await (
      await file(table, 'application/octet-stream', `/v1/readings/preview?${query}`)
    ).json();
    expect(wrong).toMatchObject({ format: null, count: 0, problem: expect.stringContaining('other') });
    const none = await file('no table', 'application/octet-stream', '/v1/readings/preview');
    expect(await codeOf(none)).toEqual([422, 'ERR_METER_FORMAT']);
    expect(await (await send('GET', '/v1/mounts')).json()).toEqual({ mounts: [] });
  });

  it('refuses what is no request for a meter, and files that are none, by their own codes', async () => {
    for (const body of [
      { name: 'a/b' },
      { kind: 'telepathy' },
      { every: 0 },
      { nmae: 'x' },
      { token: '' },
      { zone: 'Mars' },
    ])
      expect(await codeOf(await send('POST', '/v1/meters', body)), JSON.stringify(body)).toEqual([
        400,
        'ERR_HTTP_INPUT',
      ]);
    expect(await codeOf(await send('POST', '/v1/meters', { address: 'https://192.0.2.9' }))).toEqual([
      409,
      'ERR_METER_PAIRING',
    ]);
    expect(await codeOf(await file('x'))).toEqual([404, 'ERR_NODE_NOT_FOUND']);
    await send('POST', '/v1/meters', { name: 'home' });
    expect(await codeOf(await file(''))).toEqual([422, 'ERR_METER_FORMAT']);
    expect(await codeOf(await file('x', 'text/plain'))).toEqual([415, 'ERR_HTTP_MEDIA_TYPE']);
    expect(await codeOf(await file('x', undefined, '/v1/meters/home/readings?takenAt=soon'))).toEqual([
      400,
      'ERR_HTTP_INPUT',
    ]);
    expect(await codeOf(await file(new Uint8Array((64 << 20) + 1)))).toEqual([413, 'ERR_HTTP_BODY_SIZE']);
  });

  it('needs the token for all of it', async () => {
    for (const [method, path] of [
      ['GET', '/v1/mounts'],
      ['POST', '/v1/meters'],
      ['DELETE', '/v1/meters/home'],
      ['POST', '/v1/meters/home/readings'],
      ['GET', '/v1/meters/home/readings'],
    ] as const) {
      const response = await market.seller.app.request(`http://127.0.0.1:8080${path}`, { method });
      expect(response.status, path).toBe(401);
    }
  });

  it('tells the power of running meters to whom asks for it, and to nobody else', async () => {
    const server = await startHttp({ app: market.seller.app, port: 0 });
    try {
      const client = createNodeClient({ url: server.url, token: TOKEN });
      await client.addMeter({ name: 'home', address: 'tcp://192.168.1.9:2001' });
      const told: LiveView[] = [];
      const live = { meter: 'home', at: market.environment.now(), importW: 250, exportW: null };
      const plain = await send('GET', '/v1/events');
      let stop = (): void => {};
      const heard = new Promise<void>((resolve) => {
        stop = client.follow({
          // The stream is open: the meter tells.
          onReady: () => market.seller.meters.tell(live),
          onLive: (one) => {
            told.push(one);
            resolve();
          },
        });
      });
      await heard;
      expect(told).toEqual([live]);
      stop();
      // What another reader got: what happened, and not the power.
      await client.removeMeter('home');
      const reader = plain.body?.getReader();
      let text = '';
      while (!text.includes('was removed')) text += new TextDecoder().decode((await reader?.read())?.value);
      expect(text).not.toContain('event: live');
      await reader?.cancel();
      expect(await codeOf(await send('GET', '/v1/events?live=yes'))).toEqual([400, 'ERR_HTTP_INPUT']);
    } finally {
      await server.stop();
    }
  });
});
