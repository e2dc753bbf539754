import { createHttpApp, startHttp } from '@edmp/node/http';
import { describe, expect, it } from 'vitest';
import { httpMarket, OFFER, TOKEN } from '../support/http.ts';

const files = {
  read: async (path: string) =>
    path === 'index.html'
      ? { body: new TextEncoder().encode('<!doctype html>'), type: 'text/html' }
      : undefined,
};

describe('who may call', () => {
  it.each([
    ['GET', '/v1/meters'],
    ['GET', '/v1/meters/meter-1/curve?from=2026-01-05&to=2026-01-05&commodity=gas&flow=import&step=P1D'],
    ['GET', '/v1/orders'],
    ['GET', '/v1/trades'],
    ['GET', '/v1/trades/x'],
    ['GET', '/v1/trades/x/data'],
    ['GET', '/v1/wallets'],
    ['GET', '/v1/wallets/DUM1/transactions'],
    ['GET', '/v1/events'],
    ['POST', '/v1/offers'],
    ['POST', '/v1/asks'],
    ['POST', '/v1/bids'],
    ['DELETE', '/v1/orders/x'],
    ['GET', '/wallets'],
    ['GET', '/market/asks'],
    ['PUT', '/market/asks'],
    ['POST', '/market/orders/1/cancel'],
  ])('%s %s needs the token', async (method, path) => {
    const { seller } = httpMarket();
    for (const headers of [
      {},
      { Authorization: 'Bearer wrong-token-0123456' },
      { Cookie: 'edmp-8080=0123' },
    ]) {
      const response = await seller.app.request(`http://127.0.0.1:8080${path}`, { method, headers });
      expect(response.status).toBe(401);
      expect((await response.json()).error.code).toBe('ERR_HTTP_UNAUTHORIZED');
    }
  });

  it.each([
    ['http://evil.example/v1/info', {}],
    ['http://127.0.0.1:8080/v1/info', { Host: 'evil.example:8080' }],
    ['http://127.0.0.1:8080/v1/info', { Host: '127.0.0.1.evil.example' }],
    ['http://127.0.0.1:8080/v1/info', { Origin: 'http://evil.example' }],
    ['http://127.0.0.1:8080/v1/info', { Origin: 'null' }],
    ['http://127.0.0.1:8080/v1/info', { Origin: 'http://127.0.0.1:9999' }],
    ['http://127.0.0.1:8080/v1/info', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
    ['http://127.0.0.1:8080/v1/info', { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors' }],
  ])('refuses pages of other sites: %s %o', async (url, headers) => {
    const { seller } = httpMarket();
    const response = await seller.app.request(url, {
      headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('answers for names of loopback and for hosts it was told', async () => {
    const { seller } = httpMarket();
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:8080']) {
      expect((await seller.app.request(`http://${host}/v1/info`)).status).toBe(200);
    }
    const named = httpMarket({ allowedHosts: ['node.lan:8080'] }).seller;
    expect((await named.app.request('http://node.lan:8080/v1/info')).status).toBe(200);
    expect((await named.app.request('http://node.lan:9090/v1/info')).status).toBe(403);
  });

  it('gives the GUI a cookie for its token, and drops the token from the address', async () => {
    const { seller } = httpMarket({ web: files });
    const opened = await seller.app.request(`http://127.0.0.1:8080/?token=${TOKEN}`);
    expect(opened.status).toBe(303);
    expect(opened.headers.get('location')).toBe('/');
    const cookie = opened.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^edmp-8080=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const headers = {
      Cookie: cookie.split(';')[0]!,
      Origin: 'http://127.0.0.1:8080',
      'Content-Type': 'application/json',
    };
    const offer = { method: 'POST', headers, body: JSON.stringify(OFFER) };
    expect((await seller.app.request('http://127.0.0.1:8080/v1/offers', offer)).status).toBe(201);
    // The cookie of one node is of no use on another port, nor with a page of another site.
    expect(
      (await seller.app.request('http://127.0.0.1:8081/v1/orders', { headers: { Cookie: headers.Cookie } }))
        .status,
    ).toBe(401);
    const foreign = { ...offer, headers: { ...headers, Origin: 'http://127.0.0.1:8081' } };
    expect((await seller.app.request('http://127.0.0.1:8080/v1/offers', foreign)).status).toBe(403);
    const wrong = await seller.app.request('http://127.0.0.1:8080/?token=wrong-token-0123456');
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('set-cookie')).toBeNull();
  });

  it('serves the GUI under a policy that allows nothing from elsewhere', async () => {
    const { seller } = httpMarket({ web: files });
    const page = await seller.app.request('http://127.0.0.1:8080/');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect((await seller.app.request('http://127.0.0.1:8080/secret.js')).status).toBe(404);
  });

  it('refuses a short token and a host that is not loopback', async () => {
    const { seller, environment } = httpMarket();
    expect(() => createHttpApp({ service: seller.service, token: 'short', environment })).toThrow(
      /16 characters/,
    );
    await expect(startHttp({ app: seller.app, host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  it('answers every method over a real connection, with and without bodies', async () => {
    const { seller } = httpMarket();
    const server = await startHttp({ app: seller.app, port: 0 });
    const call = (method: string, path: string, body?: string): Promise<Response> =>
      fetch(server.url + path, {
        method,
        headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body }),
      });
    try {
      const listing = await (await call('POST', '/v1/offers', JSON.stringify(OFFER))).json();
      expect(listing.price).toBe('10');
      expect(await (await call('DELETE', `/v1/orders/${listing.order}`)).json()).toEqual({ cancelled: true });
      expect((await call('DELETE', '/v1/orders/none', '{}')).status).toBe(404);
      expect((await call('POST', '/market/orders/1/cancel')).status).toBe(400);
      expect((await call('PUT', '/market/asks', '{}')).status).toBe(400);
      expect((await call('POST', '/v1/offers', 'x'.repeat(70_000))).status).toBe(413);
      expect((await call('PUT', '/market/asks', 'x'.repeat(70_000))).status).toBe(413);
      expect((await call('GET', '/v1/orders')).status).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it('says when the port is taken', async () => {
    const { seller } = httpMarket();
    const server = await startHttp({ app: seller.app, port: 0 });
    try {
      const port = Number(new URL(server.url).port);
      await expect(startHttp({ app: seller.app, port })).rejects.toMatchObject({ code: 'ERR_HTTP_LISTEN' });
      expect((await (await fetch(`${server.url}/v1/info`)).json()).name).toBe('Seller');
    } finally {
      await server.stop();
      await server.stop();
    }
  });
});
