import { memoryKeyValueStore, softwareSigner, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createMarket, marketRules, price } from '@edmp/market';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { documentOf } from './documents.ts';
import { fakeSettlement } from './fake-settlement.ts';

const environment = virtualEnvironment();
const crypto = nodeCrypto({ threads: false });
const networks = simulatedNetworks({ environment });
const shelf = new Map();

async function trader(secret: number) {
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
  });
  return { market, settlement };
}
const seller = await trader(1);
const buyer = await trader(2);
networks.link(seller.market.self, buyer.market.self);
await environment.advance(1_000);

const document = documentOf('June in quarter hours');
const asset = seller.settlement.add(document);
await seller.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: 3_600_000 });
await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: 3_600_000 });
await environment.advance(5_000);

const [trade] = buyer.market.trades();
console.log('state:', trade?.state);
console.log('seller has:', (await seller.market.balance(seller.market.self, 'DUM1')).available);
console.log('values:', trade && (await buyer.market.delivery(trade.id)).consumption.values.length);
