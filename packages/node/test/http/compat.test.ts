import { beforeEach, describe, expect, it } from 'vitest';
import { STEP_PAUSE_MS } from '../support/fake-service.ts';
import { httpMarket, OFFER } from '../support/http.ts';

let market: ReturnType<typeof httpMarket>;
let asset: string;
beforeEach(async () => {
  market = httpMarket();
  const listing = await market.seller.service.offer({ ...OFFER, price: 10n });
  asset = listing.asset;
});

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const form = (change: Record<string, string> = {}): string =>
  new URLSearchParams({
    first_asset_amount: '10',
    first_asset_type: 'DUM1',
    second_asset_amount: '1',
    second_asset_type: asset,
    ...change,
  }).toString();

// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
async function json(response: Promise<Response>, status = 200): Promise<any> {
  const answer = await response;
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  return JSON.parse(text);
}

describe('/market and /wallets as EDMP documented them', () => {
  it('places a form-encoded ask of a held dataset (Figure 5)', async () => {
    const answer = await json(market.seller.send('PUT', '/market/asks', form(), FORM));
    expect(answer).toEqual({
      assets: { first: { amount: 10, type: 'DUM1' }, second: { amount: 1, type: asset } },
      timestamp: market.environment.now(),
      trader_id: market.seller.key,
      order_number: 2,
      timeout: 3600,
    });
  });

  it('shows asks and bids with their ticks (Figure 6)', async () => {
    await json(
      market.buyer.send('PUT', '/market/bids', form({ first_asset_amount: '8', timeout: '60' }), FORM),
    );
    const { asks } = await json(market.buyer.send('GET', '/market/asks'));
    expect(asks).toMatchObject([
      {
        asset1: 'DUM1',
        asset2: asset,
        ticks: [
          {
            trader_id: market.seller.key,
            order_number: 1,
            assets: { first: { amount: 10, type: 'DUM1' }, second: { amount: 1, type: asset } },
            timeout: 86_400,
            traded: 0,
          },
        ],
      },
    ]);
    expect(Object.keys(asks[0].ticks[0]).sort()).toEqual(
      ['assets', 'block_hash', 'order_number', 'timeout', 'timestamp', 'traded', 'trader_id'].sort(),
    );
    const { bids } = await json(market.seller.send('GET', '/market/bids'));
    expect(bids[0].ticks).toMatchObject([{ trader_id: market.buyer.key, timeout: 60 }]);
  });

  it('carries a JSON bid to a transaction in which the seller’s money goes up (Figures 7 and 8)', async () => {
    const bid = {
      first_asset_amount: 10,
      first_asset_type: 'DUM1',
      second_asset_amount: 1,
      second_asset_type: asset,
    };
    await json(market.buyer.send('PUT', '/market/bids', bid));
    const pending = await json(market.buyer.send('GET', '/market/transactions'));
    expect(pending.transactions).toMatchObject([
      { status: 'pending', transferred: { first: { amount: 0 } } },
    ]);
    await market.environment.advance(10 * STEP_PAUSE_MS);
    const { transactions } = await json(market.seller.send('GET', '/market/transactions'));
    expect(transactions).toHaveLength(1);
    expect(transactions[0]).toMatchObject({
      trader_id: market.seller.key,
      order_number: 1,
      partner_trader_id: market.buyer.key,
      partner_order_number: 1,
      transaction_number: 1,
      assets: { first: { amount: 10, type: 'DUM1' }, second: { amount: 1, type: asset } },
      transferred: { first: { amount: 10 } },
      payment_complete: true,
      status: 'completed',
    });
    const { wallets } = await json(market.seller.send('GET', '/wallets'));
    expect(wallets.DUM1).toMatchObject({
      created: true,
      unlocked: true,
      precision: 0,
      min_unit: 1,
      balance: { available: 1000, earned: 10, pending: 0, currency: 'DUM1', precision: 0 },
    });
    const { balance } = await json(market.buyer.send('GET', '/wallets/dum1/balance'));
    expect(balance.available).toBe(990);
    const movements = await json(market.buyer.send('GET', '/wallets/DUM1/transactions'));
    expect(movements.transactions.at(-1)).toMatchObject({
      outgoing: true,
      amount: 10,
      currency: 'DUM1',
      from: market.buyer.key,
      to: market.seller.key,
    });
  });

  it('lists own orders and cancels by number', async () => {
    const { orders } = await json(market.seller.send('GET', '/market/orders'));
    expect(orders).toMatchObject([
      { trader_id: market.seller.key, order_number: 1, is_ask: true, cancelled: false, status: 'open' },
    ]);
    expect(await json(market.seller.send('POST', '/market/orders/1/cancel'))).toEqual({ cancelled: true });
    expect(await json(market.seller.send('POST', '/market/orders/1/cancel'), 400)).toEqual({
      error: 'only open and unverified orders can be cancelled',
    });
    expect(await json(market.seller.send('POST', '/market/orders/99/cancel'), 404)).toEqual({
      error: 'order not found',
    });
  });

  it('names matchmakers by address', async () => {
    expect(await json(market.buyer.send('GET', '/market/matchmakers'))).toEqual({
      matchmakers: [{ ip: '127.0.0.1', port: 4001 }],
    });
  });

  it.each([
    ['asset amount parameter missing', { first_asset_amount: '' }],
    ['asset type parameter missing', { second_asset_type: '' }],
    ['first_asset_amount must be a whole number', { first_asset_amount: '-1' }],
    ['first_asset_amount must be a whole number', { first_asset_amount: '1e3' }],
    ['first_asset_amount must be a whole number', { first_asset_amount: '9223372036854775808' }],
    ['a whole number of units for each licence', { second_asset_amount: '3' }],
    ['first_asset_type must be a currency', { first_asset_type: 'EWabc' }],
    ['second_asset_type must be EW', { second_asset_type: 'MB' }],
    ['timeout must be a whole number', { timeout: '86401' }],
    ['does not hold the data', { second_asset_type: 'EWQmUnknown' }],
  ])('refuses an ask with 400: %s %o', async (text, change) => {
    const answer = await json(market.seller.send('PUT', '/market/asks', form(change), FORM), 400);
    expect(answer.error).toContain(text);
  });

  it('refuses a bid for two licences, and a body that is neither form nor JSON object', async () => {
    await json(market.buyer.send('PUT', '/market/bids', form({ second_asset_amount: '2' }), FORM), 400);
    await json(market.buyer.send('PUT', '/market/bids', '[1]'), 400);
  });

  it('knows which wallets exist', async () => {
    expect(await json(market.buyer.send('PUT', '/wallets/DUM1'), 400)).toEqual({
      error: 'this wallet already exists',
    });
    await json(market.buyer.send('PUT', '/wallets/NONE'), 404);
    await json(market.buyer.send('GET', '/wallets/NONE/balance'), 404);
  });

  it('is open without the token only when the node says so', async () => {
    const open = httpMarket({ allowUnauthenticatedCompat: true }).seller;
    expect((await open.app.request('http://127.0.0.1/market/asks')).status).toBe(200);
    expect((await open.app.request('http://127.0.0.1/v1/orders')).status).toBe(401);
    expect(
      (await open.app.request('http://127.0.0.1/market/asks', { headers: { Origin: 'http://evil.example' } }))
        .status,
    ).toBe(403);
  });
});
