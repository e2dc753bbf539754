import { join } from 'node:path';
import { fsContentStore } from '@edmp/data-settlement/fs';
import { systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createTrader } from '@edmp/trader';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';

const crypto = nodeCrypto();

/** The folder of a trader whose process ended, opened by the next one. */
export async function opened(dir: string, secret: number) {
  const environment = virtualEnvironment({ seed: secret });
  const records = sqliteKeyValueStore({ path: join(dir, 'records.db') });
  const store = sqliteBlockStore({ path: join(dir, 'chain.db'), crypto });
  const content = await fsContentStore({
    dir: join(dir, 'content'),
    environment: systemEnvironment(),
    crypto,
  });
  const trader = await createTrader({
    environment,
    crypto,
    records,
    store,
    content,
    secretKey: new Uint8Array(32).fill(secret),
    network: simulatedNetworks({ environment, seed: 1 }).create,
    witnesses: { allowNone: true },
  });
  const close = async (): Promise<void> => {
    await trader.stop();
    await records.close();
    store.close();
    await content.close();
  };
  return { trader, records, content, close };
}
