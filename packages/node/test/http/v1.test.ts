import { EdmpError } from '@edmp/interface';
import { createNodeClient } from '@edmp/node/client';
import { createHttpApp, operations, statusOf } from '@edmp/node/http';
import { beforeEach, describe, expect, it } from 'vitest';
import { STEP_PAUSE_MS } from '../support/fake-service.ts';
import { httpMarket, OFFER, TOKEN } from '../support/http.ts';

let market: ReturnType<typeof httpMarket>;
beforeEach(() => {
  market = httpMarket();
});

// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
async function json(response: Response, status = 200): Promise<Record<string, any>> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  expect(response.headers.get('content-type')).toContain('application/json');
  return JSON.parse(text);
}

/** Lists a day and buys it; the trade is over. */
async function finishedTrade(): Promise<{ trade: string; order: string; asset: string }> {
  const listing = await json(await market.seller.send('POST', '/v1/offers', OFFER), 201);
  const order = await json(await market.buyer.send('POST', '/v1/bids', { asset: listing.asset }), 201);
  await market.environment.advance(10 * STEP_PAUSE_MS);
  const { trades } = await json(await market.buyer.send('GET', '/v1/trades'));
  return { trade: trades[0].id, order: order.order, asset: listing.asset };
}

describe('/v1', () => {
  it('tells about the node without a token', async () => {
    const response = await market.seller.app.request('http://127.0.0.1:8080/v1/info');
    expect(await json(response)).toMatchObject({ name: 'Seller', meterSource: 'oehu' });
  });

  it('gives meters and their curves', async () => {
    const { meters } = await json(await market.seller.send('GET', '/v1/meters'));
    expect(meters).toHaveLength(1);
    const query = 'from=2026-01-05&to=2026-01-05&commodity=electricity&flow=import&step=PT1H';
    const curve = await json(await market.seller.send('GET', `/v1/meters/${meters[0].id}/curve?${query}`));
    expect(curve.values).toHaveLength(24);
    expect(curve.values[3]).toBeNull();
  });

  it('lists an offer, with the price as a decimal string', async () => {
    const listing = await json(await market.seller.send('POST', '/v1/offers', OFFER), 201);
    expect(listing).toMatchObject({ price: '10', currency: 'DUM1', own: true });
    expect(listing.descriptor.pseudonym).toMatch(/^[0-9a-f]{32}$/);
    const { listings } = await json(await market.buyer.send('GET', '/v1/listings?text=winter&maxPrice=10'));
    expect(listings.map((found: { order: string }) => found.order)).toEqual([listing.order]);
    const none = await json(await market.buyer.send('GET', '/v1/listings?maxPrice=9'));
    expect(none).toEqual({ listings: [] });
    const { orders } = await json(await market.buyer.send('GET', '/v1/book'));
    expect(orders).toMatchObject([{ side: 'ask', trader: market.seller.key, price: '10' }]);
  });

  it('tells the household only when the owner says so', async () => {
    const silent = await json(await market.seller.send('POST', '/v1/offers', OFFER), 201);
    expect(silent.descriptor.household).toBeNull();
    const open = { ...OFFER, shareHousehold: true };
    const told = await json(await market.seller.send('POST', '/v1/offers', open), 201);
    expect(told.descriptor.household).toEqual({ kind: 'house', occupants: '3-4' });
  });

  it('tells what a curve reveals, finest step first and less at coarser ones', async () => {
    const query = 'from=2026-01-05&to=2026-01-11&commodity=electricity&flow=import&step=PT15M';
    const { reveals } = await json(await market.seller.send('GET', `/v1/meters/meter-1/reveals?${query}`));
    expect(reveals.map((one: { step: string }) => one.step)).toEqual(['PT15M', 'PT1H', 'P1D']);
    const kinds = reveals.map(({ found }: { found: { kind: string }[] }) => found.map(({ kind }) => kind));
    expect(kinds[0]).toContain('wake-and-sleep');
    expect(kinds[2]).not.toContain('wake-and-sleep');
    await json(await market.seller.send('GET', `/v1/meters/none/reveals?${query}`), 404);
    await json(await market.seller.send('GET', `/v1/meters/meter-1/reveals?${query}&typo=1`), 400);
  });

  it('shows the consent that an offer gave, and its log, to the owner alone', async () => {
    const listing = await json(await market.seller.send('POST', '/v1/offers', OFFER), 201);
    const { consents } = await json(await market.seller.send('GET', '/v1/consents'));
    expect(consents).toMatchObject([
      {
        asset: listing.asset,
        digest: listing.descriptor.consent,
        from: OFFER.from,
        to: OFFER.to,
        finestStep: 'PT15M',
        place: 'town',
        purposes: ['research'],
        withdrawn: null,
      },
    ]);
    const { entries } = await json(await market.seller.send('GET', '/v1/consents/log'));
    expect(entries.map((entry: { event: string }) => entry.event)).toEqual(['listed', 'granted']);
    expect(await json(await market.buyer.send('GET', '/v1/consents'))).toEqual({ consents: [] });
    for (const path of ['/v1/consents', '/v1/consents/log']) {
      await json(await market.seller.app.request(`http://127.0.0.1:8080${path}`), 401);
    }
  });

  it('has days as the default step of a curve and of an offer', async () => {
    const { step: _, ...offer } = OFFER;
    const listing = await json(await market.seller.send('POST', '/v1/offers', offer), 201);
    expect(listing.descriptor.step).toBe('P1D');
    const query = 'from=2026-01-05&to=2026-01-06&commodity=electricity&flow=import';
    const curve = await json(await market.seller.send('GET', `/v1/meters/meter-1/curve?${query}`));
    expect([curve.step, curve.values.length]).toEqual(['P1D', 2]);
  });

  it('refuses texts that name somebody with 422 and the words, unless they are allowed expressly', async () => {
    const personal = { ...OFFER, title: 'call 06-12345678' };
    const refused = await json(await market.seller.send('POST', '/v1/offers', personal), 422);
    expect(refused.error).toMatchObject({
      code: 'ERR_PRIVACY_TEXT',
      message: expect.stringContaining('"06-12345678" in title looks like a phone number'),
    });
    await json(await market.seller.send('POST', '/v1/offers', { ...personal, allowPersonalText: true }), 201);
  });

  it('gives the records of the consents to the owner alone', async () => {
    const records = await json(await market.seller.send('GET', '/v1/consents/records'));
    expect(records).toMatchObject({ structure: 'ISO/IEC TS 27560:2023', records: [] });
    await json(await market.seller.app.request('http://127.0.0.1:8080/v1/consents/records'), 401);
  });

  it('withdraws a consent: the listing goes, a running sale fails and the money comes back', async () => {
    const listing = await json(await market.seller.send('POST', '/v1/offers', OFFER), 201);
    await json(await market.buyer.send('POST', '/v1/bids', { asset: listing.asset }), 201);
    await market.environment.advance(2 * STEP_PAUSE_MS);
    const { consents } = await json(await market.seller.send('GET', '/v1/consents'));
    const path = `/v1/consents/${consents[0].id}`;
    await json(await market.buyer.send('DELETE', path), 404);
    const withdrawn = await json(await market.seller.send('DELETE', path));
    expect(withdrawn).toEqual({ ...consents[0], withdrawn: market.environment.now() });
    expect(await json(await market.buyer.send('GET', '/v1/listings'))).toEqual({ listings: [] });
    await market.environment.advance(10 * STEP_PAUSE_MS);
    const { trades } = await json(await market.buyer.send('GET', '/v1/trades'));
    expect(trades).toMatchObject([{ final: true, failed: 'The seller withdrew its consent', atRisk: '0' }]);
    const { wallets } = await json(await market.buyer.send('GET', '/v1/wallets'));
    expect(wallets[0]).toMatchObject({ available: '1000', held: '0' });
    expect(await json(await market.seller.send('DELETE', path))).toEqual(withdrawn);
    const again = { asset: listing.asset, price: '12', currency: 'DUM1', supply: 1, lifetimeMs: 60_000 };
    const { error } = await json(await market.seller.send('POST', '/v1/asks', again), 409);
    expect(error.code).toBe('ERR_CONSENT_WITHDRAWN');
    await json(await market.seller.app.request(`http://127.0.0.1:8080${path}`, { method: 'DELETE' }), 401);
  });

  it('carries a purchase from bid to download and pays the seller', async () => {
    const { trade, asset } = await finishedTrade();
    const view = await json(await market.buyer.send('GET', `/v1/trades/${trade}`));
    expect(view).toMatchObject({ role: 'buyer', final: true, failed: null, atRisk: '0' });
    const data = await json(await market.buyer.send('GET', `/v1/trades/${trade}/data`));
    expect(data.asset).toBe(asset);
    expect(data.consumption.values).toEqual(data.curve.values);
    const { wallets } = await json(await market.seller.send('GET', '/v1/wallets'));
    expect(wallets[0]).toMatchObject({ id: 'DUM1', available: '1000', earned: '10' });
    const { transactions } = await json(await market.buyer.send('GET', '/v1/wallets/DUM1/transactions'));
    expect(transactions.at(-1)).toMatchObject({ direction: 'out', amount: '10', status: 'final', trade });
  });

  it('gives bought data as CSV with exact values, local times and gaps', async () => {
    const { trade } = await finishedTrade();
    const response = await market.buyer.send('GET', `/v1/trades/${trade}/data?format=csv`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="edmp-electricity-2026-01-05-2026-01-05.csv"',
    );
    const lines = (await response.text()).split('\r\n');
    expect(lines[0]).toBe('start,local,kWh,quality');
    expect(lines).toHaveLength(98);
    expect(lines[1]).toMatch(/^2026-01-04T23:00:00\.000Z,2026-01-05T00:00:00\+01:00,0\.\d{6},measured$/);
    expect(lines[13]).toBe('2026-01-05T02:00:00.000Z,2026-01-05T03:00:00+01:00,,missing');
  });

  it('offers a held dataset again, and refuses one that is not held', async () => {
    const listing = await json(await market.seller.send('POST', '/v1/offers', OFFER), 201);
    const ask = { asset: listing.asset, price: '12', currency: 'DUM1', supply: 3, lifetimeMs: 60_000 };
    expect(await json(await market.seller.send('POST', '/v1/asks', ask), 201)).toMatchObject({
      side: 'ask',
      quantity: 3,
    });
    const refused = await json(await market.buyer.send('POST', '/v1/asks', ask), 404);
    expect(refused.error.code).toBe('ERR_SETTLEMENT_UNKNOWN_DATASET');
  });

  it('cancels an open order once', async () => {
    const listing = await json(await market.seller.send('POST', '/v1/offers', OFFER), 201);
    const path = `/v1/orders/${listing.order}`;
    expect(await json(await market.seller.send('DELETE', path))).toEqual({ cancelled: true });
    expect((await json(await market.seller.send('DELETE', path), 409)).error.code).toBe('ERR_ORDER_CLOSED');
    expect((await json(await market.seller.send('DELETE', '/v1/orders/none'), 404)).error.code).toBe(
      'ERR_NODE_NOT_FOUND',
    );
    const { orders } = await json(await market.seller.send('GET', '/v1/orders'));
    expect(orders).toMatchObject([{ status: 'cancelled' }]);
  });

  it('lists blocks by author and page, and gives one', async () => {
    await finishedTrade();
    const path = `/v1/blocks?author=${market.seller.key}`;
    const { blocks } = await json(await market.seller.send('GET', `${path}&limit=2`));
    expect(blocks.map((block: { seq: number }) => block.seq)).toEqual([1, 2]);
    const rest = await json(await market.seller.send('GET', `${path}&after=2`));
    expect(rest.blocks.map((block: { seq: number }) => block.seq)).toEqual([3]);
    expect(await json(await market.seller.send('GET', `/v1/blocks/${blocks[0].id}`))).toEqual(blocks[0]);
    await json(await market.seller.send('GET', '/v1/blocks/none'), 404);
  });

  it('names the matchmakers it knows', async () => {
    const { matchmakers } = await json(await market.seller.send('GET', '/v1/matchmakers'));
    expect(matchmakers).toHaveLength(2);
  });

  it('tells what is wrong with an input, field by field', async () => {
    const { error } = await json(
      await market.seller.send('POST', '/v1/offers', { ...OFFER, price: '0', to: '2026-02-30', typo: 1 }),
      400,
    );
    expect(error.code).toBe('ERR_HTTP_INPUT');
    expect(error.message).toContain('body.price');
    expect(error.message).toContain('body.to');
    expect(error.message).toContain('typo');
  });

  it.each([
    ['a day before the first', { to: '2026-01-04' }],
    ['too many intervals', { to: '2026-12-31', step: 'PT1M' }],
    ['a price above 2^63-1', { price: '9223372036854775808' }],
    ['a price as a number', { price: 10 }],
    ['no licences', { supply: 0 }],
    ['no purpose', { purposes: [] }],
    ['control characters', { title: 'a\u0000b' }],
  ])('refuses %s', async (_, change) => {
    const { error } = await json(
      await market.seller.send('POST', '/v1/offers', { ...OFFER, ...change }),
      400,
    );
    expect(error.code).toBe('ERR_HTTP_INPUT');
  });

  it('answers an unknown path with 404, and a wrong method with 405 and what is allowed', async () => {
    expect((await json(await market.seller.send('GET', '/v1/nothing'), 404)).error.code).toBe(
      'ERR_HTTP_NOT_FOUND',
    );
    for (const [method, path, allowed] of [
      ['PUT', '/v1/offers', 'POST'],
      ['POST', '/v1/info', 'GET, HEAD'],
      ['DELETE', '/v1/consents/log', 'GET, HEAD'],
      ['GET', '/v1/consents/x', 'DELETE'],
      ['PATCH', '/v1/meters/m', 'DELETE'],
      ['DELETE', '/market/asks', 'GET, HEAD, PUT'],
      ['OPTIONS', '/health', 'GET, HEAD'],
    ] as const) {
      const answer = await market.seller.send(method, path, method === 'PUT' ? OFFER : undefined);
      expect(answer.headers.get('allow'), path).toBe(allowed);
      expect((await json(answer, 405)).error.code).toBe('ERR_HTTP_METHOD');
    }
  });

  it('refuses bodies that are not JSON or too large', async () => {
    const asText = await market.seller.send('POST', '/v1/bids', '{}', { 'Content-Type': 'text/plain' });
    expect((await json(asText, 415)).error.code).toBe('ERR_HTTP_MEDIA_TYPE');
    await json(await market.seller.send('POST', '/v1/bids', '{'), 400);
    for (const half of ['{"asset":"\\ud800"}', '{"\\udc00":1}', '{"a":[{"b":"x\\uD83D"}]}']) {
      const refused = await json(await market.seller.send('POST', '/v1/bids', half), 400);
      expect(refused.error).toMatchObject({
        code: 'ERR_HTTP_INPUT',
        message: expect.stringContaining('JSON'),
      });
    }
    const large = JSON.stringify({ asset: 'x'.repeat(70_000) });
    const answer = await json(await market.seller.send('POST', '/v1/bids', large), 413);
    expect(answer.error.code).toBe('ERR_HTTP_BODY_SIZE');
  });

  it('ends a request that the service does not answer', async () => {
    const environment = market.environment;
    const service = { ...market.seller.service, info: () => new Promise<never>(() => {}) };
    const app = createHttpApp({ service, token: TOKEN, environment, timeoutMs: 1_000 });
    const response = await environment.run(Promise.resolve(app.request('http://localhost/v1/info')));
    expect((await json(response, 504)).error.code).toBe('ERR_TIMEOUT');
  });

  it('keeps the cause of its own failure to itself and its log', async () => {
    const failures: unknown[] = [];
    const service = { ...market.seller.service, info: async () => Promise.reject(new Error('secret path')) };
    const app = createHttpApp({
      service,
      token: TOKEN,
      environment: market.environment,
      onFailure: (error) => failures.push(error),
    });
    const text = await (await app.request('http://localhost/v1/info')).text();
    expect(JSON.parse(text).error.code).toBe('ERR_INTERNAL');
    expect(text).not.toContain('secret');
    expect(String(failures[0])).toContain('secret path');
  });
});

it.each([
  ['ERR_RISK_BALANCE', 409],
  ['ERR_METER_SCHEMA', 502],
  ['ERR_METER_UNKNOWN_DEVICE', 404],
  ['ERR_CONSENT_SCOPE', 403],
  ['ERR_CONSENT_WITHDRAWN', 409],
  ['ERR_CONSENT_RECEIPT', 422],
  ['ERR_STORE_IO', 500],
  ['ERR_TIMEOUT', 504],
  ['ERR_SOMETHING_NEW', 422],
])('answers %s with %i', (code, status) => {
  expect(statusOf(new EdmpError(code, 'text'))).toBe(status);
});

it('answers what was not thrown on purpose with 500, also when it has a code', () => {
  expect(statusOf(Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBe(500);
});

describe('OpenAPI document', () => {
  it('has every route, resolves every reference, and marks what needs the token', async () => {
    const text = await (await market.seller.app.request('http://localhost/v1/openapi.json')).text();
    const document = JSON.parse(text);
    expect(document.openapi).toBe('3.1.0');
    for (const route of operations) {
      const operation = document.paths[route.path][route.method];
      expect(operation.security, route.path).toEqual(route.access === 'public' ? undefined : [{ token: [] }]);
      expect(Object.keys(operation.responses)).toContain(String(route.status));
      for (const name of route.path.matchAll(/\{(\w+)\}/g)) {
        expect(operation.parameters).toContainEqual(expect.objectContaining({ in: 'path', name: name[1] }));
      }
    }
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(20);
    for (const name of references) expect(document.components.schemas).toHaveProperty(name!);
    expect(text).not.toContain('$defs');
    expect(document.components.schemas.Listing.properties.price).toMatchObject({ type: 'string' });
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path as object).map((operation) => operation.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('idempotency', () => {
  it('acts once for a repeated key, and again for another', async () => {
    const send = (key: string): Promise<Response> =>
      market.seller.send('POST', '/v1/offers', OFFER, { 'Idempotency-Key': key });
    const [first, second] = await Promise.all([send('a'), send('a')]);
    const listing = await json(first, 201);
    expect(await json(second, 201)).toEqual(listing);
    expect((await json(await send('b'), 201)).order).not.toBe(listing.order);
  });

  it('refuses a key for another request, and a malformed one', async () => {
    const headers = { 'Idempotency-Key': 'k' };
    await json(await market.seller.send('POST', '/v1/offers', OFFER, headers), 201);
    await json(await market.seller.send('POST', '/v1/offers', { ...OFFER, price: '11' }, headers), 422);
    await json(
      await market.seller.send('POST', '/v1/offers', OFFER, { 'Idempotency-Key': 'x'.repeat(129) }),
      400,
    );
  });

  it('forgets a key after a day', async () => {
    const headers = { 'Idempotency-Key': 'k' };
    const first = await json(await market.seller.send('POST', '/v1/offers', OFFER, headers), 201);
    await market.environment.advance(86_400_001);
    const again = await json(await market.seller.send('POST', '/v1/offers', OFFER, headers), 201);
    expect(again.order).not.toBe(first.order);
  });
});

describe('client', () => {
  const clientOf = (node: 'seller' | 'buyer'): ReturnType<typeof createNodeClient> =>
    createNodeClient({
      url: 'http://127.0.0.1:8080/',
      token: TOKEN,
      environment: market.environment,
      fetch: async (input, init) => market[node].app.request(String(input), init),
    });

  it('gives what the service gives, types included', async () => {
    const { trade } = await finishedTrade();
    const client = clientOf('buyer');
    const { service } = market.buyer;
    expect(await client.info()).toEqual(await service.info());
    expect(await client.meters()).toEqual(await service.meters());
    expect(await client.trades()).toEqual(await service.trades());
    expect(await client.trade(trade)).toEqual(await service.trade(trade));
    expect(await client.delivery(trade)).toEqual(await service.delivery(trade));
    expect(await client.orders()).toEqual(await service.orders());
    expect(await client.book()).toEqual(await service.book());
    expect(await client.wallets()).toEqual(await service.wallets());
    expect(await client.transactions('DUM1')).toEqual(await service.transactions('DUM1'));
    expect(await client.blocks({ limit: 3 })).toEqual(await service.blocks({ limit: 3 }));
    for (const key of ['aa'.repeat(32), 'cc'.repeat(32)]) {
      expect(await client.trust(key)).toEqual(await service.trust(key));
    }
    expect(await client.matchmakers()).toEqual(await service.matchmakers());
    expect(await client.download(trade, 'csv')).toContain('start,local,kWh,quality');
  });

  it('lists, bids and cancels', async () => {
    const seller = clientOf('seller');
    const listing = await seller.offer({ ...OFFER, price: 10n });
    expect(await seller.listings({ asset: listing.asset, maxPrice: 10n, limit: 1 })).toEqual([listing]);
    const bid = await clientOf('buyer').buy({ asset: listing.asset, price: 4n });
    await clientOf('buyer').cancel(bid.order);
    expect((await clientOf('buyer').orders())[0]?.status).toBe('cancelled');
    const block = await seller.block(listing.order);
    expect(block.type).toBe('market/ask');
    const query = {
      meter: 'meter-1',
      from: '2026-01-05',
      to: '2026-01-05',
      commodity: 'gas',
      flow: 'import',
      step: 'PT1H',
    } as const;
    expect(await seller.curve(query)).toEqual(await market.seller.service.curve(query));
    expect(await seller.reveals(query)).toEqual(await market.seller.service.reveals(query));
    expect(
      (await seller.ask({ asset: listing.asset, price: 3n, currency: 'DUM1', supply: 1, lifetimeMs: 60_000 }))
        .price,
    ).toBe(3n);
  });

  it('shows and withdraws consents', async () => {
    const seller = clientOf('seller');
    await seller.offer({ ...OFFER, price: 10n });
    const [consent] = await seller.consents();
    expect(await seller.consents()).toEqual(await market.seller.service.consents());
    const withdrawn = await seller.withdrawConsent(consent!.id);
    expect(withdrawn.withdrawn).toBe(market.environment.now());
    expect(await seller.consents()).toEqual([withdrawn]);
    expect(await seller.consentLog()).toEqual(await market.seller.service.consentLog());
    expect((await seller.consentLog())[0]?.event).toBe('withdrawn');
  });

  it('throws the node’s errors with their codes', async () => {
    await expect(clientOf('buyer').trade('none')).rejects.toMatchObject({
      code: 'ERR_NODE_NOT_FOUND',
      details: { status: 404 },
    });
  });

  it('says when nobody answers, or something else does', async () => {
    const dead = createNodeClient({
      url: 'http://x',
      environment: market.environment,
      fetch: async () => Promise.reject(new TypeError('refused')),
    });
    await expect(dead.info()).rejects.toMatchObject({ code: 'ERR_HTTP_UNREACHABLE', retryable: true });
    const other = createNodeClient({
      url: 'http://x',
      environment: market.environment,
      fetch: async () => new Response('<html>'),
    });
    await expect(other.info()).rejects.toMatchObject({ code: 'ERR_HTTP_RESPONSE' });
    const wrong = createNodeClient({
      url: 'http://x',
      environment: market.environment,
      fetch: async () => Response.json({ name: 1 }),
    });
    await expect(wrong.info()).rejects.toMatchObject({ code: 'ERR_HTTP_RESPONSE' });
    const silent = createNodeClient({
      url: 'http://x',
      environment: market.environment,
      timeoutMs: 50,
      fetch: () => new Promise(() => {}),
    });
    await expect(market.environment.run(silent.info())).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });
});
