import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { startHttp } from '@edmp/node/http';
import { beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { compatOperations } from '../../src/http/compat/contract.ts';
import { STEP_PAUSE_MS } from '../support/fake-service.ts';
import { httpMarket, OFFER, TOKEN } from '../support/http.ts';

let market: ReturnType<typeof httpMarket>;
let asset: string;
beforeEach(async () => {
  market = httpMarket();
  asset = (await market.seller.service.offer({ ...OFFER, price: 10n })).asset;
});

// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
async function json(response: Promise<Response>, status = 200): Promise<any> {
  const answer = await response;
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  return JSON.parse(text);
}

/** The buyer buys; the trade is over. */
async function bought(): Promise<void> {
  const body = {
    first_asset_amount: 10,
    first_asset_type: 'DUM1',
    second_asset_amount: 1,
    second_asset_type: asset,
  };
  await json(market.buyer.send('PUT', '/market/bids', body));
  await market.environment.advance(10 * STEP_PAUSE_MS);
}

describe('every call of 2019', () => {
  it('answers in the form of the contract', async () => {
    await bought();
    const { transactions } = await json(market.seller.send('GET', '/market/transactions'));
    const { trader_id, transaction_id } = transactions[0];
    for (const { method, path, response, type } of Object.values(compatOperations)) {
      if (method !== 'get' || type !== undefined) continue;
      const real = path
        .replace('{trader}', trader_id)
        .replace('{number}', '1')
        .replace('{id}', path.startsWith('/wallets') ? 'DUM1' : transaction_id);
      const answer = await json(market.seller.send('GET', real));
      const { success, error } = response.safeParse(answer);
      expect(success, `${path}: ${error}`).toBe(true);
    }
  });

  it('needs the token, and says so in words that its clients show', async () => {
    for (const { method, path } of Object.values(compatOperations)) {
      const answer = await market.seller.app.request(`http://localhost${path.replaceAll(/\{\w+\}/g, '1')}`, {
        method: method.toUpperCase(),
      });
      expect(answer.status, path).toBe(401);
      expect((await answer.json()).error.message).toContain('token');
    }
  });
});

describe('payments of a trade', () => {
  it('are told by trader and number, and by id, on both sides', async () => {
    await bought();
    for (const [node, from, to] of [
      [market.seller, market.buyer.key, market.seller.key],
      [market.buyer, market.buyer.key, market.seller.key],
    ] as const) {
      const { transactions } = await json(node.send('GET', '/market/transactions'));
      const [{ trader_id, transaction_id }] = transactions;
      const paths = [`${trader_id}/1`, transaction_id];
      for (const path of paths) {
        const { payments } = await json(node.send('GET', `/market/transactions/${path}/payments`));
        expect(payments).toMatchObject([
          {
            trader_id: node.key,
            transaction_id,
            transaction_number: 1,
            transferred: { amount: 10, type: 'DUM1' },
            address_from: from,
            address_to: to,
            success: true,
          },
        ]);
      }
    }
  });

  it.each(['x/1', `${'a'.repeat(64)}/1`, 'KEY/0', 'KEY/2', 'KEY/-1', 'KEY/1e3', 'nothing', '%00'])(
    'of %s: there is no such transaction',
    async (path) => {
      await bought();
      const real = path.replace('KEY', market.seller.key);
      expect(await json(market.seller.send('GET', `/market/transactions/${real}/payments`), 404)).toEqual({
        error: 'transaction not found',
      });
    },
  );
});

describe('transfers', () => {
  it('pay what form and JSON say, to an address', async () => {
    const paid: unknown[] = [];
    const service = {
      ...market.seller.service,
      transfer: async (request: unknown) => {
        paid.push(request);
        return { id: `tx${paid.length}` };
      },
    };
    const { seller } = httpMarket();
    const app = (await import('@edmp/node/http')).createHttpApp({
      service,
      token: TOKEN,
      environment: market.environment,
    });
    const send = (body: string, type: string): Promise<Response> =>
      Promise.resolve(
        app.request('http://localhost/wallets/dum1/transfer', {
          method: 'POST',
          headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': type },
          body,
        }),
      );
    const to = seller.key;
    expect(await json(send(`amount=3&destination=${to}`, 'application/x-www-form-urlencoded'))).toEqual({
      txid: 'tx1',
    });
    expect(await json(send(JSON.stringify({ amount: 4, destination: to }), 'application/json'))).toEqual({
      txid: 'tx2',
    });
    expect(paid).toEqual([
      { wallet: 'DUM1', to, amount: 3n },
      { wallet: 'DUM1', to, amount: 4n },
    ]);
  });

  it.each([
    [{}, 400, 'an amount and a destination address are required'],
    [{ amount: 1 }, 400, 'an amount and a destination address are required'],
    [{ amount: 1, destination: 'x' }, 400, 'destination must be a public key'],
    [{ amount: 0, destination: 'a1'.repeat(32) }, 400, 'amount must be a whole number'],
    [{ amount: '1e3', destination: 'a1'.repeat(32) }, 400, 'amount must be a whole number'],
  ])('%o is refused', async (body, status, text) => {
    expect((await json(market.seller.send('POST', '/wallets/DUM1/transfer', body), status)).error).toContain(
      text,
    );
  });

  it('out of a wallet that there is not are 404', async () => {
    await json(
      market.seller.send('POST', '/wallets/BTC/transfer', { amount: 1, destination: 'a1'.repeat(32) }),
      404,
    );
  });
});

describe('/events of 2019', () => {
  it('tells of asks, bids, timeouts, and of a trade and its payment once it is done', async () => {
    const response = await market.seller.send('GET', '/events');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const reader = response.body!.getReader();
    const lines: { type: string; event: Record<string, unknown> }[] = [];
    const reading = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const line of new TextDecoder().decode(value).trimEnd().split('\n'))
          lines.push(JSON.parse(line));
      }
    })();
    const second = await market.seller.service.offer({ ...OFFER, title: 'Another', price: 11n });
    await bought();
    await market.seller.service.cancel(second.order);
    const types = (): string[] => lines.map(({ type }) => type);
    await expect.poll(types).toContain('market_ask_timeout');
    await expect.poll(types).toContain('market_transaction_complete');
    expect(types()[0]).toBe('events_start');
    expect(lines.find(({ type }) => type === 'market_ask')?.event).toMatchObject({
      tick: { trader_id: market.seller.key, assets: { first: { amount: 11, type: 'DUM1' } } },
    });
    expect(types().filter((type) => type === 'market_payment_received')).toHaveLength(1);
    expect(lines.find(({ type }) => type === 'market_transaction_complete')?.event).toMatchObject({
      mine: true,
      tx: { trader_id: market.seller.key, transaction_number: 1, status: 'completed' },
    });
    await reader.cancel();
    await reading;
  });

  it('keeps its connection alive by empty lines, and ends with its reader', async () => {
    const reader = (await market.seller.send('GET', '/events')).body!.getReader();
    await reader.read();
    await market.environment.advance(60_000);
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('\n');
    const before = market.environment.pendingTimers;
    await reader.cancel();
    expect(market.environment.pendingTimers).toBe(before - 1);
  });

  it('has a head without a stream', async () => {
    for (const path of ['/events', '/v1/events']) {
      for (let i = 0; i < 40; i++) {
        const head = await market.seller.app.request(`http://localhost${path}`, {
          method: 'HEAD',
          headers: { Authorization: `Bearer ${TOKEN}` },
        });
        expect(head.status, path).toBe(200);
      }
      expect((await market.seller.send('GET', path)).status).toBe(200);
    }
  });

  it('are limited in number, and the end of one makes room', async () => {
    const open: Response[] = [];
    for (let i = 0; i < 16; i++) open.push(await market.seller.send('GET', '/events'));
    expect((await market.seller.send('GET', '/events')).status).toBe(429);
    await open[0]?.body?.cancel();
    expect((await market.seller.send('GET', '/events')).status).toBe(200);
  });
});

it('tells the version of the interface, and matchmakers whose address is known', async () => {
  expect(await json(market.seller.send('GET', '/state'))).toEqual({ version: 0.1 });
  const { matchmakers } = await json(market.seller.send('GET', '/market/matchmakers'));
  for (const matchmaker of matchmakers)
    expect(matchmaker).toEqual({ ip: expect.any(String), port: expect.any(Number) });
});

const curl = await promisify(execFile)('curl', ['--version']).then(
  () => true,
  () => false,
);

it.skipIf(!curl)(
  'replays Figures 5 to 8 by the lines of the README',
  { timeout: bounds.journey },
  async () => {
    const open = httpMarket({ allowUnauthenticatedCompat: true });
    const listing = await open.seller.service.offer({ ...OFFER, price: 10n });
    await open.seller.service.cancel(listing.order);
    const servers = [
      await startHttp({ app: open.seller.app, port: 0 }),
      await startHttp({ app: open.buyer.app, port: 0 }),
    ];
    try {
      const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
      const lines = readme.split('\n').filter((line) => line.startsWith('curl '));
      expect(lines).toHaveLength(5);
      const run = async (line: string): Promise<Record<string, unknown>> => {
        const real = line
          .replace('http://localhost:8080', servers[0]?.url ?? '')
          .replace('http://localhost:8082', servers[1]?.url ?? '');
        const { stdout } = await promisify(execFile)('sh', ['-c', real.replace('curl ', 'curl -sS -m 20 ')], {
          env: { ...process.env, EW: listing.asset },
        });
        return JSON.parse(stdout);
      };
      const [ask, asks, bid, transactions, balance] = lines as [string, string, string, string, string];
      const assets = { first: { amount: 10, type: 'DUM1' }, second: { amount: 1, type: listing.asset } };
      expect(await run(ask)).toMatchObject({ assets, trader_id: open.seller.key, timeout: 3600 });
      expect(await run(asks)).toMatchObject({ asks: [{ asset1: 'DUM1', asset2: listing.asset }] });
      expect(await run(bid)).toMatchObject({ assets, trader_id: open.buyer.key });
      await open.environment.advance(10 * STEP_PAUSE_MS);
      expect(await run(transactions)).toMatchObject({ transactions: [{ status: 'completed', assets }] });
      expect(await run(balance)).toMatchObject({ balance: { earned: 10, currency: 'DUM1' } });
    } finally {
      for (const server of servers) await server.stop();
    }
  },
);
