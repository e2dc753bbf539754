import { createSettlement, memoryContentStore } from '@edmp/data-settlement';
import { type Crypto, memoryKeyValueStore, softwareSigner, systemEnvironment } from '@edmp/interface';
import { createMarket, type Market, price, type Trade } from '@edmp/market';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { consumption, descriptor } from './day.ts';

/** Two traders in one process: one sells a day of meter data, the other finds it, buys it and opens it. */
export async function trade(crypto: Crypto): Promise<string> {
  const environment = systemEnvironment();
  const networks = simulatedNetworks({ environment });
  const party = async (seed: number) => {
    const signer = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(seed) });
    const network = networks.create({ self: signer.publicKey });
    const node = { signer, network, crypto, environment };
    const trustchain = await createTrustchain({ ...node, store: memoryBlockStore() });
    const content = memoryContentStore({ crypto, environment });
    const settlement = createSettlement({ ...node, content, secrets: memoryKeyValueStore() });
    const market = await createMarket({
      ...node,
      trustchain,
      settlement,
      records: memoryKeyValueStore(),
      // Two alone have nobody else to trust with the money of a deal.
      witnesses: { allowNone: true },
    });
    await network.start();
    return {
      settlement,
      market,
      async stop() {
        await Promise.all([market.stop(), settlement.stop()]);
        await trustchain.stop();
        await network.stop();
      },
    };
  };
  const seller = await party(1);
  const buyer = await party(2);
  networks.link(seller.market.self, buyer.market.self);

  // The buyer takes the first listing that it hears of.
  buyer.market.on((event) => {
    if (event.type !== 'listing' || event.change !== 'added') return;
    const { asset, price: asked } = event.listing;
    void buyer.market.buy({ asset, price: asked, lifetimeMs: 60_000 });
  });
  const finished = Promise.all([completed(seller.market), completed(buyer.market)]);

  const { document } = await seller.settlement.addDataset({ descriptor, consumption });
  await seller.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: 60_000 });
  const [, purchase] = await finished;
  const delivery = await buyer.market.delivery(purchase);
  const balances = await Promise.all(
    [seller, buyer].map(({ market }) => market.balance(market.self, 'DUM1')),
  );
  await Promise.all([seller.stop(), buyer.stop()]);
  return [
    `readings: ${delivery.consumption.values.length}`,
    `identical: ${delivery.consumption.values.join() === consumption.values.join()}`,
    `balances: ${balances.map(({ available, earned }) => available + earned).join(' and ')} DUM1`,
  ].join('\n');
}

/** The first trade that a market completes; fails with the reason when one fails. */
function completed(market: Market): Promise<Trade['id']> {
  return new Promise((resolve, reject) => {
    market.on((event) => {
      if (event.type !== 'trade') return;
      if (event.trade.state === 'completed') resolve(event.trade.id);
      if (event.trade.state === 'failed') reject(new Error(event.trade.failure?.reason));
    });
  });
}
