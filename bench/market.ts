import type { Bench } from './harness.ts';
import { ledgerFold } from './market-ledger.ts';
import { notaryCertify } from './market-notary.ts';
import { orderRows } from './market-orders.ts';
import { wholeTrades } from './market-trades.ts';
import { tradesBetweenProcesses } from './trade-processes.ts';

/** The market (DESIGN §8): whole trades, notaries, the fold of the ledger, order book, search and order sync. */
export const bench: Bench = {
  name: 'market',
  async run(report) {
    await wholeTrades(report);
    await tradesBetweenProcesses(report);
    await notaryCertify(report);
    await ledgerFold(report);
    await orderRows(report);
  },
};
