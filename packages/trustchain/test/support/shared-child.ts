/** A process that signs blocks into a store that another one signs into as well: `FILE HOLDER COUNT`. */
import { isEdmpError, sleep, systemEnvironment } from '@edmp/interface';
import { createTrustchain } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { crypto, signerOf } from './blocks.ts';

const [path = '', holder = '', count = '0'] = process.argv.slice(2);
const environment = systemEnvironment();
const store = sqliteBlockStore({ path });
const chain = await createTrustchain({
  signer: signerOf(7),
  crypto,
  environment,
  store,
  sharing: { holder, leaseMs: 1_000 },
});
let own = 0;
chain.on((event) => {
  if (event.type === 'block') own += 1;
});
for (let n = 0; n < Number(count); ) {
  try {
    const block = await chain.source({ type: 'test', tx: `${holder} ${n}` });
    n += 1;
    process.stdout.write(`${block.core.seq}\n`);
  } catch (error) {
    if (!isEdmpError(error) || !error.retryable) throw error;
  }
  // The other one has its turn only when this one's lease has ended, unless it gives it back.
  if (n % 10 === 0) await sleep(environment, 1_100);
}
await sleep(environment, 1_500);
process.stdout.write(`seen ${own}\n`);
await chain.stop();
await store.close();
