import type { Bench } from './harness.ts';
import { measureBulk } from './settlement-bulk.ts';
import { measureDeals } from './settlement-deals.ts';
import { measureGigabyte } from './settlement-gigabyte.ts';
import { measureTransfers } from './settlement-transfers.ts';

export const bench: Bench = {
  name: 'settlement',
  parts: { deals: measureDeals, bulk: measureBulk, transfers: measureTransfers, gigabyte: measureGigabyte },
  run: async (report) => {
    await measureDeals(report);
    await measureBulk(report);
    await measureTransfers(report);
  },
};
