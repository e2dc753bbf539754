import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { parties, receivedDeal } from './support/parties.ts';

describe('a deal from dataset to opened data', () => {
  it('gives the buyer exactly what the seller added', async () => {
    const all = parties();
    const series = quarterHours({ days: 2 });
    const deal = await receivedDeal(all, series);
    const wrapped = await all.seller.settlement.release(deal.trade);
    const outcome = await all.buyer.settlement.open(deal.trade, deal.document, deal.delivery, wrapped);
    expect(outcome).toEqual({
      kind: 'opened',
      document: deal.document,
      consumption: series.consumption,
    });
    expect(wrapped.length).toBe(80);
  });

  it('needs two round trips to fetch one day', async () => {
    const all = parties();
    await receivedDeal(all);
    expect(all.buyer.network.requests).toBe(2);
  });
});
