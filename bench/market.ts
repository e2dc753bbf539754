import { price } from '../packages/market/src/index.ts';
import { documentOf } from '../packages/market/test/support/documents.ts';
import { createWorld, DAY } from '../packages/market/test/support/world.ts';
import { type Bench, elapsedMs, medianOf, type Report } from './harness.ts';

/** Whole trades of three nodes in one process on a simulated network: ask, bid, match, terms, four blocks. */
async function trades(report: Report): Promise<void> {
  const world = await createWorld(12, 0);
  const seller = await world.node('seller', { matchmaker: false });
  const buyer = await world.node('buyer', { matchmaker: false });
  const maker = await world.node('maker');
  await world.link(seller, buyer, maker);
  let done = 0;
  for (const node of [seller, buyer]) {
    node.market.on((event) => {
      if (event.type === 'trade' && event.trade.state === 'completed') done++;
    });
  }
  const times: number[] = [];
  for (let i = 0; i < 400; i++) {
    const document = documentOf(`trade ${i}`);
    const asset = seller.settlement.add(document);
    const ms = await elapsedMs(async () => {
      const unit = price('DUM1', 1);
      await world.environment.run(seller.market.sell({ document, price: unit, supply: 1, lifetimeMs: DAY }));
      await world.environment.run(buyer.market.buy({ asset, price: unit, lifetimeMs: DAY }));
      await world.until(() => done >= 2 * (i + 1), 10_000, 1);
    });
    if (i >= 100) times.push(ms);
  }
  await world.stop();
  const sum = times.reduce((total, ms) => total + ms, 0);
  report({
    metric: 'trade-separate-matchmaker',
    value: (times.length / sum) * 1_000,
    unit: '1/s',
    peer: 'AnyDex 596fd17',
    peerValue: 42.1,
  });
  report({
    metric: 'trade-separate-matchmaker-p50',
    value: medianOf(times),
    unit: 'ms',
    peer: 'AnyDex 596fd17',
    peerValue: 22.7,
  });
}

/** Whole trades (DESIGN §8). Peers' figures are from the reference machine. */
export const bench: Bench = {
  name: 'market',
  async run(report) {
    await trades(report);
  },
};
