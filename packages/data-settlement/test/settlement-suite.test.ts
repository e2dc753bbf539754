import { settlementSuite } from '@edmp/testing';
import { quarterHours } from './support/fixtures.ts';
import { parties } from './support/parties.ts';

settlementSuite({
  name: 'createSettlement over stores in memory',
  async create() {
    const { seller, buyer, stranger } = parties();
    const series = quarterHours({ days: 2 });
    const { asset, document } = await seller.settlement.addDataset(series);
    const all = [seller, buyer, stranger];
    const [a, b, c] = all.map(({ network, settlement }) => ({ self: network.self, settlement }));
    return {
      seller: a!,
      buyer: b!,
      stranger: c!,
      asset,
      document,
      consumption: series.consumption,
      async close() {
        for (const { settlement } of all) await settlement.stop();
      },
    };
  },
});
