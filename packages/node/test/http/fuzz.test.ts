import { operations } from '@edmp/node/http';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { httpMarket, OFFER } from '../support/http.ts';

const market = httpMarket();
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1e9',
    'NaN',
    '__proto__',
    '../../etc/passwd',
    '%00',
    '\ud800',
    '2026-02-30',
    'constructor',
  ),
  fc.nat().map(String),
);

/** A typed refusal or a success, never a failure of the server. */
async function expectTyped(response: Response): Promise<void> {
  const text = await response.text();
  expect(response.status, text).toBeLessThan(500);
  if (response.status >= 400) {
    const { error } = JSON.parse(text);
    const message = typeof error === 'string' ? error : error.message;
    expect(message.length).toBeGreaterThan(5);
    if (typeof error !== 'string') expect(error.code).toMatch(/^ERR_[A-Z_]+$/);
  }
}

it('answers any path and query of every route with a typed 4xx or a result', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...operations),
      odd,
      fc.dictionary(
        fc.oneof(fc.constantFrom('from', 'to', 'step', 'limit', 'format', 'author', 'maxPrice', 'cell'), odd),
        odd,
        { maxKeys: 5 },
      ),
      async (route, id, query) => {
        const path = route.path.replace(
          /\{(?:id|key)\}/,
          encodeURIComponent(id.replaceAll(/\p{Surrogate}/gu, '?')),
        );
        const search = new URLSearchParams(query).toString();
        const body = route.method === 'post' ? {} : undefined;
        await expectTyped(await market.seller.send(route.method.toUpperCase(), `${path}?${search}`, body));
      },
    ),
    { numRuns: 1_500 },
  );
});

it('answers raw, badly encoded paths', async () => {
  for (const path of [
    '/v1/trades/%',
    '/v1/trades/%ff%fe',
    '/v1//trades',
    '/v1/trades/a/b/c',
    '/market/orders/%00/cancel',
    '/wallets/%zz/balance',
    '/%2e%2e/x',
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      await expectTyped(await market.seller.send(method, path));
    }
  }
});

it('answers any JSON body of every POST', async () => {
  const posts = operations.filter((route) => route.method === 'post');
  const mutated = fc
    .tuple(fc.constantFrom(...Object.keys(OFFER), 'asset', '__proto__'), fc.jsonValue())
    .map(([key, value]) => ({ ...OFFER, asset: 'EWbafyreiaaaaaaaaaaa', [key]: value }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...posts),
      fc.oneof(fc.jsonValue(), mutated),
      fc.string(),
      async (route, body, key) => {
        const headers = /^[\x20-\x7e]+$/.test(key) ? { 'Idempotency-Key': key } : {};
        await expectTyped(await market.seller.send('POST', route.path, JSON.stringify(body), headers));
      },
    ),
    { numRuns: 1_500 },
  );
});

it('answers any body of the compatible orders', async () => {
  const fields = fc.record(
    {
      first_asset_amount: fc.oneof(odd, fc.jsonValue(), fc.constant('10')),
      first_asset_type: fc.oneof(odd, fc.jsonValue(), fc.constant('DUM1')),
      second_asset_amount: fc.oneof(odd, fc.jsonValue(), fc.constant('1')),
      second_asset_type: fc.oneof(odd, fc.jsonValue(), fc.constant('EWabcdef')),
      timeout: fc.oneof(odd, fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/market/asks', '/market/bids'),
      fields,
      fc.boolean(),
      async (path, body, asForm) => {
        const text = asForm
          ? new URLSearchParams(
              Object.entries(body).map(([name, value]) => [
                name,
                typeof value === 'string' ? value : JSON.stringify(value),
              ]),
            ).toString()
          : JSON.stringify(body);
        const type = asForm ? 'application/x-www-form-urlencoded' : 'application/json';
        await expectTyped(await market.seller.send('PUT', path, text, { 'Content-Type': type }));
      },
    ),
    { numRuns: 800 },
  );
});
