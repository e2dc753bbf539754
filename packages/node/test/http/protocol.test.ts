import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { EdmpError, virtualEnvironment } from '@edmp/interface';
import { createHttpApp } from '@edmp/node/http';
import { describe, expect, it } from 'vitest';
import { encodingFor } from '../../src/http/answer.ts';
import { Metrics } from '../../src/http/observe/metrics.ts';
import { createLog, type LogLevel } from '../../src/log.ts';
import { httpMarket, OFFER, TOKEN } from '../support/http.ts';

describe('kinds of answer', () => {
  const cases: readonly (readonly [accept: string | undefined, path: string, status: number])[] = [
    [undefined, '/v1/info', 200],
    ['*/*', '/v1/info', 200],
    ['application/json', '/v1/info', 200],
    ['text/html, application/*;q=0.8', '/v1/info', 200],
    ['text/html', '/v1/info', 406],
    ['application/json;q=0, */*', '/v1/info', 406],
    ['text/csv', '/v1/trades/x/data', 404],
    ['image/png', '/v1/events', 406],
  ];
  it.each(cases)('Accept: %s of %s is answered with %d', async (accept, path, status) => {
    const { seller } = httpMarket();
    const answer = await seller.send('GET', path, undefined, accept === undefined ? {} : { Accept: accept });
    expect(answer.status).toBe(status);
    if (status === 406) expect((await answer.json()).error.code).toBe('ERR_HTTP_NOT_ACCEPTABLE');
  });

  it('are compressed as the caller takes them, and say that they vary', async () => {
    const { seller } = httpMarket();
    for (let i = 0; i < 10; i++) await seller.service.offer({ ...OFFER, price: 1n });
    const get = (encoding?: string): Promise<Response> =>
      seller.send(
        'GET',
        '/v1/listings',
        undefined,
        encoding === undefined ? {} : { 'Accept-Encoding': encoding },
      );
    const plain = await get();
    const text = await plain.text();
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.headers.get('vary')).toBe('Accept-Encoding');
    const brotli = await get('gzip, deflate, br');
    const small = new Uint8Array(await brotli.arrayBuffer());
    expect(brotli.headers.get('content-encoding')).toBe('br');
    expect(brotliDecompressSync(small).toString()).toBe(text);
    expect(small.length).toBeLessThan(text.length / 4);
    const gzip = await get('gzip');
    expect(gunzipSync(new Uint8Array(await gzip.arrayBuffer())).toString()).toBe(text);
    expect((await get('identity')).headers.get('content-encoding')).toBeNull();
    // What is small is not.
    const info = await seller.send('GET', '/v1/matchmakers', undefined, { 'Accept-Encoding': 'br' });
    expect(info.headers.get('content-encoding')).toBeNull();
  });

  it.each([
    [null, undefined],
    ['', undefined],
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0.1, gzip;q=0.5', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['br;q=x', undefined],
    ['deflate', undefined],
  ] as const)('Accept-Encoding: %s means %s', (header, encoding) => {
    expect(encodingFor(header)).toBe(encoding);
  });

  it('of a GET are not sent again to who has them', async () => {
    const { seller } = httpMarket();
    const first = await seller.send('GET', '/v1/listings');
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/"[\w-]{22}"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const header of [tag, `"x", ${tag}`, tag.slice(2), '*']) {
      const again = await seller.send('GET', '/v1/listings', undefined, { 'If-None-Match': header });
      expect(again.status, header).toBe(304);
      expect(await again.text()).toBe('');
      expect(again.headers.get('etag')).toBe(tag);
    }
    await seller.service.offer({ ...OFFER, price: 1n });
    const changed = await seller.send('GET', '/v1/listings', undefined, { 'If-None-Match': tag });
    expect(changed.status).toBe(200);
    // What is the owner's alone is kept by nobody.
    expect((await seller.send('GET', '/v1/orders')).headers.get('cache-control')).toBe('no-store');
  });
});

describe('a body', () => {
  it('that does not arrive in time is refused, and its request ends', async () => {
    const { environment, seller } = httpMarket();
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const answer = seller.app.request('http://localhost/v1/bids', {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: silent,
      duplex: 'half',
    } as RequestInit);
    await environment.advance(20_000);
    const refused = await answer;
    expect(refused.status).toBe(408);
    expect((await refused.json()).error.code).toBe('ERR_HTTP_BODY_TIME');
    expect(environment.pendingTimers).toBe(0);
  });
});

describe('/health and /metrics', () => {
  it('say that the node answers, to anybody, and nothing else', async () => {
    const { seller } = httpMarket();
    const answer = await seller.app.request('http://localhost/health');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: 'ok', version: '0.0.0-fake' });
  });

  it('say 5xx when it does not', async () => {
    const { environment, seller } = httpMarket();
    const app = createHttpApp({
      service: {
        ...seller.service,
        info: () => Promise.reject(new EdmpError('ERR_CHAIN_STOPPED', 'The chain stopped')),
      },
      token: TOKEN,
      environment,
    });
    expect((await app.request('http://localhost/health')).status).toBe(503);
  });

  it("count in Prometheus' format, with the token, by paths of the contract alone", async () => {
    const { seller } = httpMarket();
    expect((await seller.app.request('http://localhost/metrics')).status).toBe(401);
    await seller.send('GET', '/v1/trades/abc');
    await seller.send('GET', '/v1/trades/def');
    for (const path of ['/a', '/b', '/v1/x"y']) await seller.app.request(`http://localhost${path}`);
    await seller.app.request('http://localhost/v1/info', { method: 'BREW' });
    const answer = await seller.send('GET', '/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    expect(text).toContain('edmp_http_requests_total{method="GET",route="/v1/trades/{id}",status="404"} 2\n');
    expect(text).toContain('edmp_http_requests_total{method="GET",route="other",status="404"} 3\n');
    expect(text).toContain('edmp_http_requests_total{method="other",route="/v1/info",status="405"} 1\n');
    expect(text).toContain('edmp_http_request_duration_seconds_count{route="/v1/trades/{id}"} 2\n');
    expect(text).toContain('edmp_http_requests_in_flight 1\n');
    expect(text).toContain('edmp_trades{state="open"} 0\n');
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) \w+ .+|[a-z_]+(?:\{(?:\w+="[^"]*",?)+\})? [\d.e+-]+)$/);
  });

  it('keep durations in classes that add up', () => {
    const metrics = new Metrics();
    for (const ms of [1, 30, 600, 100_000]) metrics.begin()({ method: 'GET', route: '/x', status: 200, ms });
    const text = metrics.text([]);
    const of = (le: string): number => Number(new RegExp(`le="${le}"\\} (\\d+)`).exec(text)?.[1]);
    expect(['0.005', '0.1', '2.5', '60'].map(of)).toEqual([1, 2, 3, 3]);
    expect(text).toContain('le="+Inf"} 4');
    expect(text).toContain('_sum{route="/x"} 100.631');
  });
});

describe('requests', () => {
  it('have an id: that of the caller where it fits, else a new one', async () => {
    const { seller } = httpMarket();
    const id = async (given?: string): Promise<string | null> =>
      (
        await seller.send(
          'GET',
          '/v1/nothing',
          undefined,
          given === undefined ? {} : { 'X-Request-Id': given },
        )
      ).headers.get('x-request-id');
    expect(await id('abc-1')).toBe('abc-1');
    for (const given of [undefined, '', 'a b', 'x'.repeat(65), '<script>'])
      expect(await id(given), given).toMatch(/^[0-9a-f]{16}$/);
    expect(await id()).not.toBe(await id());
  });

  it('are logged by their route, never by ids, queries or tokens', async () => {
    const lines: string[] = [];
    const environment = virtualEnvironment();
    const log = createLog({ environment, level: 'debug', format: 'json', write: (line) => lines.push(line) });
    const { seller } = httpMarket({ log });
    await seller.send('GET', '/v1/trades/secret-id?x=secret', undefined, { 'X-Request-Id': 'r1' });
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: new Date(environment.now()).toISOString(),
      level: 'debug',
      message: 'GET /v1/trades/{id} 400',
      request: 'r1',
      method: 'GET',
      route: '/v1/trades/{id}',
      status: 400,
      ms: 0,
    });
    expect(lines.join()).not.toMatch(/secret|test-token/);
  });
});

describe('the log', () => {
  const written = (level: LogLevel, format: 'text' | 'json'): string[] => {
    const lines: string[] = [];
    const log = createLog({
      environment: virtualEnvironment(),
      level,
      format,
      write: (line) => lines.push(line),
    });
    log.tell('error', 'broken');
    log.tell('warn', 'odd \u001b[2J', { at: 1 });
    log.tell('info', 'fine', { at: 2 });
    log.tell('debug', 'detail', { at: 3 });
    expect(log.counts).toEqual({ error: 1, warn: 1, info: 1, debug: 1 });
    return lines;
  };
  it('leaves out what is less grave than its level', () => {
    expect(written('error', 'text')).toEqual(['error: broken']);
    expect(written('debug', 'text')).toHaveLength(4);
    expect(written('debug', 'text')[3]).toBe('debug: detail at=3');
    expect(written('info', 'text')[2]).toBe('fine');
  });
  it('writes nothing that a terminal obeys', () => {
    for (const format of ['text', 'json'] as const)
      for (const line of written('debug', format))
        expect([...line].every((character) => character >= ' ')).toBe(true);
  });
});
