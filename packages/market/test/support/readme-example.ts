import { memoryKeyValueStore, softwareSigner, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createMarket, type MarketOptions, marketRules, price } from '@edmp/market';
import { notary } from '@edmp/market/notary';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { documentOf } from './documents.ts';
import { fakeSettlement } from './fake-settlement.ts';

const environment = virtualEnvironment();
const crypto = nodeCrypto({ threads: false });
const networks = simulatedNetworks({ environment });
const shelf = new Map();

async function trader(secret: number, options: Partial<MarketOptions>) {
  const signer = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(secret) });
  const network = networks.create({ self: signer.publicKey });
  await network.start();
  const rules = marketRules(crypto);
  const trustchain = await createTrustchain({
    signer,
    crypto,
    store: memoryBlockStore(),
    network,
    environment,
    rules,
  });
  const settlement = fakeSettlement({ environment, shelf }); // in an application: createSettlement of @edmp/data-settlement
  const records = memoryKeyValueStore();
  const market = await createMarket({
    trustchain,
    network,
    settlement,
    environment,
    crypto,
    signer,
    records,
    ...options,
  });
  return { market, settlement };
}
const witness = await trader(3, { notary: notary({ store: memoryKeyValueStore() }) });
const witnesses = { keys: witness.market.notaryKeys };
const seller = await trader(1, { witnesses });
const buyer = await trader(2, { witnesses });
networks.link(seller.market.self, buyer.market.self);
for (const { market } of [seller, buyer]) networks.link(market.self, witness.market.self);
await environment.advance(1_000);

const document = documentOf('June in quarter hours');
const asset = seller.settlement.add(document);
await seller.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: 3_600_000 });
await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: 3_600_000 });
await environment.advance(5_000);

const [trade] = buyer.market.trades();
console.log('state:', trade?.state);
console.log('seller earned:', (await seller.market.balance(seller.market.self, 'DUM1')).earned);
console.log('values:', trade && (await buyer.market.delivery(trade.id)).consumption.values.length);
